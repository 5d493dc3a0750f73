#include "checks/login_result.h"

#include "checks/field_text.h"
#include "model/text.h"

namespace postern {
namespace {

// Octets. Names of mechanisms have 20 at most (RFC 4422 3.1); a longer user would take the room of
// the other results.
constexpr std::size_t longest_mechanism = 20;
constexpr std::size_t longest_user = 200;

}  // namespace

LoginResult::LoginResult() {
  description_.name = "auth";
  description_.earliest = Stage::mail;
  description_.kind = QuestionKind::upstream;
  description_.meaning = "whether the client has logged in";
}

CheckOutcome LoginResult::evaluate(const Transaction&, const Facts&) const { return {}; }

bool LoginResult::speaks(FieldForm form) const noexcept {
  return form == FieldForm::authentication_results;
}

FieldText LoginResult::field_text(FieldForm form, const Transaction& transaction,
                                  const Facts&) const {
  FieldText result;
  const auto& [user, mechanism] = transaction.authentication;
  if (!speaks(form) || !user.is_told() || user.value().empty()) return result;
  result.state = FieldText::State::told;
  result.text = "auth=pass";
  if (!mechanism.value().empty() && mechanism.value().size() <= longest_mechanism) {
    result.text += ' ' + field_comment(lower(mechanism.value()));
  }
  const auto& name = user.value();
  if (name.size() > longest_user || !is_ascii(name)) return result;
  const auto at = name.rfind('@');
  result.text += " smtp.auth=";
  result.text += at == std::string::npos || at == 0
                     ? field_value(name)
                     : mailbox_value(name.substr(0, at), name.substr(at + 1));
  return result;
}

}  // namespace postern
