// ValueReader: values of a policy file as the schema wants them. Every fault becomes a problem, and
// the caller then gets nothing.
#pragma once

#include "model/text.h"
#include "rules/diagnostics.h"
#include "rules/document.h"
#include "rules/schema.h"
#include "rules/settings.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class ValueReader {
 public:
  explicit ValueReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  /// Reports keys of `table` that the schema does not have below `section` ("" for a whole file,
  /// "rule", "table.*"), and those that it has but this version does not.
  void check_keys(const Node& table, std::string_view section) const;
  /// Reports a key that the schema has and this version does not.
  void not_built_yet(const Member& member) const;
  /// The section of that name, a path in the schema, if it is there and a table.
  const Node* section(const Node& root, std::string_view name) const;
  /// The items of a [[section]]; anything else is a problem.
  std::vector<const Node*> list(const Node& root, std::string_view name) const;

  // Each takes the path of a key in the schema and the table that may hold its last part.
  std::optional<std::string> text(const Node& table, std::string_view path) const;
  /// The strings of a list; items of another kind are reported and left out.
  std::vector<const Node*> texts(const Node& table, std::string_view path) const;
  std::optional<std::int64_t> count(const Node& table, std::string_view path) const;
  std::optional<bool> boolean(const Node& table, std::string_view path) const;
  std::optional<std::chrono::milliseconds> duration(const Node& table, std::string_view path) const;
  /// Within: nothing, for ever. Without: not given, or a problem.
  std::optional<KeepTime> keep_time(const Node& table, std::string_view path) const;
  std::optional<std::uint64_t> size(const Node& table, std::string_view path) const;
  std::optional<unsigned> file_mode(const Node& table, std::string_view path) const;
  std::vector<ListenAddress> sockets(const Node& table, std::string_view path) const;

  /// The member of `table` that `path` ends in; nullptr when it is not given.
  static const Member* member(const Node& table, std::string_view path);
  Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  void wrong_type(const SchemaKey& key, const Node& value) const;
  bool check_text(const SchemaKey& key, const Node& value) const;
  bool check_choice(const SchemaKey& key, const Node& value) const;
  bool check_help(const Node& value) const;
  bool check_contact(const Node& value) const;

  Diagnostics& diagnostics_;
};

/// "\"a\", \"b\" or \"c\"".
std::string list_text(const std::vector<std::string>& words, std::string_view joint = "or");
/// "did you mean \"x\"?" for the nearest of `known`, else `otherwise`.
std::string nearest_hint(std::string_view wrong, const std::vector<std::string>& known,
                         std::string otherwise);
/// Of a table or condition: small letters, digits and underscores, and no digit first.
bool is_own_name(std::string_view name);

}  // namespace postern
