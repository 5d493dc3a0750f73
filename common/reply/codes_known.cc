#include "reply/codes_known.h"

#include "reply/codes_phrases.h"

#include <string>

namespace postern {

namespace {

constexpr std::string_view sending_admin = "the administrator of the sending server";
constexpr std::string_view domain_admin = "the administrator of the sender's domain";
constexpr std::string_view receiving_admin = "the administrator of the receiving server";
constexpr std::string_view user = "the user who logs in";
constexpr std::string_view tenant_admin = "the administrator of the account's organisation";

// Seen in collections of bounces, in the sources of the servers named and in what the providers
// publish. The first row with a cause counts.
constexpr KnownUse table[] = {
    // any server
    {.form = "522",
     .words = "",
     .meaning =
         "Some servers send 522 for a full mailbox; the standards have 452 4.2.2 and 552 5.2.2."},
    {.form = "541",
     .words = "",
     .meaning = "Some servers send 541 when a filter takes the message for spam; the standard code "
                "is 550 with 5.7.1."},
    {.form = "521 5.7.1",
     .words = "",
     .meaning = "This usually means a client on a block list. RFC 7504 has 521 for hosts that "
                "never accept mail, so the code is misused; read the text."},
    {.form = "",
     .words = "error: open resolver",
     .meaning = "The receiving server asks the block list through a public resolver, which the "
                "list does not answer, and takes that for a listing. The sending host need not be "
                "listed at all.",
     .who = receiving_admin,
     .what_to_do = "Tell the receiving postmaster by other means: the server must ask the list "
                   "through a resolver of its own. Nothing on the sending side can change it."},
    {.form = "550 5.1.0",
     .words = "",
     .meaning = "A general code; the text tells which address is meant and why. Cisco's mail "
                "gateways send it for a recipient they do not know (\"550 #5.1.0 Address "
                "rejected\")."},
    {.form = "553 5.3.0",
     .words = "",
     .meaning = "Some servers send this for a mailbox that does not exist; the standard code is "
                "550 5.1.1."},
    {.form = "554 5.0.0", .words = "", .meaning = "A general code; only the text tells the cause."},
    {.form = "554 5.7.1",
     .words = "",
     .meaning = "Many filters and Postfix send this for everything they refuse: relaying, block "
                "lists, spam, local rules. Only the text tells which."},
    {.form = "550 5.7.1",
     .words = "",
     .meaning = "The general code for a policy. Only the text tells whether it is a block list, "
                "relaying, the content or a local rule."},
    {.form = "",
     .words = "unrouteable address",
     .meaning = "Exim says this of every address for which it finds no way: an unknown mailbox, or "
                "a domain that does not exist."},

    // Postfix
    {.form = "521 5.5.1",
     .words = "",
     .meaning = "Postfix answers a command it has switched off with this."},
    {.form = "503 5.7.0",
     .words = "",
     .meaning = "Postfix sends this when an earlier command of the session was refused; look for "
                "that refusal."},
    {.form = "504 5.5.2",
     .words = "",
     .meaning = "Postfix sends this for a HELO name or address without a full domain."},
    {.form = "450 4.1.8",
     .words = "",
     .meaning = "Postfix sends this when the sender's domain cannot be found, so the domain may "
                "not exist at all."},
    {.form = "553 5.6.7",
     .words = "",
     .meaning = "Postfix sends this at MAIL too, where RFC 6531 has 550."},
    {.form = "X.1.1",
     .words = "unverified address",
     .meaning = "Postfix sends this while it cannot find out from the next server whether the "
                "address exists. The address may well be right.",
     .reason = "rcpt-lookup-failed"},
    {.form = "4.1.7",
     .words = "unverified address",
     .meaning = "Postfix sends this while it cannot find out from the sender's own mail server "
                "whether the sender's address exists. It says nothing about its syntax.",
     .who = "the sending server, which tries again automatically; the administrator of the "
            "sender's mail server if it lasts",
     .what_to_do = "If it lasts, see that the mail server of the sender's domain answers MAIL with "
                   "an empty sender and RCPT with the address."},
    {.form = "450 4.3.2",
     .words = "service currently unavailable",
     .meaning = "Postfix sends this at a first contact when its tests of new clients (postscreen) "
                "are on; the next attempt passes.",
     .reason = "greylisted"},
    {.form = "451 4.7.1",
     .words = "service unavailable",
     .meaning = "Postfix sends this when a mail filter (milter) does not answer. No policy has "
                "judged the message.",
     .reason = "dependency-down"},
    {.form = "451 4.7.1",
     .words = "try again later",
     .meaning = "Mail filters send this for greylisting, or when they cannot check the message; "
                "the text does not tell which."},

    // sendmail
    {.form = "503 5.0.0",
     .words = "",
     .meaning = "Sendmail answers DATA without an accepted recipient with this (\"Need RCPT\"); "
                "the cause is in the replies before it."},
    {.form = "553 5.3.5",
     .words = "",
     .meaning = "Sendmail sends this for a mistake in its own configuration, often MX records that "
                "lead back to itself. The receiving administrator must act."},
    {.form = "451 4.3.2",
     .words = "please try again later",
     .meaning = "Sendmail sends this when a mail filter (milter) asks for a later attempt or does "
                "not answer. No policy has judged the message for good.",
     .reason = "dependency-down"},
    {.form = "554",
     .words = "esmtp not accepting",
     .meaning =
         "Sendmail and Postfix greet a client with this when one of their own lists or a mail "
         "filter refuses it.",
     .reason = "client-blocked"},

    // Google
    {.form = "552 5.7.0",
     .words = "",
     .meaning = "Google sends this for a forbidden attachment, though 552 means size or quota."},
    {.form = "552 5.7.0",
     .words = "security issue",
     .meaning = "Google sends this for a forbidden attachment, though 552 means size or quota.",
     .reason = "attachment-forbidden"},
    {.form = "5.4.5",
     .words = "sending limit",
     .meaning = "The sending account has reached the number of messages or recipients that Google "
                "allows it in a day; nothing is congested, though X.4.5 says so.",
     .who = "the user or the administrator of the sending account",
     .what_to_do = "Send the message anew when Google counts anew, after at most 24 hours. If the "
                   "user did not send that much, change the password."},
    {.form = "534 5.7.9",
     .words = "application-specific password",
     .meaning = "The account has two-factor login, and Google takes no ordinary password from a "
                "mail program; the login method itself is not too weak.",
     .who = user,
     .what_to_do = "Create an application password in the account's settings and enter it in the "
                   "mail program, or use a mail program that logs in through the browser."},
    {.form = "5.7.1",
     .words = "not authorized to send email directly",
     .meaning = "Google takes the address for one of a home or dial-up line, which should not send "
                "mail to other servers itself.",
     .who = sending_admin,
     .what_to_do = "Send through the provider's mail server, or from a host with a fixed address "
                   "and a reverse name of its own."},
    {.form = "4.7.23",
     .words = "ptr",
     .meaning = "Google slows down mail from a host whose address has no name, or a name that does "
                "not lead back to it, though X.7.23 means SPF.",
     .who = sending_admin,
     .what_to_do = "Have a PTR record set whose name resolves to the same address. The sending "
                   "server tries again meanwhile.",
     .share = Share::mostly},
    {.form = "5.7.26",
     .words = "spf record with a hard fail",
     .meaning = "Google sends 5.7.26 for SPF alone too.",
     .reason = "spf-fail"},
    {.form = "5.7.26",
     .words = "dmarc policy",
     .meaning = "Google sends 5.7.26 for DMARC too.",
     .reason = "dmarc-reject"},
    {.form = "4.7.26",
     .words = "unauthenticated",
     .meaning = "Google slows down mail for which neither SPF nor DKIM passes.",
     .who = domain_admin,
     .what_to_do = "Have the domain sign with DKIM and name the sending host in its SPF record. "
                   "The sending server tries again meanwhile."},
    {.form = "5.7.26",
     .words = "unauthenticated",
     .meaning = "Google sends this when neither SPF nor DKIM passes.",
     .reason = "auth-multiple-failed"},
    {.form = "4.7.27",
     .words = "spf",
     .meaning = "Google slows down mail for which SPF does not pass, though X.7.27 means a sender "
                "with a null MX.",
     .who = domain_admin,
     .what_to_do = "Name the sending host in the SPF record of the envelope sender's domain. The "
                   "sending server tries again meanwhile.",
     .share = Share::mostly},
    {.form = "5.7.27",
     .words = "spf",
     .meaning = "Google sends 5.7.27 when SPF does not pass; the registry has X.7.27 for a sender "
                "whose domain has a null MX.",
     .reason = "spf-fail",
     .share = Share::mostly},
    {.form = "X.7.28",
     .words = "unusual rate",
     .meaning = "Google sends this to hosts and domains from which it gets an unusual amount of "
                "unwanted mail.",
     .reason = "reputation-reject",
     .counterpart = "reputation-defer"},
    {.form = "X.7.29",
     .words = "tls",
     .meaning = "Google sends X.7.29 for mail that came without TLS; the registry has it for "
                "broken ARC seals.",
     .who = sending_admin,
     .what_to_do = "Switch on TLS for outgoing mail on the sending server.",
     .share = Share::mostly},
    {.form = "4.7.30",
     .words = "dkim",
     .meaning = "Google slows down mail without a DKIM signature that passes, though X.7.30 means "
                "REQUIRETLS.",
     .who = domain_admin,
     .what_to_do = "Have the domain sign with DKIM, and see that nothing changes the message "
                   "afterwards. The sending server tries again meanwhile.",
     .share = Share::mostly},
    {.form = "5.7.30",
     .words = "dkim",
     .meaning = "Google sends 5.7.30 when no DKIM signature passes; the registry has X.7.30 for "
                "REQUIRETLS.",
     .reason = "dkim-none",
     .share = Share::mostly},
    {.form = "X.7.31",
     .words = "dmarc",
     .meaning = "Google sends this when the domain of the From address has no DMARC record, or one "
                "without a policy.",
     .who = domain_admin,
     .what_to_do = "Publish a DMARC record for the domain of the From address, with p=none at "
                   "least."},
    {.form = "X.7.32",
     .words = "align",
     .meaning = "Google sends this when the domain of the From address is aligned neither with the "
                "domain that SPF checked nor with the one that signed (DKIM).",
     .who = domain_admin,
     .what_to_do = "Sign with the domain of the From address, or send with an envelope sender of "
                   "that domain."},
    {.form = "X.7.40",
     .words = "dmarc",
     .meaning = "Google sends this when the domain of the From address has no DMARC record, or one "
                "without a policy.",
     .who = domain_admin,
     .what_to_do = "Publish a DMARC record for the domain of the From address, with p=none at "
                   "least."},

    // Microsoft
    {.form = "550 5.1.10",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this for a mailbox that does not exist, though "
                "X.1.10 means a domain without mail (null MX)."},
    {.form = "5.1.10",
     .words = "not found",
     .meaning = "Microsoft's hosted mail sends this for a mailbox that does not exist, though "
                "X.1.10 means a domain without mail (null MX).",
     .reason = "rcpt-unknown",
     .share = Share::mostly},
    {.form = "5.1.10",
     .words = "recipientnotfound",
     .meaning = "Microsoft's hosted mail sends this for a mailbox that does not exist, though "
                "X.1.10 means a domain without mail (null MX).",
     .reason = "rcpt-unknown"},
    {.form = "5.1.8",
     .words = "bad outbound sender",
     .meaning = "Microsoft's hosted mail has blocked the sending account because it sent spam. The "
                "sender's domain is not at fault, though X.1.8 says so.",
     .who = tenant_admin,
     .what_to_do = "Secure the account (password, two-factor login, forwarding rules), then "
                   "release it among the restricted users of the admin centre."},
    {.form = "5.1.90",
     .words = "",
     .meaning = "The sending account has reached the number of recipients that Microsoft's hosted "
                "mail allows it in a day.",
     .who = "the user or the administrator of the sending account",
     .what_to_do = "Send the message anew on the next day. If the user did not send that much, "
                   "change the password."},
    {.form = "5.1.351",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when the next server did not know the "
                "recipient."},
    {.form = "5.4.1",
     .words = "access denied",
     .meaning = "Microsoft's hosted mail sends this (\"Recipient address rejected: Access "
                "denied\") for a mailbox that does not exist, though X.4.1 means a host that does "
                "not answer.",
     .reason = "rcpt-unknown",
     .share = Share::mostly},
    {.form = "5.4.4",
     .words = "invalid domain",
     .meaning = "The domain of the recipient cannot be found.",
     .reason = "rcpt-domain-bad"},
    {.form = "5.4.14",
     .words = "hop",
     .meaning = "Microsoft Exchange sends this for a mail loop (too many hops).",
     .reason = "too-many-hops"},
    {.form = "5.4.310",
     .words = "does not exist",
     .meaning = "Microsoft's hosted mail sends this when the recipient's domain does not exist in "
                "DNS.",
     .reason = "rcpt-domain-bad"},
    {.form = "5.4.312",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when a DNS lookup of the recipient's domain "
                "failed until the message expired."},
    {.form = "5.4.316",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when the next server refused connections until "
                "the message expired."},
    {.form = "421",
     .words = "rp-001",
     .meaning = "Microsoft's outlook.com and hotmail.com send this to IP addresses of low "
                "reputation.",
     .reason = "reputation-defer"},
    {.form = "550 5.5.0",
     .words = "mailbox unavailable",
     .meaning = "Microsoft's outlook.com and hotmail.com send this for a mailbox that does not "
                "exist.",
     .reason = "rcpt-unknown"},
    {.form = "535 5.7.3",
     .words = "authentication unsuccessful",
     .meaning = "Microsoft Exchange sends 5.7.3 for a wrong user name or password.",
     .reason = "auth-failed"},
    {.form = "5.7.54",
     .words = "relay",
     .meaning = "Microsoft Exchange sends this for relaying to a domain that is not its own.",
     .reason = "relay-denied"},
    {.form = "5.7.57",
     .words = "",
     .meaning = "Microsoft Exchange sends this to a client that has not logged in.",
     .reason = "auth-required"},
    {.form = "5.7.133",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when a group takes mail only from senders of "
                "its own organisation.",
     .reason = "list-not-allowed"},
    {.form = "5.7.136",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when a mailbox takes mail only from senders of "
                "its own organisation.",
     .reason = "rcpt-policy"},
    {.form = "5.7.139",
     .words = "smtpclientauthentication is disabled",
     .meaning = "Logging in with SMTP is switched off for this mailbox or organisation at "
                "Microsoft. User name and password may be right.",
     .who = tenant_admin,
     .what_to_do = "Have authenticated SMTP switched on for the mailbox, or send by another way "
                   "that Microsoft offers. A new password does not help."},
    {.form = "5.7.139",
     .words = "basic authentication is disabled",
     .meaning = "Microsoft takes no plain passwords from mail programs here. User name and "
                "password may be right.",
     .who = "the user who logs in, or the administrator of the account's organisation",
     .what_to_do = "Use a mail program that logs in through the browser (OAuth). A new password "
                   "does not help."},
    {.form = "5.7.139",
     .words = "did not meet the criteria",
     .meaning = "A rule of the organisation at Microsoft (conditional access) forbids this login. "
                "User name and password may be right.",
     .who = tenant_admin,
     .what_to_do = "Have the rule allow this way of logging in. A new password does not help."},
    {.form = "5.7.139",
     .words = "credentials were incorrect",
     .meaning = "Microsoft means a wrong user name or password here.",
     .reason = "auth-failed"},
    {.form = "5.7.509",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when DMARC failed and the domain asks for "
                "rejection.",
     .reason = "dmarc-reject"},
    {.form = "5.7.515",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this when a high-volume sender lacks SPF, DKIM or "
                "DMARC.",
     .who = domain_admin,
     .what_to_do = "Have SPF and DKIM pass for the domain of the From address, and publish a DMARC "
                   "record for it."},
    {.form = "5.7.520",
     .words = "external forwarding",
     .meaning = "The organisation that forwards the message does not allow forwarding to others.",
     .who = "the recipient, or the administrator of the organisation that forwards",
     .what_to_do = "Have the forwarding allowed, or write to the final address directly."},
    {.form = "5.7.606",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this to IP addresses it has banned; they can be "
                "removed through its delisting portal.",
     .reason = "reputation-reject"},
    {.form = "4.7.500",
     .words = "",
     .meaning = "Microsoft's hosted mail slows down this IP address while it judges what comes "
                "from there.",
     .reason = "reputation-defer"},
    {.form = "4.7.650",
     .words = "",
     .meaning = "Microsoft's hosted mail sends this to IP addresses of low reputation; it passes "
                "when less unwanted mail comes from there.",
     .reason = "reputation-defer"},

    // Yahoo, Amazon
    {.form = "421 4.7.1",
     .words = "permanently deferred",
     .meaning = "Yahoo holds back all mail of this address because of what came from it, and later "
                "attempts alone do not change that.",
     .who = sending_admin,
     .what_to_do = "Find and stop what sends unwanted mail from this host, then ask Yahoo's "
                   "postmaster to look again."},
    {.form = "5.7.9",
     .words = "policy reasons",
     .meaning = "Yahoo sends this for DMARC and other policies, though X.7.9 means a weak login "
                "method.",
     .who = sending_admin,
     .what_to_do = "See that SPF, DKIM and DMARC pass for the domain of the From address, and read "
                   "the page that the text names.",
     .share = Share::mostly},
    {.form = "554 4.4.7",
     .words = "",
     .meaning = "Amazon's mail service sends this when it gives up after the last retry; an "
                "earlier temporary error is the real cause."},
};

/// Whether the codes of a question are those of a row.
bool has_form(std::string_view form, std::optional<int> code,
              const std::optional<AskedEnhanced>& enhanced) {
  if (form.empty()) return true;
  const auto space = form.find(' ');
  const auto first = form.substr(0, space);
  const bool has_code = first.find('.') == std::string_view::npos;
  if (has_code && (!code || std::to_string(*code) != first)) return false;
  if (has_code && space == std::string_view::npos) return true;
  const auto wanted = has_code ? form.substr(space + 1) : form;
  if (!enhanced) return false;
  const auto asked = enhanced->text();
  if (wanted.substr(1) != asked.substr(1)) return false;
  return wanted[0] == 'X' || asked[0] == 'X' || wanted[0] == asked[0];
}

}  // namespace

std::span<const KnownUse> all_known_uses() { return table; }

std::vector<FoundUse> known_uses(std::optional<int> code,
                                 const std::optional<AskedEnhanced>& enhanced,
                                 std::string_view text) {
  std::vector<FoundUse> found;
  for (const auto& row : table) {
    if (!has_form(row.form, code, enhanced)) continue;
    const bool said = row.words.empty() || has_phrase(text, row.words);
    // A question of codes alone is told all that they are used for.
    if (said || (text.empty() && !row.form.empty())) found.push_back({&row, said});
  }
  return found;
}

bool mostly_misused(std::optional<int> code, const std::optional<AskedEnhanced>& enhanced) {
  for (const auto& row : table) {
    if (row.share == Share::mostly && has_form(row.form, code, enhanced)) return true;
  }
  return false;
}

}  // namespace postern
