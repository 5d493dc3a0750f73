#include "model/text.h"
#include "reply/compose.h"
#include "rules/loader.h"
#include "tables/table.h"

#include <algorithm>

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

/// Semantics 4: where Postfix asks at once and not at RCPT, the few codes of CONNECT and HELO may
/// hold none for the reason; DUNNO goes out, and only a later list can speak the refusal.
void warn_of_silence(const DraftRule& draft, const ListenSettings& listen,
                     Diagnostics& diagnostics) {
  const auto stage = draft.rule.place.stage;
  if (!refuses(draft) || listen.policy.empty() || stage > Stage::helo) return;
  if (form_at(*draft.rule.reason, draft.rule.form, reply_stage(stage))) return;
  const bool connect = stage == Stage::connect;
  diagnostics.warning(draft.name_span,
                      quoted(draft.rule.reason->id) + " has no reply for " +
                          (connect ? "CONNECT" : "HELO") +
                          ", so the policy service cannot refuse with it in " +
                          (connect ? "smtpd_client_restrictions" : "smtpd_helo_restrictions") +
                          " when smtpd_delay_reject = no",
                      "keep smtpd_delay_reject = yes, or ask in smtpd_recipient_restrictions too");
}

/// Semantics 6 and 16: a name that the mail server could not confirm is not told, and nothing here
/// asks DNS itself.
void warn_of_names_not_told(const std::vector<DraftRule>& rules, Diagnostics& diagnostics) {
  for (auto draft = rules.begin(); draft != rules.end(); ++draft) {
    if (!enforced(*draft) || draft->rule.verdict == Verdict::reject ||
        draft->rule.unavailable != WhenUnavailable::skip) {
      continue;
    }
    const auto* const name = draft->rule.condition.looks_at("client.name") ? "client.name"
                             : draft->rule.condition.looks_at("client.reverse_name")
                                 ? "client.reverse_name"
                                 : nullptr;
    if (name == nullptr) continue;
    const bool this_stage_only = draft->rule.scope == AcceptScope::stage;
    const auto softened = std::find_if(draft + 1, rules.end(), [&](const DraftRule& later) {
      return enforced(later) && later.rule.verdict == Verdict::reject &&
             (!this_stage_only || later.rule.place.stage == draft->rule.place.stage);
    });
    if (softened == rules.end()) continue;
    diagnostics.warning(
        draft->name_span,
        std::string("a client whose name the mail server could not find out has no ") + name +
            ": this rule is skipped then, and " + quoted(softened->rule.place.name) +
            " after it refuses for now and not for good",
        "put refusals that do not depend on the name before this rule, or look at "
        "client.ip instead");
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

/// Simple form: the condition names postmaster itself, or a table in which it stands.
bool speaks_of_postmaster(const Condition& condition, const Tables& tables) {
  const auto source = lower(condition.source());
  if (source.find("postmaster") != std::string::npos) return true;
  for (const auto& [name, table] : tables) {
    if (source.find(name) == std::string::npos) continue;
    if (table->kind() == TableKind::address &&
        table->find(MailAddress::from_envelope("postmaster"))) {
      return true;
    }
    if (table->kind() == TableKind::string && table->find(std::string_view("postmaster"))) {
      return true;
    }
  }
  return false;
}

/// RFC 5321 4.5.1: mail for postmaster is to be accepted. One warning says it.
void warn_of_postmaster(const std::vector<DraftRule>& rules, const Tables& tables,
                        Diagnostics& diagnostics) {
  for (const auto& draft : rules) {
    if (draft.rule.place.stage != Stage::rcpt || !enforced(draft)) continue;
    if (!refuses(draft)) {
      if (draft.always || speaks_of_postmaster(draft.rule.condition, tables)) return;
      continue;
    }
    diagnostics.warning(draft.name_span,
                        "no rule before this one accepts mail for postmaster (RFC 5321 4.5.1)",
                        "put a rule before it with accept = \"stage\" and when = 'recipient in "
                        "always_reachable', a table of kind \"address\" that holds "
                        "\"postmaster@\"");
    return;
  }
}

}  // namespace

void review(const std::vector<DraftRule>& rules, const Settings& settings, const Tables& tables,
            Diagnostics& diagnostics) {
  for (const auto& draft : rules) {
    warn_of_early_speech(draft, settings.listen, diagnostics);
    warn_of_silence(draft, settings.listen, diagnostics);
    warn_of_unserved_content(draft, settings.listen, diagnostics);
  }
  warn_of_names_not_told(rules, diagnostics);
  warn_of_unreached(rules, diagnostics);
  warn_of_postmaster(rules, tables, diagnostics);
}

}  // namespace postern
