#include "journal/record_condition.h"

#include "checks/check.h"
#include "journal/json_writer.h"
#include "journal/record_names.h"
#include "rules/diagnostics.h"
#include "rules/program.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace postern {
namespace {

using expression::Comparison;
using expression::Name;
using expression::Program;
using expression::Step;
using expression::Test;
using expression::ValueType;

/// Part of a JSON string that holds `text`.
std::string inside_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json.substr(1, json.size() - 2);
}

/// What a line must have for a condition to be yes.
class Clues {
 public:
  Clues(const Program& program, const AddressMask& mask) : program_(program), mask_(mask) {}

  std::vector<LineClue> of(const Step& step) const {
    switch (step.kind) {
      case Step::Kind::all_of:
        return of_all(step);
      case Step::Kind::any_of:
        return of_any(step);
      case Step::Kind::negate:
        return of_opposite(program_.steps[step.first]);
      case Step::Kind::test:
        return as_list(of(program_.tests[step.first]));
      case Step::Kind::constant:
        break;
    }
    return {};
  }

 private:
  using Maybe = std::optional<LineClue>;

  static std::vector<LineClue> as_list(Maybe clue) {
    std::vector<LineClue> list;
    if (clue && !clue->octets.empty()) list.push_back(std::move(*clue));
    return list;
  }
  const Step& child(const Step& step, std::uint32_t index) const {
    return program_.steps[program_.children[step.first + index]];
  }

  std::vector<LineClue> of_all(const Step& step) const {
    std::vector<LineClue> all;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      for (auto& clue : of(child(step, i))) all.push_back(std::move(clue));
    }
    return all;
  }

  /// Of each alternative one: with keys if it has any, else with few spellings.
  std::vector<LineClue> of_any(const Step& step) const {
    LineClue any;
    bool keys = true;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      const auto clues = of(child(step, i));
      const auto best =
          std::min_element(clues.begin(), clues.end(), [](const LineClue& a, const LineClue& b) {
            if (a.keys.empty() != b.keys.empty()) return b.keys.empty();
            return a.octets.size() < b.octets.size();
          });
      if (best == clues.end()) return {};
      any.octets.insert(any.octets.end(), best->octets.begin(), best->octets.end());
      any.keys.insert(any.keys.end(), best->keys.begin(), best->keys.end());
      keys = keys && !best->keys.empty();
    }
    if (!keys) any.keys.clear();
    return as_list(std::move(any));
  }

  /// Every record has one verdict: what it is not, it is of the others.
  std::vector<LineClue> of_opposite(const Step& step) const {
    if (step.kind != Step::Kind::test) return {};
    const auto& test = program_.tests[step.first];
    if (test.further == nullptr || test.further->row.name != "verdict") return {};
    std::vector<std::string> others;
    for (const auto& word : test.further->words) {
      if (std::find(test.texts.begin(), test.texts.end(), word) == test.texts.end()) {
        others.push_back(word);
      }
    }
    return as_list(clue_of(*test.further, others, {}));
  }

  Maybe of(const Test& test) const {
    const bool equal = test.comparison == Comparison::equal;
    if (test.further != nullptr) {
      return equal ? clue_of(*test.further, test.texts, test.numbers) : std::nullopt;
    }
    if (test.check || !test.name || (!equal && test.comparison != Comparison::within)) {
      return std::nullopt;
    }
    switch (*test.name) {
      case Name::client_ip:
        return addresses(test);
      case Name::sender_domain:
        return equal ? domains(test.texts, IndexKey::sender_domain) : below(test.texts);
      case Name::recipient_domain:
        return equal ? domains(test.texts, IndexKey::recipient_domain) : below(test.texts);
      case Name::sender_org_domain:
      case Name::recipient_org_domain:
        return below(test.texts);
      case Name::sender:
        return mailboxes(test.addresses, IndexKey::sender);
      case Name::recipient:
        return mailboxes(test.addresses, IndexKey::recipient);
      case Name::queue_id:
        return member("queue_id", test.texts, IndexKey::queue_id);
      case Name::door:
        return member("door", test.texts, std::nullopt);
      case Name::stage:
        return member("stage", test.texts, std::nullopt);
      default:
        return std::nullopt;
    }
  }

  static Maybe addresses(const Test& test) {
    LineClue clue;
    for (const auto& network : test.networks) {
      if (network.prefix() != network.address().bits()) return std::nullopt;
      const auto address = network.address().text();
      clue.octets.push_back(json_member_text("address", address));
      clue.keys.push_back(key_number_of_text(IndexKey::client, address));
    }
    return clue;
  }

  /// Addresses stand as one text, with the domain in lower case.
  static Maybe domains(const std::vector<std::string>& domains, IndexKey key) {
    LineClue clue;
    for (const auto& domain : domains) {
      if (domain.empty()) return std::nullopt;
      clue.octets.push_back('@' + inside_string(domain));
      clue.keys.push_back(key_number_of_text(key, domain));
    }
    return clue;
  }

  static Maybe below(const std::vector<std::string>& domains) {
    LineClue clue;
    for (const auto& domain : domains) {
      if (domain.empty()) return std::nullopt;
      clue.octets.push_back(inside_string(domain));
    }
    return clue;
  }

  Maybe mailboxes(const std::vector<MailAddress>& addresses, IndexKey key) const {
    LineClue clue;
    for (const auto& address : addresses) {
      if (address.domain().empty()) return std::nullopt;
      clue.octets.push_back('@' + inside_string(address.domain()));
      clue.keys.push_back(key_number_of_text(key, address.text()));
      if (mask_.form() != AddressForm::hashed) continue;
      clue.keys.push_back(
          key_number_of_text(key, mask_.local(address.local()) + '@' + address.domain()));
    }
    return clue;
  }

  static Maybe member(std::string_view name, const std::vector<std::string>& texts,
                      std::optional<IndexKey> key) {
    LineClue clue;
    for (const auto& text : texts) {
      if (text.empty()) return std::nullopt;
      clue.octets.push_back(json_member_text(name, text));
      if (key) clue.keys.push_back(key_number_of_text(*key, text));
    }
    return clue;
  }

  const Program& program_;
  const AddressMask& mask_;
};

bool is_about_one_recipient(const Condition& condition) {
  const auto& names = condition.names();
  return std::any_of(names.begin(), names.end(), [](const ConditionName& each) {
    return each.name == "recipient" || each.name.starts_with("recipient.");
  });
}

}  // namespace

RecordCondition::RecordCondition(Condition condition)
    : condition_(std::make_shared<const Condition>(std::move(condition))),
      about_one_recipient_(is_about_one_recipient(*condition_)) {}

Result<RecordCondition> RecordCondition::compile(std::string_view source, const Tables* tables,
                                                 const CheckRegistry* checks, Problems& warnings) {
  const Tables no_tables;
  Condition::Scope scope;
  scope.checks = checks;
  scope.tables = tables != nullptr ? tables : &no_tables;
  scope.further = &record_names();
  Diagnostics diagnostics;
  if (source.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return plain_problem("the expression is empty", "leave it out to be shown every decision");
  }
  auto compiled = Condition::compile(source, scope);
  const auto& file = diagnostics.add_file("expression", std::string(source));
  const auto span = [&file](const ExpressionProblem& problem) {
    return Span{&file, problem.offset, problem.offset + problem.length};
  };
  if (const auto* faults = std::get_if<std::vector<ExpressionProblem>>(&compiled)) {
    for (const auto& fault : *faults) diagnostics.error(span(fault), fault.message, fault.hint);
    return diagnostics.take();
  }
  auto& condition = std::get<Condition>(compiled);
  for (const auto& warning : condition.warnings()) {
    diagnostics.warning(span(warning), warning.message, warning.hint);
  }
  warnings = diagnostics.take();
  return RecordCondition(std::move(condition));
}

void RecordCondition::reveal(AddressMask mask) {
  mask_ = std::move(mask);
  named_.clear();
  add_named(named_, condition_->program(), mask_);
}

bool RecordCondition::fits(const Record& record) const {
  std::optional<Record> known;
  if (has_hidden(record)) known = revealed(named_, record);
  const auto& whole = known ? *known : record;
  const RecordValues values(whole);
  const auto says_yes = [&](const Transaction& transaction) {
    const auto truth =
        known ? truth_of_hidden(condition_->program(), transaction, whole.facts, mask_, &values)
              : condition_->truth(transaction, whole.facts, values);
    return truth == Truth::yes;
  };
  const auto& transaction = whole.transaction;
  if (says_yes(transaction)) return true;
  if (!about_one_recipient_ || transaction.recipient.is_told()) return false;
  const auto& recipients = transaction.recipients.value();
  if (recipients.empty()) return false;
  auto about_one = transaction;
  return std::any_of(recipients.begin(), recipients.end(), [&](const AcceptedRecipient& each) {
    about_one.recipient = each.address;
    return says_yes(about_one);
  });
}

bool RecordCondition::hangs_on_hidden(const Record& record) const {
  if (!has_hidden(record)) return false;
  const auto known = revealed(named_, record);
  const RecordValues values(known);
  const auto is_open = [&](const Transaction& transaction) {
    std::string open;
    const auto truth =
        truth_of_hidden(condition_->program(), transaction, known.facts, mask_, &values, &open);
    return truth == Truth::unknown && !open.empty();
  };
  const auto& transaction = known.transaction;
  if (is_open(transaction)) return true;
  if (!about_one_recipient_ || transaction.recipient.is_told()) return false;
  auto about_one = transaction;
  const auto& recipients = transaction.recipients.value();
  return std::any_of(recipients.begin(), recipients.end(), [&](const AcceptedRecipient& each) {
    about_one.recipient = each.address;
    return is_open(about_one);
  });
}

std::vector<LineClue> RecordCondition::clues() const {
  const auto& program = condition_->program();
  if (program.steps.empty()) return {};
  return Clues(program, mask_).of(program.steps.back());
}

}  // namespace postern
