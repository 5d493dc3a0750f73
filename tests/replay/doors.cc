#include "replay/doors.h"

#include "milter/fake_link.h"
#include "milter/session.h"
#include "policy/codec.h"
#include "policy/responder.h"
#include "rules/settings.h"
#include "support/policy_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <optional>
#include <string_view>

namespace postern::test {
namespace {

using Words = std::vector<const char*>;

const char* one_of(std::mt19937& random, const Words& words) {
  return words[random() % words.size()];
}

bool once_in(std::mt19937& random, unsigned times) { return random() % times == 0; }

Answer any_answer(std::mt19937& random, const Question& question) {
  if (once_in(random, 6)) return Answer::unavailable(one_of(random, {"servfail", "timeout"}));
  Answer answer;
  if (question.kind == QuestionKind::dns && question.subject == "A") {
    answer = once_in(random, 2) ? Answer::nothing() : Answer::found({"127.0.0.2"});
  } else if (question.subject == "sample_counter") {
    answer = Answer::found({std::to_string(random() % 20)});
  } else if (question.cost == QuestionCost::costly) {
    answer = Answer::found({one_of(random, {"low", "high"})});
  } else {
    answer = Answer::found({one_of(random, {"good", "bad", "odd", "temperror"})});
    if (once_in(random, 5)) answer.values.emplace_back("good");
  }
  answer.source.name = "network";
  answer.source.elapsed = std::chrono::microseconds(random() % 5000);
  return answer;
}

const Words clients{"192.0.2.7", "192.0.2.99", "198.51.100.9", "203.0.113.5", "2001:db8::7"};
const Words names{"mail.example.net", "mail.example.com", "host.example.org", "unknown"};
const Words senders{
    "<ann@example.net>",       "<a@example.com>",           "<>",
    "<news@stranger.example>", "<\"odd;one\"@example.net>", "<m\xfcller@example.net>"};
const Words recipients{"<bob@example.org>", "<eve@example.org>", "<Bob@EXAMPLE.org>",
                       "<postmaster>", "<carol@other.example>"};

std::string bare(const char* path) {
  const std::string text(path);
  return text.substr(1, text.size() - 2);
}

}  // namespace

void MoodySource::ask(const Question& question, std::function<void(Answer)> done) {
  if (once_in(random_, 6)) {
    kept_back_.emplace_back(question, std::move(done));
    return;
  }
  done(any_answer(random_, question));
}

void MoodySource::answer_some() {
  // Answers may lead to further questions.
  for (int round = 0; round < 10 && !kept_back_.empty(); ++round) {
    auto waiting = std::move(kept_back_);
    kept_back_.clear();
    std::shuffle(waiting.begin(), waiting.end(), random_);
    for (auto& [question, done] : waiting) {
      if (!once_in(random_, 3)) done(any_answer(random_, question));
    }
  }
  kept_back_.clear();
}

struct Doors::Inside {
  explicit Inside(const Services& services_in) : services(services_in), responder(services_in) {}
  Services services;
  policy_door::Responder responder;
  unsigned messages = 0;
};

Doors::Doors(std::shared_ptr<const Policy> policy, std::mt19937& random, RecordTap::Take take)
    : random_(random), source_(random), tap_(std::move(take)), holder_(std::move(policy)) {
  inside_ = std::make_unique<Inside>(Services{holder_, references_, driver_, ahead_, tap_, clock_,
                                              milter_counters_, policy_counters_});
}

Doors::~Doors() = default;

void Doors::milter_session() {
  clock_.advance(std::chrono::seconds(random_() % 7200));
  const auto policy = holder_.get();
  const auto& identity = policy->settings().identity;
  milter_door::SessionSetup setup;
  setup.plan = milter_door::Plan::of(*policy);
  setup.identity = {identity.host, identity.contact, identity.help};
  setup.decide = [this, policy](const Transaction& transaction, Facts facts,
                                std::function<void(Outcome)> closed) {
    // What is kept back is too late at once.
    return driver_.decide_and_wait(policy, transaction, std::move(facts),
                                   std::chrono::milliseconds(0), std::move(closed));
  };
  setup.submit = [this, policy](Record record) {
    auto kept = record.of_decision;
    if (record.kind == RecordKind::decision) {
      kept = what_is_kept(*policy, record.transaction, record.facts, record.decision);
    }
    if (kept == Kept::nothing) return kept;
    record.policy = policy;
    tap_.submit(std::move(record));
    return kept;
  };
  setup.pause = [this](std::chrono::milliseconds) { return !once_in(random_, 5); };
  setup.next_reference = [this] { return references_.next(); };
  setup.now = [this] { return clock_.system(); };
  setup.utc_offset = [this](auto time) { return clock_.utc_offset(time); };
  setup.complain = [](std::string_view) {};
  setup.counters = &milter_counters_;

  milter_door::Session session(std::move(setup));
  FakeLink link;
  session.negotiate(0x1ff, 0x1fffff);
  link.macros["{client_resolve}"] = one_of(random_, {"OK", "FAIL", "TEMP", "FORGED"});
  link.macros["r"] = one_of(random_, {"ESMTP", "SMTP"});
  if (once_in(random_, 4)) link.macros["{auth_authen}"] = "ann";
  if (once_in(random_, 3)) link.macros["{tls_version}"] = "TLSv1.3";

  const std::string client = one_of(random_, clients);
  if (once_in(random_, 10)) {
    session.connect("localhost", nullptr, link);
  } else if (client.find(':') != std::string::npos) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(4711);
    inet_pton(AF_INET6, client.c_str(), &address.sin6_addr);
    session.connect(one_of(random_, names), reinterpret_cast<const sockaddr*>(&address), link);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(4711);
    inet_pton(AF_INET, client.c_str(), &address.sin_addr);
    session.connect(one_of(random_, names), reinterpret_cast<const sockaddr*>(&address), link);
  }
  if (!once_in(random_, 12)) session.helo(one_of(random_, names), link);

  for (auto left = 1 + random_() % 3; left > 0; --left) {
    const std::vector<std::string_view> mail{one_of(random_, senders), "SIZE=2000"};
    session.mail(std::span(mail).first(1 + random_() % 2), link);
    const bool early = once_in(random_, 2);
    const auto queue_id = "4F" + std::to_string(++inside_->messages);
    if (early) link.macros["i"] = queue_id;
    for (auto more = 1 + random_() % 4; more > 0; --more) {
      const std::vector<std::string_view> recipient{one_of(random_, recipients)};
      session.rcpt(recipient, link);
    }
    link.macros["i"] = queue_id;
    if (once_in(random_, 8)) {
      session.abort();
      continue;
    }
    session.data(link);
    session.header("Subject", "what has been");
    session.end_of_headers(link);
    session.body(random_() % 3000);
    session.end_of_message(link);
  }
}

void Doors::policy_session() {
  clock_.advance(std::chrono::seconds(random_() % 7200));
  Attributes told{{"client_address", one_of(random_, clients)},
                  {"client_name", one_of(random_, names)},
                  {"helo_name", one_of(random_, names)},
                  {"client_port", std::to_string(1024 + random_() % 60'000)}};
  if (once_in(random_, 4)) told.emplace_back("sasl_username", "ann");
  if (once_in(random_, 3)) told.emplace_back("encryption_protocol", "TLSv1.3");
  const auto ask = [&](std::string_view state, const Attributes& more) {
    auto attributes = told;
    attributes.insert(attributes.end(), more.begin(), more.end());
    policy_door::Decoder decoder;
    decoder.feed(policy_request(state, attributes));
    const auto* request = decoder.next();
    const auto answer =
        inside_->responder.respond(*request, [] { return policy_door::Responder::Done(); });
    if (answer) return;
    source_.answer_some();
    clock_.advance(std::chrono::seconds(10));
    driver_.tick();
  };
  if (once_in(random_, 4)) ask("CONNECT", {});
  if (once_in(random_, 4)) ask("EHLO", {});
  for (auto left = 1 + random_() % 2; left > 0; --left) {
    const auto number = std::to_string(++inside_->messages);
    const auto sender = bare(one_of(random_, senders));
    Attributes message{{"instance", "437b." + number + ".0"}, {"sender", sender}};
    if (once_in(random_, 4)) ask("MAIL", {{"sender", sender}});
    const auto count = 1 + random_() % 4;
    for (auto more = count; more > 0; --more) {
      auto about = message;
      about.emplace_back("recipient", bare(one_of(random_, recipients)));
      about.emplace_back("policy_context", one_of(random_, {"", "recipient", "client"}));
      ask("RCPT", about);
      if (once_in(random_, 6)) ask("RCPT", about);
    }
    message.emplace_back("queue_id", "4F" + number);
    message.emplace_back("recipient_count", std::to_string(count));
    message.emplace_back("recipient", count == 1 ? "bob@example.org" : "");
    message.emplace_back("size", std::to_string(random_() % 3000));
    if (once_in(random_, 2)) ask("DATA", message);
    ask("END-OF-MESSAGE", message);
  }
}

}  // namespace postern::test
