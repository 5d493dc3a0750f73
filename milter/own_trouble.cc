#include "milter/own_trouble.h"

#include "postern/reason.h"

#include <optional>
#include <stdexcept>
#include <utility>

namespace postern::milter_door {

Decision own_trouble(const Transaction& transaction, const ReplyIdentity& identity) {
  const Reason* reason = find_reason("internal-error");
  const auto spoken = reply_stage(transaction.stage);
  const auto form = reason == nullptr ? std::nullopt : form_at(*reason, std::nullopt, spoken);
  if (!form) throw std::logic_error("the catalogue has no reply for internal errors");
  auto reply = compose(*reason, *form, spoken, {}, field_values(transaction), identity,
                       transaction.reference);
  if (!reply) throw std::logic_error("the reply for internal errors is not legal");
  Decision decision;
  decision.verdict = Verdict::defer;
  decision.reason = reason;
  decision.reply = std::move(*reply);
  return decision;
}

}  // namespace postern::milter_door
