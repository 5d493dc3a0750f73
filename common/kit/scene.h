// Scene: an SMTP session that somebody has thought out, for a test or a simulation. What it does
// not tell is not there: no TLS, no log-in. A client without a name is one of which the mail
// server tells none, so that DNS is asked (semantics 16). Plain data, pure.
#pragma once

#include "kit/dns_world.h"
#include "postern/transaction.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postern {

/// When a scene plays if it does not say: noon of Thursday, 1 January 2026, UTC. A fixed time, so
/// that a test which passes today passes tomorrow.
std::chrono::system_clock::time_point usual_scene_time() noexcept;

struct Scene {
  Scene();

  /// Mail handed in on the mail server itself.
  void set_local_client();

  /// All that is told of the session, whatever the stage; stage and recipients stand below.
  Transaction told;
  std::optional<Stage> stage;
  std::vector<MailAddress> recipients;          ///< of RCPT commands, in their order
  std::optional<std::int64_t> recipient_count;  ///< as the MTA counts; those not refused otherwise

  /// The stage that is asked: what it says, else the first at which all that it tells is known.
  Stage end() const;
  /// What keeps it from being played up to end(): no sender, no recipient, or several at RCPT.
  std::optional<KitFault> fault() const;

  /// As the MTA tells it at `at`, one of connect, helo, mail, rcpt; there, of `recipient`.
  Transaction before_data(Stage at, const MailAddress& recipient) const;
  /// At a later stage, with the recipients that were not refused.
  Transaction after_rcpt(Stage at, std::vector<AcceptedRecipient> accepted) const;
};

}  // namespace postern
