#include "rules/program.h"

#include "checks/client_names.h"
#include "model/text.h"
#include "rules/check_weights.h"
#include "rules/comparing.h"
#include "rules/findings.h"
#include "rules/org_domain.h"
#include "rules/score_reader.h"
#include "rules/table_asking.h"
#include "rules/table_look_ups.h"
#include "rules/trouble_word.h"
#include "rules/values.h"
#include "tables/table.h"

#include <algorithm>
#include <utility>

namespace postern::expression {
namespace {

Truth opposite(Truth truth) {
  if (truth == Truth::yes) return Truth::no;
  return truth == Truth::no ? Truth::yes : truth;
}

Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

std::string spelling(Name name, const std::string& macro) {
  if (name == Name::macro) return "macro(\"" + macro + "\")";
  return std::string(row_of(name).name);
}

bool holds(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

class Runner {
 public:
  Runner(const Program& program, const Transaction& transaction, const Facts& facts,
         ConditionOutcome* outcome, Unanswered unanswered, ScoreReader* scores,
         const FurtherValues* further)
      : program_(program),
        transaction_(transaction),
        facts_(facts),
        findings_(outcome),
        tables_(facts, findings_, transaction.time),
        unanswered_(unanswered),
        scores_(scores),
        further_(further),
        reach_(further != nullptr ? Reach::record : Reach::stage) {}

  /// Where the answers of tables go, if they are wanted.
  void note_answers(Facts& answers) { tables_.keep_in(answers); }

  Truth run() {
    const auto truth = program_.steps.empty()
                           ? Truth::yes
                           : step(static_cast<std::uint32_t>(program_.steps.size() - 1));
    if (findings_.wanted()) findings_.finish(truth);
    return truth;
  }

 private:
  Truth step(std::uint32_t index) {
    const auto& step = program_.steps[index];
    switch (step.kind) {
      case Step::Kind::all_of:
        return joined(step, Truth::no, Truth::yes);
      case Step::Kind::any_of:
        return joined(step, Truth::yes, Truth::no);
      case Step::Kind::negate:
        return opposite(this->step(step.first));
      case Step::Kind::test:
        return test(program_.tests[step.first]);
      case Step::Kind::constant:
        return step.truth;
    }
    return Truth::no;
  }

  /// A decisive operand wins and drops what its neighbours still asked; then unknown; then
  /// unavailable.
  Truth joined(const Step& step, Truth decisive, Truth neutral) {
    const auto before = findings_.mark();
    auto result = neutral;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      const auto truth = this->step(program_.children[step.first + i]);
      if (truth == decisive) {
        findings_.drop_since(before);
        return decisive;
      }
      if (truth == Truth::unknown) result = Truth::unknown;
      if (truth == Truth::unavailable && result != Truth::unknown) result = Truth::unavailable;
    }
    return result;
  }

  Truth test(const Test& test) {
    if (test.check) return test.type == ValueType::number ? weight(test) : check(test);
    if (test.calculation) return calculation(test);
    if (!test.score.empty()) return score(test);
    if (test.further) return further(test);
    if (findings_.wanted()) {
      findings_.reserve(program_.tests.size());
      note_name(*test.name, test.macro);
    }
    if (test.comparison == Comparison::same_as) return same(test);
    switch (test.type) {
      case ValueType::boolean: {
        const auto reading = read_boolean(*test.name, transaction_, reach_);
        if (reading.state == Reading<bool>::State::not_told)
          return not_told(*test.name, test.macro);
        return truth_of(test.comparison == Comparison::holds
                            ? reading.value
                            : reading.value == (test.numbers.front() != 0));
      }
      case ValueType::number:
      case ValueType::size:
      case ValueType::time_of_day:
      case ValueType::date: {
        const auto reading = read_number(*test.name, transaction_, reach_);
        using State = Reading<std::int64_t>::State;
        if (reading.state == State::not_told) return not_told(*test.name, test.macro);
        if (!test.times.empty()) {
          return truth_of(
              std::any_of(test.times.begin(), test.times.end(),
                          [&](const TimeRange& range) { return range.contains(reading.value); }));
        }
        // An absent number is no number: it is equal to none, above none and below none.
        return truth_of(reading.state == State::told &&
                        compare(test.comparison, reading.value, test.numbers));
      }
      case ValueType::ip:
        return ip(test);
      case ValueType::address: {
        const auto reading = read_address(*test.name, transaction_, reach_);
        return reading.value ? address(test, *reading.value) : not_told(*test.name, test.macro);
      }
      case ValueType::addresses:
        return addresses(test);
      case ValueType::text:
      case ValueType::local:
      case ValueType::domain:
      case ValueType::choice:
      case ValueType::texts:
        return text(test);
    }
    return Truth::no;
  }

  Truth further(const Test& test) {
    using State = FurtherValue::State;
    const auto found = further_ ? further_->value(*test.further) : FurtherValue{};
    if (found.state == State::not_told) {
      return unavailable(test.further->row.kind, test.further->row.name, "not told");
    }
    switch (test.type) {
      case ValueType::boolean:
        return truth_of(test.comparison == Comparison::holds
                            ? found.number != 0
                            : (found.number != 0) == (test.numbers.front() != 0));
      case ValueType::number:
      case ValueType::size:
        return truth_of(found.state == State::told &&
                        compare(test.comparison, found.number, test.numbers));
      default:
        break;
    }
    if (found.texts.empty()) {
      return looks_inside(test.comparison) ? Truth::no : text(test, std::string_view());
    }
    auto result = Truth::no;
    for (const auto& each : found.texts) {
      const auto truth = text(test, each);
      if (truth == Truth::yes) return truth;
      if (truth == Truth::unavailable) result = truth;
    }
    return result;
  }

  Truth ip(const Test& test) {
    const auto reading = read_ip(*test.name, transaction_, reach_);
    if (reading.state == Reading<std::optional<IpAddress>>::State::not_told) {
      return not_told(*test.name, test.macro);
    }
    if (!reading.value) return Truth::no;
    const auto& address = *reading.value;
    if (test.comparison == Comparison::in_table) {
      return tables_.look_up(test, address, [&] { return address.text(); });
    }
    return truth_of(std::any_of(test.networks.begin(), test.networks.end(),
                                [&](const Network& network) { return network.contains(address); }));
  }

  Truth address(const Test& test, const MailAddress& address) {
    if (test.comparison == Comparison::in_table) {
      if (test.table &&
          (test.table->keys() == TableKind::string || test.table->keys() == TableKind::pattern)) {
        const auto joined = buffer_.join(address);
        return tables_.look_up(test, joined, [&] { return std::string(joined); });
      }
      return tables_.look_up(test, address, [&] { return address.text(); });
    }
    if (looks_inside(test.comparison)) {
      return truth_of(!address.empty() && compare_inside(test, buffer_.join(address)));
    }
    return truth_of(
        std::any_of(test.addresses.begin(), test.addresses.end(),
                    [&](const MailAddress& other) { return same_mailbox(address, other); }));
  }

  Truth addresses(const Test& test) {
    const auto reading = read_addresses(*test.name, transaction_, reach_);
    using State = Reading<std::span<const AcceptedRecipient>>::State;
    if (reading.state == State::not_told) return not_told(*test.name, test.macro);
    auto result = Truth::no;
    const auto before = findings_.mark();
    for (const auto& recipient : reading.value) {
      const auto truth = address(test, recipient.address);
      if (truth == Truth::yes) {
        findings_.drop_causes_since(before);
        return Truth::yes;
      }
      if (truth == Truth::unavailable) result = truth;
    }
    return result;
  }

  Truth text(const Test& test) {
    Reading<std::string_view> reading;
    if (const auto missing = read(test, *test.name, test.macro, buffer_, reading)) return *missing;
    using State = Reading<std::string_view>::State;
    if (reading.state == State::absent && looks_inside(test.comparison)) return Truth::no;
    return text(test, reading.value);
  }

  /// Puts into `reading` what the name stands for; else says why it cannot. Of the client's names,
  /// those that the mail server did not tell are asked of DNS (semantics 16).
  std::optional<Truth> read(const Test& test, Name name, const std::string& macro,
                            TextBuffer& buffer, Reading<std::string_view>& reading) {
    using State = Reading<std::string_view>::State;
    reading = read_text(name, macro, transaction_, buffer, reach_);
    if (reading.state != State::not_told) return std::nullopt;
    const bool is_reverse = name == Name::client_reverse_name;
    const bool is_asked =
        is_reverse || name == Name::client_name || name == Name::client_org_domain;
    // Of what lies in the past nobody is asked any more.
    if (!is_asked || further_ != nullptr) return not_told(name, macro);
    auto& asked = is_reverse ? reverse_name_ : confirmed_name_;
    if (!asked) {
      asked = is_reverse ? reverse_client_name(transaction_, facts_)
                         : confirmed_client_name(transaction_, facts_);
    }
    switch (asked->state) {
      case ClientName::State::open:
        if (findings_.wanted()) {
          for (const auto& question : asked->questions) findings_.ask(test, question);
        }
        return Truth::unknown;
      case ClientName::State::unavailable:
        return unavailable(row_of(name).kind, row_of(name).name, asked->cause);
      case ClientName::State::none:
        reading = Reading<std::string_view>::absent();
        break;
      case ClientName::State::found:
        reading = Reading<std::string_view>::told(
            name == Name::client_org_domain ? org_domain(asked->name) : asked->name);
        break;
    }
    if (findings_.wanted()) {
      AnswerSource source;
      source.note = "from reverse DNS";
      findings_.note({std::string(row_of(name).name), std::string(reading.value), source});
    }
    return std::nullopt;
  }

  /// One that is absent stands here as the empty text.
  Truth text(const Test& test, std::string_view value) {
    if (test.comparison == Comparison::in_table) {
      // Nothing is listed under no name (semantics 15); asking would find a careless empty entry.
      if (value.empty()) return Truth::no;
      if (test.type != ValueType::domain) {
        return tables_.look_up(test, value, [&] { return std::string(value); });
      }
      const auto domain = normal_domain(value);
      return tables_.look_up(test, std::string_view(domain), [&] { return std::string(domain); });
    }
    if (looks_inside(test.comparison)) {
      return truth_of(compare_inside(test, value));
    }
    if (test.comparison == Comparison::within) {
      return truth_of(std::any_of(test.texts.begin(), test.texts.end(),
                                  [&](const auto& domain) { return is_within(value, domain); }));
    }
    if (test.type == ValueType::domain) {
      return truth_of(std::any_of(test.texts.begin(), test.texts.end(),
                                  [&](const auto& domain) { return same_domain(value, domain); }));
    }
    if (test.type == ValueType::local || test.type == ValueType::texts) {
      return truth_of(std::any_of(test.texts.begin(), test.texts.end(),
                                  [&](const auto& local) { return same_local(value, local); }));
    }
    return truth_of(holds(test.texts, value));
  }

  Truth calculation(const Test& test) {
    using State = CalculationResult::State;
    if (findings_.wanted()) {
      for (const auto* side : {&test.calculation->left, &test.calculation->right}) {
        for (const auto& step : *side) {
          if (step.kind == CalculationStep::Kind::name) note_name(step.name, {});
        }
      }
    }
    const auto left = calculate(test.calculation->left, transaction_, reach_);
    if (left.state == State::not_told) return not_told(left.missing, {});
    const auto right = calculate(test.calculation->right, transaction_, reach_);
    if (right.state == State::not_told) return not_told(right.missing, {});
    // As in a plain comparison: with what does not exist nothing compares.
    return truth_of(left.state == State::told && right.state == State::told &&
                    compare(test.comparison, left.value, right.value));
  }

  Truth score(const Test& test) {
    const auto reading = read(test.sum);
    if (findings_.wanted()) {
      auto value = points_text(reading.least);
      if (reading.most != reading.least) value += " to " + points_text(reading.most);
      findings_.note({"score." + test.score, std::move(value), {}});
    }
    if (unanswered_ == Unanswered::nothing && !reading.unknown) {
      return truth_of(compare(test.comparison, reading.answered, test.numbers));
    }
    if (const auto decided = within_bounds(test, reading)) return truth_of(*decided);
    if (!reading.unknown) {
      const auto rule = "\"" + std::string(reading.unanswered_rule) + "\"";
      return unavailable(
          reading.cause_kind, "score." + test.score,
          findings_.wanted() ? "rule " + rule + ": " + std::string(reading.cause) : std::string());
    }
    if (!findings_.wanted()) return Truth::unknown;
    for (const auto& question : reading.free_questions) findings_.ask(test, question);
    for (const auto& question : reading.costly_questions) findings_.ask(test, question);
    return Truth::unknown;
  }

  ScoreReading read(const BoundScore& score) {
    if (scores_ == nullptr) {
      own_scores_ = std::make_unique<ScoreReader>(transaction_, facts_);
      scores_ = own_scores_.get();
    }
    return scores_->read(score, findings_.wanted() ? ScoreDetail::full : ScoreDetail::sum);
  }

  /// What every number within the bounds says, if they all say the same.
  static std::optional<bool> within_bounds(const Test& test, const ScoreReading& reading) {
    if (test.comparison == Comparison::equal && reading.least != reading.most) {
      if (std::any_of(test.numbers.begin(), test.numbers.end(), [&](std::int64_t number) {
            return number >= reading.least && number <= reading.most;
          })) {
        return std::nullopt;
      }
      return false;
    }
    const bool at_least = compare(test.comparison, reading.least, test.numbers);
    if (at_least != compare(test.comparison, reading.most, test.numbers)) return std::nullopt;
    return at_least;
  }

  Truth same(const Test& test) {
    if (findings_.wanted()) note_name(*test.other, test.other_macro);
    if (test.type == ValueType::number || test.type == ValueType::size) {
      return same_as(test, read_number(*test.name, transaction_, reach_),
                     read_number(*test.other, transaction_, reach_), std::equal_to<>());
    }
    if (test.type == ValueType::ip) {
      return same_as(test, read_ip(*test.name, transaction_, reach_),
                     read_ip(*test.other, transaction_, reach_), std::equal_to<>());
    }
    if (test.type == ValueType::address) {
      return same_as(test, read_address(*test.name, transaction_, reach_),
                     read_address(*test.other, transaction_, reach_),
                     [](const auto* a, const auto* b) { return same_mailbox(*a, *b); });
    }
    Reading<std::string_view> left;
    Reading<std::string_view> right;
    // What the first lacks is told before what the second does, or it would depend on the order of
    // answers which of them a refusal for now is about. Both are asked for at once.
    const auto no_left = read(test, *test.name, test.macro, buffer_, left);
    if (no_left == Truth::unavailable) return *no_left;
    const auto before = findings_.mark();
    const auto no_right = read(test, *test.other, test.other_macro, other_buffer_, right);
    if (no_left) {
      findings_.drop_causes_since(before);
      return *no_left;
    }
    if (no_right) return *no_right;
    if (test.type == ValueType::domain) return same_as(test, left, right, same_domain);
    if (test.type == ValueType::local) return same_as(test, left, right, same_local);
    return same_as(test, left, right, std::equal_to<>());
  }

  /// Two names that are both absent are not the same: nothing is known that could be.
  template <typename T, typename Equal>
  Truth same_as(const Test& test, const Reading<T>& left, const Reading<T>& right, Equal equal) {
    using State = typename Reading<T>::State;
    if (left.state == State::not_told) return not_told(*test.name, test.macro);
    if (right.state == State::not_told) return not_told(*test.other, test.other_macro);
    return truth_of(left.state == State::told && right.state == State::told &&
                    equal(left.value, right.value));
  }

  /// Asks the check of a test; nothing if `result` then is what it found, until the next is asked.
  std::optional<Truth> ask(const Test& test, const CheckOutcome*& result) {
    const auto& description = test.check->description();
    if (transaction_.stage < description.earliest) {
      return unavailable(description.kind, description.name, "not known yet");
    }
    if (scores_ != nullptr) {
      result = &scores_->checks().outcome(*test.check, transaction_, facts_);
    } else {
      result = &own_outcome_.emplace(postern::ask(*test.check, transaction_, facts_));
    }
    if (result->state == CheckOutcome::State::open) return open(test, result->questions);
    if (result->state == CheckOutcome::State::unavailable) {
      return unavailable(description.kind, description.name, result->cause);
    }
    if (!findings_.wanted()) return std::nullopt;
    std::string values;
    for (const auto& value : result->values) values += (values.empty() ? "" : ", ") + value;
    auto source = result->source;
    source.note.resize(std::min(source.note.size(), longest_note));
    findings_.note({description.name, std::move(values), std::move(source)});
    return std::nullopt;
  }

  Truth in_trouble(const Test& test, const CheckOutcome& result) {
    auto why = std::string(trouble_word);
    if (!result.source.note.empty()) why += ", " + result.source.note;
    return unavailable(test.check->description().kind, test.check->description().name, why);
  }

  /// The number that a check's values weigh; `holds`: it is not 0.
  Truth weight(const Test& test) {
    const CheckOutcome* result = nullptr;
    if (const auto missing = ask(test, result)) return *missing;
    if (holds(result->values, trouble_word)) return in_trouble(test, *result);
    const auto& description = test.check->description();
    const auto weight = weight_of(description, result->values);
    if (findings_.wanted()) {
      findings_.note({weight_name(description), points_text(weight), {}});
    }
    if (test.comparison == Comparison::holds) return truth_of(weight != 0);
    return truth_of(compare(test.comparison, weight, test.numbers));
  }

  Truth check(const Test& test) {
    const CheckOutcome* result = nullptr;
    if (const auto missing = ask(test, result)) return *missing;
    const auto& found = result->values;
    if (test.comparison == Comparison::in_table) return in_table(test, found);
    if (std::any_of(found.begin(), found.end(),
                    [&](const auto& value) { return holds(test.texts, value); })) {
      return Truth::yes;
    }
    if (holds(found, trouble_word) && !holds(test.texts, trouble_word)) {
      return in_trouble(test, *result);
    }
    return Truth::no;
  }

  /// What a check has found, in a table.
  Truth in_table(const Test& test, const std::vector<std::string>& found) {
    auto result = Truth::no;
    for (const auto& value : found) {
      const auto truth = tables_.look_up(test, std::string_view(value), [&] { return value; });
      if (truth == Truth::yes) return truth;
      if (truth == Truth::unavailable) result = truth;
    }
    return result;
  }

  Truth open(const Test& test, const std::vector<Question>& questions) {
    if (questions.empty()) {
      // Asking for what has been answered would never end.
      return unavailable(test.check->description().kind, test.check->description().name,
                         "the check asks for nothing new");
    }
    if (findings_.wanted()) {
      for (const auto& question : questions) findings_.ask(test, question);
    }
    return Truth::unknown;
  }

  Truth not_told(Name name, const std::string& macro) {
    return unavailable(row_of(name).kind,
                       findings_.wanted() ? spelling(name, macro) : std::string(),
                       "the mail server did not tell");
  }

  Truth unavailable(QuestionKind kind, std::string_view what, std::string_view why) {
    return findings_.unavailable(kind, what, why);
  }

  void note_name(Name name, const std::string& macro) {
    if (auto value = describe(name, macro, transaction_)) {
      findings_.note({spelling(name, macro), std::move(*value), {}});
    }
  }

  const Program& program_;
  const Transaction& transaction_;
  const Facts& facts_;
  Findings findings_;
  TableAsking tables_;
  Unanswered unanswered_;
  ScoreReader* scores_;
  const FurtherValues* further_;
  Reach reach_;
  std::unique_ptr<ScoreReader> own_scores_;
  std::optional<CheckOutcome> own_outcome_;  // as long as there is no reader that remembers them
  std::optional<ClientName> confirmed_name_;
  std::optional<ClientName> reverse_name_;
  TextBuffer buffer_;
  TextBuffer other_buffer_;
};

}  // namespace

Truth run(const Program& program, const Transaction& transaction, const Facts& facts,
          ConditionOutcome* outcome, Unanswered unanswered, ScoreReader* scores,
          const FurtherValues* further) {
  return Runner(program, transaction, facts, outcome, unanswered, scores, further).run();
}

void look_up_in(const Program& program, const Transaction& transaction, Facts& facts) {
  Runner runner(program, transaction, facts, nullptr, Unanswered::open, nullptr, nullptr);
  runner.note_answers(facts);
  runner.run();
}

bool asks(const Program& program, QuestionKind kind) {
  return std::any_of(program.tests.begin(), program.tests.end(), [&](const Test& test) {
    if (test.check) return test.check->description().kind == kind;
    if (test.sum.sum) {
      const auto& kinds = test.sum.sum->kinds;
      return std::any_of(kinds.begin(), kinds.end(), [&](const auto& each) {
        return each.first == kind && each.second < test.sum.adders;
      });
    }
    // What the mail server simply tells is of kind upstream; nobody was asked for it.
    const auto told = [&](Name name) {
      return name == Name::macro || (kind != QuestionKind::upstream && row_of(name).kind == kind);
    };
    return (test.name && told(*test.name)) || (test.other && told(*test.other));
  });
}

}  // namespace postern::expression
