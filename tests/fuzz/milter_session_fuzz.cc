// Feeds a Session any events in any order. Whatever an MTA does: no crash, every refusal has just
// set its own reply of the right class, no answer where none is due, and a message's record holds
// that message's sender and recipients only.
#include "milter/session.h"
#include "reply/compose.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace postern;
using milter_door::Session;
using milter_door::Status;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Takes octets from the front of the input; zeros at its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  std::uint8_t octet() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  std::string text() {
    std::string result;
    for (std::size_t left = octet() % 64; left > 0 && size_ > 0; --left) {
      const auto c = static_cast<char>(octet());
      if (c != '\0') result += c;  // libmilter hands over C strings
    }
    return result;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

class FuzzLink final : public milter_door::Link {
 public:
  std::map<std::string, std::string> macros;
  std::string code;  ///< of the reply set in this callback
  bool refuse_replies = false;

  const char* macro(const char* name) override {
    const auto found = macros.find(name);
    return found == macros.end() ? nullptr : found->second.c_str();
  }
  bool set_reply(const MilterReply& reply) noexcept override {
    require(!reply.lines.empty() && reply.lines.size() <= 32);
    for (const auto& line : reply.lines) require(!line.empty() && line.size() <= 980);
    if (refuse_replies) return false;
    code = reply.code;
    return true;
  }
  bool insert_header(const std::string& name, const std::string& value) noexcept override {
    require(name.find_first_of("\r\n:") == std::string::npos);
    require(value.find_first_of("\r\n") == std::string::npos);
    return !refuse_replies;
  }
  bool delete_header(const std::string&, int index) noexcept override {
    require(index > 0);
    return !refuse_replies;
  }
  bool add_recipient(const std::string&) noexcept override { return !refuse_replies; }
  bool remove_recipient(const std::string&) noexcept override { return !refuse_replies; }
  bool hold(const std::string&) noexcept override { return !refuse_replies; }
};

Decision decide(const Transaction& transaction) {
  const std::string key = transaction.recipient.is_told() ? transaction.recipient.value().text()
                                                          : transaction.sender.value().text();
  const auto choice = key.empty() ? 0 : static_cast<unsigned char>(key[0]) % 6;
  if (choice == 5) throw std::runtime_error("a bug");
  Decision decision;
  decision.rule = RulePlace{"rule", "fuzz", 1, transaction.stage};
  if (choice == 1) {
    decision.verdict = Verdict::accept;
    decision.scope = AcceptScope::message;
  } else if (choice == 2 || choice == 3) {
    const auto* reason = find_reason(choice == 2 ? "policy-reject" : "policy-defer");
    if (reason == nullptr) throw std::runtime_error("no such reason");
    const auto spoken = reply_stage(transaction.stage);
    const auto form = form_at(*reason, std::nullopt, spoken);
    if (!form) throw std::runtime_error("no form");
    decision.verdict = choice == 2 ? Verdict::reject : Verdict::defer;
    decision.reason = reason;
    decision.reply = compose(*reason, *form, spoken, {}, field_values(transaction),
                             {"mx.example", "postmaster@example.org", ""}, transaction.reference)
                         .value();
  } else if (choice == 4) {
    decision.verdict = Verdict::reject;  // without a reply: a bug of the core
  }
  return decision;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  DoorCounters counters;
  MailAddress sender;
  std::size_t accepted = 0;
  FuzzLink link;

  milter_door::SessionSetup setup;
  const auto mask = input.octet();
  for (std::size_t i = 0; i < stage_count; ++i) setup.plan.rules[i] = (mask >> i & 1) != 0;
  setup.plan.speak = (mask & 0x80) != 0 ? Speak::stage : Speak::rcpt;
  setup.identity = {"mx.example", "postmaster@example.org", ""};
  setup.decide = [](const Transaction& transaction, Facts facts,
                    const std::function<void(Outcome)>& closed) {
    auto decision = decide(transaction);
    closed({decision, std::move(facts), {}, {}});
    return decision;
  };
  setup.submit = [&](const Record& record) {
    if (record.transaction.stage != Stage::end_of_message || record.kind != RecordKind::decision) {
      return Kept::record;
    }
    // Trouble before the transaction was complete has no recipients to show.
    if (!record.transaction.recipients.is_told()) return Kept::record;
    require(record.transaction.sender.value() == sender);
    require(record.transaction.recipients.value().size() == accepted);
    return Kept::record;
  };
  setup.pause = [](std::chrono::milliseconds) { return true; };
  setup.next_reference = [] { return Reference::make({}, 1, 1); };
  setup.now = [] { return std::chrono::system_clock::time_point{}; };
  setup.utc_offset = [](auto) { return std::chrono::seconds(0); };
  setup.complain = [](std::string_view) {};
  setup.counters = &counters;
  Session session(std::move(setup));

  milter_door::Negotiated agreed;
  if (input.octet() % 2 == 0) {
    const std::uint32_t steps = input.octet() * 0x2041U;
    agreed = session.negotiate(0x1ff, steps);
    require((agreed.steps & ~steps) == 0);
  }
  const auto check = [&](Stage stage, Status status) {
    if (status == Status::reject) require(!link.code.empty() && link.code[0] == '5');
    if (status == Status::tempfail) {
      require(link.refuse_replies || (!link.code.empty() && link.code[0] == '4'));
    }
    if (status == Status::proceed || status == Status::no_reply) require(link.code.empty());
    // Whoever is not waited for must not answer, and whoever is waited for must.
    require((status == Status::no_reply) == agreed.no_reply_at(stage));
  };

  while (!input.empty()) {
    link.code.clear();
    const auto operation = input.octet() % 13;
    const auto first = input.text();
    const std::vector<std::string_view> arguments{first, "SIZE=12"};
    switch (operation) {
      case 0: {
        sockaddr_in address{};
        address.sin_family = input.octet() % 2 == 0 ? AF_INET : AF_UNIX;
        address.sin_port = input.octet();
        check(Stage::connect,
              session.connect(first, reinterpret_cast<const sockaddr*>(&address), link));
        accepted = 0;
        break;
      }
      case 1:
        check(Stage::helo, session.helo(first, link));
        accepted = 0;
        break;
      case 2:
        sender = MailAddress::from_envelope(first);
        accepted = 0;
        check(Stage::mail, session.mail(arguments, link));
        break;
      case 3: {
        const auto status = session.rcpt(arguments, link);
        check(Stage::rcpt, status);
        if (status == Status::proceed) ++accepted;
        break;
      }
      case 4:
        check(Stage::data, session.data(link));
        break;
      case 5:
        static_cast<void>(session.header(first, input.text()));
        break;
      case 6:
        check(Stage::end_of_headers, session.end_of_headers(link));
        break;
      case 7:
        static_cast<void>(session.body(first.size()));
        break;
      case 8:
        check(Stage::end_of_message, session.end_of_message(link));
        accepted = 0;
        break;
      case 9:
        session.abort();
        accepted = 0;
        break;
      case 10:
        link.macros["i"] = first;
        break;
      case 11: {
        constexpr std::array names{"{client_resolve}", "{client_name}", "{tls_version}",
                                   "{auth_authen}",    "{nrcpts}",      "{msg_size}"};
        const auto* const name = names[input.octet() % names.size()];
        link.macros[name] = first;
        break;
      }
      default:
        link.refuse_replies = input.octet() % 2 == 0;
    }
  }
  return 0;
}
