// Refusal: how a decision to refuse gets its reason and its reply. Pure; any thread.
#pragma once

#include "postern/decision.h"
#include "reply/compose.h"
#include "rules/settings.h"

#include <optional>
#include <string>
#include <string_view>

namespace postern::walk {

/// The reason whose temporary reply stands for a missing fact (semantics 7).
const Reason* reason_for_missing(QuestionKind kind) noexcept;

/// Fills in reason and reply of a refusal. `own_text` and `limit` may be empty; `more`: values of
/// fields that only this rule's text has.
void refuse(Decision& decision, const Reason* reason, const std::optional<ReplyForm>& wish,
            std::string_view own_text, const std::string& limit, const IdentitySettings& identity,
            const Transaction& transaction, const FieldValues& more = {});

/// Makes it a temporary refusal that stands for a missing fact.
void put_off(Decision& decision, QuestionKind missing, const IdentitySettings& identity,
             const Transaction& transaction);

}  // namespace postern::walk
