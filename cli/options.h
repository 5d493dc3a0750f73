// Options: what a command line asks for. Parsed in options.cc, the only place that knows CLI11.
#pragma once

#include "import/import.h"
#include "journal/explain.h"
#include "journal/stats_tables.h"
#include "runtime/files.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern::cli {

enum class Command : std::uint8_t {
  serve,
  check,
  test,
  simulate,
  explain,
  log,
  codes,
  doctor,
  lines,
  status,
  metrics,
  reload,
  reopen,
  stop,
  spawn,
  import_rules,
  maintenance,
  pages,
  spf,
  stats,
  report,
  replay,
  journal,
};

enum class Format : std::uint8_t { text, json };

enum class Colour : std::uint8_t { automatic, always, never };

/// What explain looks for and how it tells it.
struct ExplainRequest {
  Voice voice = Voice::help_desk;
  Colour colour = Colour::automatic;
  std::string bounce;  ///< a file with a mail; "-": standard input
  std::string client;  ///< address or network, as it was typed; so are these:
  std::string sender;
  std::string recipient;
  std::string since;
  std::string until;
  std::size_t most = 20;  ///< matches in a list

  bool searches() const {
    return !(client.empty() && sender.empty() && recipient.empty() && since.empty() &&
             until.empty());
  }
};

/// What log looks for besides what it shares with explain.
struct LogRequest {
  bool follow = false;
  std::size_t most = 0;  ///< decisions, the newest; 0: all, or a few before following
  std::vector<std::string> verdicts;
  std::vector<std::string> reasons;
  std::vector<std::string> rules;
};

/// Of which time stats and report are, and how stats are told.
struct StatsRequest {
  std::string since;  ///< as it was typed; so is
  std::string until;
  std::optional<StatsBy> by;
  std::size_t most = 10;  ///< rows of a table
};

/// What replay tries on which records.
struct ReplayRequest {
  std::string policy;  ///< a file or folder; empty: the policy of Options::place
  std::string since;   ///< as it was typed
  std::string until;
  std::size_t examples = 3;
  std::vector<std::string> fail_on;  ///< names of gates
  bool rules_only = false;           ///< changes that tables have brought do not count
  bool recorded_tables = false;      ///< tables say what the record has of them
  bool live = false;                 ///< DNS is asked for what the records lack
  std::string live_for;              ///< how long at most, as it was typed
  bool verify = false;               ///< each record under the policy of its own day
};

struct Options {
  Command command = Command::serve;
  ConfigPlace place;
  Format format = Format::text;
  std::string user;  ///< serve: to change to when started as root
  std::string group;
  std::string to;       ///< spawn: address of the policy service
  std::string control;  ///< status, metrics, reload, reopen, stop: address of the control socket
  std::string postfix_directory = "/etc/postfix";  ///< doctor, lines
  std::string mta_user;  ///< doctor; empty: postfix, or smmsp where there is none
  std::string journal;   ///< explain, log, replay, stats, report: another journal than the policy's
  ExplainRequest explain;  ///< log: what to look for and the colours
  LogRequest log;
  ReplayRequest replay;
  StatsRequest stats;                ///< stats, report
  std::string dns_file;              ///< simulate, spf: a TOML file of DNS answers
  bool without_maintenance = false;  ///< simulate: one that is written down does not count
  importer::Request import_request;  ///< import: what is read, and how
  std::string until;                 ///< maintenance on: its end
  std::string reason_text;           ///< maintenance on: a sentence behind ours
  std::string reply_code = "421";    ///< maintenance on
  std::string output;                ///< import: folder for the result; empty: standard output
  bool strict = false;               ///< import: fail when something was left out
  bool dry_run = false;              ///< journal erase: only say what would change
  bool force = false;                ///< pages: beside files of others, and over their index.html
  /// simulate: what is told, by the names of kit/scene_text.h.
  std::vector<std::pair<std::string, std::string>> scene;
  std::vector<std::string> words;  ///< explain: what to look for; log: an expression; codes: codes,
                                   ///< reasons, replies; test: files of tests; import: the file;
                                   ///< simulate: a description; pages: the folder; report: the
                                   ///< file; spf: client, HELO name, sender; journal: what is to
                                   ///< be done, and the address
};

/// Either options, or what to print and the exit status (--help, --version, a mistake).
struct ParsedCommandLine {
  std::optional<Options> options;
  int exit_status = 0;
  std::string out;
  std::string err;
};

/// argv as main() has it. Never throws except for lack of memory.
ParsedCommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace postern::cli
