// Check: turns facts into one value that rules compare by name. One file per check; the registry is
// the only list of them. The rules compiler learns names, types and values from here.
#pragma once

#include "postern/facts.h"
#include "postern/transaction.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace postern {

struct CheckDescription {
  std::string name;                          ///< as rules spell it
  std::vector<std::string> values;           ///< the set of values it can return
  Stage earliest = Stage::connect;           ///< where all it needs of the transaction is known
  QuestionKind kind = QuestionKind::sample;  ///< which temporary reply stands for it (semantics 7)
  QuestionCost cost = QuestionCost::free;
  std::string meaning;                   ///< one sentence for documentation
  Stage latest = Stage::end_of_message;  ///< up to where it is known: rcpt, of a single recipient
  /// Of a check with more values than can be listed: whether it can return a word that is not among
  /// `values`, and how such words are written, for messages. Such words may be looked up in tables.
  bool (*further_value)(std::string_view word) noexcept = nullptr;
  std::string further_hint = {};
  /// What its values weigh, in thousandths; a value that is not named weighs nothing. Empty: a
  /// check without weights.
  std::vector<std::pair<std::string, std::int64_t>> weights = {};
};

/// What a reply says of a check that it rests on, by the names of reply fields, such as "list" and
/// "spf_domain". Besides these: "quote" and "quote_from", the words of somebody else, and "see",
/// the address of a page about it. All as they came: whoever makes a reply of them cleans them.
using CheckWords = std::vector<std::pair<std::string, std::string>>;

/// What a check makes of transaction and facts.
struct CheckOutcome {
  enum class State : std::uint8_t { value, open, unavailable };
  State state = State::value;
  std::vector<std::string> values;  ///< when `value`: the meanings found (semantics 20)
  std::vector<Question> questions;  ///< when `open`
  std::string cause;                ///< when `unavailable`
  AnswerSource source;
};

/// Header fields that tell what checks have found.
enum class FieldForm : std::uint8_t {
  authentication_results,  ///< one result of RFC 8601, "spf=pass smtp.mailfrom=example.com"
  received_spf,            ///< the whole value, RFC 7208 9.1
};

/// What a check has to say in such a field.
struct FieldText {
  enum class State : std::uint8_t { nothing, open, told };
  State state = State::nothing;     ///< nothing: it was not, or could not be, asked at all
  std::vector<Question> questions;  ///< when `open`
  std::string text;                 ///< when `told`: one line of printable ASCII
};

/// Pure and immutable: any thread may evaluate at any time.
class Check {
 public:
  virtual ~Check() = default;
  virtual const CheckDescription& description() const noexcept = 0;
  virtual CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const = 0;
  /// Of what evaluate() found in the same; empty when that is nothing to tell of.
  virtual CheckWords words(const Transaction& /*transaction*/, const Facts& /*facts*/) const {
    return {};
  }
  /// Whether it has a word of the standard for fields of this form.
  virtual bool speaks(FieldForm /*form*/) const noexcept { return false; }
  /// The same arguments give the same text; while an answer is missing that it hangs on, it is
  /// open. `transaction` is of the stage of description().earliest or later.
  virtual FieldText field_text(FieldForm /*form*/, const Transaction& /*transaction*/,
                               const Facts& /*facts*/) const {
    return {};
  }
};

/// Checks by name. Filled before a policy is compiled, constant afterwards; policies share
/// ownership of the checks they use.
class CheckRegistry {
 public:
  void add(std::shared_ptr<const Check> check) {
    auto name = check->description().name;
    checks_.insert_or_assign(std::move(name), std::move(check));
  }
  std::shared_ptr<const Check> find(std::string_view name) const {
    const auto found = checks_.find(name);
    return found == checks_.end() ? nullptr : found->second;
  }
  const std::map<std::string, std::shared_ptr<const Check>, std::less<>>& all() const noexcept {
    return checks_;
  }

 private:
  std::map<std::string, std::shared_ptr<const Check>, std::less<>> checks_;
};

}  // namespace postern
