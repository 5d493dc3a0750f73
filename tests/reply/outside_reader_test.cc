// List managers strike addresses off their lists by what classifiers of bounces make of our
// replies. Each reply of the catalogue has to be read as it is meant, however it travels back.
#include "support/outside_reader.h"

#include "postern/reason.h"
#include "reply/compose.h"
#include "reply/pages.h"
#include "reply/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace postern::test {
namespace {

/// What each reply means, in the reader's words. securityerror is its word for a refusal by policy
/// that has no closer one; a list manager keeps the address.
const std::map<std::string_view, std::string_view>& meant() {
  static const std::map<std::string_view, std::string_view> table{
      {"rcpt-unknown", "userunknown"},
      {"rcpt-lookup-failed", "systemerror"},
      {"rcpt-domain-bad", "hostunknown"},
      {"rcpt-domain-null-mx", "notaccept"},
      {"rcpt-syntax", "userunknown"},
      {"rcpt-ambiguous", "filtered"},
      {"rcpt-moved", "hasmoved"},
      {"rcpt-moved-to", "hasmoved"},
      {"mailbox-disabled", "suspend"},
      {"mailbox-disabled-temp", "suspend"},
      {"mailbox-full", "mailboxfull"},
      {"mailbox-full-perm", "mailboxfull"},
      {"mailbox-size-limit", "exceedlimit"},
      {"mailbox-busy-rate", "speeding"},
      {"list-expansion-temp", "systemerror"},
      {"list-not-allowed", "rejected"},
      {"rcpt-policy", "rejected"},
      {"relay-denied", "norelaying"},
      {"too-many-recipients", "toomanyconn"},
      {"too-many-recipients-policy", "toomanyconn"},
      {"no-valid-recipients", "syntaxerror"},
      {"rrvs-owner-changed", "hasmoved"},
      {"rrvs-domain-changed", "hasmoved"},
      {"rrvs-unknown", "securityerror"},
      {"sender-syntax", "rejected"},
      {"sender-domain-bad", "rejected"},
      {"sender-domain-temp", "rejected"},
      {"sender-null-mx", "rejected"},
      {"sender-mx-bogus", "rejected"},
      {"sender-unverified", "rejected"},
      {"sender-blocked", "rejected"},
      {"sender-not-owner", "rejected"},
      {"sender-utf8-not-allowed", "contenterror"},
      {"rcpt-utf8-not-allowed", "contenterror"},
      {"utf8-message-not-deliverable", "contenterror"},
      {"utf8-header-undeclared", "contenterror"},
      {"helo-missing", "syntaxerror"},
      {"helo-syntax", "blocked"},
      {"helo-not-fqdn", "blocked"},
      {"helo-forged", "blocked"},
      {"helo-unresolvable", "blocked"},
      {"helo-lookup-temp", "systemerror"},
      {"client-no-rdns", "requireptr"},
      {"client-rdns-temp", "systemerror"},
      {"dnsbl-listed", "blocked"},
      {"dnsbl-listed-connect", "blocked"},
      {"client-blocked", "blocked"},
      {"client-country", "blocked"},
      {"reputation-defer", "badreputation"},
      {"reputation-reject", "badreputation"},
      {"greylisted", "blocked"},
      {"rate-connection", "toomanyconn"},
      {"concurrency", "toomanyconn"},
      {"rate-message", "speeding"},
      {"rate-recipient", "speeding"},
      {"too-many-errors", "toomanyconn"},
      {"harvest", "toomanyconn"},
      {"mail-flood", "spamdetected"},
      {"early-talker", "policyviolation"},
      {"pipelining-abuse", "syntaxerror"},
      {"host-accepts-no-mail", "notaccept"},
      {"tls-required", "securityerror"},
      {"tls-too-weak", "securityerror"},
      {"auth-required", "securityerror"},
      {"requiretls-unsupported", "securityerror"},
      {"spf-fail", "authfailure"},
      {"spf-temperror", "authfailure"},
      {"spf-permerror", "authfailure"},
      {"dkim-none", "authfailure"},
      {"dkim-unacceptable", "authfailure"},
      {"dkim-author-mismatch", "authfailure"},
      {"dkim-temperror", "authfailure"},
      {"dmarc-reject", "authfailure"},
      {"dmarc-temperror", "systemerror"},
      {"dmarc-multiple-from", "policyviolation"},
      {"auth-multiple-failed", "authfailure"},
      {"arc-fail", "authfailure"},
      {"spam", "spamdetected"},
      {"spam-defer", "spamdetected"},
      {"virus", "virusdetected"},
      {"attachment-forbidden", "securityerror"},
      {"unscannable", "securityerror"},
      {"malformed-message", "contenterror"},
      {"bare-newline", "syntaxerror"},
      {"line-too-long", "contenterror"},
      {"too-many-hops", "networkerror"},
      {"message-too-big", "mesgtoobig"},
      {"conversion-needed", "contenterror"},
      {"media-unsupported", "contenterror"},
      {"priority-too-low", "securityerror"},
      {"priority-size", "mesgtoobig"},
      {"storage-full", "systemfull"},
      {"shutdown", "notaccept"},
      {"overload", "notaccept"},
      {"internal-error", "systemerror"},
      {"misconfigured", "systemerror"},
      {"dependency-down", "systemerror"},
      {"dns-timeout", "systemerror"},
      {"idle-timeout", "networkerror"},
      {"policy-reject", "policyviolation"},
      {"policy-defer", "securityerror"},
      {"cmd-unknown", "syntaxerror"},
      {"cmd-too-long", "syntaxerror"},
      {"arg-syntax", "syntaxerror"},
      {"cmd-not-implemented", "syntaxerror"},
      {"bad-sequence", "syntaxerror"},
      {"mail-param-unknown", "syntaxerror"},
      {"mail-param-temp", "systemerror"},
      {"param-not-implemented", "syntaxerror"},
  };
  return table;
}

/// Where a reply is read as something else, and why it stays so.
struct Misread {
  std::string_view reason;
  std::string_view as;
  std::string_view why;
};
constexpr std::string_view colon =
    "its words for a bad HELO need a colon, which no text of ours has; where its HELO list asks "
    "the "
    "policy service, Postfix puts them in front of our text";
constexpr std::string_view argument = "it takes every X.5.4 for a fault of the system";
constexpr std::string_view nobody =
    "spoken at RCPT, its code is taken for the recipient's whatever the words; but the report goes "
    "to an address that takes no mail, so no list manager reads it";
constexpr Misread misread[] = {
    {"helo-syntax", "systemerror", colon},
    {"helo-not-fqdn", "securityerror", colon},
    {"helo-forged", "securityerror", colon},
    {"helo-unresolvable", "securityerror", colon},
    {"greylisted", "securityerror",
     "it has no word for greylisting; the nearest idiom it knows means spam"},
    {"list-expansion-temp", "filtered", "it takes every X.2.4 for a filter"},
    {"dkim-temperror", "securityerror", "it takes X.7.5 so, whatever the words"},
    {"no-valid-recipients", "onhold",
     "554 5.5.1 tells it nothing, and any word that does would be about one recipient"},
    {"arg-syntax", "systemerror", argument},
    {"mail-param-unknown", "systemerror", argument},
    {"param-not-implemented", "systemerror", argument},
    {"sender-unverified", "userunknown", nobody},
    {"sender-null-mx", "notaccept", nobody},
};

constexpr std::array stages = {ReplyStage::connect, ReplyStage::helo, ReplyStage::mail,
                               ReplyStage::rcpt,    ReplyStage::data, ReplyStage::end_of_message};

/// With nothing known of the transaction, and with what usually is.
std::vector<FieldValues> usual_values() {
  return {{},
          {{"client_address", "192.0.2.7"},
           {"client_name", "mail.example.net"},
           {"helo", "mail.example.net"},
           {"host", "mx1.example.org"},
           {"sender", "anna@example.net"},
           {"sender_domain", "example.net"},
           {"recipient", "bob@example.org"},
           {"recipient_domain", "example.org"},
           {"list", "zen.example"},
           {"listed_value", "192.0.2.7"},
           {"wait", "5 minutes"},
           {"limit", "20 MB"},
           {"spf_domain", "example.net"},
           {"dkim_domain", "example.net"},
           {"from_domain", "example.net"},
           {"tls_version", "TLSv1"}}};
}

/// Where a rule with this reason is answered: at its own stages, and at later ones up to RCPT.
bool is_spoken_at(const Reason& reason, ReplyStage stage) {
  if (reason.stages.contains(stage)) return true;
  return stage <= ReplyStage::rcpt && std::any_of(stages.begin(), stages.end(), [&](auto earlier) {
           return earlier < stage && reason.stages.contains(earlier);
         });
}

Reply reply_of(const Reason& reason, ReplyForm form, ReplyStage stage, const FieldValues& values) {
  static const ReplyIdentity identity{"mx1.example.org", "postmaster@example.org",
                                      "https://mail.example.org/why/{reason}#{ref}"};
  const auto reference = Reference::make(
      std::chrono::system_clock::time_point(std::chrono::seconds(1'795'000'000)), 1, 2);
  return *compose(reason, form, stage, "", values, identity, reference);
}

/// As sent by the milter, and seen by a sending server of each kind.
std::vector<std::string> reports_of(const Reply& reply) {
  const Refused refused{render_for_milter(reply, 0).expected, reply.stage()};
  return {report_of_postfix(refused), report_of_sendmail(refused)};
}

TEST(OutsideReader, ReadsEachReplyAsItIsMeantOrAsTheListSays) {
  std::size_t read = 0;
  std::set<std::string_view> needed;
  for (const auto& reason : all_reasons()) {
    if (!has_page(reason)) continue;
    const auto expected = meant().find(reason.id);
    ASSERT_NE(expected, meant().end()) << reason.id;
    for (const auto stage : stages) {
      const auto form = form_at(reason, std::nullopt, stage);
      if (!form || !is_spoken_at(reason, stage)) continue;
      for (const auto& values : usual_values()) {
        for (const auto& report : reports_of(reply_of(reason, *form, stage, values))) {
          ++read;
          const auto as = read_by_outsider(report);
          if (as == expected->second) continue;
          const auto* excuse = std::find_if(
              std::begin(misread), std::end(misread),
              [&](const Misread& row) { return row.reason == reason.id && row.as == as; });
          EXPECT_NE(excuse, std::end(misread))
              << reason.id << " is read as " << as << ", not " << expected->second << '\n'
              << report;
          if (excuse != std::end(misread)) needed.insert(excuse->reason);
        }
      }
    }
  }
  EXPECT_GT(read, 900U);
  // An excuse that is needed no more has to go.
  EXPECT_EQ(needed.size(), std::size(misread));
  EXPECT_EQ(meant().size(), static_cast<std::size_t>(std::count_if(all_reasons().begin(),
                                                                   all_reasons().end(), has_page)));
}

/// What makes a list manager strike an address off, when it is for good.
bool is_gone(std::string_view reading) {
  return reading == "userunknown" || reading == "hostunknown" || reading == "hasmoved" ||
         reading == "notaccept";
}

/// Where a recipient is taken for gone all the same.
constexpr Misread taken_for_gone[] = {
    {"sender-unverified", "userunknown", nobody},
    {"sender-null-mx", "notaccept", nobody},
    {"sender-syntax", "userunknown",
     "asked in its recipient list, Postfix makes X.1.0 of the code; nobody reads it, as above"},
    {"sender-domain-bad", "userunknown", "the same"},
    {"rcpt-ambiguous", "userunknown",
     "asked in its sender list, Postfix makes X.1.0 of the code; the address is no good either "
     "way"},
};

/// By any code that an administrator may choose, at any stage it can be spoken at, by either door,
/// whichever list of Postfix asks.
TEST(OutsideReader, TakesNoRecipientForGoneForWhatIsNotTheRecipients) {
  struct Asked {
    PolicyContext list;
    std::string_view prefix;
  };
  constexpr std::array lists{
      Asked{PolicyContext::client, "<mail.example.net[192.0.2.7]>: Client host rejected: "},
      Asked{PolicyContext::helo, "<mail.example.net>: Helo command rejected: "},
      Asked{PolicyContext::sender, "<anna@example.net>: Sender address rejected: "},
      Asked{PolicyContext::recipient, "<bob@example.org>: Recipient address rejected: "},
      Asked{PolicyContext::data, "<DATA>: Data command rejected: "},
      Asked{PolicyContext::end, "<END-OF-MESSAGE>: End-of-data rejected: "}};
  std::size_t read = 0;
  std::set<std::string_view> needed;
  for (const auto& reason : all_reasons()) {
    if (!has_page(reason) || is_gone(meant().at(reason.id))) continue;
    for (const auto stage : stages) {
      for (const auto& wish : allowed_forms(reason)) {
        const auto form = form_at(reason, wish, stage);
        if (!form || form->code.first_digit() != 5 || !is_spoken_at(reason, stage)) continue;
        for (const auto& values : usual_values()) {
          const auto reply = reply_of(reason, *form, stage, values);
          auto reports = reports_of(reply);
          for (const auto& [list, prefix] : lists) {
            const auto answer = render_for_policy(reply, reason, list, prefix.size());
            const auto codes = answer.sent.text();
            const auto line =
                codes + ' ' + std::string(prefix) + answer.expected.substr(codes.size() + 1);
            reports.push_back(report_of_postfix({{line}, stage}));
          }
          for (const auto& report : reports) {
            ++read;
            const auto as = read_by_outsider(report);
            if (!is_gone(as)) continue;
            const auto* excuse = std::find_if(
                std::begin(taken_for_gone), std::end(taken_for_gone),
                [&](const Misread& row) { return row.reason == reason.id && row.as == as; });
            EXPECT_NE(excuse, std::end(taken_for_gone)) << reason.id << '\n' << report;
            if (excuse != std::end(taken_for_gone)) needed.insert(excuse->reason);
          }
        }
      }
    }
  }
  EXPECT_GT(read, 3000U);
  EXPECT_EQ(needed.size(), std::size(taken_for_gone));
}

/// The reader itself, by replies of others and what Sisimai was seen to make of them.
TEST(OutsideReader, ReadsRepliesOfOthersAsItsModelDoes) {
  const auto reading = [](const std::string& line) {
    return read_by_outsider(report_of_postfix({{line}, ReplyStage::rcpt}));
  };
  EXPECT_EQ(reading("452 4.2.2 Greylisted, please come back later"), "mailboxfull");
  EXPECT_EQ(reading("550 5.1.2 Relay not allowed."), "hostunknown");
  EXPECT_EQ(reading("503 5.5.3 Message rejected."), "toomanyconn");
  EXPECT_EQ(reading("451 4.7.1 Ratelimit \"user\" exceeded"), "blocked");
  EXPECT_EQ(reading("550 Mail appeared to be SPAM or forged."), "onhold");
  EXPECT_EQ(reading("554 5.7.1 <bob@example.org>: Relay access denied"), "norelaying");
  EXPECT_EQ(reading("550 5.7.23 Not allowed by SPF"), "authfailure");
}

}  // namespace
}  // namespace postern::test
