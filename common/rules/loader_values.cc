#include "rules/loader_values.h"

#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace postern {
namespace {

std::string_view last_part(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

const SchemaKey& key_at(std::string_view path) {
  const auto* key = find_key(path);
  assert(key != nullptr);
  return *key;
}

std::string joined(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : std::string(section) + '.' + std::string(name);
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// Portable names of users and groups (useradd(8)), and numeric ids.
bool is_account(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

}  // namespace

bool is_own_name(std::string_view name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string list_text(const std::vector<std::string>& words, std::string_view joint) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? ' ' + std::string(joint) + ' ' : ", ";
    text += quoted(words[i]);
  }
  return text;
}

std::string nearest_hint(std::string_view wrong, const std::vector<std::string>& known,
                         std::string otherwise) {
  const auto nearest = nearest_name(wrong, known);
  return nearest.empty() ? std::move(otherwise) : "did you mean " + quoted(nearest) + '?';
}

const Member* ValueReader::member(const Node& table, std::string_view path) {
  return table.find(last_part(path));
}

void ValueReader::check_keys(const Node& table, std::string_view section) const {
  for (const auto& member : table.members) {
    const auto* key = find_key(joined(section, member.key));
    // "*" is how the schema writes the administrator's names; as a name it is none.
    if (key == nullptr || member.key.find_first_of("*.") != std::string::npos) {
      const auto known = keys_of(section);
      const auto where = section.empty()                ? std::string("a policy file")
                         : section == "rule"            ? std::string("a rule")
                         : section == "table.*"         ? std::string("a table")
                         : section == "check.*"         ? std::string("a check")
                         : section == "test"            ? std::string("a test")
                         : section.starts_with("test.") ? quoted(last_part(section))
                                                        : '[' + std::string(section) + ']';
      diagnostics_.error(
          member.key_span, "unknown key " + quoted(member.key),
          nearest_hint(member.key, known, where + " has " + list_text(known, "and")));
    } else if (key->availability == Availability::later) {
      not_built_yet(member);
    }
  }
}

void ValueReader::not_built_yet(const Member& member) const {
  diagnostics_.error(member.key_span, quoted(member.key) + ' ' + std::string(not_built),
                     "take it out: what it asks for would not happen");
}

const Node* ValueReader::section(const Node& root, std::string_view name) const {
  const auto* found = root.find(last_part(name));
  if (found == nullptr) return nullptr;
  if (found->value.kind != Node::Kind::table) {
    if (name.starts_with("test.")) {
      wrong_type(key_at(name), found->value);
      return nullptr;
    }
    const auto word = std::string(name);
    diagnostics_.error(found->key_span, quoted(name) + " is a section",
                       key_at(name).type == KeyType::tables
                           ? "write [" + word + ".NAME] above its keys"
                           : "write [" + word + "] above its keys");
    return nullptr;
  }
  return &found->value;
}

std::vector<const Node*> ValueReader::list(const Node& root, std::string_view name) const {
  std::vector<const Node*> items;
  const auto* found = root.find(name);
  if (found == nullptr) return items;
  const auto hint = "each one begins with [[" + std::string(name) + "]]";
  if (found->value.kind != Node::Kind::array) {
    diagnostics_.error(found->key_span, quoted(name) + " is a list of sections", hint);
    return items;
  }
  for (const auto& item : found->value.items) {
    if (item.kind == Node::Kind::table) {
      items.push_back(&item);
    } else {
      diagnostics_.error(item.span, quoted(name) + " is a list of sections", hint);
    }
  }
  return items;
}

void ValueReader::wrong_type(const SchemaKey& key, const Node& value) const {
  const auto wanted =
      key.type == KeyType::choice ? list_text(choices_of(key)) : std::string(describe(key.type));
  diagnostics_.error(value.span, quoted(last_part(key.path)) + " is " + wanted + ", not " +
                                     std::string(to_text(value.kind)));
}

std::optional<std::string> ValueReader::text(const Node& table, std::string_view path) const {
  const auto& key = key_at(path);
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  if (found->value.kind != Node::Kind::string) {
    wrong_type(key, found->value);
    return {};
  }
  if (!check_text(key, found->value)) return {};
  return found->value.string;
}

bool ValueReader::check_text(const SchemaKey& key, const Node& value) const {
  switch (key.type) {
    case KeyType::choice:
      return check_choice(key, value);
    case KeyType::help_url:
      return check_help(value);
    case KeyType::mail_address:
      return check_contact(value);
    case KeyType::host_name:
      if (is_host_name(value.string)) return true;
      diagnostics_.error(value.span, quoted(value.string) + " is not a host name",
                         "letters, digits and hyphens between dots, as in \"mx1.example.org\"");
      return false;
    case KeyType::account:
      if (is_account(value.string)) return true;
      diagnostics_.error(value.span, quoted(value.string) + " is not the name of a user or group",
                         "leave the key out when there is nothing to set");
      return false;
    default:
      if (value.string.find('\0') == std::string::npos) return true;
      diagnostics_.error(value.span, "a zero octet cannot be in " + quoted(last_part(key.path)));
      return false;
  }
}

bool ValueReader::check_choice(const SchemaKey& key, const Node& value) const {
  const auto words = choices_of(key);
  if (std::find(words.begin(), words.end(), value.string) != words.end()) return true;
  diagnostics_.error(value.span, quoted(last_part(key.path)) + " cannot be " + quoted(value.string),
                     nearest_hint(value.string, words, "it is " + list_text(words)));
  return false;
}

bool ValueReader::check_help(const Node& value) const {
  const std::string_view url = value.string;
  const std::string example = "as in \"https://mail.example.org/why/{reason}#{ref}\"";
  if (url.substr(0, 8) != "https://" && url.substr(0, 7) != "http://") {
    diagnostics_.error(value.span, "\"help\" is not a URL", example);
    return false;
  }
  // ';' would end the text for Postfix's restriction parser, which no quoting prevents.
  if (!is_printable(url) || url.find(';') != std::string_view::npos) {
    diagnostics_.error(value.span,
                       "a URL in a reply is printable ASCII without spaces and semicolons",
                       "write other characters as %20 and the like");
    return false;
  }
  bool good = true;
  for (std::size_t at = url.find_first_of("{}"); at != std::string_view::npos;
       at = url.find_first_of("{}", at + 1)) {
    const auto end = url.find('}', at);
    if (url[at] == '}' || end == std::string_view::npos) {
      diagnostics_.error(value.part(at, 1), "a brace without its partner", example);
      return false;
    }
    const auto field = url.substr(at + 1, end - at - 1);
    if (field != "reason" && field != "ref") {
      diagnostics_.error(value.part(at, end - at + 1),
                         "there is no field " + quoted(field) + " in a help URL",
                         "it may have {reason} and {ref}");
      good = false;
    }
    at = end;
  }
  return good;
}

bool ValueReader::check_contact(const Node& value) const {
  const auto address = MailAddress::from_envelope(value.string);
  const bool clean =
      is_printable(value.string) && value.string.find_first_of(";:<>,()\"") == std::string::npos;
  if (clean && !address.local().empty() && is_host_name(address.domain())) return true;
  diagnostics_.error(value.span, quoted(value.string) + " is not an address people can write to",
                     "as in \"postmaster@example.org\"");
  return false;
}

std::vector<const Node*> ValueReader::texts(const Node& table, std::string_view path) const {
  std::vector<const Node*> texts;
  const auto* found = member(table, path);
  if (found == nullptr) return texts;
  if (found->value.kind != Node::Kind::array) {
    wrong_type(key_at(path), found->value);
    return texts;
  }
  for (const auto& item : found->value.items) {
    if (item.kind == Node::Kind::string) {
      texts.push_back(&item);
    } else {
      diagnostics_.error(item.span, quoted(last_part(path)) + " holds strings, not " +
                                        std::string(to_text(item.kind)));
    }
  }
  return texts;
}

std::optional<std::int64_t> ValueReader::count(const Node& table, std::string_view path) const {
  const auto& key = key_at(path);
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  if (found->value.kind != Node::Kind::integer) {
    wrong_type(key, found->value);
    return {};
  }
  if (found->value.integer < key.least || found->value.integer > key.most) {
    diagnostics_.error(
        found->value.span,
        quoted(last_part(path)) + " cannot be " + std::to_string(found->value.integer),
        "it may be from " + range_text(key));
    return {};
  }
  return found->value.integer;
}

std::optional<bool> ValueReader::boolean(const Node& table, std::string_view path) const {
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  if (found->value.kind != Node::Kind::boolean) {
    wrong_type(key_at(path), found->value);
    return {};
  }
  return found->value.boolean;
}

std::optional<std::chrono::milliseconds> ValueReader::duration(const Node& table,
                                                               std::string_view path) const {
  const auto& key = key_at(path);
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  if (found->value.kind == Node::Kind::integer) {
    const bool in_days = key.type == KeyType::keep_time;
    diagnostics_.error(
        found->value.span, quoted(last_part(path)) + " is a duration with its unit",
        "write " + quoted(std::to_string(found->value.integer) + (in_days ? "d" : "s")) + " for " +
            (in_days ? "days" : "seconds") + "; units are ms, s, m, h and d");
    return {};
  }
  if (found->value.kind != Node::Kind::string) {
    wrong_type(key, found->value);
    return {};
  }
  const auto value = parse_duration(found->value.string);
  if (!value) {
    diagnostics_.error(found->value.span, quoted(found->value.string) + " is not a duration",
                       "a whole number and one of ms, s, m, h and d, as in \"8s\"");
    return {};
  }
  if (value->count() < key.least || value->count() > key.most) {
    diagnostics_.error(found->value.span,
                       quoted(last_part(path)) + " cannot be " + quoted(found->value.string),
                       "it may be from " + range_text(key));
    return {};
  }
  return value;
}

std::optional<KeepTime> ValueReader::keep_time(const Node& table, std::string_view path) const {
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  const auto& value = found->value;
  if (value.kind == Node::Kind::string && value.string == "forever") {
    return std::make_optional(KeepTime());
  }
  if (value.kind == Node::Kind::string && value.string == "never") {
    diagnostics_.error(value.span, "\"never\" might mean that nothing is kept, or nothing deleted",
                       "write \"forever\" to delete nothing; what is not to be recorded at all is "
                       "for journal.accepts");
    return {};
  }
  const auto time = duration(table, path);
  if (!time) return {};
  return std::make_optional(KeepTime(*time));
}

std::optional<std::uint64_t> ValueReader::size(const Node& table, std::string_view path) const {
  const auto& key = key_at(path);
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  const auto& value = found->value;
  if (value.kind == Node::Kind::integer) {
    diagnostics_.error(value.span, quoted(last_part(path)) + " is a size with its unit",
                       "write \"32MiB\"; units are B, kB, MB, GB (thousands) and KiB, MiB, GiB "
                       "(1024)");
    return {};
  }
  if (value.kind != Node::Kind::string) {
    wrong_type(key, value);
    return {};
  }
  const auto octets = parse_size(value.string);
  if (!octets) {
    diagnostics_.error(value.span, quoted(value.string) + " is not a size",
                       "a whole number and one of B, kB, MB, GB, KiB, MiB and GiB, as in "
                       "\"32MiB\"");
    return {};
  }
  if (*octets < static_cast<std::uint64_t>(key.least) ||
      *octets > static_cast<std::uint64_t>(key.most)) {
    diagnostics_.error(value.span, quoted(last_part(path)) + " cannot be " + quoted(value.string),
                       "it may be from " + range_text(key));
    return {};
  }
  return octets;
}

std::optional<unsigned> ValueReader::file_mode(const Node& table, std::string_view path) const {
  const auto* found = member(table, path);
  if (found == nullptr) return {};
  const auto& value = found->value;
  if (value.kind == Node::Kind::integer) {
    diagnostics_.error(value.span, "permissions need quotes",
                       "write \"0660\": octal, as for chmod");
    return {};
  }
  const auto& digits = value.string;
  const bool octal =
      value.kind == Node::Kind::string && (digits.size() == 3 || digits.size() == 4) &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '7'; }) &&
      (digits.size() == 3 || digits.front() == '0');
  if (!octal) {
    diagnostics_.error(value.span, quoted(last_part(path)) + " is not permissions of a socket",
                       "three octal digits after a zero, as in \"0660\"");
    return {};
  }
  unsigned mode = 0;
  for (const char digit : digits) mode = mode * 8 + static_cast<unsigned>(digit - '0');
  return mode;
}

std::vector<ListenAddress> ValueReader::sockets(const Node& table, std::string_view path) const {
  const auto& key = key_at(path);
  const auto* found = member(table, path);
  std::vector<ListenAddress> addresses;
  if (found == nullptr) return addresses;
  std::vector<const Node*> values{&found->value};
  if (found->value.kind == Node::Kind::array) {
    values.clear();
    for (const auto& item : found->value.items) values.push_back(&item);
    if (key.type != KeyType::sockets) {
      const std::string why =
          path == "listen.milter" ? ": libmilter has one listening socket in a process" : "";
      diagnostics_.error(found->value.span,
                         quoted(last_part(path)) + " is one address, not a list" + why);
      return addresses;
    }
  }
  for (const auto* value : values) {
    if (value->kind != Node::Kind::string) {
      wrong_type(key, *value);
      continue;
    }
    const auto address = ListenAddress::parse(value->string);
    if (!address) {
      for (const auto& problem : address.problems()) {
        diagnostics_.error(value->span, problem.message, problem.hint);
      }
    } else if (key.type == KeyType::local_socket &&
               address->family != ListenAddress::Family::unix_socket) {
      diagnostics_.error(value->span, quoted(last_part(path)) + " must be a local socket",
                         "who can reach it can stop the service; write "
                         "\"unix:/run/postern/control.sock\"");
    } else {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace postern
