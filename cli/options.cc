#include "cli/options.h"

#include "cli/explain_limits.h"
#include "kit/scene_text.h"
#include "model/text.h"
#include "postern/version.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <sstream>
#include <sysexits.h>

namespace postern::cli {
namespace {

constexpr const char* exit_codes =
    "Exit status: 0 well, 1 a test failed or a gate of replay is closed, 64 wrong usage,\n"
    "65 or 66 nothing found, 67 no such user, 69 no server or socket, 70 internal error,\n"
    "71 system error, 73 no new file, 74 not written or not read, 75 try again, 77 not permitted,\n"
    "78 bad policy.\n"
    "See postern(8) and postern.toml(5).";

/// Of each of ten thousand kinds of changes that a replay tells apart, some hundred octets each.
constexpr std::size_t most_examples = 1000;

/// As many names as stats hold at least.
constexpr std::size_t most_rows = 10'000;

/// As many lines as log holds at once, some hundred octets each.
constexpr std::size_t most_told = 1'000'000;

/// One option of a command: CLI11 stores into `options` while it parses.
struct CommandLine {
  CLI::App app{"Postern, a keeper of the mail gate: milter and Postfix policy server", "postern"};
  Options options;
  CLI::Option* config = nullptr;
  bool json = false;
  std::optional<importer::Keys> import_keys;
  std::vector<std::string> names;  ///< of the commands

  CommandLine() {
    app.require_subcommand(1);
    app.set_version_flag("--version", "postern " + std::string(version()));
    app.footer(exit_codes);
    place_options(&app);

    auto* serve =
        command(Command::serve, "serve", "Run in the foreground: open the sockets and decide");
    serve->add_option("--user", options.user, "User to change to when started as root");
    serve->add_option("--group", options.group, "Group to change to (default: the user's own)");

    auto* check = command(Command::check, "check",
                          "List every problem of the policy, or summarise it when it has none");
    check->add_option("FILE", options.words, "Main file of the policy (default: --config)")
        ->expected(0, 1);

    auto* test = command(Command::test, "test", "Run the tests of the policy and of more files");
    test->add_option("FILES", options.words, "Files with further [[test]] sections");
    json_flag(test);

    scene_options(command(Command::simulate, "simulate",
                          "Decide on a transaction that you describe, and tell why"));

    explain_options(command(Command::explain, "explain", "Tell the story of a decision"));
    replay_options(command(Command::replay, "replay",
                           "Decide again on recorded mail, under another policy, and tell what "
                           "changes"));

    stats_options(command(Command::stats, "stats", "Count the journal's decisions, in tables"));
    auto* report = command(Command::report, "report",
                           "Write what the journal's decisions come to as a page for a browser");
    report->add_option("FILE", options.words, "File for the page; - for standard output")
        ->required()
        ->expected(1)
        ->type_name("");
    time_options(report);

    log_options(command(Command::log, "log", "Follow decisions, or search them"));

    auto* codes = command(Command::codes, "codes",
                          "Explain reply codes, enhanced codes, reasons, and whole reply lines");
    codes->add_option(
        "WHAT", options.words,
        "550, 5.7.26, \"550 5.7.26\", dnsbl-listed, or a pasted reply; none: the list");
    json_flag(codes);

    auto* pages = command(Command::pages, "pages",
                          "Write the help pages that replies lead to, for a web server");
    pages->add_option("DIR", options.words, "Folder for index.html and a folder for each reason")
        ->required()
        ->expected(1)
        ->type_name("");
    pages->add_flag("--force", options.force,
                    "Also where there are files of others; replaces only index.html files");

    auto* spf = command(Command::spf, "spf", "Evaluate SPF, and show each step");
    spf->add_option("WHAT", options.words,
                    "The client's address, its HELO name, and the sender (\"<>\" for none)")
        ->required()
        ->expected(3)
        ->type_name("IP HELO SENDER");
    spf->add_option("--zone", options.dns_file,
                    "A TOML file of DNS answers, to be asked instead of DNS")
        ->type_name("FILE");

    auto* doctor = command(Command::doctor, "doctor", "Check that the mail server can reach us");
    doctor->add_option("--mta-user", options.mta_user,
                       "User the mail server runs as (default: postfix, or smmsp)");
    postfix_option(doctor);

    postfix_option(
        command(Command::lines, "lines", "Print the lines for main.cf, master.cf and sendmail.mc"));

    auto* status = command(Command::status, "status", "Ask the running server how it is");
    json_flag(status);
    control_option(status);
    control_option(command(Command::metrics, "metrics",
                           "Print the running server's counts in Prometheus' format"));
    control_option(command(Command::reload, "reload", "Let the running server reread its policy"));
    control_option(command(Command::reopen, "reopen",
                           "Let the running server open its journal anew, for log rotation"));
    control_option(command(Command::stop, "stop", "Stop the running server"));

    auto* spawn =
        command(Command::spawn, "spawn",
                "Relay between standard input and output and the policy service, for spawn(8)");
    spawn->add_option("--to", options.to,
                      "Address of the policy service (default: the policy's first)");
    maintenance_options(command(Command::maintenance, "maintenance",
                                "Put off all mail from the network for a time"));
    erase_options(
        command(Command::journal, "journal", "Erase a mail address from the records of decisions"));
    import_options(command(Command::import_rules, "import",
                           "Make rules and tables of another program's files, and say what is not "
                           "carried over"));
  }

  void explain_options(CLI::App* sub) {
    auto& request = options.explain;
    sub->add_option(
        "WHAT", options.words,
        "Reference of a reply (ref XXXX-XXXX-XXXX), queue id, Postfix instance, mail or "
        "client address; none, with standard input piped: a bounce or a reply");
    sub->add_option("--bounce", request.bounce,
                    "A mail that came back, - for standard input: what it says, and our decision "
                    "if it was ours")
        ->type_name("FILE");
    search_options(sub);
    sub->add_option("-n,--number", request.most, "Matches in the list, the newest (default: 20)")
        ->check(CLI::Range(std::size_t{1}, most_explained))
        ->type_name("NUMBER");
    auto* admin = sub->add_flag_callback(
        "--admin", [&request] { request.voice = Voice::admin; },
        "All of it, with file and line of rules and tables");
    sub->add_flag_callback(
           "--sender", [&request] { request.voice = Voice::sender; },
           "Only what may be told to the outside")
        ->excludes(admin);
    journal_options(sub);
    json_flag(sub);
  }

  /// Which decisions, for the commands that look through the journal.
  void search_options(CLI::App* sub) {
    auto& request = options.explain;
    sub->add_option("--client", request.client, "Decisions on this address or network")
        ->type_name("ADDRESS");
    sub->add_option("--from,--sender-address", request.sender,
                    "Decisions on mail from this address or domain; \"<>\": notifications")
        ->type_name("ADDRESS");
    sub->add_option("--to,--recipient", request.recipient,
                    "Decisions on mail to this address or domain")
        ->type_name("ADDRESS");
    sub->add_option("--since", request.since,
                    "Not before: \"2d\" ago, \"2026-11-21\" or \"2026-11-21T14:00:00Z\"; UTC "
                    "unless a zone is given (+01:00)")
        ->type_name("TIME");
    sub->add_option("--until", request.until, "Before that time")->type_name("TIME");
  }

  /// Where the journal is, and how it is shown.
  void journal_options(CLI::App* sub) {
    auto& request = options.explain;
    word_option(sub, "--color,--colour", "auto, always or never (default: auto)",
                {"auto", "always", "never"}, [&request](const std::string& word) {
                  request.colour = word == "always"  ? Colour::always
                                   : word == "never" ? Colour::never
                                                     : Colour::automatic;
                });
    sub->add_option("--journal", options.journal, "File to look into (default: the policy's)")
        ->type_name("FILE");
  }

  void log_options(CLI::App* sub) {
    auto& request = options.log;
    sub->add_option("EXPRESSION", options.words,
                    "As in a rule, also about what was decided: 'reply.code == 550 and "
                    "recipient.domain == \"example.org\"'");
    sub->add_flag("-f,--follow", request.follow, "Go on with decisions as they are made");
    search_options(sub);
    sub->add_option("--verdict", request.verdicts,
                    "pass, accept, reject, defer, discard or quarantine; several with commas")
        ->delimiter(',')
        ->check(CLI::IsMember({"pass", "accept", "reject", "defer", "discard", "quarantine"}))
        ->allow_extra_args(false)
        ->type_name("WORD");
    sub->add_option("--reason", request.reasons, "Reason of the catalogue; several with commas")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("REASON");
    sub->add_option("--rule", request.rules,
                    "Name of the rule that decided, or would have if it were not in shadow; may be "
                    "given again")
        ->allow_extra_args(false)
        ->type_name("NAME");
    sub->add_option("-n,--number", request.most,
                    "The newest so many (default: all; 10 before following)")
        ->check(CLI::Range(std::size_t{1}, most_told))
        ->type_name("NUMBER");
    journal_options(sub);
    json_flag(sub);
  }

  void time_options(CLI::App* sub) {
    auto& request = options.stats;
    sub->add_option("--since", request.since,
                    "From: \"2d\" ago, \"2026-11-21\" or \"2026-11-21T14:00:00Z\" (default: seven "
                    "days before the end)")
        ->type_name("TIME");
    sub->add_option("--until", request.until, "Before that time (default: now)")->type_name("TIME");
    sub->add_option("--journal", options.journal, "File to look into (default: the policy's)")
        ->type_name("FILE");
  }

  void stats_options(CLI::App* sub) {
    time_options(sub);
    auto& request = options.stats;
    word_option(sub, "--by", "One table: " + joined(stats_by_names(), ", "), stats_by_names(),
                [&request](const std::string& word) { request.by = stats_by_from_text(word); });
    sub->add_option("-n,--number", request.most,
                    "Rows of a table, the first (default: 10); verdict and time have them all")
        ->check(CLI::Range(std::size_t{1}, most_rows))
        ->type_name("NUMBER");
    json_flag(sub);
  }

  void replay_options(CLI::App* sub) {
    auto& request = options.replay;
    auto* policy = sub->add_option("--policy", request.policy,
                                   "Policy to try: its main file, or a folder with postern.toml "
                                   "(default: --config)")
                       ->type_name("PATH");
    sub->add_option("--since", request.since,
                    "Records not before: \"7d\" ago, \"2026-11-21\" or \"2026-11-21T14:00:00Z\"")
        ->type_name("TIME");
    sub->add_option("--until", request.until, "Records before that time")->type_name("TIME");
    sub->add_option("--journal", options.journal, "File to read (default: that of --config)")
        ->type_name("FILE");
    sub->add_option("--examples", request.examples, "Of each kind of change (default: 3)")
        ->check(CLI::Range(std::size_t{0}, most_examples))
        ->type_name("NUMBER");
    sub->add_option("--fail-on", request.fail_on,
                    "Exit 1 when there are any: new-rejects, new-refusals, changes, undecided; "
                    "several with commas")
        ->delimiter(',')
        ->check(CLI::IsMember({"new-rejects", "new-refusals", "changes", "undecided"}))
        ->type_name("WORD");
    sub->add_flag("--rules-only", request.rules_only,
                  "Leave out what the rules of then would change too, with the tables of today");
    auto* tables = sub->add_flag("--recorded-tables", request.recorded_tables,
                                 "Tables say what the record has of them, as far as it does");
    auto* live = sub->add_flag("--live", request.live,
                               "Ask DNS now for what the records lack; what rests on that is "
                               "counted apart");
    sub->add_option("--live-for", request.live_for, "How long --live may ask (default: 10m)")
        ->needs(live)
        ->type_name("TIME");
    sub->add_flag("--verify", request.verify,
                  "Each record under the policy of its own day: all must come out as recorded")
        ->excludes(policy)
        ->excludes(tables)
        ->excludes(live);
    json_flag(sub);
  }

  void maintenance_options(CLI::App* sub) {
    word_option(sub, "ACTION", "on, off or status", {"on", "off", "status"},
                [this](const std::string& word) { options.words = {word}; })
        ->required();
    sub->add_option("--until", options.until,
                    "End: \"2h\", \"14:00\" by this machine's clock, or \"2026-11-21T14:00:00Z\"")
        ->type_name("TIME");
    sub->add_option("--reason-text", options.reason_text,
                    "A sentence for senders behind the one that says until when")
        ->type_name("TEXT");
    sub->add_option("--code", options.reply_code,
                    "421 ends the client's session, 451 does not (default: 421)")
        ->check(CLI::IsMember({"421", "451"}))
        ->type_name("CODE");
    control_option(sub);
  }

  void erase_options(CLI::App* sub) {
    word_option(sub, "ACTION", "erase", {"erase"}, [](const std::string&) {})->required();
    sub->add_option("ADDRESS", options.words, "Mail address, or a name that somebody logs in with")
        ->required()
        ->expected(1)
        ->type_name("");
    sub->add_flag("--dry-run", options.dry_run, "Only say how many records hold it");
    sub->add_option("--journal", options.journal, "The journal (default: the policy's)")
        ->type_name("FILE");
    control_option(sub);
  }

  void import_options(CLI::App* sub) {
    auto& request = options.import_request;
    word_option(sub, "FORMAT", "What wrote the file",
                {"postfix-access", "postgrey-whitelist", "postfwd", "milter-greylist"},
                [&request](const std::string& word) {
                  request.format = importer::format_from_text(word).value_or(request.format);
                })
        ->required();
    sub->add_option("FILE", options.words, "The file")->required()->expected(1);
    word_option(sub, "--keys",
                "What an access table or whitelist is about (default: sender; of postgrey, client)",
                {"client", "helo", "sender", "recipient"},
                [this](const std::string& word) { import_keys = importer::keys_from_text(word); });
    word_option(sub, "--type", "How an access table is written (default: auto)",
                {"auto", "hash", "cidr", "regexp"}, [&request](const std::string& word) {
                  request.source = importer::source_from_text(word).value_or(request.source);
                });
    sub->add_flag_callback(
        "--exact-domains", [&request] { request.parents = importer::Parents::stand_alone; },
        "example.org is this name alone: smtpd_access_maps is not in Postfix's "
        "parent_domain_matches_subdomains");
    sub->add_option("--name", request.stem,
                    "Begins the names of rules and tables (default: that of the file)");
    sub->add_option("--output", options.output,
                    "Folder for the result, with long lists in files (default: standard output)")
        ->type_name("DIR");
    sub->add_flag("--strict", options.strict, "Fail (65) when something is left out");
  }

  /// An option or operand that is one of these words.
  static CLI::Option* word_option(CLI::App* sub, const std::string& name, const std::string& about,
                                  const std::vector<std::string>& words,
                                  const std::function<void(const std::string&)>& take) {
    return sub->add_option_function<std::string>(name, take, about)
        ->check(CLI::IsMember(words))
        ->type_name("WORD");
  }

  CLI::App* command(Command which, const std::string& name, const std::string& about) {
    auto* sub = app.add_subcommand(name, about);
    place_options(sub);
    sub->callback([this, which] { options.command = which; });
    names.push_back(name);
    return sub;
  }

  /// Before the command or behind it.
  void place_options(CLI::App* sub) {
    sub->add_option_function<std::string>(
           "--config,-c",
           [this](const std::string& file) {
             options.place.config = file;
             options.place.explicit_config = true;
           },
           std::string("Main file of the policy (default: ") + default_config + ")")
        ->type_name("FILE");
    sub->add_option("--root", options.place.root,
                    "Directory put before every absolute path of the configuration")
        ->type_name("DIR");
  }

  /// A first word that is no command, in words; empty: there is none.
  std::string unknown_command() const {
    if (!app.get_subcommands().empty()) return {};
    const auto rest = app.remaining();
    const auto word = std::find_if(rest.begin(), rest.end(), [](const std::string& each) {
      return !each.empty() && each.front() != '-';
    });
    if (word == rest.end()) return {};
    const auto near = nearest_name(*word, names);
    return "postern: there is no command \"" + clean_for_terminal(*word) + "\"" +
           (near.empty() ? "" : "; did you mean \"" + near + "\"?") +
           "\nRun postern --help for the list of commands.\n";
  }

  void scene_options(CLI::App* sub) {
    sub->add_option("DESCRIPTION", options.words,
                    "File with options of swaks(1), or with what Postfix asks a policy service; - "
                    "for standard input")
        ->expected(0, 1);
    for (const auto& word : scene_words()) {
      std::string flags = "--" + std::string(word.name);
      std::istringstream others{std::string(word.other_names)};
      for (std::string other; others >> other;) {
        if (other.size() > 1 && other != "au") flags += ",--" + other;
      }
      const std::string name(word.name);
      if (word.takes == SceneWord::Takes::nothing) {
        sub->add_flag_callback(
            flags, [this, name] { options.scene.emplace_back(name, ""); },
            std::string(word.meaning));
        continue;
      }
      sub->add_option_function<std::vector<std::string>>(
             flags,
             [this, name](const std::vector<std::string>& values) {
               for (const auto& value : values) options.scene.emplace_back(name, value);
             },
             std::string(word.meaning))
          ->type_name(std::string(word.value_name))
          ->type_size(1)
          ->expected(1)
          ->allow_extra_args(false)
          ->take_all();
    }
    sub->add_option("--dns-file", options.dns_file, "TOML file of DNS answers, as tests have them")
        ->type_name("FILE");
    sub->add_flag("--without-maintenance", options.without_maintenance,
                  "Leave out the maintenance that is written down beside the journal");
    json_flag(sub);
  }

  void json_flag(CLI::App* sub) { sub->add_flag("--json", json, "Print JSON"); }
  void control_option(CLI::App* sub) {
    sub->add_option("--control", options.control, "Control socket (default: the policy's)")
        ->type_name("ADDRESS");
  }
  void postfix_option(CLI::App* sub) {
    sub->add_option("--postfix-dir", options.postfix_directory, "Postfix's configuration directory")
        ->capture_default_str();
  }
};

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv) {
  ParsedCommandLine result;
  try {
    CommandLine line;
    try {
      line.app.parse(argc, argv);
      // Sockets and the lines for the mail server need whole paths.
      auto& root = line.options.place.root;
      if (!root.empty()) root = std::filesystem::absolute(root).lexically_normal().string();
      auto& request = line.options.import_request;
      const bool whitelist = request.format == importer::Format::postgrey_whitelist;
      request.keys =
          line.import_keys.value_or(whitelist ? importer::Keys::client : importer::Keys::sender);
      line.options.format = line.json ? Format::json : Format::text;
      result.options = std::move(line.options);
    } catch (const CLI::ParseError& error) {
      std::ostringstream out;
      std::ostringstream err;
      result.exit_status = line.app.exit(error, out, err) == 0 ? EX_OK : EX_USAGE;
      result.out = out.str();
      result.err = err.str();
      if (result.exit_status != EX_OK) {
        if (auto unknown = line.unknown_command(); !unknown.empty()) result.err = unknown;
      }
    }
  } catch (const std::exception& error) {
    result.exit_status = EX_SOFTWARE;
    result.err = std::string("postern: ") + error.what() + "\n";
  }
  return result;
}

}  // namespace postern::cli
