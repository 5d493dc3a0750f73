// mail_domain: can mail for this domain be delivered at all (RFC 5321 5.1, 7505)? Asked of senders,
// whose bounces have to go somewhere, and of recipients of hosts that relay. Pure, as checks/spf.h.
#pragma once

#include "postern/address.h"
#include "postern/facts.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class MailDomain : std::uint8_t {
  good,         ///< a host with an address that mail can be sent to
  null_mx,      ///< says that it takes no mail (RFC 7505)
  bogus_mx,     ///< its hosts have no address, or only such as lead nowhere
  nonexistent,  ///< no MX and no address
  temperror,
};
/// "good", "null-mx", "bogus-mx", "nonexistent", "temperror".
std::string_view to_text(MailDomain domain) noexcept;

struct MailDomainOutcome {
  enum class State : std::uint8_t { open, done };
  State state = State::done;
  std::vector<Question> questions;  ///< when open
  // When done.
  MailDomain result = MailDomain::nonexistent;
  /// What it rests on, in a few words that may hold octets from outside: "mail.example.com at
  /// 192.0.2.1", "10.0.0.1".
  std::string because;
};

/// Mail exchangers that are looked at; a domain with more of them is good if one of these is.
constexpr std::size_t most_mail_hosts = 10;

/// `kind` is that of the questions: sender_dns of a sender's domain, dns of a recipient's. One host
/// that is good is enough, whatever becomes of the others.
MailDomainOutcome mail_domain(std::string_view domain, QuestionKind kind,
                              const std::function<const Answer*(const Question&)>& lookup);

/// False of addresses that no mail from the Internet can go to: loopback, private, link-local,
/// shared, multicast, reserved (RFC 6890). Networks for documentation count as others: nobody
/// publishes them, and tests of policies are written with them.
bool is_routable(const IpAddress& address) noexcept;

}  // namespace postern
