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
#include <map>
#include <set>
#include <string>
#include <utility>
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
constexpr Misread misread[] = {
    {"none", "none", "none"},
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

Reply reply_of(const Reason& reason, ReplyForm form, ReplyStage stage, const FieldValues& values) {
  static const ReplyIdentity identity{"mx1.example.org", "postmaster@example.org",
                                      "https://mail.example.org/why/{reason}#{ref}"};
  const auto reference = Reference::make(
      std::chrono::system_clock::time_point(std::chrono::seconds(1'795'000'000)), 1, 2);
  return *compose(reason, form, stage, "", values, identity, reference);
}

TEST(OutsideReader, ReadsEachReplyAsItIsMeantOrAsTheListSays) {
  std::map<std::string_view, std::string_view> excused;
  for (const auto& row : misread) excused[row.reason] = row.as;
  std::size_t read = 0;
  for (const auto& reason : all_reasons()) {
    if (!has_page(reason)) continue;
    const auto expected = meant().find(reason.id);
    ASSERT_NE(expected, meant().end()) << reason.id;
    for (const auto stage : stages) {
      const auto form = form_at(reason, std::nullopt, stage);
      if (!form) continue;
      for (const auto& values : usual_values()) {
        const auto seen = render_for_milter(reply_of(reason, *form, stage, values), 0).expected;
        const Refused refused{seen, stage};
        for (const auto& report : {report_of_postfix(refused), report_of_sendmail(refused)}) {
          ++read;
          const auto as = read_by_outsider(report);
          const auto excuse = excused.find(reason.id);
          if (excuse != excused.end() && as == excuse->second) continue;
          EXPECT_EQ(as, expected->second) << reason.id << '\n' << report;
        }
      }
    }
  }
  EXPECT_GT(read, 900U);
}

}  // namespace
}  // namespace postern::test
