#include "reply/compose.h"
#include "rules/loader_reviews.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// With a reply.
bool refuses(const DraftRule& draft) {
  return draft.rule.verdict == Verdict::reject || draft.rule.verdict == Verdict::defer;
}
bool only_modifies(const DraftRule& draft) { return draft.rule.verdict == Verdict::pass; }

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
void warn_of_unfounded_text(const DraftRule& draft, const IdentitySettings& identity,
                            Diagnostics& diagnostics) {
  const auto& rule = draft.rule;
  if (!refuses(draft) || rule.reason == nullptr || rule.reason->claim == Claim::none) return;
  if (!rule.text.empty() || identity.texts.contains(rule.reason->id)) return;
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
    warn_of_unfounded_text(draft, settings.identity, diagnostics);
  }
  review_unknown_names(rules, settings, diagnostics);
  warn_of_unreached(rules, settings.listen, diagnostics);
  review_logic(rules, settings, diagnostics);
  review_scores(rules, diagnostics);
  review_bounces(rules, diagnostics);
  review_waiting(rules, settings, diagnostics);
  warn_of_postmaster(rules, settings, tables, diagnostics);
}

}  // namespace postern
