#include "checks/domain_check.h"

#include "checks/mail_domain.h"

#include <utility>

namespace postern {
namespace {

/// "user@[192.0.2.1]": there is nothing to ask, and its address tells all (RFC 5321 4.1.3).
MailDomainOutcome of_literal(std::string_view domain) {
  MailDomainOutcome outcome;
  const auto inside = domain.substr(1, domain.size() - (domain.back() == ']' ? 2 : 1));
  const auto address = IpAddress::parse(inside);
  outcome.because = domain;
  outcome.result = address && is_routable(*address) ? MailDomain::good : MailDomain::bogus_mx;
  return outcome;
}

}  // namespace

DomainCheck::DomainCheck(Of of) : of_(of) {
  const bool sender = of == Of::sender;
  description_.name = sender ? "sender_domain" : "recipient_domain";
  description_.values = {"good", "null-mx", "bogus-mx", "nonexistent", "temperror"};
  description_.earliest = sender ? Stage::mail : Stage::rcpt;
  description_.kind = sender ? QuestionKind::sender_dns : QuestionKind::dns;
  description_.meaning = sender ? "whether mail to the sender's domain can be delivered"
                                : "whether mail to the recipient's domain can be delivered";
  if (!sender) description_.latest = Stage::rcpt;
}

CheckOutcome DomainCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome result;
  const auto& address = of_ == Of::sender ? transaction.sender : transaction.recipient;
  if (!address.is_told()) {
    result.state = CheckOutcome::State::unavailable;
    result.cause = "the mail server did not tell";
    return result;
  }
  if (address.value().empty()) {
    result.values.emplace_back("good");
    result.source.note = "nothing is sent to <>";
    return result;
  }
  const auto& domain = address.value().domain();
  auto outcome = !domain.empty() && domain.front() == '['
                     ? of_literal(domain)
                     : mail_domain(domain, description_.kind,
                                   [&](const Question& question) { return facts.find(question); });
  if (outcome.state == MailDomainOutcome::State::open) {
    result.state = CheckOutcome::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  result.values.emplace_back(to_text(outcome.result));
  result.source.note = std::move(outcome.because);
  return result;
}

CheckWords DomainCheck::words(const Transaction& transaction, const Facts& facts) const {
  auto found = evaluate(transaction, facts);
  if (found.state != CheckOutcome::State::value || found.source.note.empty()) return {};
  // The text for a null MX names the domain; what its record says is in the text already.
  const bool is_null =
      !found.values.empty() && found.values.front() == to_text(MailDomain::null_mx);
  const auto& address = of_ == Of::sender ? transaction.sender : transaction.recipient;
  return {{"detail", is_null ? address.value().domain() : std::move(found.source.note)}};
}

}  // namespace postern
