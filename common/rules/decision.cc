#include "postern/decision.h"

#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array<std::string_view, 4> truths{"no", "yes", "unknown", "unavailable"};
constexpr std::array<std::string_view, 6> verdicts{"pass",  "accept",  "reject",
                                                   "defer", "discard", "quarantine"};
constexpr std::array<std::string_view, 3> scopes{"stage", "message", "session"};
constexpr std::array<std::string_view, 2> modes{"enforce", "shadow"};
constexpr std::array<std::string_view, 9> notes{"",
                                                "not reached",
                                                "settled",
                                                "not at this door",
                                                "no recipient",
                                                "shadow",
                                                "local submission",
                                                "recipients not known",
                                                "expired"};

template <typename Enum, std::size_t Size>
std::optional<Enum> from_text(const std::array<std::string_view, Size>& texts,
                              std::string_view text) noexcept {
  for (std::size_t i = 0; i < Size; ++i) {
    if (texts[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(Truth truth) noexcept { return truths[static_cast<std::size_t>(truth)]; }
std::optional<Truth> truth_from_text(std::string_view text) noexcept {
  return from_text<Truth>(truths, text);
}

std::string_view to_text(Verdict verdict) noexcept {
  return verdicts[static_cast<std::size_t>(verdict)];
}
std::optional<Verdict> verdict_from_text(std::string_view text) noexcept {
  return from_text<Verdict>(verdicts, text);
}

std::string_view to_text(AcceptScope scope) noexcept {
  return scopes[static_cast<std::size_t>(scope)];
}
std::optional<AcceptScope> accept_scope_from_text(std::string_view text) noexcept {
  return from_text<AcceptScope>(scopes, text);
}

std::optional<AcceptedRecipient> accepted_recipient(MailAddress address, const Decision& decision) {
  // What is to be held or dropped is taken, from every recipient.
  if (decision.verdict == Verdict::reject || decision.verdict == Verdict::defer) {
    return std::nullopt;
  }
  AcceptedRecipient recipient;
  recipient.address = std::move(address);
  recipient.held_back = decision.held_back;
  if (decision.verdict == Verdict::accept && decision.scope != AcceptScope::stage) {
    recipient.settled = true;
    if (decision.rule) recipient.settled_by = decision.rule->name;
  }
  return recipient;
}

std::string_view to_text(RuleMode mode) noexcept { return modes[static_cast<std::size_t>(mode)]; }
std::string_view to_text(TrailNote note) noexcept { return notes[static_cast<std::size_t>(note)]; }

}  // namespace postern
