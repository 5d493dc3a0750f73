#include "rules/literals.h"

#include "model/text.h"
#include "model/time_text.h"
#include "rules/local_clock.h"
#include "tables/entries.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <utility>

namespace postern::expression {
namespace {

std::string_view kind_text(NodeKind kind) {
  switch (kind) {
    case NodeKind::text:
      return "a text";
    case NodeKind::number:
      return "a number";
    case NodeKind::decimal:
      return "a fraction";
    case NodeKind::size:
      return "a size";
    case NodeKind::duration:
      return "a duration";
    case NodeKind::boolean:
      return "true or false";
    case NodeKind::list:
      return "a list";
    default:
      return "this";
  }
}

class Reader {
 public:
  Reader(Resolver& resolver, const Operand& operand, Operator op, Test& test)
      : resolver_(resolver), operand_(operand), op_(op), test_(test) {}

  bool read(const Node& node) {
    set_comparison();
    if (node.kind == NodeKind::list) return list(node);
    // A network and a stretch of the day hold much by themselves.
    const bool ample = operand_.type == ValueType::ip || operand_.type == ValueType::time_of_day;
    if (op_ == Operator::in && !(ample && node.kind == NodeKind::text)) {
      return fault(node, "\"in\" needs a table or a list behind it",
                   node.kind == NodeKind::text
                       ? "write [" + quoted(node.text) + "], or compare with =="
                       : "write the value in [ ]");
    }
    const bool good = value(node);
    if (good && operand_.type == ValueType::time_of_day && op_ == Operator::in) {
      warn_of_whole_day(node);
    }
    return good;
  }

 private:
  bool fault(const Node& node, std::string message, std::string hint = {}) {
    resolver_.problem(node, std::move(message), std::move(hint));
    return false;
  }

  void set_comparison() {
    switch (op_) {
      case Operator::less:
        test_.comparison = Comparison::less;
        break;
      case Operator::less_equal:
        test_.comparison = Comparison::less_equal;
        break;
      case Operator::greater:
        test_.comparison = Comparison::greater;
        break;
      case Operator::greater_equal:
        test_.comparison = Comparison::greater_equal;
        break;
      case Operator::starts_with:
        test_.comparison = Comparison::starts_with;
        break;
      case Operator::ends_with:
        test_.comparison = Comparison::ends_with;
        break;
      case Operator::within:
        test_.comparison = Comparison::within;
        break;
      case Operator::matches:
        test_.comparison = Comparison::matches;
        break;
      case Operator::contains:
        test_.comparison =
            operand_.type == ValueType::addresses ? Comparison::equal : Comparison::contains;
        break;
      default:
        test_.comparison = Comparison::equal;
    }
  }

  bool list(const Node& node) {
    if (op_ != Operator::in && op_ != Operator::within) {
      return fault(node, quoted(postern::expression::to_text(op_)) + " compares with one value",
                   op_ == Operator::equal       ? "write in for a list"
                   : op_ == Operator::not_equal ? "write not in for a list"
                                                : "join several comparisons with or");
    }
    if (node.parts.empty()) {
      return fault(node, "the list is empty, so nothing is ever in it");
    }
    bool good = true;
    for (const auto& part : node.parts) good = value(part) && good;
    if (good) warn_of_everything(node);
    return good;
  }

  /// A list that leaves nothing out.
  void warn_of_everything(const Node& node) {
    if (operand_.type == ValueType::choice && operand_.row) {
      const auto& words = operand_.words();
      const bool all = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
        return std::find(test_.texts.begin(), test_.texts.end(), word) != test_.texts.end();
      });
      if (all) {
        resolver_.warning(node,
                          "this holds every word that " + quoted(operand_.spelling) +
                              " can be, so it says nothing",
                          "take the comparison out, or some of the words");
      }
    }
    if (operand_.type == ValueType::time_of_day && op_ == Operator::in) warn_of_whole_day(node);
  }

  void warn_of_whole_day(const Node& node) {
    // Between two limits nothing changes.
    std::vector<std::int64_t> times{0};
    for (const auto& range : test_.times) times.insert(times.end(), {range.from, range.to});
    constexpr std::int64_t day_seconds = 86'400;
    const bool whole = std::all_of(times.begin(), times.end(), [&](std::int64_t time) {
      return std::any_of(test_.times.begin(), test_.times.end(), [&](const TimeRange& range) {
        return range.contains(time % day_seconds);
      });
    });
    if (!whole) return;
    resolver_.warning(node, "this is the whole day, so it says nothing",
                      "take the comparison out, or name a part of the day");
  }

  bool value(const Node& node) {
    switch (operand_.type) {
      case ValueType::boolean:
        return boolean(node);
      case ValueType::number:
      case ValueType::size:
        return number(node);
      default:
        break;
    }
    if (node.kind != NodeKind::text) return wrong_kind(node);
    switch (test_.comparison) {
      case Comparison::matches:
        return pattern(node);
      case Comparison::starts_with:
      case Comparison::ends_with:
      case Comparison::contains:
        return fragment(node);
      default:
        break;
    }
    switch (operand_.type) {
      case ValueType::time_of_day:
        return op_ == Operator::in ? time_range(node) : time_of_day(node);
      case ValueType::date:
        return date(node);
      case ValueType::ip:
        return network(node);
      case ValueType::domain:
        return domain(node);
      case ValueType::address:
      case ValueType::addresses:
        return address(node);
      case ValueType::choice:
        return word(node);
      default:
        test_.texts.push_back(node.text);
        return true;
    }
  }

  bool wrong_kind(const Node& node) {
    std::string hint;
    const bool numeric = operand_.type == ValueType::number || operand_.type == ValueType::size;
    if (operand_.type == ValueType::time_of_day) {
      hint = "write it as \"08:00\"";
    } else if (operand_.type == ValueType::date) {
      hint = "write it as \"2026-12-24\"";
    } else if (operand_.type == ValueType::boolean) {
      hint = "write " + operand_.spelling + " or not " + operand_.spelling;
    } else if (numeric && node.kind == NodeKind::text) {
      hint = "a number has no quotes";
    } else if (operand_.type == ValueType::number && node.kind == NodeKind::size) {
      hint = "leave out the unit";
    } else if (operand_.type == ValueType::size && node.kind == NodeKind::duration) {
      hint = "sizes end in B, kB, MB, GB, KiB, MiB or GiB; m is a minute, M a million octets";
    } else if (operand_.check && !operand_.check->description().further_hint.empty()) {
      hint = operand_.check->description().further_hint;
    } else if (!numeric && (node.kind == NodeKind::number || node.kind == NodeKind::boolean)) {
      hint = "a text stands between quotes";
    }
    return fault(node,
                 quoted(operand_.spelling) + " is " +
                     std::string(postern::expression::to_text(operand_.type)) +
                     " and cannot be compared with " + std::string(kind_text(node.kind)),
                 std::move(hint));
  }

  bool boolean(const Node& node) {
    if (node.kind != NodeKind::boolean) return wrong_kind(node);
    test_.numbers.push_back(node.number);
    return true;
  }

  /// Thousandths, of which two are equal or are not: a sum of decimals has no rounding.
  bool score(const Node& node) {
    if (node.kind != NodeKind::number && node.kind != NodeKind::decimal) return wrong_kind(node);
    const auto most = std::numeric_limits<std::int64_t>::max() / 1000;
    if (node.kind == NodeKind::number && (node.number > most || node.number < -most)) {
      return fault(node, "no score is as large as this");
    }
    test_.numbers.push_back(node.kind == NodeKind::number ? node.number * 1000 : node.number);
    return true;
  }

  bool number(const Node& node) {
    // Weights are numbers of the same kind.
    if (!operand_.score.empty() || operand_.check) return score(node);
    const bool is_size = operand_.type == ValueType::size && node.kind == NodeKind::size;
    if (node.kind != NodeKind::number && !is_size) return wrong_kind(node);
    return bounded(node, node.number, operand_.row->most);
  }

  /// A value of 0 to `most`.
  bool bounded(const Node& node, std::int64_t n, std::int64_t most) {
    // What the operator leaves of 0 to most: nothing, or everything?
    bool never = false;
    bool always = false;
    switch (test_.comparison) {
      case Comparison::less:
        never = n <= 0;
        always = n > most;
        break;
      case Comparison::less_equal:
        never = n < 0;
        always = n >= most;
        break;
      case Comparison::greater:
        never = n >= most;
        always = n < 0;
        break;
      case Comparison::greater_equal:
        never = n > most;
        always = n <= 0;
        break;
      default:
        never = n > most || n < 0;
    }
    if (never || always) {
      const auto range = operand_.type == ValueType::time_of_day ? "is from 00:00 to 23:59:59"
                         : most == unlimited                     ? "is never below 0"
                                             : "is a number from 0 to " + std::to_string(most);
      if (op_ == Operator::not_equal) std::swap(never, always);
      auto message = quoted(operand_.spelling) + " " + range + ", so this is " +
                     (never ? "never" : "always") + " true";
      if (!resolver_.is_search()) return fault(node, std::move(message));
      resolver_.warning(node, std::move(message), {});
    }
    test_.numbers.push_back(n);
    return true;
  }

  bool time_of_day(const Node& node) {
    constexpr std::int64_t last_second = 86'399;
    if (const auto time = time_of_day_from_text(node.text)) {
      return bounded(node, *time, last_second);
    }
    return fault(node, quoted(node.text) + " is no time of day",
                 time_range_from_text(node.text) ? "write in for a stretch of the day"
                                                 : "write it as \"08:00\" or \"17:59:30\"");
  }

  bool time_range(const Node& node) {
    if (const auto range = time_range_from_text(node.text)) {
      test_.times.push_back(*range);
      return true;
    }
    std::string hint = "write it as \"08:00-18:00\"; \"22:00-06:00\" goes over midnight";
    const auto dash = node.text.find('-');
    const auto from = time_of_day_from_text(node.text.substr(0, dash));
    const bool empty = from && dash != std::string::npos &&
                       from == time_of_day_from_text(node.text.substr(dash + 1));
    if (empty) hint = "it begins where it ends; the whole day is \"00:00-24:00\"";
    return fault(node, quoted(node.text) + " is no stretch of the day", std::move(hint));
  }

  bool date(const Node& node) {
    if (const auto day = day_from_text(node.text)) {
      test_.numbers.push_back(day->time_since_epoch().count());
      return true;
    }
    return fault(node, quoted(node.text) + " is no date", "write it as \"2026-12-24\"");
  }

  bool network(const Node& node) {
    std::string nearest;
    if (op_ == Operator::in) {
      if (auto network = Network::parse(node.text, &nearest)) {
        test_.networks.push_back(*network);
        return true;
      }
      return fault(node, quoted(node.text) + " is no IP address and no network",
                   nearest.empty() ? "write it as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"
                                   : "did you mean " + quoted(nearest) + "?");
    }
    if (const auto address = IpAddress::parse(node.text)) {
      test_.networks.push_back(Network::around(*address, address->bits()));
      return true;
    }
    const bool is_network = Network::parse(node.text, &nearest).has_value() || !nearest.empty();
    return fault(node, quoted(node.text) + " is no IP address",
                 is_network ? "write in for a network" : "write it as 192.0.2.1 or 2001:db8::1");
  }

  bool domain(const Node& node) {
    const auto& text = node.text;
    if (!text.empty() && text.front() == '.') {
      return fault(node, "no domain name begins with a dot, so this is never true",
                   op_ == Operator::within ? "leave out the dot: within " + quoted(text.substr(1)) +
                                                 " is that domain and all below it"
                                           : "write within " + quoted(text.substr(1)) +
                                                 " for that domain and all below it");
    }
    if (text.find('@') != std::string::npos && operand_.row->id != Name::helo) {
      return fault(node, "no domain name holds an @, so this is never true",
                   operand_.row->id == Name::sender_domain      ? "compare with sender"
                   : operand_.row->id == Name::recipient_domain ? "compare with recipient"
                                                                : "");
    }
    if (op_ == Operator::within && text.find_first_not_of('.') == std::string::npos) {
      return fault(node, "no domain name is within the empty one, so this is never true");
    }
    test_.texts.push_back(normal_domain(text));
    return true;
  }

  bool address(const Node& node) {
    const auto& text = node.text;
    const auto of_null = [&] { return text == "<>" || text.empty(); };
    if (of_null() && operand_.row->subjects.recipient) {
      return fault(node, "a recipient is never empty, so this is never true");
    }
    if (text.find('@') == std::string::npos && text.find('.') != std::string::npos) {
      return fault(node, quoted(text) + " is no mail address",
                   operand_.type == ValueType::address
                       ? "for a domain compare " + operand_.spelling + ".domain"
                       : "an address is written as local@domain");
    }
    const auto whose = [&](const char* part, const std::string& value) {
      return operand_.type == ValueType::address
                 ? "write " + operand_.spelling + part + " == " + quoted(value)
                 : "an address is written as local@domain; look " + quoted(text) +
                       " up in a table of kind \"address\"";
    };
    if (text.size() > 1 && text.front() == '@') {
      return fault(node, quoted(text) + " is no whole mail address, so this is never true",
                   whose(".domain", text.substr(1)));
    }
    if (text.size() > 1 && text.back() == '@') {
      return fault(node, quoted(text) + " is no whole mail address, so this is never true",
                   whose(".local", text.substr(0, text.size() - 1)));
    }
    test_.addresses.push_back(MailAddress::from_envelope(text));
    return true;
  }

  bool word(const Node& node) {
    const auto& words = operand_.words();
    if (operand_.takes_further(node.text)) {
      test_.texts.push_back(node.text);
      return true;
    }
    if (std::find(words.begin(), words.end(), node.text) == words.end()) {
      if (operand_.check && operand_.check->description().further_value) {
        return further_word(node);
      }
      const auto nearest = nearest_name(node.text, words);
      const auto begun = std::find_if(words.begin(), words.end(), [&](const auto& known) {
        return lower(node.text).starts_with(known);
      });
      const auto& meant = nearest.empty() && begun != words.end() ? *begun : nearest;
      std::string hint = meant.empty() ? "" : "did you mean " + quoted(meant) + "?";
      if (meant.empty() && operand_.further && !operand_.further->words_hint.empty()) {
        hint = operand_.further->words_hint;
      } else if (meant.empty()) {
        hint = "it is one of";
        for (const auto& known : words) hint += (&known == &words.front() ? " " : ", ") + known;
      }
      return fault(node, quoted(operand_.spelling) + " is never " + quoted(node.text),
                   std::move(hint));
    }
    test_.texts.push_back(node.text);
    return true;
  }

  /// One that a check with more words than can be listed never returns.
  bool further_word(const Node& node) {
    std::string meant;
    for (const auto& each : {node.text, "AS" + node.text}) {
      auto written = each;
      for (auto& c : written) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      if (meant.empty() && operand_.takes_further(written)) meant = written;
    }
    if (meant.empty()) meant = nearest_name(node.text, operand_.words());
    return fault(node, quoted(operand_.spelling) + " is never " + quoted(node.text),
                 meant.empty() ? operand_.check->description().further_hint
                               : "did you mean " + quoted(meant) + "?");
  }

  bool fragment(const Node& node) {
    if (node.text.empty()) {
      return fault(node, "every text " + std::string(fragment_verb()) +
                             " the empty text, so this says nothing");
    }
    if (op_ == Operator::ends_with) warn_of_half_labels(node);
    test_.texts.push_back(operand_.type == ValueType::text ? node.text : lower(node.text));
    return true;
  }

  /// "example.org" is the end of notexample.org as well, which anybody may register.
  void warn_of_half_labels(const Node& node) {
    const auto& text = node.text;
    const bool domain = operand_.type == ValueType::domain;
    if (!domain && operand_.type != ValueType::address && operand_.type != ValueType::addresses) {
      return;
    }
    const auto first = static_cast<unsigned char>(text.front());
    if (std::isalnum(first) == 0 || text.find('.') == std::string::npos ||
        text.find('@') != std::string::npos) {
      return;
    }
    std::string hint = "write " + operand_.spelling + (domain ? "" : ".domain") + " within " +
                       quoted(text) + " for that domain and all below it";
    if (operand_.type == ValueType::addresses) {
      hint = "begin with @ for one domain, with . for all below it";
    }
    resolver_.warning(node, "names such as " + quoted("not" + text) + " end so too",
                      std::move(hint));
  }

  std::string_view fragment_verb() const {
    if (op_ == Operator::starts_with) return "starts with";
    return op_ == Operator::ends_with ? "ends with" : "contains";
  }

  bool pattern(const Node& node) {
    if (node.text.empty()) {
      return fault(node, "every text matches the empty pattern, so this says nothing");
    }
    Pattern compiled(node.text, operand_.type == ValueType::text ? PatternCase::sensitive
                                                                 : PatternCase::ignored);
    if (compiled.ok()) {
      test_.pattern = std::make_shared<const Pattern>(std::move(compiled));
      return true;
    }
    const auto fragment = compiled.error_fragment();
    // The place in the literal, if no escape stands before it; else the whole literal.
    const auto at = fragment.empty() ? std::string::npos : node.text.find(fragment);
    const bool exact = at != std::string::npos && node.length == node.text.size() + 2;
    resolver_.problem(exact ? node.offset + 1 + at : node.offset,
                      exact ? fragment.size() : node.length,
                      "the pattern is not valid: " + compiled.error(),
                      "patterns are written as RE2 reads them, without back-references and "
                      "look-around");
    return false;
  }

  Resolver& resolver_;
  const Operand& operand_;
  Operator op_;
  Test& test_;
};

}  // namespace

bool read_values(Resolver& resolver, const Operand& operand, Operator op, const Node& node,
                 Test& test) {
  return Reader(resolver, operand, op, test).read(node);
}

}  // namespace postern::expression
