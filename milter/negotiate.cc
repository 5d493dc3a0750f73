#include "milter/negotiate.h"

#include <algorithm>

namespace postern::milter_door {

bool Plan::rule_up_to(Stage stage) const noexcept {
  const auto end = rules.begin() + static_cast<std::ptrdiff_t>(stage) + 1;
  return std::find(rules.begin(), end, true) != end;
}

bool Plan::speaks_at(Stage stage) const noexcept {
  switch (stage) {
    case Stage::connect:
    case Stage::helo:
      return speak == Speak::stage && rule_at(stage);
    case Stage::mail:
    case Stage::data:
    case Stage::end_of_headers:
      return rule_at(stage);
    case Stage::rcpt:
    case Stage::end_of_message:
      return true;
  }
  return true;
}

bool Negotiated::no_reply_at(Stage stage) const noexcept {
  switch (stage) {
    case Stage::connect:
      return has(step::no_reply_connect);
    case Stage::helo:
      return has(step::no_reply_helo);
    case Stage::mail:
      return has(step::no_reply_mail);
    case Stage::data:
      return has(step::no_reply_data);
    case Stage::end_of_headers:
      return has(step::no_reply_end_of_headers);
    case Stage::rcpt:
    case Stage::end_of_message:
      return false;
  }
  return false;
}

Negotiated negotiate(const Plan& plan, std::uint32_t offered_actions, std::uint32_t offered_steps) {
  std::uint32_t wanted = step::no_unknown;
  if (!plan.speaks_at(Stage::connect)) wanted |= step::no_reply_connect;
  if (!plan.speaks_at(Stage::helo)) wanted |= step::no_reply_helo;
  if (!plan.speaks_at(Stage::mail)) wanted |= step::no_reply_mail;
  // An MTA that cannot leave a step out can still be spared the wait for its answer.
  const auto leave_out = [&](std::uint32_t whole_step, std::uint32_t its_reply) {
    wanted |= (offered_steps & whole_step) != 0 ? whole_step : its_reply;
  };
  if (!plan.speaks_at(Stage::data)) leave_out(step::no_data, step::no_reply_data);
  if (!plan.speaks_at(Stage::end_of_headers)) {
    leave_out(step::no_end_of_headers, step::no_reply_end_of_headers);
  }
  if (plan.content) {
    wanted |= step::no_reply_header | step::no_reply_body | step::header_leading_space;
  } else {
    if (!plan.reads_headers()) {
      leave_out(step::no_headers, step::no_reply_header);
    } else {
      wanted |= step::no_reply_header;
    }
    leave_out(step::no_body, step::no_reply_body);
  }
  return {offered_actions & (action_set_symbols | plan.actions), offered_steps & wanted};
}

}  // namespace postern::milter_door
