// Action: what a line of another program does with mail, in the words of the catalogue. Pure.
#pragma once

#include "import/draft.h"
#include "postern/reason.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace postern::importer {

/// What a rule looks at, which decides the reason that fits it best.
enum class Subject : std::uint8_t { client, helo, sender, recipient, count, size, mixed };
Subject subject_of(Keys keys) noexcept;

struct Action {
  enum class Kind : std::uint8_t {
    accept,
    shield,  ///< no verdict; what the same look-up would find further on is not asked
    effect,  ///< the same, and something is done with the message
    refuse,
    unknown,  ///< not carried over; `why` says it
  };
  Kind kind = Kind::unknown;
  Verdict verdict = Verdict::accept;
  std::string reason;
  std::string code;    ///< empty: the reason's own
  std::string text;    ///< empty: the catalogue's
  std::string effect;  ///< "add_header": a key of a rule
  std::string value;   ///< and its value
  std::string why;
  std::vector<std::string> differences;

  /// Whether less specific keys, or later lines, are not asked although nothing is decided.
  bool spares() const { return kind == Kind::shield || kind == Kind::effect; }

  /// Whether mail that it fits is not refused.
  bool lets_pass() const { return kind != Kind::refuse; }

  /// All that a rule is made of, to be compared and put in order.
  auto for_a_rule() const { return std::tie(kind, verdict, reason, code, text, effect, value); }
};
/// The same for a rule.
inline bool same(const Action& a, const Action& b) { return a.for_a_rule() == b.for_a_rule(); }

/// Numbers actions from 0 in the order in which they come, the same for a rule alike. Keeps
/// pointers to them.
class ActionNumbers {
 public:
  std::size_t of(const Action& action) {
    const auto [known, is_new] = numbers_.try_emplace(&action, actions_.size());
    if (is_new) actions_.push_back(&action);
    return known->second;
  }
  const Action& at(std::size_t number) const { return *actions_[number]; }

 private:
  struct Before {
    bool operator()(const Action* a, const Action* b) const {
      return a->for_a_rule() < b->for_a_rule();
    }
  };
  std::map<const Action*, std::size_t, Before> numbers_;
  std::vector<const Action*> actions_;
};

/// Whether its rule is asked at MAIL, before those at RCPT that stand before it.
bool stands_at_mail(const Action& action);

/// Runs of lines that a rule may make an exception of ("and not (...)"). Each rule behind them
/// names them all, so that their number is what the fragment, and the time to load it, grow with
/// squared.
inline constexpr std::size_t most_exceptions = 50;
/// Why lines behind more are left out: to refuse what those spare would be worse.
std::string too_many_exceptions();

/// What a condition is made smaller by: " and not (a) and not (b)".
class Exceptions {
 public:
  void add(const std::string& condition) {
    ++count_;
    // No rule is made behind more.
    if (!too_many()) text_ += " and not (" + condition + ")";
  }
  /// All of `other`, which has none then.
  void take(Exceptions& other) {
    count_ += other.count_;
    if (!too_many()) text_ += other.text_;
    other = {};
  }
  bool too_many() const { return count_ > most_exceptions; }
  const std::string& text() const { return text_; }

 private:
  std::size_t count_ = 0;
  std::string text_;
};

/// An action of access(5), which policy services speak as well.
Action read_access_action(std::string_view text, Subject subject, Stage stage);
/// Why a rule with this effect would not load when its condition names `name`; empty: it would.
std::string effect_fault(const Action& action, std::string_view name);

/// A refusal with this code ("550", or empty), enhanced code (may be empty) and text.
Action refusal(Verdict verdict, std::string_view code, std::string_view enhanced,
               std::string_view text, Subject subject, Stage stage);

/// Fills stage, verdict, reason, code, text and effect. What touches the whole message cannot be
/// asked for each recipient and stands at MAIL.
void set_action(NewRule& rule, const Action& action);
/// "accepted", "refused", "put off", "marked" of an effect.
std::string_view outcome_text(const Action& action);

}  // namespace postern::importer
