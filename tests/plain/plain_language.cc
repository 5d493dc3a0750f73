#include "plain_language.h"

#include "rules/parser.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstring>
#include <regex.h>
#include <variant>

namespace postern::plain {
namespace {

using expression::Node;
using expression::NodeKind;
using expression::Operator;

// How a text is compared, by what it is.
enum class Kind { text, local, domain, address };

struct NotTold {};
struct Absent {};
struct Text {
  Kind kind = Kind::text;
  std::string text;
};
struct Ip {
  std::string text;
};
using Texts = std::vector<Text>;
using Score = PlainScore;
/// Seconds since midnight, days since 1970.
struct TimeOfDay {
  std::int64_t seconds = 0;
};
struct Day {
  std::int64_t days = 0;
};
/// A check's meanings, a word of a closed set.
struct Words {
  std::vector<std::string> words;
};
using Value = std::variant<NotTold, Absent, bool, std::int64_t, Text, Ip, Texts, Words, Score,
                           TimeOfDay, Day>;

std::string small(std::string text) {
  for (auto& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// As it is compared: what does not count is taken away.
std::string bare(Kind kind, const std::string& text) {
  if (kind == Kind::text) return text;
  auto result = small(text);
  if (kind == Kind::address && result == "<>") return "";
  if (kind == Kind::domain && !result.empty() && result.back() == '.') result.pop_back();
  return result;
}

std::string written(const MailAddress& address) {
  if (address.local().empty() && address.domain().empty()) return "";
  return address.domain().empty() ? address.local() : address.local() + '@' + address.domain();
}

Value told_text(const Told<std::string>& told, Kind kind) {
  if (told.is_told()) return Text{kind, told.value()};
  return told.is_absent() ? Value(Absent()) : Value(NotTold());
}

Value told_number(const Told<std::int64_t>& told) {
  if (told.is_told()) return told.value();
  return told.is_absent() ? Value(Absent()) : Value(NotTold());
}

enum class Part { whole, local, domain };

Value told_address(const Told<MailAddress>& told, Part part) {
  if (!told.is_told()) return told.is_absent() ? Value(Absent()) : Value(NotTold());
  if (part == Part::local) return Text{Kind::local, told.value().local()};
  if (part == Part::domain) return Text{Kind::domain, told.value().domain()};
  return Text{Kind::address, written(told.value())};
}

/// What the mail server does not tell of the client's names, DNS is asked for; that there is none,
/// is an empty name.
Value host_name(const std::string& name, const Told<std::string>& told, const PlainChecks& dns) {
  if (told.is_told() || told.is_absent()) return told_text(told, Kind::domain);
  const auto found = dns.find(name);
  if (found == dns.end() || !found->second) return NotTold();
  return found->second->empty() ? Value(Absent()) : Text{Kind::domain, found->second->front()};
}

/// Names below one label are whole organisations in the tests' worlds, whose top is on no list.
Value organisation(const Value& domain) {
  const auto* text = std::get_if<Text>(&domain);
  if (text == nullptr) return domain;
  auto name = small(text->text);
  const auto last = name.rfind('.');
  const auto before = last == std::string::npos || last == 0 ? last : name.rfind('.', last - 1);
  if (before != std::string::npos && last != std::string::npos) name = name.substr(before + 1);
  return Text{Kind::domain, name};
}

std::int64_t local_seconds(const Transaction& transaction) {
  return std::chrono::duration_cast<std::chrono::seconds>(transaction.time.time_since_epoch() +
                                                          transaction.utc_offset)
      .count();
}

Value value_of_name(const std::string& name, const Transaction& transaction,
                    const PlainChecks& checks) {
  const auto& t = transaction;
  constexpr std::string_view of_organisation = ".org_domain";
  if (name.ends_with(of_organisation)) {
    auto whole = name.substr(0, name.size() - of_organisation.size());
    if (whole == "sender" || whole == "recipient") whole += ".domain";
    return organisation(value_of_name(whole, transaction, checks));
  }
  if (name == "time") return TimeOfDay{local_seconds(t) % 86'400};
  if (name == "date") return Day{local_seconds(t) / 86'400};
  if (name == "weekday") {
    static const std::vector<std::string> days{"thu", "fri", "sat", "sun", "mon", "tue", "wed"};
    return Words{{days[static_cast<std::size_t>(local_seconds(t) / 86'400 % 7)]}};
  }
  if (name == "client.ip") {
    if (t.client.address) return Ip{t.client.address->text()};
    return t.door == Door::policy ? Value(NotTold()) : Value(Absent());
  }
  if (name == "client.port") {
    return t.client.port == 0 ? Value(NotTold()) : std::int64_t{t.client.port};
  }
  if (name == "client.name") return host_name(name, t.client.name, checks);
  if (name == "client.reverse_name") return host_name(name, t.client.reverse_name, checks);
  if (name == "client.user") return told_text(t.authentication.user, Kind::text);
  if (name == "client.auth_method") return told_text(t.authentication.mechanism, Kind::text);
  if (name == "client.authenticated") {
    if (t.authentication.user.is_told()) return !t.authentication.user.value().empty();
    return t.authentication.user.is_absent() ? Value(false) : Value(NotTold());
  }
  if (name == "tls") {
    if (t.tls.version.is_told()) return !t.tls.version.value().empty();
    return t.tls.version.is_absent() ? Value(false) : Value(NotTold());
  }
  if (name == "tls.version") return told_text(t.tls.version, Kind::text);
  if (name == "tls.bits") return told_number(t.tls.bits);
  if (name == "helo") return told_text(t.helo, Kind::domain);
  if (name == "helo.extended") {
    if (t.helo.is_absent()) return false;
    return t.extended_smtp.is_told() ? Value(t.extended_smtp.value()) : Value(NotTold());
  }
  if (name == "sender") return told_address(t.sender, Part::whole);
  if (name == "sender.local") return told_address(t.sender, Part::local);
  if (name == "sender.domain") return told_address(t.sender, Part::domain);
  if (name == "recipient") return told_address(t.recipient, Part::whole);
  if (name == "recipient.local") return told_address(t.recipient, Part::local);
  if (name == "recipient.domain") return told_address(t.recipient, Part::domain);
  if (name == "declared_size") return told_number(t.declared_size);
  if (name == "recipient_count") return told_number(t.recipient_count);
  if (name == "size") return told_number(t.size);
  if (name == "recipients") {
    if (!t.recipients.is_told()) return NotTold();
    Texts texts;
    for (const auto& each : t.recipients.value()) {
      texts.push_back({Kind::address, written(each.address)});
    }
    return texts;
  }
  if (name == "stage") return Words{{std::string(to_text(t.stage))}};
  if (name == "door") return Words{{std::string(to_text(t.door))}};
  if (const auto check = checks.find(name); check != checks.end()) {
    return check->second ? Value(Words{*check->second}) : Value(NotTold());
  }
  return NotTold();
}

struct Bits {
  int family = 0;
  std::array<unsigned char, 16> octets{};
  unsigned length = 0;
};

Bits bits_of(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  Bits bits;
  bits.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  inet_pton(bits.family, address.c_str(), bits.octets.data());
  bits.length = slash == std::string::npos
                    ? (bits.family == AF_INET ? 32U : 128U)
                    : static_cast<unsigned>(std::stoi(text.substr(slash + 1)));
  return bits;
}

bool is_within(const std::string& address, const std::string& network) {
  const auto one = bits_of(address);
  const auto all = bits_of(network);
  if (one.family != all.family) return false;
  for (unsigned i = 0; i < all.length; ++i) {
    const auto mask = static_cast<unsigned char>(0x80U >> (i % 8));
    if ((one.octets[i / 8] & mask) != (all.octets[i / 8] & mask)) return false;
  }
  return true;
}

std::int64_t seconds_of(const std::string& time) {
  return std::stoi(time.substr(0, 2)) * 3600 + std::stoi(time.substr(3, 2)) * 60 +
         (time.size() == 8 ? std::stoi(time.substr(6, 2)) : 0);
}

/// From its first moment to before its last, over midnight if it ends earlier than it begins.
bool is_in_stretch(std::int64_t seconds, const std::string& stretch) {
  const auto dash = stretch.find('-');
  const auto from = seconds_of(stretch.substr(0, dash));
  const auto to = seconds_of(stretch.substr(dash + 1));
  if (from < to) return from <= seconds && seconds < to;
  return seconds >= from || seconds < to;
}

std::int64_t day_of(const std::string& date) {
  const std::chrono::year_month_day day{
      std::chrono::year(std::stoi(date.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(std::stoi(date.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(std::stoi(date.substr(8, 2))))};
  return std::chrono::sys_days(day).time_since_epoch().count();
}

bool is_below(const std::string& domain, const std::string& above) {
  const auto whole = bare(Kind::domain, domain);
  const auto end = '.' + bare(Kind::domain, above);
  return ('.' + whole).ends_with(end);
}

template <typename Number>
bool holds(Number left, Operator op, Number right) {
  switch (op) {
    case Operator::less:
      return left < right;
    case Operator::less_equal:
      return left <= right;
    case Operator::greater:
      return left > right;
    case Operator::greater_equal:
      return left >= right;
    default:
      return left == right;
  }
}

bool fits(const std::string& text, const std::string& pattern, Kind kind) {
  regex_t compiled{};
  const int flags = REG_EXTENDED | REG_NOSUB | (kind == Kind::text ? 0 : REG_ICASE);
  if (regcomp(&compiled, pattern.c_str(), flags) != 0) return false;
  const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return found;
}

class Reader {
 public:
  Reader(const PlainPolicy& policy, const Transaction& transaction, const PlainChecks& checks,
         const PlainScores& scores)
      : policy_(policy), transaction_(transaction), checks_(checks), scores_(scores) {}

  Truth condition(const std::string& text) const {
    const auto parsed = expression::parse(text);
    return truth(parsed.root);
  }

  /// What the map gives for what the condition looks up in it.
  PlainScore points(const std::string& text, const std::string& map) const {
    const auto parsed = expression::parse(text);
    const auto* found = looked_up(parsed.root, map);
    if (found == nullptr) return {};
    const auto& table = policy_.tables.at(map);
    const auto key = value(*found);
    PlainScore result;
    if (std::holds_alternative<NotTold>(key)) {
      for (const auto each : table.points) {
        result.least = std::min(result.least, each);
        result.most = std::max(result.most, each);
      }
      return result;
    }
    // Of several networks the smallest counts; of other keys one alone fits.
    std::size_t smallest = 0;
    for (std::size_t i = 0; i < table.entries.size(); ++i) {
      const auto& entry = table.entries[i];
      const auto* ip = std::get_if<Ip>(&key);
      const auto* word = std::get_if<Text>(&key);
      const bool fits = (ip != nullptr && is_within(ip->text, entry)) ||
                        (word != nullptr && small(word->text) == small(entry));
      const std::size_t size = ip != nullptr ? bits_of(entry).length + 1 : 1;
      if (!fits || size <= smallest) continue;
      smallest = size;
      result = {table.points[i], table.points[i], table.points[i]};
    }
    return result;
  }

  /// What the check adds: when it could not tell, anything that it might.
  PlainScore weighed(const std::string& check) const {
    if (const auto found = weight(check)) return {*found, *found, *found};
    return whatever(check);
  }
  PlainScore whatever(const std::string& check) const {
    PlainScore result;
    for (const auto& [meaning, each] : policy_.weights.at(check)) {
      result.least = std::min(result.least, each);
      result.most = std::max(result.most, each);
    }
    return result;
  }

 private:
  /// Nothing when the check could not tell. Of several meanings the one furthest from 0 counts, and
  /// the smaller one of two.
  std::optional<std::int64_t> weight(const std::string& check) const {
    const auto& said = checks_.at(check);
    if (!said || *said == std::vector<std::string>{"temperror"}) return std::nullopt;
    std::vector<std::int64_t> all{0};
    for (const auto& meaning : *said) {
      const auto& weights = policy_.weights.at(check);
      if (weights.contains(meaning)) all.push_back(weights.at(meaning));
    }
    const auto least = *std::min_element(all.begin(), all.end());
    const auto most = *std::max_element(all.begin(), all.end());
    return -least >= most ? least : most;
  }

  static const Node* looked_up(const Node& node, const std::string& map) {
    if (node.kind == NodeKind::compare && node.op == Operator::in &&
        node.parts[1].kind == NodeKind::name && node.parts[1].text == map) {
      return &node.parts[0];
    }
    for (const auto& part : node.parts) {
      if (const auto* found = looked_up(part, map)) return found;
    }
    return nullptr;
  }

  static Truth opposite(Truth truth) {
    if (truth == Truth::yes) return Truth::no;
    return truth == Truth::no ? Truth::yes : truth;
  }
  static Truth from(bool value) { return value ? Truth::yes : Truth::no; }

  Truth truth(const Node& node) const {
    switch (node.kind) {
      case NodeKind::all_of:
      case NodeKind::any_of: {
        const auto decisive = node.kind == NodeKind::all_of ? Truth::no : Truth::yes;
        bool unavailable = false;
        for (const auto& part : node.parts) {
          const auto one = truth(part);
          if (one == decisive) return decisive;
          if (one == Truth::unavailable) unavailable = true;
        }
        return unavailable ? Truth::unavailable : opposite(decisive);
      }
      case NodeKind::negate:
        return opposite(truth(node.parts.front()));
      case NodeKind::boolean:
        return from(node.number != 0);
      case NodeKind::name: {
        if (const auto named = policy_.conditions.find(node.text);
            named != policy_.conditions.end()) {
          return condition(named->second);
        }
        const auto value = value_of_name(node.text, transaction_, checks_);
        if (const auto* yes = std::get_if<bool>(&value)) return from(*yes);
        return std::holds_alternative<Absent>(value) ? Truth::no : Truth::unavailable;
      }
      case NodeKind::compare:
        return compare(node);
      default:
        return Truth::unavailable;
    }
  }

  Value value(const Node& node) const {
    if (node.kind == NodeKind::number || node.kind == NodeKind::size) return node.number;
    if (node.kind == NodeKind::sum || node.kind == NodeKind::difference ||
        node.kind == NodeKind::product) {
      return calculated(node);
    }
    if (node.kind == NodeKind::name && node.text.starts_with("score.")) {
      const auto found = scores_.find(node.text.substr(6));
      return found == scores_.end() ? Score() : found->second;
    }
    if (node.kind == NodeKind::name && node.text.ends_with(".weight")) {
      const auto found = weight(node.text.substr(0, node.text.size() - 7));
      if (!found) return NotTold();
      return Score{*found, *found, *found};
    }
    if (node.kind == NodeKind::name) return value_of_name(node.text, transaction_, checks_);
    if (node.kind == NodeKind::macro) {
      const auto found = transaction_.macros.find(node.text);
      if (found != transaction_.macros.end()) return Text{Kind::text, found->second};
      // Nobody gives a macro without a value; the policy protocol has none at all.
      return transaction_.door == Door::policy ? Value(NotTold()) : Value(Absent());
    }
    return NotTold();
  }

  Value calculated(const Node& node) const {
    const auto left = value(node.parts[0]);
    const auto right = value(node.parts[1]);
    const auto* a = std::get_if<std::int64_t>(&left);
    const auto* b = std::get_if<std::int64_t>(&right);
    if (a == nullptr) return left;
    if (b == nullptr) return right;
    if (node.kind == NodeKind::sum) return *a + *b;
    return node.kind == NodeKind::difference ? *a - *b : *a * *b;
  }

  static bool is_calculated(const Node& node) {
    return node.kind == NodeKind::sum || node.kind == NodeKind::difference ||
           node.kind == NodeKind::product;
  }

  Truth compare(const Node& node) const {
    const auto& right = node.parts[1];
    const auto left = value(node.parts[0]);
    if (node.op == Operator::not_equal) {
      auto equal = node;
      equal.op = Operator::equal;
      return opposite(compare(equal));
    }
    if (std::holds_alternative<NotTold>(left)) return Truth::unavailable;
    if (node.op == Operator::in && right.kind == NodeKind::name) return look_up(left, right.text);
    if (const auto* score = std::get_if<Score>(&left)) {
      return compare_score(*score, node.op, right);
    }
    if (const auto* time = std::get_if<TimeOfDay>(&left)) {
      return from(any_literal(right, [&](const Node& literal) {
        return node.op == Operator::in ? is_in_stretch(time->seconds, literal.text)
                                       : holds(time->seconds, node.op, seconds_of(literal.text));
      }));
    }
    if (const auto* day = std::get_if<Day>(&left)) {
      return from(any_literal(right, [&](const Node& literal) {
        return holds(day->days, node.op, day_of(literal.text));
      }));
    }
    if (is_calculated(right) ||
        (node.op != Operator::equal && node.op != Operator::in && right.kind == NodeKind::name)) {
      return compare_calculated(left, node.op, value(right));
    }
    if (right.kind == NodeKind::name || right.kind == NodeKind::macro)
      return same(left, value(right));
    if (const auto* words = std::get_if<Words>(&left)) {
      const bool trouble =
          words->words == std::vector<std::string>{"temperror"} && !names(right, "temperror");
      if (trouble) return Truth::unavailable;
      return from(std::any_of(words->words.begin(), words->words.end(),
                              [&](const std::string& word) { return names(right, word); }));
    }
    if (const auto* several = std::get_if<Texts>(&left)) {
      return from(std::any_of(several->begin(), several->end(), [&](const Text& text) {
        return compare_text(text, node.op == Operator::contains ? Operator::equal : node.op, right);
      }));
    }
    if (const auto* text = std::get_if<Text>(&left)) {
      return from(compare_text(*text, node.op, right));
    }
    if (const auto* ip = std::get_if<Ip>(&left)) {
      return from(any_literal(
          right, [&](const Node& literal) { return is_within(ip->text, literal.text); }));
    }
    if (const auto* yes = std::get_if<bool>(&left)) return from(*yes == (right.number != 0));
    if (const auto* number = std::get_if<std::int64_t>(&left)) {
      return from(compare_number(*number, node.op, right));
    }
    // Absent: equal to the empty text, to nothing else, and in nothing.
    const bool equality = node.op == Operator::equal || node.op == Operator::in;
    return from(equality && any_literal(right, [](const Node& literal) {
                  return literal.kind == NodeKind::text && literal.text.empty();
                }));
  }

  template <typename Predicate>
  static bool any_literal(const Node& right, const Predicate& predicate) {
    if (right.kind != NodeKind::list) return predicate(right);
    return std::any_of(right.parts.begin(), right.parts.end(), predicate);
  }

  static bool names(const Node& right, const std::string& word) {
    return any_literal(right, [&](const Node& literal) { return literal.text == word; });
  }

  static bool compare_text(const Text& left, Operator op, const Node& right) {
    if (op == Operator::matches) {
      return !(left.kind == Kind::address && left.text.empty()) &&
             fits(left.text, right.text, left.kind);
    }
    if (op == Operator::equal || op == Operator::in) {
      return any_literal(right, [&](const Node& literal) {
        return bare(left.kind, left.text) == bare(left.kind, literal.text);
      });
    }
    if (op == Operator::within) {
      return any_literal(right,
                         [&](const Node& literal) { return is_below(left.text, literal.text); });
    }
    if (left.kind == Kind::address && left.text.empty()) return false;
    const auto text = left.kind == Kind::text ? left.text : small(left.text);
    const auto part = left.kind == Kind::text ? right.text : small(right.text);
    if (part.size() > text.size()) return false;
    if (op == Operator::starts_with) return text.compare(0, part.size(), part) == 0;
    if (op == Operator::ends_with) {
      return text.compare(text.size() - part.size(), part.size(), part) == 0;
    }
    return text.find(part) != std::string::npos;
  }

  static bool compare_number(std::int64_t left, Operator op, const Node& right) {
    return any_literal(right, [&](const Node& literal) { return holds(left, op, literal.number); });
  }

  /// What every sum between the bounds says, if they all say the same.
  static Truth compare_score(const Score& score, Operator op, const Node& right) {
    const auto limit = [](const Node& literal) {
      return literal.kind == NodeKind::decimal ? literal.number : literal.number * 1000;
    };
    const bool equality = op == Operator::equal || op == Operator::in;
    const bool between = score.least != score.most && any_literal(right, [&](const Node& literal) {
                           return score.least <= limit(literal) && limit(literal) <= score.most;
                         });
    if (equality && between) return Truth::unavailable;
    const auto at = [&](std::int64_t sum) {
      return any_literal(right,
                         [&](const Node& literal) { return holds(sum, op, limit(literal)); });
    };
    return at(score.least) == at(score.most) ? from(at(score.least)) : Truth::unavailable;
  }

  static Truth compare_calculated(const Value& left, Operator op, const Value& right) {
    if (std::holds_alternative<NotTold>(left) || std::holds_alternative<NotTold>(right)) {
      return Truth::unavailable;
    }
    const auto* a = std::get_if<std::int64_t>(&left);
    const auto* b = std::get_if<std::int64_t>(&right);
    return from(a != nullptr && b != nullptr && holds(*a, op, *b));
  }

  static Truth same(const Value& left, const Value& right) {
    if (std::holds_alternative<NotTold>(left) || std::holds_alternative<NotTold>(right)) {
      return Truth::unavailable;
    }
    if (const auto* a = std::get_if<Text>(&left), *b = std::get_if<Text>(&right); a && b) {
      // What is compared without case on either side is so on both.
      const auto kind = std::max(a->kind, b->kind);
      return from(bare(kind, a->text) == bare(kind, b->text));
    }
    if (const auto* a = std::get_if<std::int64_t>(&left), *b = std::get_if<std::int64_t>(&right);
        a && b) {
      return from(*a == *b);
    }
    return Truth::no;
  }

  Truth look_up(const Value& left, const std::string& name) const {
    const auto& table = policy_.tables.at(name);
    if (const auto* several = std::get_if<Texts>(&left)) {
      return from(std::any_of(several->begin(), several->end(),
                              [&](const Text& text) { return is_listed(text, table); }));
    }
    if (const auto* text = std::get_if<Text>(&left)) return from(is_listed(*text, table));
    if (const auto* ip = std::get_if<Ip>(&left)) {
      return from(
          std::any_of(table.entries.begin(), table.entries.end(),
                      [&](const std::string& entry) { return is_within(ip->text, entry); }));
    }
    return Truth::no;
  }

  static bool is_listed(const Text& text, const PlainTable& table) {
    if (text.text.empty()) {
      const bool null_path = text.kind == Kind::address && table.kind == "address";
      return null_path && std::count(table.entries.begin(), table.entries.end(), "<>") > 0;
    }
    const auto fits_entry = [&](const std::string& written) {
      const auto entry = small(written);
      const auto at = text.text.rfind('@');
      if (table.kind == "address") {
        const auto address = small(text.text);
        if (address == entry) return true;
        if (entry.back() == '@') return small(text.text.substr(0, at)) + '@' == entry;
        return entry.front() == '@' && at != std::string::npos && address.substr(at) == entry;
      }
      if (table.kind == "domain") {
        auto domain = small(text.text);
        if (text.kind == Kind::address) {
          if (at == std::string::npos) return false;
          domain = domain.substr(at + 1);
        }
        domain = bare(Kind::domain, domain);
        if (entry.front() == '.') {
          return domain.size() > entry.size() &&
                 domain.compare(domain.size() - entry.size(), entry.size(), entry) == 0;
        }
        return domain == entry;
      }
      return small(text.text) == entry;
    };
    return std::any_of(table.entries.begin(), table.entries.end(), fits_entry);
  }

  const PlainPolicy& policy_;
  const Transaction& transaction_;
  const PlainChecks& checks_;
  const PlainScores& scores_;
};

}  // namespace

Truth truth_of(const PlainPolicy& policy, const std::string& condition,
               const Transaction& transaction, const PlainChecks& checks,
               const PlainScores& scores) {
  return Reader(policy, transaction, checks, scores).condition(condition);
}

namespace {

/// What is known of the accepts for their stage alone that stand in a stage that has passed: they
/// keep the rules behind them from being asked.
struct Accepts {
  bool yes = false;
  bool perhaps = false;  ///< one could not be answered
  bool matched = false;  ///< and acts all the same
};

bool is_stage_accept(const PlainRule& rule) {
  return !rule.adds() && rule.verdict == Verdict::accept && rule.scope == AcceptScope::stage;
}

/// Whether a rule adds.
enum class Adds { no, yes, perhaps, perhaps_not_now };

class Sums {
 public:
  const PlainScores& seen_by(const PlainRule& rule) const {
    return rule.mode == RuleMode::shadow ? with_shadow_ : enforced_;
  }

  void add(const PlainRule& rule, const std::string& score, const PlainScore& points, Adds adds) {
    add(with_shadow_[score], points, adds);
    if (rule.mode == RuleMode::enforce) add(enforced_[score], points, adds);
  }

 private:
  static void add(PlainScore& sum, const PlainScore& points, Adds adds) {
    const bool certain = adds == Adds::yes;
    sum.least += certain ? points.least : std::min<std::int64_t>(points.least, 0);
    sum.most += certain ? points.most : std::max<std::int64_t>(points.most, 0);
    if (adds != Adds::perhaps_not_now) sum.certain += points.certain;
  }

  PlainScores enforced_;
  PlainScores with_shadow_;  // what rules in shadow test: theirs count as well
};

/// The same sums when all that is missing adds nothing.
PlainScores certain(PlainScores scores) {
  for (auto& [name, score] : scores) score.least = score.most = score.certain;
  return scores;
}

}  // namespace

PlainDecision decide(const PlainPolicy& policy, const Transaction& transaction,
                     const PlainChecks& checks) {
  auto rules = policy.rules;
  std::stable_sort(rules.begin(), rules.end(),
                   [](const PlainRule& a, const PlainRule& b) { return a.stage < b.stage; });
  PlainDecision decision;
  Sums sums;
  std::map<Stage, Accepts> accepts;
  std::optional<Stage> settled;
  const auto truth_under = [&](const PlainRule& rule, const PlainScores& scores) {
    return rule.when.empty() ? Truth::yes
                             : truth_of(policy, rule.when, transaction, checks, scores);
  };
  const bool may_put_off = std::any_of(rules.begin(), rules.end(), [](const PlainRule& rule) {
    return rule.stage <= Stage::rcpt && rule.mode == RuleMode::enforce && !rule.unavailable.empty();
  });
  for (const auto& rule : rules) {
    if (rule.stage > transaction.stage) break;
    const bool about_one_recipient = rule.stage == Stage::rcpt && transaction.stage > Stage::rcpt;
    const bool nobody = about_one_recipient && !transaction.recipient.is_told();
    const auto truth = truth_under(rule, sums.seen_by(rule));
    if (rule.adds()) {
      auto adds = Adds::no;
      const auto before = rule.stage < transaction.stage ? accepts[rule.stage] : Accepts();
      if (nobody) {
        // Not that of one of several; that of one whom we do not know perhaps.
        if (!transaction.recipients.is_told()) adds = Adds::perhaps_not_now;
      } else if (truth != Truth::no && !before.yes) {
        adds = Adds::yes;
        if (before.perhaps) adds = before.matched ? Adds::perhaps_not_now : Adds::perhaps;
        if (truth == Truth::unavailable) adds = Adds::perhaps_not_now;
      }
      for (const auto& [name, points] : rule.scores) {
        if (adds != Adds::no) sums.add(rule, name, {points, points, points}, adds);
      }
      for (const auto& [name, map] : rule.scores_of_maps) {
        if (adds == Adds::no) continue;
        auto points = Reader(policy, transaction, checks, {}).points(rule.when, map);
        if (nobody) {
          for (const auto each : policy.tables.at(map).points) {
            points.least = std::min(points.least, each);
            points.most = std::max(points.most, each);
          }
        }
        sums.add(rule, name, points, adds);
      }
      for (const auto& [name, check] : rule.scores_of_checks) {
        if (adds == Adds::no) continue;
        const Reader reader(policy, transaction, checks, {});
        sums.add(rule, name, nobody ? reader.whatever(check) : reader.weighed(check), adds);
      }
    }
    if (is_stage_accept(rule) && rule.mode == RuleMode::enforce && !nobody) {
      auto& known = accepts[rule.stage];
      if (truth == Truth::yes) known.yes = true;
      if (truth == Truth::unavailable) {
        known.perhaps = true;
        known.matched = known.matched || rule.unavailable == "match";
      }
    }
    if (settled == rule.stage) continue;
    if (nobody) {
      // It may have spared a recipient that we do not know, or put off one that is not there.
      const bool may = !transaction.recipients.is_told() || truth == Truth::unavailable;
      if (may && rule.mode == RuleMode::enforce) decision.held_back = true;
      continue;
    }
    decision.truths[rule.name] = truth;
    // Which recipients there are may hang on one that was put off for want of an answer: a rule
    // that looks at them then makes a later refusal doubtful.
    const bool counts_recipients = rule.when.find("recipients") != std::string::npos ||
                                   rule.when.find("recipient_count") != std::string::npos;
    if (counts_recipients && rule.mode == RuleMode::enforce && may_put_off) {
      decision.held_back = true;
    }
    if (rule.mode == RuleMode::shadow || rule.adds()) continue;
    auto acts = truth;
    if (truth == Truth::unavailable) {
      // Refused for good but for what is missing of a score: for now.
      const bool refuses_otherwise = rule.verdict == Verdict::reject &&
                                     truth_under(rule, certain(sums.seen_by(rule))) == Truth::yes;
      if (rule.unavailable == "defer" || refuses_otherwise) {
        decision.verdict = Verdict::defer;
        decision.rule = rule.name;
        decision.missing = true;
        return decision;
      }
      decision.held_back = true;
      if (rule.unavailable == "match") acts = Truth::yes;
    }
    if (acts != Truth::yes) continue;
    if (is_stage_accept(rule) && rule.stage != transaction.stage) {
      settled = rule.stage;
      continue;
    }
    decision.verdict = rule.verdict;
    decision.rule = rule.name;
    return decision;
  }
  return decision;
}

}  // namespace postern::plain
