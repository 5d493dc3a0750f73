// The [check.NAME] sections.

#include "checks/helo_check.h"
#include "checks/list_check.h"
#include "checks/spf_check.h"
#include "model/dns_name.h"
#include "reply/compose.h"
#include "rules/loader.h"
#include "rules/names.h"
#include "rules/schema.h"
#include "rules/scores.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

/// Octets of a zone: with the 32 digits of an IPv6 address and their dots before it, it still is a
/// name of at most 253 octets (RFC 1035 2.3.4).
constexpr std::size_t longest_zone = 253 - 64;
/// Octets: the list's name, what is listed and our own words share the first line of a reply.
constexpr std::size_t longest_title = 60;

/// Kinds that documents speak of and that this version refuses.
constexpr std::array<std::string_view, 11> kinds_to_come{
    "greylist", "rate",  "quota", "reputation", "harvest", "upstream",
    "dkim",     "dmarc", "arc",   "scan",       "callout"};

struct KeyOfKinds {
  std::string_view key;
  std::string_view kinds;  ///< separated by commas
};
constexpr std::array keys_of_kinds{
    KeyOfKinds{"zone", "dnsbl,dnswl"},
    KeyOfKinds{"of", "dnsbl,dnswl"},
    KeyOfKinds{"listed", "dnsbl,dnswl"},
    KeyOfKinds{"title", "dnsbl,dnswl"},
    KeyOfKinds{"weight", "dnsbl,dnswl"},
    KeyOfKinds{"lookup", "dnsbl"},
    KeyOfKinds{"quote", "dnsbl"},
    KeyOfKinds{"ipv6", "dnsbl,dnswl"},
    KeyOfKinds{"void_lookups", "spf,spf_helo"},
    KeyOfKinds{"ours", "helo_check"},
    KeyOfKinds{"test_points", "dnsbl,dnswl"},
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    words.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

void check_keys_of_kind(const Node& section, const std::string& kind, const ValueReader& values) {
  for (const auto& member : section.members) {
    const auto* const row =
        std::find_if(keys_of_kinds.begin(), keys_of_kinds.end(),
                     [&](const KeyOfKinds& each) { return each.key == member.key; });
    if (row == keys_of_kinds.end()) continue;
    const auto kinds = words_of(row->kinds);
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) continue;
    values.diagnostics().error(
        member.key_span,
        quoted(member.key) + " is for checks of kind " + list_text(kinds) + ", not " + quoted(kind),
        "take it out");
  }
}

bool is_kind_to_come(std::string_view kind) {
  return std::find(kinds_to_come.begin(), kinds_to_come.end(), kind) != kinds_to_come.end();
}

bool is_meaning(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
         });
}

std::string read_zone(const Member& section, const ValueReader& values) {
  const auto* member = section.value.find("zone");
  if (member == nullptr) {
    values.diagnostics().error(section.key_span, "list " + quoted(section.key) + " has no \"zone\"",
                               "add zone = \"...\", the domain below which it is asked");
    return {};
  }
  const auto text = values.text(section.value, "check.*.zone");
  if (!text) return {};
  const auto name = dns_name(*text);
  if (!name || !is_name_of_host(*name) || name->size() > longest_zone) {
    values.diagnostics().error(member->value.span, quoted(*text) + " is not the domain of a list",
                               "as in \"zen.spamhaus.org\"");
    return {};
  }
  return *name;
}

std::vector<DnsListCodes> read_codes(const Node& section, const ValueReader& values) {
  std::vector<DnsListCodes> codes;
  const auto* member = section.find("listed");
  if (member == nullptr) return codes;
  auto& diagnostics = values.diagnostics();
  const std::string example = "as in { \"127.0.0.2-3\" = \"spam\", \"127.0.0.4\" = \"exploited\" }";
  if (member->value.kind != Node::Kind::table || member->value.members.empty()) {
    diagnostics.error(member->value.span, "\"listed\" gives codes their meanings", example);
    return codes;
  }
  for (const auto& each : member->value.members) {
    const auto& meaning = each.value.string;
    if (each.value.kind != Node::Kind::string || !is_meaning(meaning)) {
      diagnostics.error(each.value.span, "the meaning of a code is a word for conditions",
                        "small letters, digits, hyphens and underscores, as in \"spam\"");
      continue;
    }
    if (meaning == "clear" || meaning == "temperror") {
      diagnostics.error(each.value.span, quoted(meaning) + " is said when nothing is listed",
                        "choose another word");
      continue;
    }
    auto code = dns_list_codes(each.key, meaning);
    if (!code) {
      diagnostics.error(each.key_span, quoted(each.key) + " is no code of a list",
                        "an address from 127.0.0.2 to 127.255.254.255, a range such as "
                        "\"127.0.0.4-7\", \"127.0.*.3\", or \"bit 4\" of the last number");
      continue;
    }
    codes.push_back(std::move(*code));
  }
  return codes;
}

/// Of each meaning, or one number for all.
std::vector<std::pair<std::string, std::int64_t>> read_weights(
    const Node& section, const std::vector<DnsListCodes>& codes, const ValueReader& values) {
  std::vector<std::pair<std::string, std::int64_t>> weights;
  const auto* member = section.find("weight");
  if (member == nullptr) return weights;
  auto& diagnostics = values.diagnostics();
  std::vector<std::string> meanings;
  for (const auto& each : codes) meanings.push_back(each.meaning);
  if (meanings.empty()) meanings.push_back(usual_dns_list_codes().meaning);
  const auto read = [&](const Node& value) {
    const auto points = points_of(value);
    if (!points) {
      diagnostics.error(value.span, "a weight is what a rule may add to a score",
                        std::string(points_allowed));
    }
    return points;
  };
  if (member->value.kind == Node::Kind::integer || member->value.kind == Node::Kind::real) {
    if (const auto points = read(member->value)) {
      for (auto& meaning : meanings) weights.emplace_back(std::move(meaning), *points);
    }
    return weights;
  }
  if (member->value.kind != Node::Kind::table || member->value.members.empty()) {
    diagnostics.error(member->value.span, "\"weight\" is a number, or one for each meaning",
                      "as in weight = { " + meanings.front() + " = 2.5 }");
    return weights;
  }
  for (const auto& each : member->value.members) {
    if (std::find(meanings.begin(), meanings.end(), each.key) == meanings.end()) {
      diagnostics.error(each.key_span, quoted(each.key) + " is no meaning of this list",
                        each.key == "clear"
                            ? "who is not listed weighs nothing"
                            : nearest_hint(each.key, meanings, "it has " + list_text(meanings)));
      continue;
    }
    if (const auto points = read(each.value)) weights.emplace_back(each.key, *points);
  }
  return weights;
}

std::string read_title(const Node& section, const ValueReader& values) {
  const auto title = values.text(section, "check.*.title");
  if (!title) return {};
  if (!title->empty() && find_forbidden(*title) == title->size() &&
      title->size() <= longest_title) {
    return *title;
  }
  values.diagnostics().error(section.find("title")->value.span,
                             "a title stands in replies: 1 to 60 characters of printable ASCII "
                             "without ':' and ';'",
                             "as in \"Spamhaus ZEN\"");
  return {};
}

std::string read_lookup(const Node& section, const ValueReader& values) {
  const auto url = values.text(section, "check.*.lookup");
  if (!url) return {};
  constexpr std::string_view place = "{value}";
  const bool web = url->starts_with("https://") || url->starts_with("http://");
  const bool plain =
      std::all_of(url->begin(), url->end(), [](char c) { return c > ' ' && c <= '~' && c != ';'; });
  auto rest = *url;
  const auto at = rest.find(place);
  if (at != std::string::npos) rest.erase(at, place.size());
  // Postfix may cut a reply after 512 octets, and an address that is cut leads nowhere.
  constexpr std::size_t longest = 200;
  if (web && plain && url->size() <= longest && rest.find_first_of("{}") == std::string::npos) {
    return *url;
  }
  values.diagnostics().error(section.find("lookup")->value.span,
                             "\"lookup\" is a URL of at most 200 characters of printable ASCII, "
                             "with {value} at most once and without ';'",
                             "as in \"https://list.example/query/{value}\"");
  return {};
}

}  // namespace

CheckReader::CheckReader(const ValueReader& values, const IdentitySettings& identity,
                         CheckRegistry& checks)
    : values_(values), identity_(identity), checks_(checks) {}

void CheckReader::read(const Node& root) {
  const auto* sections = values_.section(root, "check");
  if (sections == nullptr) return;
  auto& diagnostics = values_.diagnostics();
  for (const auto& section : sections->members) {
    if (section.value.kind != Node::Kind::table) {
      diagnostics.error(section.key_span, quoted(section.key) + " stands right under [check]",
                        "a check has a name of yours: [check.NAME]");
      continue;
    }
    const auto errors = diagnostics.error_count();
    const auto [known, is_new] = named_.emplace(section.key, section.key_span);
    if (!is_new) {
      diagnostics.error(section.key_span, "there is a check " + quoted(section.key) + " already",
                        "the first one stands at " + place_text(known->second));
      continue;
    }
    const auto* wanted = section.value.find("kind");
    // Of a kind that is not built, the keys are not either.
    if (wanted == nullptr || !is_kind_to_come(wanted->value.string)) {
      values_.check_keys(section.value, "check.*");
    }
    const auto kind = read_kind(section);
    std::shared_ptr<const Check> check;
    if (check_name(section) && kind) check = read_check(section, *kind);
    if (check && diagnostics.error_count() == errors) {
      checks_.add(std::move(check));
    } else {
      broken_.insert(section.key);
    }
  }
}

bool CheckReader::check_name(const Member& section) const {
  const auto& name = section.key;
  auto& diagnostics = values_.diagnostics();
  const std::string other = "choose another name for the check";
  if (!is_own_name(name)) {
    diagnostics.error(section.key_span, quoted(name) + " cannot be the name of a check",
                      "small letters, digits and underscores, and no digit first");
    return false;
  }
  if (expression::find_name(name) != nullptr || expression::is_name_to_come(name)) {
    diagnostics.error(section.key_span, quoted(name) + " has a meaning of its own in conditions",
                      other);
    return false;
  }
  if (checks_.find(name) == nullptr) return true;
  // A check that every policy has may be given other settings, and nothing else.
  const auto kinds = choices_of(*find_key("check.*.kind"));
  if (std::find(kinds.begin(), kinds.end(), name) == kinds.end()) {
    diagnostics.error(section.key_span,
                      quoted(name) + " is a check that every policy has, without settings", other);
    return false;
  }
  const auto* kind = section.value.find("kind");
  if (kind == nullptr || kind->value.string == name) return true;
  diagnostics.error(section.key_span, quoted(name) + " is the name of a check already", other);
  return false;
}

std::optional<std::string> CheckReader::read_kind(const Member& section) const {
  const auto* member = section.value.find("kind");
  if (member != nullptr) {
    const auto& word = member->value.string;
    if (is_kind_to_come(word)) {
      values_.diagnostics().error(member->value.span,
                                  "a check of kind " + quoted(word) + ' ' + std::string(not_built),
                                  "take it out: what it asks for would not happen");
      return {};
    }
    return values_.text(section.value, "check.*.kind");
  }
  const auto kinds = choices_of(*find_key("check.*.kind"));
  if (std::find(kinds.begin(), kinds.end(), section.key) != kinds.end()) return section.key;
  // What is wrong with its name is said there.
  if (checks_.find(section.key) != nullptr) return {};
  values_.diagnostics().error(section.key_span, "check " + quoted(section.key) + " has no \"kind\"",
                              "add kind = \"...\", one of " + list_text(kinds));
  return {};
}

std::shared_ptr<const Check> CheckReader::read_check(const Member& section,
                                                     const std::string& kind) const {
  check_keys_of_kind(section.value, kind, values_);
  if (kind == "dnsbl" || kind == "dnswl") return read_list(section, kind);
  if (kind == "helo_check") return read_helo(section);
  return read_spf(section, kind);
}

std::shared_ptr<const Check> CheckReader::read_list(const Member& section,
                                                    const std::string& kind) const {
  const auto& table = section.value;
  ListSettings list;
  list.kind = kind == "dnsbl" ? ListSettings::Kind::block : ListSettings::Kind::allow;
  list.zone = read_zone(section, values_);
  if (const auto of = values_.text(table, "check.*.of")) {
    list.subject = list_subject_from_text(*of).value_or(list.subject);
  }
  list.codes = read_codes(table, values_);
  list.weights = read_weights(table, list.codes, values_);
  list.title = read_title(table, values_);
  list.lookup = read_lookup(table, values_);
  if (!values_.boolean(table, "check.*.quote").value_or(true)) {
    list.words = ListSettings::Words::not_asked;
  }
  if (!values_.boolean(table, "check.*.ipv6").value_or(true)) {
    list.families = ListSettings::Families::v4;
  }
  list.has_test_points =
      values_.boolean(table, "check.*.test_points").value_or(list.has_test_points);
  return std::make_shared<const ListCheck>(section.key, std::move(list));
}

std::shared_ptr<const Check> CheckReader::read_spf(const Member& section,
                                                   const std::string& kind) const {
  SpfCheckSettings settings;
  settings.identity = kind == "spf" ? SpfIdentity::mail_from : SpfIdentity::helo;
  settings.receiver = identity_.host;
  settings.limits.voids = static_cast<unsigned>(
      values_.count(section.value, "check.*.void_lookups").value_or(settings.limits.voids));
  return std::make_shared<const SpfCheck>(section.key, settings);
}

std::shared_ptr<const Check> CheckReader::read_helo(const Member& section) const {
  OurSelves ours;
  if (section.value.find("ours") == nullptr) {
    if (!identity_.host.empty()) ours.names.push_back(normal_domain(identity_.host));
    return std::make_shared<const HeloCheck>(section.key, std::move(ours));
  }
  for (const auto* node : values_.texts(section.value, "check.*.ours")) {
    if (const auto address = IpAddress::parse(node->string)) {
      ours.addresses.push_back(*address);
    } else if (const auto name = dns_name(node->string); name && is_name_of_host(*name)) {
      ours.names.push_back(*name);
    } else {
      values_.diagnostics().error(node->span,
                                  quoted(node->string) + " is neither a host name nor an address",
                                  "as in \"mx1.example.org\" or \"192.0.2.25\"");
    }
  }
  return std::make_shared<const HeloCheck>(section.key, std::move(ours));
}

}  // namespace postern
