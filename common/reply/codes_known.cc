#include "reply/codes_known.h"

#include "model/text.h"

namespace postern {

namespace {

struct KnownUse {
  std::string_view form;  // a code, an enhanced code, or both
  std::string_view use;
};

// Seen in collections of bounces and in the sources of the servers named.
constexpr KnownUse table[] = {
    {"522",
     "Some servers send 522 for a full mailbox; the standards have 452 4.2.2 and 552 5.2.2."},
    {"541",
     "Some servers send 541 when a filter takes the message for spam; the standard code is "
     "550 with 5.7.1."},
    {"521 5.7.1",
     "This usually means a client on a block list. RFC 7504 has 521 for hosts that never accept "
     "mail, so the code is misused; read the text."},
    {"521 5.5.1", "Postfix answers a command it has switched off with this."},
    {"503 5.0.0",
     "Sendmail answers DATA without an accepted recipient with this (\"Need RCPT\"); "
     "the cause is in the replies before it."},
    {"503 5.7.0",
     "Postfix sends this when an earlier command of the session was refused; look for "
     "that refusal."},
    {"504 5.5.2", "Postfix sends this for a HELO name or address without a full domain."},
    {"450 4.1.8",
     "Postfix sends this when the sender's domain cannot be found, so the domain may not exist at "
     "all."},
    {"550 5.1.10",
     "Microsoft's hosted mail sends this for a mailbox that does not exist, though "
     "X.1.10 means a domain without mail (null MX)."},
    {"550 5.1.0",
     "A general code; the text tells which address is meant and why. Cisco's mail gateways send it "
     "for a recipient they do not know (\"550 #5.1.0 Address rejected\")."},
    {"5.4.1",
     "Microsoft's hosted mail sends this (\"Recipient address rejected: Access denied\") for a "
     "mailbox that does not exist, though X.4.1 means a host that does not answer."},
    {"552 5.7.0", "Google sends this for a forbidden attachment, though 552 means size or quota."},
    {"553 5.3.0",
     "Some servers send this for a mailbox that does not exist; the standard code is "
     "550 5.1.1."},
    {"553 5.3.5",
     "Sendmail sends this for a mistake in its own configuration, often MX records "
     "that lead back to itself. The receiving administrator must act."},
    {"553 5.6.7", "Postfix sends this at MAIL too, where RFC 6531 has 550."},
    {"554 5.0.0", "A general code; only the text tells the cause."},
    {"554 5.7.1",
     "Many filters and Postfix send this for everything they refuse: relaying, block "
     "lists, spam, local rules. Only the text tells which."},
    {"550 5.7.1",
     "The general code for a policy. Only the text tells whether it is a block list, "
     "relaying, the content or a local rule."},
    {"554 4.4.7",
     "Amazon's mail service sends this when it gives up after the last retry; an earlier temporary "
     "error is the real cause."},
    {"554 5.7.9",
     "Yahoo sends this for DMARC and other policies, though X.7.9 means a weak login method."},
    {"550 5.7.9",
     "Yahoo sends this for DMARC and other policies, though X.7.9 means a weak login method."},
    {"5.7.509",
     "Microsoft's hosted mail sends this when DMARC failed and the domain asks for "
     "rejection."},
    {"5.7.515",
     "Microsoft's hosted mail sends this when a high-volume sender lacks SPF, DKIM or "
     "DMARC."},
    {"5.7.606",
     "Microsoft's hosted mail sends this to IP addresses it has banned; they can be removed "
     "through its delisting portal."},
    {"4.7.650",
     "Microsoft's hosted mail sends this to IP addresses of low reputation; it passes when less "
     "unwanted mail comes from there."},
    {"5.1.351",
     "Microsoft's hosted mail sends this when the next server did not know the "
     "recipient."},
    {"5.4.312",
     "Microsoft's hosted mail sends this when a DNS lookup of the recipient's domain "
     "failed until the message expired."},
    {"5.4.316",
     "Microsoft's hosted mail sends this when the next server refused connections until "
     "the message expired."},
    {"5.4.14", "Microsoft Exchange sends this for a mail loop (too many hops)."},
    {"5.7.54", "Microsoft Exchange sends this for relaying to a domain that is not its own."},
};

struct KnownReason {
  std::string_view form;
  std::string_view words;  // in small letters
  std::string_view reason;
};

// Where the words alone would mislead: "Access denied" behind other codes is any policy.
constexpr KnownReason reasons[] = {
    {"5.4.1", "access denied", "rcpt-unknown"}, {"5.1.10", "not found", "rcpt-unknown"},
    {"5.7.509", "dmarc", "dmarc-reject"},       {"5.7.54", "relay", "relay-denied"},
    {"5.4.14", "hop", "too-many-hops"},
};

}  // namespace

std::vector<std::string_view> known_uses(std::optional<int> code, const std::string& enhanced) {
  const auto number = code ? std::to_string(*code) : std::string();
  const auto pair = number + ' ' + enhanced;
  std::vector<std::string_view> uses;
  for (const auto& [form, use] : table) {
    if (form == number || form == enhanced || form == pair) uses.push_back(use);
  }
  return uses;
}

std::string_view known_reason(std::optional<int> code, const std::string& enhanced,
                              std::string_view words) {
  const auto pair = (code ? std::to_string(*code) : std::string()) + ' ' + enhanced;
  const auto text = lower(words);
  for (const auto& row : reasons) {
    const bool same_form = row.form == enhanced || row.form == pair;
    if (same_form && text.find(row.words) != std::string::npos) return row.reason;
  }
  return {};
}

}  // namespace postern
