#include "rules/literals.h"

#include "model/text.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace postern::expression {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string_view kind_text(NodeKind kind) {
  switch (kind) {
    case NodeKind::text:
      return "a text";
    case NodeKind::number:
      return "a number";
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
    if (op_ == Operator::in && !(operand_.type == ValueType::ip && node.kind == NodeKind::text)) {
      return fault(node, "\"in\" needs a table or a list behind it",
                   node.kind == NodeKind::text ? "write [\"" + node.text + "\"], or compare with =="
                                               : "write the value in [ ]");
    }
    return value(node);
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
    if (op_ != Operator::in) {
      return fault(
          node, quoted(postern::expression::to_text(op_)) + " compares with one value",
          op_ == Operator::equal ? "write in for a list" : "join several comparisons with or");
    }
    if (node.parts.empty()) {
      return fault(node, "the list is empty, so nothing is ever in it");
    }
    bool good = true;
    for (const auto& part : node.parts) good = value(part) && good;
    return good;
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
    if (operand_.type == ValueType::boolean) {
      hint = "write " + operand_.spelling + " or not " + operand_.spelling;
    } else if (numeric && node.kind == NodeKind::text) {
      hint = "a number has no quotes";
    } else if (operand_.type == ValueType::number && node.kind == NodeKind::size) {
      hint = "leave out the unit";
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

  bool number(const Node& node) {
    const bool is_size = operand_.type == ValueType::size && node.kind == NodeKind::size;
    if (node.kind != NodeKind::number && !is_size) return wrong_kind(node);
    const auto most = operand_.row->most;
    const auto n = node.number;
    // What the operator leaves of 0 to most: nothing, or everything?
    bool never = false;
    bool always = false;
    switch (test_.comparison) {
      case Comparison::less:
        never = n == 0;
        always = n > most;
        break;
      case Comparison::less_equal:
        always = n >= most;
        break;
      case Comparison::greater:
        never = n >= most;
        break;
      case Comparison::greater_equal:
        never = n > most;
        always = n == 0;
        break;
      default:
        never = n > most;
    }
    if (never || always) {
      const auto range =
          most == unlimited ? "is never below 0" : "is a number from 0 to " + std::to_string(most);
      if (op_ == Operator::not_equal) std::swap(never, always);
      return fault(node, quoted(operand_.spelling) + " " + range + ", so this is " +
                             (never ? "never" : "always") + " true");
    }
    test_.numbers.push_back(n);
    return true;
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
                   "write ends_with for all names below a domain");
    }
    if (text.find('@') != std::string::npos && operand_.row->id != Name::helo) {
      return fault(node, "no domain name holds an @, so this is never true",
                   operand_.row->id == Name::sender_domain      ? "compare with sender"
                   : operand_.row->id == Name::recipient_domain ? "compare with recipient"
                                                                : "");
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
    test_.addresses.push_back(MailAddress::from_envelope(text));
    return true;
  }

  bool word(const Node& node) {
    const auto& words = operand_.words();
    if (std::find(words.begin(), words.end(), node.text) == words.end()) {
      const auto nearest = nearest_name(node.text, words);
      std::string hint = nearest.empty() ? "" : "did you mean " + quoted(nearest) + "?";
      if (nearest.empty()) {
        hint = "it is one of";
        for (const auto& known : words) hint += (&known == &words.front() ? " " : ", ") + known;
      }
      return fault(node, quoted(operand_.spelling) + " is never " + quoted(node.text),
                   std::move(hint));
    }
    test_.texts.push_back(node.text);
    return true;
  }

  bool fragment(const Node& node) {
    if (node.text.empty()) {
      return fault(node, "every text " + std::string(fragment_verb()) +
                             " the empty text, so this says nothing");
    }
    test_.texts.push_back(operand_.type == ValueType::text ? node.text : lower(node.text));
    return true;
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
