#include "reply/compose.h"
#include "rules/loader.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

bool enforced(const DraftRule& draft) { return draft.rule.mode == RuleMode::enforce; }
/// With a reply.
bool refuses(const DraftRule& draft) {
  return draft.rule.verdict == Verdict::reject || draft.rule.verdict == Verdict::defer;
}
bool only_modifies(const DraftRule& draft) { return draft.rule.verdict == Verdict::pass; }
/// What an answer might spare the message.
bool is_harm(const DraftRule& draft) {
  return draft.rule.verdict == Verdict::reject || draft.rule.verdict == Verdict::discard ||
         draft.rule.verdict == Verdict::quarantine;
}

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

void warn_of_unserved_content(const DraftRule& draft, const ListenSettings& listen,
                              Diagnostics& diagnostics) {
  if (listen.milter || listen.policy.empty()) return;
  // Where a rule stands is no matter: at END-OF-MESSAGE all rules are asked there but these.
  if (!draft.rule.condition.subjects().content) return;
  diagnostics.warning(draft.name_span,
                      "this rule needs the message's content, which the policy service never sees",
                      "add listen.milter, or take the rule out");
}

/// True if a later enforced rule refuses for good what `draft`, had it said yes, would have spared.
bool stands_before_rejects(const std::vector<DraftRule>& rules, const DraftRule& draft) {
  const bool stage_only =
      draft.rule.verdict == Verdict::accept && draft.rule.scope == AcceptScope::stage;
  return std::any_of(rules.begin() + (&draft - rules.data()) + 1, rules.end(),
                     [&](const DraftRule& later) {
                       return is_harm(later) && enforced(later) &&
                              (!stage_only || later.rule.place.stage == draft.rule.place.stage);
                     });
}

/// Nobody asks DNS in this version, so a host name that the mail server has not confirmed stays
/// unavailable for ever: the rule's `unavailable`, or the softening of semantics 6, becomes the
/// everyday answer to hosts without good reverse DNS instead of one for bad days.
void warn_of_names_never_known(const std::vector<DraftRule>& rules, Diagnostics& diagnostics) {
  const std::string answer(find_reason("client-rdns-temp")->reply);
  for (const auto& draft : rules) {
    const auto& names = draft.rule.condition.names();
    const auto name = std::find_if(names.begin(), names.end(), [](const ConditionName& each) {
      return each.kind == QuestionKind::reverse_dns;
    });
    if (name == names.end() || !enforced(draft) || draft.rule.condition.bound_to_networks()) {
      continue;
    }
    std::string what;
    switch (draft.rule.unavailable) {
      case WhenUnavailable::defer:
        what = "gets " + answer + " from this rule at every attempt";
        break;
      case WhenUnavailable::match:
        what = "is accepted by this rule";
        break;
      case WhenUnavailable::skip:
        if (is_harm(draft) || only_modifies(draft) || !stands_before_rejects(rules, draft)) {
          continue;
        }
        what = "gets " + answer + " instead of each permanent refusal by a later rule";
        break;
    }
    std::string message = quoted(name->name);
    message += " stays unknown for every client without ";
    if (name->name == "client.name") message += "confirmed ";
    message += "reverse DNS, because this version does not ask DNS: such a client ";
    message += what;
    std::string hint = "test the client's network instead, or as well: client.ip in TABLE and ";
    hint += name->name;
    hint += " ..., where TABLE is of kind \"cidr\"";
    diagnostics.warning(draft.source->find("when")->value.part(name->offset, name->length),
                        std::move(message), std::move(hint));
  }
}

/// A rule after one that decides everything, at its stage or from there on.
void warn_of_unreached(const std::vector<DraftRule>& rules, const ListenSettings& listen,
                       Diagnostics& diagnostics) {
  const DraftRule* last_word = nullptr;
  auto up_to = Stage::connect;
  for (const auto& draft : rules) {
    const auto stage = draft.rule.place.stage;
    if (last_word != nullptr && stage <= up_to) {
      const bool same = last_word->rule.place.stage == stage;
      diagnostics.warning(draft.name_span,
                          "this rule is never reached: " + quoted(last_word->rule.place.name) +
                              " decides everything " + (same ? "at" : "from") + " stage " +
                              quoted(to_text(last_word->rule.place.stage)) + (same ? "" : " on"),
                          "it stands at " + place_text(last_word->source->span));
    } else if (draft.always && is_always_enforced(draft.rule) && !only_modifies(draft)) {
      last_word = &draft;
      up_to = silenced_up_to(draft, listen);
    }
  }
}

struct ClaimWords {
  QuestionKind asked;  ///< a check of this kind bears the claim out
  std::string_view words;
};

ClaimWords words_of(Claim claim) {
  switch (claim) {
    case Claim::none:
      break;
    case Claim::reverse_name:
      return {QuestionKind::reverse_dns, "reverse DNS"};
    case Claim::helo_lookup:
      return {QuestionKind::helo_dns, "a DNS lookup of the HELO name"};
    case Claim::sender_lookup:
      return {QuestionKind::sender_dns, "a DNS lookup of the sender's domain"};
    case Claim::lookup:
      return {QuestionKind::dns, "a DNS lookup"};
    case Claim::block_list:
      return {QuestionKind::dns, "a block list in DNS"};
    case Claim::spf:
      return {QuestionKind::spf, "an SPF check"};
    case Claim::signature:
      return {QuestionKind::dns, "a check of DKIM, DMARC or ARC"};
    case Claim::earlier_attempts:
      return {QuestionKind::store, "greylisting, which lets a later attempt pass"};
    case Claim::counter:
      return {QuestionKind::store, "a count"};
    case Claim::reputation:
      return {QuestionKind::store, "the reputation of the client"};
    case Claim::callout:
      return {QuestionKind::upstream, "a question to the sender's mail server"};
    case Claim::scan:
      return {QuestionKind::upstream, "a scan of the content"};
    case Claim::content:
      return {QuestionKind::upstream, "a look at the message itself"};
    case Claim::dialogue:
      return {QuestionKind::upstream, "how the client kept to the order of the session"};
  }
  return {QuestionKind::sample, ""};
}

/// A text that tells of a check which was never made misleads whoever is refused: "greylisted" on a
/// condition that does not change promises that a retry helps, until the message bounces.
void warn_of_unfounded_text(const DraftRule& draft, Diagnostics& diagnostics) {
  const auto& rule = draft.rule;
  if (!refuses(draft) || rule.reason == nullptr || rule.reason->claim == Claim::none) return;
  if (!rule.text.empty()) return;
  const auto [asked, words] = words_of(rule.reason->claim);
  if (rule.condition.asks(asked)) return;
  if (rule.reason->claim == Claim::content && rule.condition.subjects().content) return;

  const auto* local =
      find_reason(rule.verdict == Verdict::defer ? "policy-defer" : "policy-reject");
  const bool fits = local != nullptr && may_stand_at(*local, rule.place.stage);
  const auto* member = draft.source->find(rule.verdict == Verdict::defer ? "defer" : "reject");
  diagnostics.warning(member != nullptr ? member->value.span : draft.name_span,
                      "the text of " + quoted(rule.reason->id) + " tells the sender of " +
                          std::string(words) + ", but the condition makes no such check",
                      (fits ? "choose " + quoted(local->id) + ", or say the real reason with text"
                            : std::string("say the real reason with text")) +
                          " = \"...\"");
}

}  // namespace

Stage silenced_up_to(const DraftRule& draft, const ListenSettings& listen) {
  const auto& rule = draft.rule;
  const auto own = rule.place.stage;
  if (rule.verdict == Verdict::accept) {
    if (rule.scope == AcceptScope::stage) return own;
    // Behind the policy door not every RCPT may have been seen; what stands there is then not
    // known at DATA to have settled all recipients.
    return own == Stage::rcpt && !listen.policy.empty() ? own : Stage::end_of_message;
  }
  // Of a local submission, which only the milter sees, nothing is refused before DATA.
  return own <= Stage::rcpt && listen.milter ? Stage::rcpt : Stage::end_of_message;
}

void review(const std::vector<DraftRule>& rules, const Settings& settings, const TableSet& tables,
            Diagnostics& diagnostics) {
  for (const auto& draft : rules) {
    warn_of_early_speech(draft, settings.listen, diagnostics);
    warn_of_silence(draft, settings.listen, diagnostics);
    warn_of_unserved_content(draft, settings.listen, diagnostics);
    warn_of_unfounded_text(draft, diagnostics);
  }
  warn_of_names_never_known(rules, diagnostics);
  warn_of_unreached(rules, settings.listen, diagnostics);
  review_logic(rules, settings, diagnostics);
  warn_of_postmaster(rules, settings, tables, diagnostics);
}

}  // namespace postern
