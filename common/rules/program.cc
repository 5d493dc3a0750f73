#include "rules/program.h"

#include "model/text.h"
#include "rules/check_weights.h"
#include "rules/comparing.h"
#include "rules/score_reader.h"
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

std::string spelling(const std::optional<Name>& name, const std::string& macro,
                     const std::shared_ptr<const Check>& check) {
  if (check) return check->description().name;
  if (name == Name::macro) return "macro(\"" + macro + "\")";
  return std::string(row_of(*name).name);
}

/// Octets of a table's note that a record keeps.
constexpr std::size_t longest_note = 200;

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
        outcome_(outcome),
        unanswered_(unanswered),
        scores_(scores),
        further_(further) {
    // The kind of tables sorts first: one look tells whether a replay brought table answers.
    has_table_facts_ = !facts.empty() && facts.all().begin()->first.kind == QuestionKind::table;
  }

  /// Where the answers of tables go, if they are wanted.
  void note_answers(Facts& answers) { answers_ = &answers; }

  Truth run() {
    const auto truth = program_.steps.empty()
                           ? Truth::yes
                           : step(static_cast<std::uint32_t>(program_.steps.size() - 1));
    if (outcome_) finish(truth);
    return truth;
  }

 private:
  struct Open {
    Question question;
    const Test* test;
  };
  struct Cause {
    std::string text;
    QuestionKind kind;
  };

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
    const auto open = open_.size();
    const auto causes = causes_.size();
    auto result = neutral;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      const auto truth = this->step(program_.children[step.first + i]);
      if (truth == decisive) {
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(open), open_.end());
        causes_.erase(causes_.begin() + static_cast<std::ptrdiff_t>(causes), causes_.end());
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
    if (outcome_) {
      // A name and a table for most tests; growing one by one costs more than the rest of this.
      if (outcome_->evidence.capacity() == 0) outcome_->evidence.reserve(2 * program_.tests.size());
      note_name(*test.name, test.macro);
    }
    if (test.comparison == Comparison::same_as) return same(test);
    switch (test.type) {
      case ValueType::boolean: {
        const auto reading = read_boolean(*test.name, transaction_);
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
        const auto reading = read_number(*test.name, transaction_);
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
        const auto reading = read_address(*test.name, transaction_);
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
    const auto reading = read_ip(*test.name, transaction_);
    if (reading.state == Reading<std::optional<IpAddress>>::State::not_told) {
      return not_told(*test.name, test.macro);
    }
    if (!reading.value) return Truth::no;
    const auto& address = *reading.value;
    if (test.comparison == Comparison::in_table) {
      return look_up(test, address, [&] { return address.text(); });
    }
    return truth_of(std::any_of(test.networks.begin(), test.networks.end(),
                                [&](const Network& network) { return network.contains(address); }));
  }

  Truth address(const Test& test, const MailAddress& address) {
    if (test.comparison == Comparison::in_table) {
      if (test.table &&
          (test.table->keys() == TableKind::string || test.table->keys() == TableKind::pattern)) {
        const auto joined = buffer_.join(address);
        return look_up(test, joined, [&] { return std::string(joined); });
      }
      return look_up(test, address, [&] { return address.text(); });
    }
    if (looks_inside(test.comparison)) {
      return truth_of(!address.empty() && compare_inside(test, buffer_.join(address)));
    }
    return truth_of(
        std::any_of(test.addresses.begin(), test.addresses.end(),
                    [&](const MailAddress& other) { return same_mailbox(address, other); }));
  }

  Truth addresses(const Test& test) {
    const auto reading = read_addresses(*test.name, transaction_);
    using State = Reading<std::span<const AcceptedRecipient>>::State;
    if (reading.state == State::not_told) return not_told(*test.name, test.macro);
    auto result = Truth::no;
    const auto causes = causes_.size();
    for (const auto& recipient : reading.value) {
      const auto truth = address(test, recipient.address);
      if (truth == Truth::yes) {
        causes_.erase(causes_.begin() + static_cast<std::ptrdiff_t>(causes), causes_.end());
        return Truth::yes;
      }
      if (truth == Truth::unavailable) result = truth;
    }
    return result;
  }

  Truth text(const Test& test) {
    const auto reading = read_text(*test.name, test.macro, transaction_, buffer_);
    using State = Reading<std::string_view>::State;
    if (reading.state == State::not_told) return not_told(*test.name, test.macro);
    if (reading.state == State::absent && looks_inside(test.comparison)) return Truth::no;
    return text(test, reading.value);
  }

  /// One that is absent stands here as the empty text.
  Truth text(const Test& test, std::string_view value) {
    if (test.comparison == Comparison::in_table) {
      // Nothing is listed under no name (semantics 15); asking would find a careless empty entry.
      if (value.empty()) return Truth::no;
      if (test.type != ValueType::domain) {
        return look_up(test, value, [&] { return std::string(value); });
      }
      const auto domain = normal_domain(value);
      return look_up(test, std::string_view(domain), [&] { return std::string(domain); });
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
    if (outcome_) {
      for (const auto* side : {&test.calculation->left, &test.calculation->right}) {
        for (const auto& step : *side) {
          if (step.kind == CalculationStep::Kind::name) note_name(step.name, {});
        }
      }
    }
    const auto left = calculate(test.calculation->left, transaction_);
    if (left.state == State::not_told) return not_told(left.missing, {});
    const auto right = calculate(test.calculation->right, transaction_);
    if (right.state == State::not_told) return not_told(right.missing, {});
    // As in a plain comparison: with what does not exist nothing compares.
    return truth_of(left.state == State::told && right.state == State::told &&
                    compare(test.comparison, left.value, right.value));
  }

  Truth score(const Test& test) {
    const auto reading = read(test.sum);
    if (outcome_) {
      auto value = points_text(reading.least);
      if (reading.most != reading.least) value += " to " + points_text(reading.most);
      note({"score." + test.score, std::move(value), {}});
    }
    if (unanswered_ == Unanswered::nothing && !reading.unknown) {
      return truth_of(compare(test.comparison, reading.answered, test.numbers));
    }
    if (const auto decided = within_bounds(test, reading)) return truth_of(*decided);
    if (!reading.unknown) {
      const auto rule = "\"" + std::string(reading.unanswered_rule) + "\"";
      return unavailable(
          reading.cause_kind, "score." + test.score,
          outcome_ ? "rule " + rule + ": " + std::string(reading.cause) : std::string());
    }
    if (!outcome_) return Truth::unknown;
    for (const auto& question : reading.free_questions) open_.push_back({question, &test});
    for (const auto& question : reading.costly_questions) open_.push_back({question, &test});
    return Truth::unknown;
  }

  ScoreReading read(const BoundScore& score) {
    if (scores_ == nullptr) {
      own_scores_ = std::make_unique<ScoreReader>(transaction_, facts_);
      scores_ = own_scores_.get();
    }
    return scores_->read(score, outcome_ ? ScoreDetail::full : ScoreDetail::sum);
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
    if (outcome_) note_name(*test.other, test.other_macro);
    if (test.type == ValueType::number || test.type == ValueType::size) {
      return same_as(test, read_number(*test.name, transaction_),
                     read_number(*test.other, transaction_), std::equal_to<>());
    }
    if (test.type == ValueType::ip) {
      return same_as(test, read_ip(*test.name, transaction_), read_ip(*test.other, transaction_),
                     std::equal_to<>());
    }
    if (test.type == ValueType::address) {
      return same_as(test, read_address(*test.name, transaction_),
                     read_address(*test.other, transaction_),
                     [](const auto* a, const auto* b) { return same_mailbox(*a, *b); });
    }
    const auto left = read_text(*test.name, test.macro, transaction_, buffer_);
    const auto right = read_text(*test.other, test.other_macro, transaction_, other_buffer_);
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

  template <typename Key, typename KeyText>
  Truth look_up(const Test& test, const Key& key, const KeyText& key_text) {
    if (has_table_facts_) {
      const Question question{QuestionKind::table, test.table_name, key_text(), QuestionCost::free};
      if (const auto* answer = facts_.find(question)) return recorded(test, *answer);
    }
    if (!test.table) return unavailable(QuestionKind::table, test.table_name, "not loaded");
    const auto hit = test.table->find(key, transaction_.time);
    if (outcome_) note_table(test, hit);
    if (answers_) note_answer(test, key_text(), hit);
    return truth_of(hit.has_value());
  }

  Truth recorded(const Test& test, const Answer& answer) {
    if (answer.state == Answer::State::unavailable) {
      return unavailable(QuestionKind::table, test.table_name, answer.cause);
    }
    const bool found = answer.state == Answer::State::value;
    if (outcome_) {
      Evidence evidence{test.table_name, "", answer.source};
      if (found && !answer.values.empty()) evidence.value = answer.values.front();
      if (found && answer.values.size() > 1) evidence.source.mapped = answer.values[1];
      note(std::move(evidence));
    }
    return truth_of(found);
  }

  /// Asks the check of a test; nothing if `result` then holds what it found.
  std::optional<Truth> ask(const Test& test, CheckOutcome& result) {
    const auto& description = test.check->description();
    if (transaction_.stage < description.earliest) {
      return unavailable(description.kind, description.name, "not known yet");
    }
    result = test.check->evaluate(transaction_, facts_);
    if (result.state == CheckOutcome::State::open) return open(test, std::move(result.questions));
    if (result.state == CheckOutcome::State::unavailable) {
      return unavailable(description.kind, description.name, result.cause);
    }
    if (!outcome_) return std::nullopt;
    std::string values;
    for (const auto& value : result.values) values += (values.empty() ? "" : ", ") + value;
    result.source.note.resize(std::min(result.source.note.size(), longest_note));
    note({description.name, std::move(values), result.source});
    return std::nullopt;
  }

  Truth in_trouble(const Test& test, const CheckOutcome& result) {
    auto why = std::string(trouble_word);
    if (!result.source.note.empty()) why += ", " + result.source.note;
    return unavailable(test.check->description().kind, test.check->description().name, why);
  }

  /// The number that a check's values weigh; `holds`: it is not 0.
  Truth weight(const Test& test) {
    CheckOutcome result;
    if (const auto missing = ask(test, result)) return *missing;
    if (holds(result.values, trouble_word)) return in_trouble(test, result);
    const auto& description = test.check->description();
    const auto weight = weight_of(description, result.values);
    if (outcome_) note({weight_name(description), points_text(weight), {}});
    if (test.comparison == Comparison::holds) return truth_of(weight != 0);
    return truth_of(compare(test.comparison, weight, test.numbers));
  }

  Truth check(const Test& test) {
    CheckOutcome result;
    if (const auto missing = ask(test, result)) return *missing;
    const auto& found = result.values;
    if (test.comparison == Comparison::in_table) return in_table(test, found);
    if (std::any_of(found.begin(), found.end(),
                    [&](const auto& value) { return holds(test.texts, value); })) {
      return Truth::yes;
    }
    if (holds(found, trouble_word) && !holds(test.texts, trouble_word)) {
      return in_trouble(test, result);
    }
    return Truth::no;
  }

  /// What a check has found, in a table.
  Truth in_table(const Test& test, const std::vector<std::string>& found) {
    auto result = Truth::no;
    for (const auto& value : found) {
      const auto truth = look_up(test, std::string_view(value), [&] { return value; });
      if (truth == Truth::yes) return truth;
      if (truth == Truth::unavailable) result = truth;
    }
    return result;
  }

  Truth open(const Test& test, std::vector<Question> questions) {
    std::erase_if(questions,
                  [&](const Question& question) { return facts_.find(question) != nullptr; });
    if (questions.empty()) {
      // Asking for what has been answered would never end.
      return unavailable(test.check->description().kind, test.check->description().name,
                         "the check asks for nothing new");
    }
    if (outcome_) {
      for (auto& question : questions) open_.push_back({std::move(question), &test});
    }
    return Truth::unknown;
  }

  Truth not_told(Name name, const std::string& macro) {
    return unavailable(row_of(name).kind, {}, "the mail server did not tell", &name, &macro);
  }

  Truth unavailable(QuestionKind kind, std::string_view what, std::string_view why,
                    const Name* name = nullptr, const std::string* macro = nullptr) {
    if (outcome_) {
      auto text = name ? spelling(*name, *macro, nullptr) : std::string(what);
      causes_.push_back({text + ": " + std::string(why), kind});
    }
    return Truth::unavailable;
  }

  void note(Evidence evidence) {
    auto& all = outcome_->evidence;
    if (std::find(all.begin(), all.end(), evidence) == all.end())
      all.push_back(std::move(evidence));
  }

  void note_name(Name name, const std::string& macro) {
    if (auto value = describe(name, macro, transaction_)) {
      note({spelling(name, macro, nullptr), std::move(*value), {}});
    }
  }

  static AnswerSource source_of(const Test& test, const std::optional<TableHit>& hit) {
    AnswerSource source;
    source.name = "table";
    source.digest = test.table->digest();
    if (!hit) return source;
    source.file = hit->file;
    source.line = hit->line;
    source.mapped = hit->value;
    // Written by people, and a record has many such places: a page of text is no note.
    source.note = annotation_text(*hit).substr(0, longest_note);
    return source;
  }

  void note_table(const Test& test, const std::optional<TableHit>& hit) {
    note({test.table_name, hit ? std::string(hit->entry) : std::string(), source_of(test, hit)});
  }

  void note_answer(const Test& test, std::string key, const std::optional<TableHit>& hit) {
    auto answer = hit ? Answer::found({std::string(hit->entry)}) : Answer::nothing();
    answer.source = source_of(test, hit);
    answer.source.digest.resize(std::min(answer.source.digest.size(), short_digest));
    answers_->add({QuestionKind::table, test.table_name, std::move(key), QuestionCost::free},
                  std::move(answer));
  }

  static void add(std::vector<Question>& questions, const Question& question) {
    if (std::find(questions.begin(), questions.end(), question) == questions.end()) {
      questions.push_back(question);
    }
  }

  void finish(Truth truth) {
    outcome_->truth = truth;
    if (truth == Truth::unavailable && !causes_.empty()) {
      // That no single recipient is known is how it must be for several; what is missing besides is
      // what somebody can see to.
      const auto found = std::find_if(causes_.begin(), causes_.end(), [](const Cause& cause) {
        return cause.kind != QuestionKind::recipients;
      });
      auto& cause = found == causes_.end() ? causes_.front() : *found;
      outcome_->cause = std::move(cause.text);
      outcome_->cause_kind = cause.kind;
    }
    if (truth != Truth::unknown) return;
    for (const auto& open : open_) {
      if (open.question.cost == QuestionCost::free) add(outcome_->free_questions, open.question);
    }
    outcome_->questions = outcome_->free_questions;
    if (!outcome_->questions.empty()) return;
    // Only when no free answer can settle the matter any more, the first costly test asks: so what
    // is asked does not depend on the order in which answers arrive.
    for (const auto& open : open_) {
      if (open.test == open_.front().test) add(outcome_->questions, open.question);
    }
  }

  const Program& program_;
  const Transaction& transaction_;
  const Facts& facts_;
  ConditionOutcome* outcome_;
  Unanswered unanswered_;
  ScoreReader* scores_;
  const FurtherValues* further_;
  std::unique_ptr<ScoreReader> own_scores_;
  Facts* answers_ = nullptr;
  bool has_table_facts_ = false;
  std::vector<Open> open_;
  std::vector<Cause> causes_;
  TextBuffer buffer_;
  TextBuffer other_buffer_;
};

}  // namespace

Truth run(const Program& program, const Transaction& transaction, const Facts& facts,
          ConditionOutcome* outcome, Unanswered unanswered, ScoreReader* scores,
          const FurtherValues* further) {
  return Runner(program, transaction, facts, outcome, unanswered, scores, further).run();
}

void look_up_in(const Program& program, const Transaction& transaction, Facts& answers) {
  const Facts none;
  Runner runner(program, transaction, none, nullptr, Unanswered::open, nullptr, nullptr);
  runner.note_answers(answers);
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
