// What `postern codes` makes of replies as mail servers and large providers send them: the cause
// that must come out, and what must not.
#include "postern/reason.h"
#include "reply/codes.h"
#include "reply/codes_explanation.h"
#include "reply/codes_known.h"
#include "reply/codes_phrases.h"
#include "reply/codes_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace postern {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Received {
  const char* reply;
  const char* reason;      // the likely reason; "" where the catalogue has none or it is open
  const char* says = "";   // stands in the explanation
  const char* never = "";  // does not
};

constexpr Received replies[] = {
    // Postfix
    {"550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox "
     "table",
     "rcpt-unknown"},
    {"450 4.1.1 <bob@example.org>: Recipient address rejected: unverified address: connect to "
     "mx.example.org[192.0.2.1]:25: Connection refused",
     "rcpt-lookup-failed", "may well be right", "Correct the address"},
    {"550 5.1.1 <bob@example.org>: Recipient address rejected: undeliverable address: host "
     "mx.example.org[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command)",
     "rcpt-unknown"},
    {"450 4.1.8 <a@nx.example>: Sender address rejected: Domain not found", "sender-domain-temp",
     "the domain may not exist at all"},
    {"450 4.1.2 <a@nx.example>: Recipient address rejected: Domain not found", "",
     "The words suggest rcpt-domain-bad", "gives up"},
    {"450 4.1.7 <a@b.example>: Sender address rejected: unverified address: Address lookup failed",
     "", "whether the sender's address exists", "Correct the sender address"},
    {"550 5.1.0 <a@b.example>: Sender address rejected: User unknown in local recipient table",
     "sender-unverified", "", "rcpt-unknown)"},
    {"553 5.7.1 <boss@example.org>: Sender address rejected: not owned by user bob@example.org",
     "sender-not-owner"},
    {"553 5.7.1 <boss@example.org>: Sender address rejected: not logged in", "auth-required"},
    {"554 5.7.1 <bob@elsewhere.example>: Relay access denied", "relay-denied"},
    {"454 4.7.1 <bob@elsewhere.example>: Relay access denied", "", "The words suggest relay-denied",
     "gives up"},
    {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
     "https://www.spamhaus.org/query/ip/192.0.2.1",
     "dnsbl-listed"},
    {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
     "Error: open resolver; https://www.spamhaus.org/returnc/pub/",
     "", "through a public resolver", "ask the list for removal"},
    {"554 5.7.1 Service unavailable; Sender address [a@b.example] blocked using dbl.spamhaus.org",
     "dnsbl-listed"},
    {"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "",
     "The words suggest client-no-rdns", "could not be looked up"},
    {"550 5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
     "client-no-rdns"},
    {"554 5.7.1 <mail.example.net[192.0.2.1]>: Client host rejected: Access denied",
     "client-blocked"},
    {"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
     "helo-not-fqdn"},
    {"450 4.7.1 <mail.lan>: Helo command rejected: Host not found", "helo-unresolvable", "",
     "Mail servers give up"},
    {"504 5.5.2 <root>: Sender address rejected: need fully-qualified address", "sender-syntax"},
    {"451 4.7.1 Service unavailable - try again later", "dependency-down", "milter",
     "receiving postmaster when"},
    {"451 4.7.1 Try again later", "", "Wait", "Ask the receiving postmaster"},
    {"450 4.3.2 Service currently unavailable", "greylisted", "postscreen"},
    {"450 4.2.0 <bob@example.org>: Recipient address rejected: Greylisted, see "
     "http://postgrey.schweikert.ch/help/example.org.html",
     "greylisted"},
    {"450 4.7.1 Error: too much mail from 192.0.2.1", "rate-message"},
    {"450 4.7.1 Error: too many recipients from 192.0.2.1", "rate-recipient", "",
     "too-many-recipients)"},
    {"452 4.5.3 Error: too many recipients", "too-many-recipients"},
    {"421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1", "rate-connection"},
    {"421 4.7.0 mx.example.org Error: too many errors", "too-many-errors"},
    {"552 5.3.4 Message size exceeds fixed limit", "message-too-big"},
    {"452 4.3.1 Insufficient system storage", "storage-full"},
    {"451 4.3.5 Server configuration problem", "misconfigured"},
    {"451 4.3.0 <bob@example.org>: Temporary lookup failure", "dependency-down"},
    {"530 5.7.0 Must issue a STARTTLS command first", "tls-required"},
    {"535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "auth-failed"},
    {"454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
     "auth-temp"},
    {"554 5.5.1 Error: no valid recipients", "no-valid-recipients"},
    {"550 5.5.1 Protocol error", ""},
    {"553 5.1.2 <bob@elsewhere.example>: Recipient address rejected: Domain not found",
     "rcpt-domain-bad"},

    // sendmail
    {"553 5.1.8 <a@nx.example>... Domain of sender address a@nx.example does not exist",
     "sender-domain-bad", "", "rcpt-unknown"},
    {"451 4.1.8 Domain of sender address a@nx.example does not resolve", "sender-domain-temp"},
    {"550 5.1.1 <bob@example.org>... User unknown", "rcpt-unknown"},
    {"550 5.7.1 <bob@elsewhere.example>... Relaying denied. IP name lookup failed [192.0.2.1]",
     "relay-denied"},
    {"553 5.5.4 <root>... Domain name required for sender address root", "sender-syntax"},
    {"550 5.1.2 <bob@nx.example>... Host unknown (Name server: nx.example: host not found)",
     "rcpt-domain-bad"},
    {"554 5.4.6 Too many hops 26 (25 max): from <a@b.example> via localhost", "too-many-hops"},
    {"451 4.3.2 Please try again later", "dependency-down", "milter"},
    {"553 5.3.0 <bob@example.org>... No such user here", "rcpt-unknown", "", "Wait"},
    {"553 5.3.5 system config error", "", "mistake in its own configuration", "can only wait"},
    {"451 4.7.1 Greylisting in action, please come back in 00:05:00", "greylisted"},

    // Exim
    {"550-Rejected because 192.0.2.1 is in a black list at zen.spamhaus.org\n"
     "550 https://www.spamhaus.org/query/ip/192.0.2.1",
     "dnsbl-listed", "", "Reasons of Postern"},
    {"550 192.0.2.1 is listed at bl.spamcop.net (127.0.0.2)", "dnsbl-listed"},
    {"550 Unrouteable address", "rcpt-unknown", "a domain that does not exist"},
    {"550-Verification failed for <a@b.example>\n550-Unrouteable address\n550 Sender verify failed",
     "sender-unverified"},
    {"550 relay not permitted", "relay-denied"},
    {"550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", "helo-syntax"},
    {"421 Too many concurrent SMTP connections; please try again later.", "concurrency"},
    {"451 Temporary local problem - please try later", "internal-error"},
    {"552 Message size exceeds maximum permitted", "message-too-big"},
    {"550 This message contains a virus (Eicar-Test-Signature).", "virus"},
    {"535 Incorrect authentication data", "auth-failed"},
    {"550 Administrative prohibition", "policy-reject"},
    {"554 SMTP synchronization error", "pipelining-abuse"},
    {"550 Mailbox quota exceeded", "mailbox-full-perm"},
    {"550 authentication required", "auth-required", "", "Reasons of Postern"},

    // Google
    {"421-4.7.26 This mail has been rate limited because it is unauthenticated. Gmail requires\n"
     "421-4.7.26 all senders to authenticate with either SPF or DKIM. Authentication results:\n"
     "421-4.7.26 DKIM = did not pass SPF [example.org] with ip: [192.0.2.1] = did not pass.\n"
     "421 4.7.26 x1-20020a170902 - gsmtp",
     "", "neither SPF nor DKIM passes", "could not be fetched"},
    {"550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires "
     "all senders to authenticate with either SPF or DKIM. - gsmtp",
     "auth-multiple-failed"},
    {"550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's\n"
     "550-5.7.26 DMARC policy. Please contact the administrator of example.com domain",
     "dmarc-reject"},
    {"550-5.7.26 The MAIL FROM domain [example.org] has an SPF record with a hard fail policy "
     "(-all) but it fails to pass SPF checks with the ip: [192.0.2.1].",
     "spf-fail"},
    {"550 5.7.27 Your email has been blocked because SPF authentication did not pass.", "spf-fail",
     "the registry has X.7.27 for a sender whose domain has a null MX"},
    {"421-4.7.27 Your email has been rate limited because SPF authentication didn't pass", "",
     "SPF does not pass", "could not be fetched"},
    {"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP "
     "address.",
     "reputation-defer"},
    {"550-5.7.1 Our system has detected an unusual rate of unsolicited mail originating from your "
     "IP address. To protect our users from spam, mail has been blocked.",
     "reputation-reject"},
    {"550-5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce "
     "the amount of spam sent to Gmail, this message has been blocked.",
     "spam"},
    {"421-4.7.29 Your email has been rate limited because this message wasn't sent over a TLS "
     "connection.",
     "", "without TLS", "arc-fail"},
    {"421-4.7.30 Your email has been rate limited because DKIM does not pass.", "",
     "without a DKIM signature that passes", "could not be fetched"},
    {"550-5.7.30 This mail has been blocked because DKIM does not pass. Gmail requires all large "
     "senders to authenticate with DKIM.",
     "dkim-none", "the registry has X.7.30 for REQUIRETLS", "requiretls-unsupported)"},
    {"421-4.7.32 Your email has been rate limited because the From: header (RFC5322) isn't aligned "
     "with either the authenticated SPF or DKIM organizational domain.",
     "", "aligned neither", "rate-message"},
    {"421-4.7.23 The sending IP address doesn't have a PTR record, or the PTR record's forward DNS "
     "entry does not match the sending IP address.",
     "", "whose address has no name", "spf-temperror"},
    {"550-5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go "
     "to the help page",
     "", "number of messages or recipients that Google allows", "Wait"},
    {"452-4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to the "
     "help page",
     "mailbox-full"},
    {"552-5.2.2 The email account that you tried to reach is over quota.", "mailbox-full-perm"},
    {"550-5.1.1 The email account that you tried to reach does not exist. Please try "
     "double-checking the recipient's email address for typos or unnecessary spaces.",
     "rcpt-unknown"},
    {"450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents "
     "additional messages from being delivered.",
     "mailbox-busy-rate"},
    {"550-5.2.1 The email account that you tried to reach is disabled.", "mailbox-disabled"},
    {"552-5.7.0 This message was blocked because its content presents a potential security issue.",
     "attachment-forbidden"},
    {"534-5.7.9 Application-specific password required.", "", "two-factor login",
     "Choose a stronger"},
    {"535-5.7.8 Username and Password not accepted.", "auth-failed"},
    {"550-5.7.1 [192.0.2.1] The IP you're using to send mail is not authorized to send email "
     "directly to our servers.",
     "", "home or dial-up line"},
    {"550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup",
     "client-no-rdns"},

    // Microsoft
    {"550 5.4.310 DNS domain nx.example does not exist [Message=InfoDomainNonexistent]",
     "rcpt-domain-bad", "", "rcpt-unknown"},
    {"550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "rcpt-unknown"},
    {"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
     "rcpt-unknown"},
    {"550 5.1.8 Access denied, bad outbound sender AS(42004)", "", "because it sent spam",
     "MX or address record"},
    {"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
     "", "switched off for this mailbox or organisation", "again; some providers"},
    {"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
     "auth-failed"},
    {"535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "",
     "takes no plain passwords", "Enter user name and password again"},
    {"535 5.7.3 Authentication unsuccessful", "auth-failed"},
    {"530 5.7.57 Client not authenticated to send mail.", "auth-required"},
    {"550 5.7.60 SMTP; Client does not have permissions to send as this sender",
     "sender-not-owner"},
    {"554 5.2.252 SendAsDenied; a@b.example not allowed to send as c@b.example",
     "sender-not-owner"},
    {"550 5.7.64 TenantAttribution; Relay Access Denied", "relay-denied"},
    {"550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification and "
     "has a DMARC policy of reject.",
     "dmarc-reject"},
    {"550 5.7.515 Access denied, sending domain example.org does not meet the required "
     "authentication level.",
     "", "lacks SPF, DKIM", "correct the address"},
    {"550 5.7.606 Access denied, banned sending IP [192.0.2.1].", "reputation-reject"},
    {"451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP "
     "reputation.",
     "reputation-defer"},
    {"451 4.7.500 Server busy. Please try again later from [192.0.2.1].", "reputation-defer"},
    {"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
     "Internet service provider since part of their network is on our block list (S3150).",
     "client-blocked"},
    {"550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", "rcpt-unknown"},
    {"554 5.4.14 Hop count exceeded - possible mail loop ATTR34", "too-many-hops"},
    {"421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing "
     "transmission channel",
     "concurrency"},
    {"550 5.7.23 The message was rejected because of Sender Policy Framework violation",
     "spf-fail"},
    {"550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
     "list-not-allowed"},
    {"550 5.7.520 Access denied, Your organization does not allow external forwarding.", "",
     "does not allow forwarding"},
    {"550 5.7.999 Something new", "", "not in the IANA registry", "5.1.1"},

    // Yahoo, Amazon, filters
    {"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or "
     "user complaints - 4.16.55.1",
     "reputation-defer"},
    {"421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT "
     "succeed.",
     "", "later attempts alone do not change that"},
    {"554 5.7.9 Message not accepted for policy reasons.", "", "Yahoo", "stronger mechanism"},
    {"554 delivery error: dd This user doesn't have a yahoo.com account (bob@yahoo.com) [0]",
     "rcpt-unknown"},
    {"553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in "
     "Spamhaus's list",
     "dnsbl-listed"},
    {"454 4.7.1 Throttling failure: Daily message quota exceeded.", "rate-message", "",
     "mailbox-full"},
    {"554 5.7.1 Spam message rejected", "spam"},
    {"550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.", ""},
    {"550 5.7.1 550 User Unknown", "rcpt-unknown"},
    {"550 Requested action not taken: mailbox unavailable", ""},
    {"450 Requested mail action not taken: mailbox unavailable", "", "", "rcpt-unknown"},
    {"451 4.4.3 SPF lookup failed temporarily", "spf-temperror"},
    {"450 4.7.1 SPF check did not pass", "", "The words suggest spf-fail", "could not be fetched"},
    {"550 5.7.30 REQUIRETLS support required", "requiretls-unsupported", "", "Google"},
    {"550 5.7.27 Sender address has null MX", "sender-null-mx", "", "Google"},
    {"550 5.7.29 ARC validation failure", "arc-fail", "", "Google"},
    {"556 5.1.10 Recipient address has null MX", "rcpt-domain-null-mx"},

    {"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "relay-denied",
     "553 5.7.1, permanent", "no enhanced code"},
    {"550 sorry, no mailbox here by that name. (#5.1.1)", "rcpt-unknown"},
    {"554 5.7.0 Reject, id=01234-05 - INFECTED: Eicar-Test-Signature", "virus"},
    {"554 mx.example.org ESMTP not accepting messages", "client-blocked"},
    {"550-5.7.1 This message does not have authentication information or fails to pass "
     "authentication checks (SPF or DKIM).",
     "auth-multiple-failed"},
    {"550 5.7.1 <x>: Helo command rejected: go away", "", "", "Sendmail"},
    {"503 5.5.1 Error: need MAIL command", "bad-sequence"},

    // as they stand in logs and bounces
    {"to=<spam@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=587 dsn=5.7.1, status=bounced "
     "(host mx.b.example[192.0.2.1] said: 550-5.7.1 Relay access 550 5.7.1 denied (in reply to "
     "RCPT TO command))",
     "relay-denied"},
    {"<bob@b.example>: host mx.b.example[192.0.2.1] said: 550 5.7.1\n    Relaying denied (in reply "
     "to RCPT TO command)",
     "relay-denied"},
    {"mail.example.org port 587 said: 535 5.7.8 Error", "auth-failed"},
};

/// The explanation on one line, since lines are wrapped anywhere.
std::string unwrapped(std::string_view what) {
  const auto result = explain_code(what, CodesFormat::text);
  if (!result) return {};
  std::string line;
  for (const char c : *result) {
    const bool space = c == ' ' || c == '\n';
    if (!space || (!line.empty() && line.back() != ' ')) line += space ? ' ' : c;
  }
  return line;
}

TEST(CodesReplies, GetTheCauseThatStandsBehindThem) {
  for (const auto& row : replies) {
    SCOPED_TRACE(row.reply);
    const auto query = read_codes_query(row.reply);
    ASSERT_TRUE(query);
    const auto found = find_out(*query);
    EXPECT_EQ(found.likely == nullptr ? "" : std::string(found.likely->id), row.reason);
    const auto text = unwrapped(row.reply);
    EXPECT_THAT(text, HasSubstr(row.says));
    if (*row.never != '\0') {
      EXPECT_THAT(text, Not(HasSubstr(row.never)));
    }
  }
}

/// Words that only one class of reply may be advised with.
constexpr const char* of_waiting[] = {"Wait", "and wait", "only wait", "tries again", "try again"};
constexpr const char* of_giving_up[] = {"gives up", "given up", "refused again",
                                        "same again does not help"};

void expect_advice_of_class(const Explanation& found) {
  const auto advice = found.who + ". " + found.what_to_do;
  if (found.klass == 5) {
    for (const auto* words : of_waiting) EXPECT_THAT(advice, Not(HasSubstr(words)));
  } else if (found.klass == 4) {
    for (const auto* words : of_giving_up) EXPECT_THAT(advice, Not(HasSubstr(words)));
  }
}

TEST(CodesReplies, NeverAdviseToWaitForWhatWasGivenUp) {
  for (const auto& row : replies) {
    SCOPED_TRACE(row.reply);
    const auto query = read_codes_query(row.reply);
    ASSERT_TRUE(query);
    expect_advice_of_class(find_out(*query));
  }
  for (const auto& entry : enhanced_codes()) {
    for (const char* code : {"450", "421", "550", "554"}) {
      const auto asked = std::string(code) + ' ' + code[0] + '.' + std::to_string(entry.subject) +
                         '.' + std::to_string(entry.detail);
      SCOPED_TRACE(asked);
      for (const auto& question : {asked, asked.substr(4)}) {
        const auto query = read_codes_query(question);
        ASSERT_TRUE(query);
        expect_advice_of_class(find_out(*query));
      }
    }
  }
  for (const auto& row : basic_codes()) {
    SCOPED_TRACE(row.code);
    expect_advice_of_class(find_out(*read_codes_query(std::to_string(row.code))));
  }
}

TEST(CodesReplies, AreSpokenOfInTheirOwnClassOnly) {
  for (const auto& entry : enhanced_codes()) {
    for (const int klass : {4, 5}) {
      const auto rest = '.' + std::to_string(entry.subject) + '.' + std::to_string(entry.detail);
      const auto found = find_out(*read_codes_query(std::to_string(klass) + rest));
      EXPECT_THAT(found.who + found.what_to_do, Not(HasSubstr(std::to_string(9 - klass) + rest)))
          << klass << rest;
    }
  }
}

TEST(CodesReplies, WithoutEnhancedCodeListNoReasons) {
  EXPECT_THAT(unwrapped("550 no"), Not(HasSubstr("Reasons of Postern")));
  EXPECT_THAT(unwrapped("550"), Not(HasSubstr("Reasons of Postern")));
  EXPECT_THAT(unwrapped("550 5.1.1"), HasSubstr("Reasons of Postern"));
}

TEST(CodesReplies, OfMisusedCodesSayBothMeanings) {
  for (const char* code : {"550 5.7.30", "5.7.30", "550 5.7.27", "554 5.7.9"}) {
    const auto text = unwrapped(code);
    EXPECT_THAT(text, Not(HasSubstr("Most likely cause"))) << code;
    EXPECT_THAT(text, HasSubstr("Where it says")) << code;
  }
  EXPECT_THAT(unwrapped("550 5.7.30"), HasSubstr("no DKIM signature passes"));
  EXPECT_THAT(unwrapped("550 5.7.30"), HasSubstr("REQUIRETLS"));
}

TEST(CodesTables, NameReasonsThatExistAndSayWhatToDo) {
  const auto is_lower = [](std::string_view words) {
    return std::none_of(words.begin(), words.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  };
  for (const auto& row : all_phrases()) {
    EXPECT_NE(find_reason(row.reason), nullptr) << row.words;
    EXPECT_TRUE(row.counterpart.empty() || find_reason(row.counterpart) != nullptr) << row.words;
    EXPECT_TRUE(is_lower(row.words)) << row.words;
  }
  for (const auto& row : all_known_uses()) {
    const auto where = std::string(row.form) + ' ' + std::string(row.words);
    EXPECT_TRUE(row.reason.empty() || find_reason(row.reason) != nullptr) << where;
    EXPECT_TRUE(row.counterpart.empty() || find_reason(row.counterpart) != nullptr) << where;
    EXPECT_TRUE(is_lower(row.words)) << where;
    EXPECT_TRUE(row.meaning.ends_with('.')) << where;
    EXPECT_EQ(row.who.empty(), row.what_to_do.empty()) << where;
    EXPECT_TRUE(row.reason.empty() || row.who.empty()) << where;
    EXPECT_FALSE(row.form.empty() && row.words.empty());
  }
}

TEST(CodesTables, HaveNoRowThatAnEarlierOneHides) {
  for (const auto& row : all_phrases()) {
    auto said = std::string(row.words);
    for (auto at = said.find('*'); at != std::string::npos; at = said.find('*')) said[at] = 'x';
    const auto found = phrases_in(said);
    ASSERT_FALSE(found.empty()) << row.words;
    EXPECT_EQ(found.front(), &row) << row.words << " is hidden by " << found.front()->words;
  }
}

std::set<std::string> found_for(std::string_view what) {
  const auto result = explain_code(what, CodesFormat::text);
  std::set<std::string> ids;
  if (!result) return ids;
  std::string_view rest = *result;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.size() > 2) ids.insert(std::string(line.substr(2, line.find(' ', 2) - 2)));
  }
  return ids;
}

TEST(CodesSearch, FindsReasonsByOtherFormsAndNamesOfAWord) {
  struct {
    const char* word;
    const char* reason;
    const char* never;
  } const searches[] = {
      {"greylisting", "greylisted", "spf-softfail"},
      {"graylisted", "greylisted", "spf-softfail"},
      {"blacklist", "dnsbl-listed", "greylisted"},
      {"blacklisted", "client-blocked", "greylisted"},
      {"blocklist", "dnsbl-listed", "greylisted"},
      {"spamhaus", "dnsbl-listed", "spam"},
      {"rbl", "dnsbl-listed", "spam"},
      {"relaying", "relay-denied", "spam"},
      {"antivirus", "virus", "spam"},
      {"spoofing", "helo-forged", "spam"},
      {"SSL", "tls-required", "spam"},
      {"throttling", "rate-message", "spam"},
      {"unknown users", "rcpt-unknown", "spam"},
  };
  for (const auto& row : searches) {
    EXPECT_THAT(found_for(row.word), testing::Contains(row.reason)) << row.word;
    EXPECT_THAT(found_for(row.word), Not(testing::Contains(row.never))) << row.word;
  }
}

}  // namespace
}  // namespace postern
