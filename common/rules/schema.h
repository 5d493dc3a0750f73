// Schema: every key a policy file may hold, in one table. It drives validation, and tests compare
// conf/postern.toml and docs/configuration.md with it, so that the three cannot drift apart.
// Constant data; any thread may read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class KeyType : std::uint8_t {
  table,         ///< a [section]
  tables,        ///< [section.NAME], the names are the administrator's
  table_list,    ///< [[section]]
  text,          ///< any string
  texts,         ///< a list of strings
  entries,       ///< a list of strings, or of tables with entry, value, until, note
  boolean,       ///< true or false
  count,         ///< a whole number within `least` and `most`
  duration,      ///< "8s"; `least` and `most` in milliseconds
  keep_time,     ///< a duration, or "forever"
  size,          ///< "32MiB"; `least` and `most` in octets
  choice,        ///< one of the words of `choices`
  path,          ///< of a file; relative to the file that names it
  file_mode,     ///< "0660"
  account,       ///< name of a user or group
  host_name,     ///< "mx1.example.org"
  host_names,    ///< a host name, or a list of them
  mail_address,  ///< "postmaster@example.org"
  help_url,      ///< URL with {reason} and {ref}
  socket,        ///< one listening address
  sockets,       ///< one or several listening addresses
  local_socket,  ///< "unix:/path"
  condition,     ///< an expression of the rule language
  reason,        ///< a reason of the catalogue
  reply_form,    ///< "550 5.7.1"
  reply_text,    ///< a template of a reply's sentence
  rule_mode,     ///< "enforce", "shadow", "10%"
  share,         ///< "5%": 1 to 99 percent
  expiry,        ///< a day, or RFC 3339
  translations,  ///< a table of them, by language
  scores,        ///< a table of names and numbers
  moment,        ///< of tests: RFC 3339 or a TOML date-time
  session_tls,   ///< of tests: a table, or true for some usual TLS
  dns_answers,   ///< of tests: "name TYPE" and the answer
  contents,      ///< of tests: tables and their entries
  counters,      ///< of tests: "check key" and a whole number
  named_texts,   ///< of tests: names and values
  header_field,  ///< "Name: value", or a table with name and value; or a list of them
  header_names,  ///< a header field's name, or a list of them
  check_names,   ///< a check's name, or a list of them
  addresses,     ///< a mail address, or a list of them
  list_codes,    ///< of a DNS list: its codes and what they mean
  weights,       ///< of a DNS list: what its meanings weigh
};
/// "a duration such as \"8s\"": what a value of this type looks like, for messages and documents.
std::string_view describe(KeyType type) noexcept;

/// When a change in the file comes into force.
enum class Change : std::uint8_t { on_reload, on_restart };

/// Names that documents use already and that this version refuses, so that nobody believes they
/// work.
enum class Availability : std::uint8_t { built, later };

struct SchemaKey {
  std::string_view path;  ///< "limits.deadline"; "table.*.kind": any table; "rule.when": any rule
  KeyType type = KeyType::text;
  std::string_view choices;  ///< of a choice: the words, separated by spaces
  std::int64_t least = 0;    ///< of counts, durations and sizes
  std::int64_t most = 0;
  std::string_view fallback;  ///< the default as it stands in TOML; empty: none
  std::string_view meaning;   ///< one sentence
  std::string_view since;     ///< version
  Change change = Change::on_reload;
  Availability availability = Availability::built;
};

std::span<const SchemaKey> all_keys() noexcept;
/// nullptr when there is no such key.
const SchemaKey* find_key(std::string_view path) noexcept;
/// The last parts of the paths right below `section` ("" for the whole file), available ones only.
std::vector<std::string> keys_of(std::string_view section);
/// "is not built in this version": what documents promise already and nothing here does yet.
inline constexpr std::string_view not_built = "is not built in this version";
/// The words of a choice.
std::vector<std::string> choices_of(const SchemaKey& key);
/// "100ms to 25s", "stage, message or session"; empty when there is nothing to say.
std::string range_text(const SchemaKey& key);

}  // namespace postern
