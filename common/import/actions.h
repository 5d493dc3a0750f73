// Action: what a line of another program does with mail, in the words of the catalogue. Pure.
#pragma once

#include "import/draft.h"
#include "postern/reason.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::importer {

/// What a rule looks at, which decides the reason that fits it best.
enum class Subject : std::uint8_t { client, helo, sender, recipient, count, size, mixed };
Subject subject_of(Keys keys) noexcept;

struct Action {
  enum class Kind : std::uint8_t {
    accept,
    shield,  ///< no verdict; what the same look-up would find further on is not asked
    refuse,
    unknown,  ///< not carried over; `why` says it
  };
  Kind kind = Kind::unknown;
  Verdict verdict = Verdict::accept;
  std::string reason;
  std::string code;  ///< empty: the reason's own
  std::string text;  ///< empty: the catalogue's
  std::string why;
  std::vector<std::string> differences;

  /// The same for a rule.
  friend bool same(const Action& a, const Action& b) {
    return a.kind == b.kind && a.verdict == b.verdict && a.reason == b.reason && a.code == b.code &&
           a.text == b.text;
  }
};

/// An action of access(5), which policy services speak as well.
Action read_access_action(std::string_view text, Subject subject, Stage stage);

/// A refusal with this code ("550", or empty), enhanced code (may be empty) and text.
Action refusal(Verdict verdict, std::string_view code, std::string_view enhanced,
               std::string_view text, Subject subject, Stage stage);

/// Fills verdict, reason, code and text.
void set_action(NewRule& rule, const Action& action);
/// "accepted", "refused", "put off".
std::string_view outcome_text(const Action& action);

}  // namespace postern::importer
