#include "decided_records.h"

#include "postern/policy.h"
#include "reply/render.h"

#include <cstdio>
#include <cstdlib>
#include <variant>

namespace postern::bench {
namespace {

constexpr const char* begin_text = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
help = "https://mail.example.org/why/{reason}#{ref}"

[table.local_domains]
kind = "domain"
entries = ["example.org", "example.net"]
[table.always_reachable]
kind = "address"
entries = ["postmaster@", "abuse@"]
[table.blocked_networks]
kind = "cidr"
entries = ["203.0.113.0/24", "192.0.2.0/28"]
[table.blocked_senders]
kind = "domain"
entries = ["spam.example", "junk.example"]

[[rule]]
name = "postmaster and abuse are always reachable"
when = '(recipient.domain in local_domains or recipient.domain == "") and recipient in always_reachable'
accept = "stage"
[[rule]]
name = "blocked networks"
stage = "rcpt"
when = 'client.ip in blocked_networks and not client.authenticated'
reject = "client-blocked"
[[rule]]
name = "blocked senders"
stage = "rcpt"
when = 'sender.domain in blocked_senders'
reject = "sender-blocked"
[[rule]]
name = "unknown recipients"
stage = "rcpt"
when = 'recipient.local starts_with "gone"'
reject = "rcpt-unknown"
)";

std::string policy_text() {
  std::string text = begin_text;
  for (int i = 0; i < 26; ++i) {
    const auto n = std::to_string(i);
    const std::string conditions[] = {
        "helo ends_with \".dyn" + n + ".example.net\" and not client.authenticated",
        "sender == \"bulk" + n + "@news.example\" or sender == \"more" + n + "@news.example\"",
        "client.ip in [\"10.1." + n + ".0/24\"]",
        "recipient.domain in [\"old" + n + ".example\", \"older" + n + ".example\"]"};
    text += "[[rule]]\nname = \"a rule of the site, number " + n +
            "\"\nstage = \"rcpt\"\nwhen = '" + conditions[i % 4] +
            "'\nreject = \"policy-reject\"\n";
  }
  return text;
}

}  // namespace

std::shared_ptr<const Policy> some_policy(const std::string& extra) {
  const auto text = policy_text() + extra;
  const auto compiled = Policy::compile(
      "postern.toml", FileReader([&](const std::string&) { return Result<std::string>(text); }));
  if (!compiled) {
    std::fprintf(stderr, "%s", render(compiled.problems()).c_str());
    std::exit(1);
  }
  return compiled->policy;
}

std::string DecidedRecords::word(int letters) {
  std::string text;
  for (int i = 0; i < letters; ++i) text += static_cast<char>('a' + random_() % 26);
  return text;
}

Record DecidedRecords::next() {
  Record record;
  auto& transaction = record.transaction;
  // Some thirty a second.
  time_ += std::chrono::microseconds(random_() % 66'000);
  transaction.time = time_;
  transaction.reference = Reference::make(time_, 5, static_cast<unsigned>(number_ % 256));
  transaction.door = Door::policy;
  transaction.stage = Stage::rcpt;
  const auto host = word(8) + ".example.net";
  transaction.client.address = IpAddress::parse("198.51." + std::to_string(random_() % 256) + '.' +
                                                std::to_string(random_() % 256));
  transaction.client.port = static_cast<std::uint16_t>(1024 + random_() % 60'000);
  transaction.client.name = host;
  transaction.client.reverse_name = host;
  transaction.helo = host;
  transaction.extended_smtp = true;
  transaction.tls.version = std::string("TLSv1.3");
  transaction.tls.cipher = std::string("TLS_AES_256_GCM_SHA384");
  transaction.tls.bits = std::int64_t{256};
  transaction.authentication.user = Told<std::string>::absent();
  const bool junk = random_() % 10 == 0;
  transaction.sender =
      MailAddress::from_unquoted(word(7) + "@" + (junk ? std::string("spam.example") : host));
  const bool gone = random_() % 10 == 0;
  transaction.recipient = MailAddress::from_unquoted(
      (gone ? "gone" : "user") + std::to_string(random_() % 3000) + "@example.org");
  transaction.instance = "437b." + std::to_string(number_) + ".c35ad.0";
  transaction.policy_context = "recipient";
  ++number_;
  record.policy = policy_;
  record.decision =
      std::get<Decision>(evaluate(*policy_, transaction, record.facts, Detail::verdict));
  record.elapsed = std::chrono::microseconds(20 + random_() % 300);
  record.sent = SentReply{"action=DUNNO", {}, "", Stage::rcpt, {}};
  if (record.decision.reply) {
    // As the policy service says it: a replay tells when what was sent does not follow.
    const auto answer = render_for_policy(*record.decision.reply, *record.decision.reason,
                                          PolicyContext::recipient, 0);
    record.sent->answer = "action=" + answer.action;
    record.sent->expected = {answer.expected};
    record.sent->condition = answer.condition;
  }
  return record;
}

}  // namespace postern::bench
