#include "import/postfwd_items.h"

#include "import/conditions.h"
#include "import/never.h"
#include "import/parts.h"
#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <array>
#include <map>

namespace postern::importer {
namespace {

enum class ItemType { text, number, network };

struct ItemName {
  std::string_view theirs;
  std::string_view ours;
  ItemType type = ItemType::text;
  Subject subject = Subject::mixed;
};

constexpr std::array names{
    ItemName{"client_address", "client.ip", ItemType::network, Subject::client},
    ItemName{"client_name", "client.name", ItemType::text, Subject::client},
    ItemName{"reverse_client_name", "client.reverse_name", ItemType::text, Subject::client},
    ItemName{"client_port", "client.port", ItemType::number, Subject::client},
    ItemName{"server_address", "server.ip", ItemType::network, Subject::mixed},
    ItemName{"server_port", "server.port", ItemType::number, Subject::mixed},
    ItemName{"helo_name", "helo", ItemType::text, Subject::helo},
    ItemName{"sender", "sender", ItemType::text, Subject::sender},
    ItemName{"sender_localpart", "sender.local", ItemType::text, Subject::sender},
    ItemName{"sender_domain", "sender.domain", ItemType::text, Subject::sender},
    ItemName{"recipient", "recipient", ItemType::text, Subject::recipient},
    ItemName{"recipient_localpart", "recipient.local", ItemType::text, Subject::recipient},
    ItemName{"recipient_domain", "recipient.domain", ItemType::text, Subject::recipient},
    ItemName{"recipient_count", "recipient_count", ItemType::number, Subject::count},
    ItemName{"size", "declared_size", ItemType::number, Subject::size},
    ItemName{"sasl_method", "client.auth_method", ItemType::text, Subject::client},
    ItemName{"sasl_username", "client.user", ItemType::text, Subject::client},
    ItemName{"encryption_protocol", "tls.version", ItemType::text, Subject::client},
    ItemName{"encryption_cipher", "tls.cipher", ItemType::text, Subject::client},
    ItemName{"encryption_keysize", "tls.bits", ItemType::number, Subject::client},
    ItemName{"queue_id", "queue_id", ItemType::text, Subject::mixed},
};

const ItemName* find_item(std::string_view name) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const ItemName& each) { return each.theirs == name; });
  return found == names.end() ? nullptr : &*found;
}

/// What is not carried over, by the name of the item.
std::string why_not(const std::string& name) {
  if (name == "rbl" || name.starts_with("rhsbl") || name == "rblcount") {
    return "a list in DNS is a check of its own here (docs/dns.md)";
  }
  if (name == "date" || name == "time" || name == "days" || name == "months") {
    return "rules made by the importer do not look at the time";
  }
  if (name == "score" || name == "request_score") {
    return "scores of postfwd are not carried over; rules that add to a score are written anew";
  }
  if (name.starts_with("sender_ns") || name.starts_with("sender_mx") || name == "helo_address") {
    return "what asks DNS is a check here (docs/dns.md)";
  }
  if (name.starts_with("ccert_")) return "certificates of clients are not known to the rules";
  return "\"" + name + "\" is nothing that the rules know";
}

/// Removes "!!" or "!!( )" from a value; true if there was one.
bool take_negation(std::string& value) {
  if (!value.starts_with("!!")) return false;
  value = std::string(trimmed(std::string_view(value).substr(2)));
  if (value.size() > 1 && value.front() == '(' && value.back() == ')') {
    value = std::string(trimmed(std::string_view(value).substr(1, value.size() - 2)));
  }
  return true;
}

/// "$$helo_name" or "$$(helo_name)": another item; empty: it is none.
std::string_view referred(std::string_view value) {
  if (!value.starts_with("$$")) return {};
  value.remove_prefix(2);
  if (value.size() > 1 && value.front() == '(' && value.back() == ')') {
    value = value.substr(1, value.size() - 2);
  }
  return value;
}

struct Part {
  std::string condition;
  std::string why;
};

Part fault(std::string why) { return {{}, std::move(why)}; }

Part network_part(const ItemName& name, const std::string& comparison, const std::string& value) {
  if (comparison != "=" && comparison != "==" && comparison != "!=") {
    return fault("addresses are compared with = and != alone");
  }
  std::string list;
  std::size_t begin = 0;
  while (begin < value.size()) {
    const auto end = std::min(value.find_first_of(", \t", begin), value.size());
    const auto word = value.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) continue;
    if (word.find("file:") != std::string::npos || word.find("table:") != std::string::npos) {
      return fault("lists in other files are not read; make them a [table.NAME] with \"file\"");
    }
    std::string nearest;
    if (!Network::parse(word, &nearest)) {
      return fault("\"" + word + "\" is no network" +
                   (nearest.empty() ? std::string() : "; " + nearest + " is one"));
    }
    list += (list.empty() ? "" : ", ") + condition_text(word);
  }
  if (list.empty()) return fault("it names no network");
  const auto part = std::string(name.ours) + " in [" + list + "]";
  return {comparison == "!=" ? negation(part) : part, {}};
}

Part number_part(const ItemName& name, const std::string& comparison, const std::string& value) {
  if (value.empty() || value.size() > 15 ||
      value.find_first_not_of("0123456789") != std::string::npos) {
    return fault("\"" + value + "\" is no number");
  }
  static const std::map<std::string, std::pair<std::string, bool>> operators{
      {"=", {">=", false}},  {"=>", {">=", false}}, {">=", {">=", false}}, {"=<", {"<=", false}},
      {"<=", {"<=", false}}, {">", {">", false}},   {"<", {"<", false}},   {"==", {"==", false}},
      {"!=", {"==", true}},  {"!>", {">=", true}},  {"!<", {"<=", true}}};
  const auto found = operators.find(comparison);
  if (found == operators.end()) return fault("numbers are not compared with " + comparison);
  const auto own = std::string(name.ours);
  const auto& sign = found->second.first;
  auto part = own + " " + sign + " " + value;
  // What is not told is 0 there, and below and above no number here.
  const bool zero = value.find_first_not_of('0') == std::string::npos;
  const bool fits_zero = sign.front() == '<' ? !zero || sign == "<=" : zero && sign != ">";
  const bool may_be_absent = own == "declared_size" || own == "tls.bits";
  if (may_be_absent && fits_zero) part = "(" + part + " or not (" + own + " > 0))";
  return {found->second.second ? negation(part) : part, {}};
}

/// A pattern with or without its slashes.
std::string in_slashes(const std::string& value) {
  const bool slashes = value.size() > 1 && value.front() == '/' && value.back() == '/';
  return slashes ? value.substr(1, value.size() - 2) : value;
}

/// What is compared as names of clients or addresses are.
std::optional<Keys> keys_of(const ItemName& name) {
  if (name.theirs == "client_name" || name.theirs == "reverse_client_name") return Keys::client;
  if (name.theirs == "sender") return Keys::sender;
  if (name.theirs == "recipient") return Keys::recipient;
  return {};
}

/// The condition for what postfwd sees as the empty text, or of a client's name as "unknown";
/// empty: there is none.
std::string without_value(const ItemName& name) {
  if (name.theirs == "sender" || name.theirs == "sender_localpart") return "sender == \"<>\"";
  if (name.theirs.starts_with("sasl_")) return "not client.authenticated";
  if (name.theirs.starts_with("encryption_")) return "not tls";
  return {};
}

/// The same where a pattern fits it, which fits nothing that is not there.
std::string or_without_value(const ItemName& name, const std::string& pattern,
                             const std::string& part) {
  const bool client = keys_of(name) == Keys::client;
  if (!pattern_fits(pattern, client ? "unknown" : "")) return part;
  auto absent = without_value(name);
  if (absent.empty()) absent = std::string(name.ours) + " == \"\"";
  return "(" + part + " or " + absent + ")";
}

Part text_part(const ItemName& name, const std::string& comparison, std::string value,
               bool negated) {
  const bool turned = comparison.front() == '!';
  const auto finish = [&](const std::string& part) {
    return Part{turned ? negation(part) : part, {}};
  };
  if (const auto other = referred(value); !other.empty()) {
    const auto* second = find_item(other);
    if (second == nullptr) return fault(why_not(std::string(other)));
    if (turned || negated) {
      return fault("two items that both have no value are alike there and not here");
    }
    return finish(std::string(name.ours) + " == " + std::string(second->ours));
  }
  if (value.find("file:") != std::string::npos || value.find("table:") != std::string::npos) {
    return fault("lists in other files are not read; make them a [table.NAME] with \"file\"");
  }
  if (value.find("%%") != std::string::npos) return fault("dynamic groups have no counterpart");
  const bool equals = comparison == "==" || comparison == "!=";
  if (!equals && comparison != "=" && comparison != "=~" && comparison != "!~") {
    return fault("texts are not compared with " + comparison);
  }
  if ((equals && value.empty()) || (!equals && is_empty_pattern(in_slashes(value)))) {
    const auto part = without_value(name);
    return part.empty() ? fault("what is not told is not compared with here, so this never matches")
                        : finish(part);
  }
  if (const auto keys = keys_of(name)) {
    auto never = equals ? word_never(*keys, value) : pattern_never(*keys, value);
    if (!never.why.empty()) return fault(std::move(never.why));
  }
  if (equals) {
    const bool is_name = name.ours.ends_with(".domain") || keys_of(name) || name.ours == "helo";
    if (auto why = is_name ? final_dot(value) : std::string(); !why.empty()) {
      return fault(std::move(why));
    }
    const bool has_words = name.ours.starts_with("sender") || name.ours.starts_with("recipient") ||
                           name.ours.starts_with("client.name") || name.ours == "helo";
    if (has_words) {
      return finish(std::string(name.ours) + " == " + condition_text(value));
    }
    return finish(std::string(name.ours) + " matches " +
                  condition_text("(?i)^" + literal_pattern(value) + "$"));
  }
  value = in_slashes(value);
  if (value.empty()) return fault("it compares with nothing");
  if (comparison != "=") value = "^(?:" + value + ")$";
  value.insert(0, "(?i)");
  if (const auto wrong = pattern_fault(value); !wrong.empty()) {
    return fault("RE2 does not take this pattern (" + wrong + ")");
  }
  return finish(
      or_without_value(name, value, std::string(name.ours) + " matches " + condition_text(value)));
}

/// protocol_state and protocol_name are no conditions but say where a rule stands.
std::optional<Stage> stage_of(const std::string& state) {
  const auto small = lower(state);
  if (small == "connect") return Stage::connect;
  if (small == "helo" || small == "ehlo") return Stage::helo;
  if (small == "mail") return Stage::mail;
  if (small == "rcpt") return Stage::rcpt;
  if (small == "data") return Stage::data;
  if (small == "end-of-message") return Stage::end_of_message;
  return {};
}

Part part_of(const PostfwdItem& item, Stage stage) {
  auto value = item.value;
  const bool negated = take_negation(value);
  if (item.name == "protocol_name") {
    const auto small = lower(value);
    if ((item.comparison != "=" && item.comparison != "==") ||
        (small != "esmtp" && small != "smtp")) {
      return fault("protocol_name is compared with SMTP or ESMTP alone");
    }
    const bool extended = (small == "esmtp") != negated;
    return {extended ? "helo.extended" : "not helo.extended", {}};
  }
  const auto* name = find_item(item.name);
  if (name == nullptr) return fault(why_not(item.name));
  auto row = *name;
  // What the client announces is no more than that; the whole message is known at its end.
  if (row.theirs == "size" && stage == Stage::end_of_message) row.ours = "size";
  Part part;
  switch (row.type) {
    case ItemType::network:
      part = network_part(row, item.comparison, value);
      break;
    case ItemType::number:
      part = number_part(row, item.comparison, value);
      break;
    case ItemType::text:
      part = text_part(row, item.comparison, value, negated);
      break;
  }
  if (part.why.empty() && negated) part.condition = negation(part.condition);
  return part;
}

}  // namespace

std::optional<PostfwdItem> read_item(std::string_view text) {
  text = trimmed(text);
  const auto end =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  if (end == 0 || end == std::string_view::npos) return {};
  PostfwdItem item;
  item.name = lower(text.substr(0, end));
  text = trimmed(text.substr(end));
  for (const std::string_view comparison :
       {"==", "=~", "~=", "=>", "=<", ">=", "<=", "!=", "!~", "!>", "!<", "=", ">", "<"}) {
    if (!text.starts_with(comparison)) continue;
    item.comparison = comparison == "~=" ? "=~" : comparison;
    item.value = std::string(trimmed(text.substr(comparison.size())));
    return item;
  }
  return {};
}

PostfwdCondition condition_of(const std::vector<PostfwdItem>& items) {
  PostfwdCondition result;
  std::optional<Stage> wish;
  std::vector<std::string> order;
  std::map<std::string, std::vector<const PostfwdItem*>> by_name;
  for (const auto& item : items) {
    if (item.name == "protocol_state") {
      const auto stage = stage_of(item.value);
      if (!stage || wish || (item.comparison != "=" && item.comparison != "==")) {
        result.why = "a rule stands at one stage; this says something else of protocol_state";
        return result;
      }
      wish = stage;
      continue;
    }
    if (item.name == "recipient_count" || item.name == "queue_id") result.stage = Stage::data;
    auto& same_name = by_name[item.name];
    if (same_name.empty()) order.push_back(item.name);
    same_name.push_back(&item);
  }
  if (wish) result.stage = *wish;

  std::vector<std::string> parts;
  std::optional<Subject> subject;
  for (const auto& name : order) {
    std::vector<std::string> choices;
    for (const auto* item : by_name[name]) {
      auto part = part_of(*item, result.stage);
      if (!part.why.empty()) {
        result.why = std::move(part.why);
        return result;
      }
      choices.push_back(std::move(part.condition));
    }
    parts.push_back(any_of(choices));
    const auto* row = find_item(name);
    const auto about = row == nullptr ? Subject::mixed : row->subject;
    subject = !subject || *subject == about ? about : Subject::mixed;
  }
  result.subject = subject.value_or(Subject::mixed);
  result.condition = all_of(parts);
  if (!result.condition.empty()) result.why = condition_fault(result.condition, result.stage);
  return result;
}

}  // namespace postern::importer
