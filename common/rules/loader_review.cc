#include "rules/loader.h"

namespace postern {
namespace {

bool enforced(const DraftRule& draft) { return draft.rule.mode == RuleMode::enforce; }
bool refuses(const DraftRule& draft) { return draft.rule.verdict != Verdict::accept; }

/// Semantics 5: what is spoken at CONNECT and HELO is limited, or does not last.
void warn_of_early_speech(const DraftRule& draft, const ListenSettings& listen,
                          Diagnostics& diagnostics) {
  if (!refuses(draft) || !listen.milter || listen.speak != Speak::stage) return;
  if (draft.rule.place.stage == Stage::connect) {
    diagnostics.warning(draft.name_span,
                        "with speak = \"stage\" the milter refuses at CONNECT, where only 421 and "
                        "554 can be sent",
                        "speak = \"rcpt\" gives the sender the whole reply");
  }
  if (draft.rule.place.stage == Stage::helo) {
    diagnostics.warning(draft.name_span,
                        "with speak = \"stage\" the milter refuses at HELO, and in Postfix such a "
                        "refusal does not hold: the client goes on with MAIL",
                        "speak = \"rcpt\" refuses where it holds");
  }
}

void warn_of_unserved_content(const DraftRule& draft, const ListenSettings& listen,
                              Diagnostics& diagnostics) {
  if (listen.milter || listen.policy.empty()) return;
  // Where a rule stands is no matter: at END-OF-MESSAGE all rules are asked there but these.
  if (!draft.rule.condition.subjects().content) return;
  diagnostics.warning(draft.name_span,
                      "this rule needs the message's content, which the policy service never sees",
                      "add listen.milter, or take the rule out");
}

/// A rule after one of its stage that decides everything.
void warn_of_unreached(const std::vector<DraftRule>& rules, Diagnostics& diagnostics) {
  const DraftRule* last_word = nullptr;
  for (const auto& draft : rules) {
    if (last_word != nullptr && last_word->rule.place.stage == draft.rule.place.stage) {
      diagnostics.warning(draft.name_span,
                          "this rule is never reached: " + quoted(last_word->rule.place.name) +
                              " decides everything at stage " +
                              quoted(to_text(draft.rule.place.stage)),
                          "it stands at " + place_text(last_word->source->span));
    } else if (draft.always && enforced(draft)) {
      last_word = &draft;
    }
  }
}

}  // namespace

void review(const std::vector<DraftRule>& rules, const Settings& settings, const TableSet& tables,
            Diagnostics& diagnostics) {
  for (const auto& draft : rules) {
    warn_of_early_speech(draft, settings.listen, diagnostics);
    warn_of_unserved_content(draft, settings.listen, diagnostics);
  }
  warn_of_unreached(rules, diagnostics);
  warn_of_postmaster(rules, settings, tables, diagnostics);
}

}  // namespace postern
