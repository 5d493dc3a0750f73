// Importer: rule files of other software made into a fragment of a policy, with a list of all that
// could not be carried over. Pure: text in, text out; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::importer {

enum class Format : std::uint8_t { postfix_access, postgrey_whitelist, postfwd, milter_greylist };
/// "postfix-access", "postgrey-whitelist", "postfwd", "milter-greylist".
std::string_view to_text(Format format) noexcept;
std::optional<Format> format_from_text(std::string_view text) noexcept;

/// What a table of Postfix or postgrey is asked about; the file itself does not say it.
enum class Keys : std::uint8_t { client, helo, sender, recipient };
std::string_view to_text(Keys keys) noexcept;
std::optional<Keys> keys_from_text(std::string_view text) noexcept;

/// How an access table is written (its type in main.cf).
enum class Source : std::uint8_t {
  automatic,  ///< patterns if the first line is one, networks if a line is one with a length
  hash,       ///< hash:, btree:, lmdb:, texthash:
  cidr,
  regexp,  ///< regexp: and pcre:
};
std::optional<Source> source_from_text(std::string_view text) noexcept;

/// Whether "example.org" in an access table means the names below it too, which Postfix's default
/// of parent_domain_matches_subdomains says.
enum class Parents : std::uint8_t { cover_names_below, stand_alone };

/// Where long lists go.
enum class Lists : std::uint8_t { inline_only, in_files };

struct Request {
  Format format = Format::postfix_access;
  std::string file;  ///< as remarks and comments name it
  std::string stem;  ///< begins the names of tables and rules; empty: made from `file`
  Keys keys = Keys::sender;
  Source source = Source::automatic;
  Parents parents = Parents::cover_names_below;
  Lists lists = Lists::inline_only;
};

/// Something of a file that a person has to look at.
struct Remark {
  enum class Kind : std::uint8_t {
    left_out,   ///< is not in the output
    different,  ///< is in the output and does not mean quite the same
  };
  Kind kind = Kind::left_out;
  unsigned line = 0;   ///< from 1
  std::string text;    ///< what stands there: cut, printable ASCII
  std::string reason;  ///< one sentence without final stop
};

/// A list in a file of its own.
struct TableText {
  std::string name;  ///< of the file, without a folder
  std::string text;
};

struct Imported {
  std::string name;    ///< what the names of its tables and rules begin with
  std::string policy;             ///< TOML: what an included file may hold
  std::vector<TableText> tables;  ///< to stand in the folder tables/ beside it
  std::vector<Remark> remarks;    ///< in the order of lines; of very many the first
  std::size_t more_remarks = 0;   ///< how many are not in `remarks`
  std::size_t statements = 0;     ///< lines or statements that say something
  std::size_t left_out = 0;       ///< of them

  /// "12 of 14 statements carried over, 2 left out, 1 with a difference".
  std::string summary() const;
};

/// Octets of a file that is read; what is longer is left out as a whole.
inline constexpr std::size_t longest_file = std::size_t{32} << 20U;

/// Never fails: what cannot be carried over is a remark. The fragment loads as part of any policy
/// whose names do not collide with its own.
Imported convert(std::string_view text, const Request& request);

}  // namespace postern::importer
