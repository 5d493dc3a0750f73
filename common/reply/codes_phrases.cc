#include "reply/codes_phrases.h"

#include "model/text.h"

namespace postern {

namespace {

constexpr auto plain = Weight::plain;
constexpr auto hint = Weight::hint;

// Words of Postfix, sendmail, Exim, Exchange and large providers. The first row that fits counts,
// so what is more specific stands before what is less.
constexpr Phrase table[] = {
    // addresses: which one is meant, and what is wrong with it
    {"domain of sender address * does not exist", "sender-domain-bad", {}, plain},
    {"domain of sender address * does not resolve", "sender-domain-temp", {}, plain},
    {"domain name required for sender address", "sender-syntax", {}, plain},
    {"sender address rejected: domain not found", "sender-domain-bad", "sender-domain-temp", plain},
    {"sender address rejected: need fully-qualified", "sender-syntax", {}, plain},
    {"sender address rejected: not logged in", "auth-required", {}, plain},
    {"sender address rejected: user unknown", "sender-unverified", {}, plain},
    {"sender address rejected: undeliverable", "sender-unverified", {}, plain},
    {"sender address rejected: access denied", "sender-blocked", {}, plain},
    {"sender address rejected: domain does not accept mail", "sender-null-mx", {}, plain},
    {"sender address has null mx", "sender-null-mx", {}, plain},
    {"sender domain has null mx", "sender-null-mx", {}, plain},
    {"sender verify failed", "sender-unverified", {}, plain},
    {"sender verification failed", "sender-unverified", {}, plain},
    {"not owned by user", "sender-not-owner", {}, plain},
    {"send as this sender", "sender-not-owner", {}, plain},
    {"sendasdenied", "sender-not-owner", {}, plain},
    {"not allowed to send as", "sender-not-owner", {}, plain},
    {"recipient address rejected: domain not found", "rcpt-domain-bad", {}, plain},
    {"recipient address rejected: need fully-qualified", "rcpt-syntax", {}, plain},
    {"recipient address rejected: temporary lookup failure", "rcpt-lookup-failed", {}, plain},
    {"does not accept mail (nullmx)", "rcpt-domain-null-mx", {}, plain},
    {"null mx", "rcpt-domain-null-mx", {}, hint},
    {"nullmx", "rcpt-domain-null-mx", {}, hint},

    // the client and its HELO name
    {"client host rejected: cannot find your", "client-no-rdns", {}, plain},
    {"client host rejected: access denied", "client-blocked", {}, plain},
    {"helo command rejected: host not found", "helo-unresolvable", {}, plain},
    {"helo command rejected: need fully", "helo-not-fqdn", {}, plain},
    {"helo command rejected: invalid", "helo-syntax", {}, plain},
    {"invalid helo", "helo-syntax", {}, plain},
    {"helo requires domain", "helo-syntax", {}, plain},
    {"ehlo requires domain", "helo-syntax", {}, plain},
    {"is on our block list", "client-blocked", {}, plain},
    {"is on our own block list", "client-blocked", {}, plain},
    {"is on our blocklist", "client-blocked", {}, plain},
    {"relay access denied", "relay-denied", {}, plain},
    {"relaying denied", "relay-denied", {}, plain},
    {"relaying not allowed", "relay-denied", {}, plain},
    {"relaying is not allowed", "relay-denied", {}, plain},
    {"unable to relay", "relay-denied", {}, plain},
    {"relay not permitted", "relay-denied", {}, plain},
    {"not permitted to relay", "relay-denied", {}, plain},
    {"list of allowed rcpthosts", "relay-denied", {}, plain},
    {"we do not relay", "relay-denied", {}, plain},

    // limits, before the words of quotas and recipients that they share
    {"sending limit", "rate-message", {}, plain},
    {"sending quota", "rate-message", {}, plain},
    {"message quota", "rate-message", {}, plain},
    {"too much mail", "rate-message", {}, plain},
    {"too many messages", "rate-message", {}, hint},
    {"too many recipients from", "rate-recipient", {}, plain},
    {"receiving mail at a rate", "mailbox-busy-rate", {}, plain},
    {"receiving mail too quickly", "mailbox-busy-rate", {}, plain},
    {"too many concurrent", "concurrency", {}, plain},
    {"concurrent connections", "concurrency", {}, plain},
    {"concurrent server connections", "concurrency", {}, plain},
    {"simultaneous connections", "concurrency", {}, plain},
    {"too many connections", "rate-connection", {}, plain},
    {"too many errors", "too-many-errors", {}, plain},

    // lists and reputation
    {"greylist", "greylisted", {}, plain},
    {"graylist", "greylisted", {}, plain},
    {"grey list", "greylisted", {}, plain},
    {"gray list", "greylisted", {}, plain},
    {"not yet authorized to deliver", "greylisted", {}, plain},
    {"blocked using", "dnsbl-listed", {}, plain},
    {"black list at", "dnsbl-listed", {}, plain},
    {"is listed at", "dnsbl-listed", {}, plain},
    {"unusual rate of unsolicited mail", "reputation-reject", "reputation-defer", plain},
    {"user complaints", "reputation-reject", "reputation-defer", plain},
    {"banned sending ip", "reputation-reject", "reputation-defer", plain},
    {"reputation", "reputation-reject", "reputation-defer"},
    {"spamhaus", "dnsbl-listed"},
    {"spamcop", "dnsbl-listed"},
    {"barracudacentral", "dnsbl-listed"},
    {"listed at", "dnsbl-listed"},
    {"listed by", "dnsbl-listed"},
    {"listed in", "dnsbl-listed"},
    {"listed on", "dnsbl-listed"},
    {"blacklist", "dnsbl-listed"},
    {"black list", "dnsbl-listed"},
    {"blocklist", "dnsbl-listed"},
    {"block list", "dnsbl-listed"},
    {"dnsbl", "dnsbl-listed"},
    {"rbl", "dnsbl-listed"},

    // who wrote the message: a lookup that failed must be spoken of, class 4 alone is no sign of it
    {"dmarc * lookup", "dmarc-temperror"},
    {"dmarc * temporar", "dmarc-temperror"},
    {"dmarc temperror", "dmarc-temperror"},
    {"dkim * lookup", "dkim-temperror"},
    {"dkim * temporar", "dkim-temperror"},
    {"dkim key", "dkim-temperror"},
    {"dkim temperror", "dkim-temperror"},
    {"spf * lookup", "spf-temperror"},
    {"spf * temporar", "spf-temperror"},
    {"spf temperror", "spf-temperror"},
    {"spf permerror", "spf-permerror"},
    {"spf * syntax", "spf-permerror"},
    {"spf or dkim", "auth-multiple-failed"},
    {"spf and dkim", "auth-multiple-failed"},
    {"dkim or spf", "auth-multiple-failed"},
    {"dkim and spf", "auth-multiple-failed"},
    {"arc chain", "arc-fail"},
    {"arc validation", "arc-fail"},
    {"dmarc", "dmarc-reject"},
    {"dkim", "dkim-none"},
    {"spf", "spf-fail"},
    {"sender policy framework", "spf-fail"},
    {"reverse dns", "client-no-rdns"},
    {"reverse hostname", "client-no-rdns"},
    {"rdns", "client-no-rdns"},
    {"ptr record", "client-no-rdns"},

    // the recipient
    {"user unknown", "rcpt-unknown", {}, plain},
    {"unknown user", "rcpt-unknown", {}, plain},
    {"no such user", "rcpt-unknown", {}, plain},
    {"no such recipient", "rcpt-unknown", {}, plain},
    {"no such mailbox", "rcpt-unknown", {}, plain},
    {"unknown recipient", "rcpt-unknown", {}, plain},
    {"recipient unknown", "rcpt-unknown", {}, plain},
    {"recipient not found", "rcpt-unknown", {}, plain},
    {"recipnotfound", "rcpt-unknown", {}, plain},
    {"no mailbox here by that name", "rcpt-unknown", {}, plain},
    {"user not found", "rcpt-unknown", {}, plain},
    {"mailbox not found", "rcpt-unknown", {}, plain},
    {"invalid recipient", "rcpt-unknown", {}, plain},
    {"user doesn't have a * account", "rcpt-unknown", {}, plain},
    {"unrouteable address", "rcpt-unknown", {}, plain},
    {"unroutable address", "rcpt-unknown", {}, plain},
    {"host unknown", "rcpt-domain-bad", {}, plain},
    {"dns domain * does not exist", "rcpt-domain-bad", {}, plain},
    {"does not exist", "rcpt-unknown"},
    {"mailbox full", "mailbox-full", "mailbox-full-perm", plain},
    {"mailbox is full", "mailbox-full", "mailbox-full-perm", plain},
    {"mailbox for user is full", "mailbox-full", "mailbox-full-perm", plain},
    {"over quota", "mailbox-full", "mailbox-full-perm", plain},
    {"overquota", "mailbox-full", "mailbox-full-perm", plain},
    {"quota exceeded", "mailbox-full", "mailbox-full-perm", plain},
    {"out of storage space", "mailbox-full", "mailbox-full-perm", plain},
    {"account is disabled", "mailbox-disabled", "mailbox-disabled-temp"},
    {"mailbox disabled", "mailbox-disabled", "mailbox-disabled-temp"},
    {"mailbox is disabled", "mailbox-disabled", "mailbox-disabled-temp"},
    {"too many recipients", "too-many-recipients", "too-many-recipients-policy"},
    {"no valid recipients", "no-valid-recipients", {}, plain},
    {"all rcpt commands were rejected", "no-valid-recipients", {}, plain},

    // logging in and TLS
    {"temporary authentication failure", "auth-temp", {}, plain},
    {"authentication required", "auth-required"},
    {"authentication is required", "auth-required"},
    {"client was not authenticated", "auth-required", {}, plain},
    {"username and password not accepted", "auth-failed", {}, plain},
    {"incorrect authentication data", "auth-failed", {}, plain},
    {"requiretls", "requiretls-unsupported"},
    {"starttls command first", "tls-required", {}, plain},
    {"tls not available", "tls-unavailable"},
    {"tls required", "tls-required"},
    {"tls is required", "tls-required"},
    {"requires tls", "tls-required"},

    // the message
    {"hop count exceeded", "too-many-hops", {}, plain},
    {"too many hops", "too-many-hops", {}, plain},
    {"mail loop", "too-many-hops", {}, plain},
    {"loops back to myself", "too-many-hops", {}, plain},
    {"message size exceeds", "message-too-big"},
    {"too large", "message-too-big"},
    {"too big", "message-too-big"},
    {"virus", "virus"},
    {"malware", "virus"},
    {"infected", "virus"},
    {"attachment", "attachment-forbidden"},
    {"bare lf", "bare-newline", {}, plain},
    {"lone cr or lf", "bare-newline", {}, plain},
    {"bare newline", "bare-newline", {}, plain},
    {"bare line feed", "bare-newline", {}, plain},
    {"rfc 5322 compliant", "malformed-message", {}, plain},
    {"headers fail syntax check", "malformed-message", {}, plain},
    {"unsolicited", "spam", "spam-defer"},
    {"spam", "spam", "spam-defer"},

    // the server
    {"insufficient system storage", "storage-full"},
    {"temporary lookup failure", "dependency-down"},
    {"temporary local problem", "internal-error"},
    {"administrative prohibition", "policy-reject"},
    {"command pipelining", "pipelining-abuse", {}, plain},
    {"synchronization error", "pipelining-abuse", {}, plain},
    {"rate limit", "rate-message"},
    {"throttl", "rate-message"},
    {"need mail", "bad-sequence"},
    {"need rcpt", "no-valid-recipients"},
};

/// Where `part` begins a word in `text`, which is in small letters, from `from` on.
std::size_t find_word(std::string_view text, std::string_view part, std::size_t from) {
  for (auto at = text.find(part, from); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    if (at == 0 || !is_letter_or_digit(text[at - 1])) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string searchable_words(std::string_view words) {
  std::string text;
  bool bracketed = false;
  bool address = false;
  std::size_t word = 0;  // where the present word begins
  const auto end_word = [&] {
    if (address) text.resize(word);
    address = false;
    if (!text.empty() && text.back() != ' ') text += ' ';
    word = text.size();
  };
  for (const char c : lower(words)) {
    if (c == '<') bracketed = true;
    if (c == '>') {
      bracketed = false;
      continue;
    }
    if (bracketed) continue;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      bracketed = false;
      end_word();
      continue;
    }
    if (c == '@') address = true;
    text += c;
  }
  end_word();
  if (!text.empty()) text.pop_back();
  return text;
}

bool has_phrase(std::string_view text, std::string_view phrase) {
  constexpr std::string_view anything = " * ";
  std::size_t at = 0;
  while (true) {
    const auto end = phrase.find(anything);
    const auto part = phrase.substr(0, end);
    at = find_word(text, part, at);
    if (at == std::string_view::npos) return false;
    if (end == std::string_view::npos) return true;
    at += part.size();
    phrase.remove_prefix(end + anything.size());
  }
}

std::span<const Phrase> all_phrases() { return table; }

std::vector<const Phrase*> phrases_in(std::string_view text) {
  std::vector<const Phrase*> found;
  for (const auto& row : table) {
    if (has_phrase(text, row.words)) found.push_back(&row);
  }
  return found;
}

}  // namespace postern
