// Whole dialogues of real rules with Postfix's lists, word for word in tests/golden/policy/.
#include "support/golden.h"
#include "tests/policy/door_fixture.h"

namespace postern::policy_door::test {
namespace {

constexpr const char* policy_lines = R"(
[table.partners]
kind = "cidr"
entries = ["198.51.100.0/24"]

[table.blocked]
kind = "cidr"
entries = ["203.0.113.0/24"]

[[rule]]
name = "partners are welcome"
when = 'client.ip in partners'
accept = "session"

[[rule]]
name = "blocked networks"
when = 'client.ip in blocked'
reject = "client-blocked"

[[rule]]
name = "nobody of that name"
when = 'recipient == "nobody@test.example"'
reject = "rcpt-unknown"

[[rule]]
name = "first contact waits"
when = 'recipient == "slow@test.example"'
defer = "greylisted"

[[rule]]
name = "small messages only, as declared"
when = 'declared_size > 1000000'
reject = "message-too-big"

[[rule]]
name = "small messages only"
when = 'size > 1000000'
reject = "message-too-big"
)";

class Transcript : public DoorTest {
 protected:
  Transcript() : DoorTest(policy_lines) {}

  /// Asks, and writes down what differs from an ordinary request, the answer, and the records.
  void ask(const std::string& title, std::string_view state, const Attributes& changes = {}) {
    Decoder decoder;
    decoder.feed(policy_request(state, changes));
    text += "# " + title + "\n> protocol_state=" + std::string(state) + '\n';
    for (const auto& [name, value] : changes) text += "> " + name + '=' + value + '\n';
    test::ask(responder, *decoder.next(), [this](std::optional<std::string> octets) {
      text += octets ? "< " + octets->substr(0, octets->size() - 2) + '\n' : "(closed)\n";
    });
    const auto records = journal.records();
    for (; told < records.size(); ++told) {
      const auto& record = records[told];
      text += "  " + std::string(to_text(record.kind));
      if (record.decision.rule) text += ", by \"" + record.decision.rule->name + '"';
      if (record.sent && !record.sent->condition.empty()) text += ", " + record.sent->condition;
      text += '\n';
    }
    text += '\n';
    clock.advance(std::chrono::seconds(1));
  }

  Driver real{source, clock};
  Responder responder{
      {holder, references, real, ahead, journal, clock, milter_counters, policy_counters}};
  std::string text;
  std::size_t told = 0;
};

TEST_F(Transcript, OneMessageAtEveryListOfPostfix) {
  ask("an unknown recipient, asked by the client list", "RCPT",
      {{"recipient", "nobody@test.example"}, {"policy_context", "client"}});
  ask("the recipient list asks the same", "RCPT",
      {{"recipient", "nobody@test.example"}, {"policy_context", "recipient"}});
  ask("a recipient that may come later", "RCPT", {{"recipient", "slow@test.example"}});
  ask("a good one", "RCPT", {{"recipient", "bob@test.example"}});
  ask("the queue id is known now", "RCPT",
      {{"recipient", "carol@test.example"}, {"queue_id", "4F1C22A0B1"}});
  ask("DATA", "DATA", {{"recipient", ""}, {"recipient_count", "2"}});
  ask("the message", "END-OF-MESSAGE", {{"recipient", ""}, {"recipient_count", "2"}});
  postern::testing::expect_golden("policy/one_message.txt", text);
}

TEST_F(Transcript, ClientsAndSizes) {
  ask("a blocked network", "RCPT", {{"client_address", "203.0.113.9"}});
  ask("the same, client list without a delay", "CONNECT", {{"client_address", "203.0.113.9"}});
  ask("a partner", "RCPT",
      {{"client_address", "198.51.100.7"}, {"recipient", "nobody@test.example"}});
  ask("too large, as the client declares", "RCPT", {{"size", "1000001"}, {"instance", "1"}});
  ask("too large, as it turns out", "END-OF-MESSAGE", {{"size", "1000001"}, {"instance", "2"}});
  ask("VRFY is not ours to decide", "VRFY", {{"recipient", "nobody@test.example"}});
  postern::testing::expect_golden("policy/clients_and_sizes.txt", text);
}

}  // namespace
}  // namespace postern::policy_door::test
