#include "rules/refusal.h"

#include <cassert>
#include <utility>

namespace postern::walk {
namespace {

/// The form in which a refusal is spoken here. Without one at connect or HELO it is spoken later
/// (semantics 4, 5). From MAIL on there is always one: should neither the reason nor its
/// alternatives have a code for this command, that of a local rule is legal and of the same class,
/// whereas a front end without a reply would have to let the mail in or answer a bare code.
std::optional<ReplyForm> form_here(const Reason& reason, const std::optional<ReplyForm>& wish,
                                   Stage stage) {
  auto form = form_at(reason, wish, reply_stage(stage));
  if (form || stage < Stage::mail) return form;
  const auto* local_rule =
      find_reason(reason.kind == ReasonClass::temporary ? "policy-defer" : "policy-reject");
  return local_rule ? form_at(*local_rule, std::nullopt, reply_stage(stage)) : std::nullopt;
}

}  // namespace

const Reason* reason_for_missing(QuestionKind kind) noexcept {
  switch (kind) {
    case QuestionKind::spf:
      return find_reason("spf-temperror");
    case QuestionKind::reverse_dns:
      return find_reason("client-rdns-temp");
    case QuestionKind::helo_dns:
      return find_reason("helo-lookup-temp");
    case QuestionKind::sender_dns:
      return find_reason("sender-domain-temp");
    case QuestionKind::dns:
      return find_reason("dns-timeout");
    case QuestionKind::recipients:
      // Nothing is out of order, and nobody's lookup failed: we cannot apply our rules yet.
      return find_reason("policy-defer");
    case QuestionKind::table:
    case QuestionKind::store:
    case QuestionKind::upstream:
    case QuestionKind::sample:
    case QuestionKind::geo:
      break;
  }
  return find_reason("dependency-down");
}

void refuse(Decision& decision, const Reason* reason, const std::optional<ReplyForm>& wish,
            std::string_view own_text, const std::string& limit, const IdentitySettings& identity,
            const Transaction& transaction, const FieldValues& more) {
  decision.reason = reason;
  if (!reason) return;
  const auto form = form_here(*reason, wish, transaction.stage);
  if (!form) return;
  const auto stage = reply_stage(transaction.stage);
  if (own_text.empty()) {
    const auto text = identity.texts.find(reason->id);
    if (text != identity.texts.end()) own_text = text->second;
  }
  auto values = field_values(transaction);
  if (!limit.empty()) values.emplace_back("limit", limit);
  values.insert(values.end(), more.begin(), more.end());
  auto reply = compose(*reason, *form, stage, own_text, values,
                       {identity.host, identity.contact, identity.help}, transaction.reference);
  assert(reply.ok());
  if (reply.ok()) decision.reply = std::move(*reply);
}

void put_off(Decision& decision, QuestionKind missing, const IdentitySettings& identity,
             const Transaction& transaction) {
  decision.verdict = Verdict::defer;
  decision.missing = missing;
  refuse(decision, reason_for_missing(missing), {}, {}, {}, identity, transaction);
}

}  // namespace postern::walk
