// SPF: may this host send mail in the name of this domain (RFC 7208, with RFC 8616)? Pure: what DNS
// says comes in as facts; what is missing goes out as questions.
//
//   const auto outcome = spf(request, {}, [&](const Question& q) { return facts.find(q); });
//   if (outcome.state == SpfOutcome::State::open) ask(outcome.questions);  // and call again
//
// It begins anew at each call. That is cheap, needs nothing to be kept, and the same facts always
// lead to the same outcome, however they came. While an answer is missing, the terms behind it are
// looked at as well, so that a record with ten includes takes the time of one; `exists` and `ptr`
// are left out of that, because their owners may count who asks.
#pragma once

#include "checks/spf_record.h"
#include "postern/address.h"
#include "postern/facts.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class SpfIdentity : std::uint8_t { mail_from, helo };
/// "mailfrom", "helo": as in Received-SPF (RFC 7208 9.1).
std::string_view to_text(SpfIdentity identity) noexcept;

struct SpfRequest {
  IpAddress client;
  SpfIdentity identity = SpfIdentity::mail_from;
  std::string local;   ///< of the sender; "postmaster" where it has none (RFC 7208 4.3)
  std::string domain;  ///< of the sender, or the HELO name
  std::string helo;
  std::string receiver;                        ///< our own name, for %{r}
  std::chrono::system_clock::time_point time;  ///< for %{t}

  /// The MAIL FROM identity: of "<>", postmaster at the HELO name (RFC 7208 2.4).
  static SpfRequest of_sender(IpAddress client, const MailAddress& sender, std::string helo);
  static SpfRequest of_helo(IpAddress client, std::string helo);
};

struct SpfLimits {
  unsigned lookups = 10;  ///< terms that ask DNS, RFC 7208 4.6.4
  unsigned voids = 2;     ///< of these, such that there is nothing
  unsigned names = 10;    ///< of an `mx` or `ptr`
};

/// One thing that was looked at, with what was looked at because of it: evidence for a person.
/// Texts hold octets from outside.
struct SpfStep {
  std::string domain;   ///< whose record it stands in; of a record itself, the domain
  std::string term;     ///< "include:_spf.example.com"; empty: the record
  std::string target;   ///< the name that came of it, where that is not plain from the term
  std::string outcome;  ///< "match", "no match", "fail", "temperror: timeout", ...
  std::vector<SpfStep> steps;
};

struct SpfOutcome {
  enum class State : std::uint8_t { open, done };
  enum class Words : std::uint8_t { none, open, there };

  State state = State::done;
  /// To be asked, when open: kind `spf`, the record type as subject, the name as key. Questions for
  /// the explanation when it is done and `words` are open.
  std::vector<Question> questions;

  // When done.
  SpfResult result = SpfResult::none;
  std::string mechanism;  ///< the directive that decided, as it stands; "default" when none did
  std::string problem;    ///< of none, temperror, permerror: why; may hold octets from outside
  unsigned lookups = 0;
  unsigned voids = 0;
  SpfStep trace;  ///< when it was wanted

  /// Of a fail: what the domain's owner has to say to the sender (RFC 7208 6.2), in ASCII, not
  /// otherwise cleaned. Nobody needs to wait for it.
  Words words = Words::none;
  std::string explanation;
};

using SpfLookup = std::function<const Answer*(const Question&)>;
enum class SpfTrace : std::uint8_t { wanted, unwanted };

/// RFC 7208 4, check_host().
SpfOutcome spf(const SpfRequest& request, const SpfLimits& limits, const SpfLookup& lookup,
               SpfTrace trace = SpfTrace::unwanted);

/// The trace as a tree of lines, for terminals; octets from outside are cleaned.
std::string spf_trace_text(const SpfOutcome& outcome);

}  // namespace postern
