// Questions, answers, and facts: everything a rule needs that the MTA did not tell.
//
// Facts only grow. An answer is a value, the certain knowledge that there is nothing (`empty`), or
// `unavailable` with its cause; these are never mixed, because trouble must never look like a
// verdict.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace postern {

/// What kind of thing is asked; decides who answers, and which temporary reply stands for a missing
/// answer (semantics 7).
enum class QuestionKind : std::uint8_t {
  table,  ///< membership in a table of the policy
  dns,    ///< any DNS question but the ones below
  spf,
  reverse_dns,
  helo_dns,
  sender_dns,
  store,       ///< counters, greylisting
  upstream,    ///< scanners, other policy servers
  sample,      ///< the test kit's
  geo,         ///< a local file about addresses
  recipients,  ///< never asked: which recipients were accepted, where the front end cannot tell
};
std::string_view to_text(QuestionKind kind) noexcept;
std::optional<QuestionKind> question_kind_from_text(std::string_view text) noexcept;
/// True for those that DNS answers.
bool is_dns(QuestionKind kind) noexcept;

/// `free` questions are asked ahead; `costly` ones have an effect or a price and are held back
/// while anything before them is open (design 2).
enum class QuestionCost : std::uint8_t { free, costly };

struct Question {
  QuestionKind kind = QuestionKind::sample;
  std::string subject;  ///< whom to ask: a table's or check's name, a record type
  std::string key;      ///< about what, in normal form
  QuestionCost cost = QuestionCost::free;  ///< not part of its identity

  friend bool operator==(const Question& a, const Question& b) {
    return a.kind == b.kind && a.subject == b.subject && a.key == b.key;
  }
  friend std::strong_ordering operator<=>(const Question& a, const Question& b) {
    if (auto order = a.kind <=> b.kind; order != 0) return order;
    if (auto order = a.subject.compare(b.subject) <=> 0; order != 0) return order;
    return a.key.compare(b.key) <=> 0;
  }
};

/// Where an answer came from, for explain. All optional.
struct AnswerSource {
  std::string name;    ///< "table", "cache", "network", "store", "deadline", "recorded", ...
  std::string file;    ///< table answers: file of the entry; empty when inline
  unsigned line = 0;   ///< and its line
  std::string digest;  ///< content digest of the table
  std::chrono::microseconds elapsed{0};  ///< time it took
  std::string mapped;                    ///< of a map's entry: its value
  std::string note;  ///< what the table says about the entry: "until 2027-01-31: moves away"
  std::chrono::seconds age{0};  ///< of a cached answer: since it came from the network
};

struct Answer {
  enum class State : std::uint8_t { value, empty, unavailable };

  State state = State::empty;
  std::vector<std::string> values;  ///< when `value`: at least one
  std::string cause;                ///< when `unavailable`: "deadline", "servfail", ...
  AnswerSource source;

  static Answer found(std::vector<std::string> values) {
    return {State::value, std::move(values), {}, {}};
  }
  static Answer nothing() { return {}; }
  static Answer unavailable(std::string cause) {
    return {State::unavailable, {}, std::move(cause), {}};
  }
};

/// The answers known so far. Not synchronised: it belongs to one decision at a time.
class Facts {
 public:
  const Answer* find(const Question& question) const noexcept {
    const auto found = answers_.find(question);
    return found == answers_.end() ? nullptr : &found->second;
  }
  /// The first answer stays: facts only grow, a late second one changes nothing. False if kept out.
  bool add(Question question, Answer answer) {
    return answers_.emplace(std::move(question), std::move(answer)).second;
  }
  const std::map<Question, Answer>& all() const noexcept { return answers_; }
  bool empty() const noexcept { return answers_.empty(); }

 private:
  std::map<Question, Answer> answers_;
};

}  // namespace postern
