#include "checks/spf.h"

#include "checks/spf_check.h"
#include "checks/spf_text.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "dns/caching_resolver.h"
#include "dns/cares_transport.h"
#include "kit/world.h"
#include "model/text.h"
#include "rules/loader_tests.h"
#include "runtime/clock.h"
#include "runtime/dns_source.h"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <ostream>
#include <sysexits.h>
#include <utility>

namespace postern::cli {
namespace {

/// RFC 7208 4.6.4: at least twenty seconds for a whole evaluation.
constexpr std::chrono::seconds patience{20};

using Ask = std::function<void(const std::vector<Question>&, Facts&)>;

/// All that the evaluation needs, explanation included.
SpfOutcome evaluate_with(const SpfRequest& request, Facts& facts, const Ask& ask) {
  for (;;) {
    auto outcome = postern::spf(
        request, {}, [&](const Question& question) { return facts.find(question); },
        SpfTrace::wanted);
    if (outcome.questions.empty()) return outcome;
    ask(outcome.questions, facts);
  }
}

/// Of the questions of one round all are asked before one is waited for.
class Network {
 public:
  explicit Network(std::vector<DnsServer> servers)
      : transport_(std::move(servers), clock_),
        resolver_(transport_, clock_),
        deadline_(clock_.steady() + patience) {}

  void ask(const std::vector<Question>& questions, Facts& facts) {
    std::vector<std::future<Answer>> answers;
    for (const auto& question : questions) {
      const auto promise = std::make_shared<std::promise<Answer>>();
      answers.push_back(promise->get_future());
      const auto type = dns_type_from_text(question.subject).value_or(DnsType::a);
      resolver_.ask({question.key, type}, deadline_, [promise, type](const DnsReply& reply) {
        promise->set_value(fact_of(reply, {}, type));
      });
    }
    for (std::size_t i = 0; i < questions.size(); ++i) facts.add(questions[i], answers[i].get());
  }

 private:
  SystemClock clock_;
  CaresTransport transport_;
  CachingResolver resolver_;
  std::chrono::steady_clock::time_point deadline_;
};

void tell(const SpfRequest& request, const SpfOutcome& outcome, std::ostream& out) {
  const bool helo = request.identity == SpfIdentity::helo;
  out << (helo ? "HELO name " : "Sender ") << clean_for_terminal(request.domain) << ": "
      << to_text(outcome.result) << "\n\n"
      << spf_trace_text(outcome);
  if (!outcome.explanation.empty()) {
    out << clean_for_terminal(request.domain)
        << " says: " << clean_for_terminal(outcome.explanation) << '\n';
  }
  out << spf_authentication_result(request, outcome) << '\n';
}

Problems as_problems(std::string message, std::string hint) {
  return {plain_problem(std::move(message), std::move(hint))};
}

}  // namespace

int spf(const Options& options, Terminal terminal) {
  const auto fail = [&](const Problems& problems, int status) {
    terminal.err << render(problems, terminal.glyphs);
    return status;
  };
  const auto client = IpAddress::parse(options.words[0]);
  if (!client) {
    return fail(as_problems(quoted(options.words[0]) + " is not an IP address",
                            "as in postern spf 192.0.2.1 mail.example.com a@example.com"),
                EX_USAGE);
  }
  Transaction transaction;
  SystemClock clock;
  transaction.time = clock.system();
  transaction.client.address = *client;
  transaction.helo = options.words[1];
  transaction.sender = MailAddress::from_envelope(options.words[2]);

  Ask ask;
  std::unique_ptr<Network> network;
  World world;
  const auto settings = settings_alone(options.place);
  if (options.dns_file.empty()) {
    auto servers = settings.dns.servers;
    if (servers.empty()) servers = system_dns_servers(options.place.root);
    network = std::make_unique<Network>(std::move(servers));
    ask = [&](const auto& questions, Facts& facts) { network->ask(questions, facts); };
  } else {
    auto zone = read_dns_file(options.dns_file, disk_reader(options.place));
    if (!zone) return fail(zone.problems(), EX_DATAERR);
    world.dns = std::move(*zone);
    ask = [&](const auto& questions, Facts& facts) {
      for (const auto& question : questions) facts.add(question, world.answer(question));
    };
  }
  const auto& sender = transaction.sender.value();
  Facts facts;
  bool trouble = false;
  for (const auto identity : {SpfIdentity::helo, SpfIdentity::mail_from}) {
    const auto request =
        spf_request(transaction, SpfCheckSettings{identity, {}, settings.identity.host});
    if (!request) continue;
    const auto outcome = evaluate_with(*request, facts, ask);
    if (identity == SpfIdentity::mail_from) {
      terminal.out << '\n';
      trouble = outcome.result == SpfResult::temperror;
    }
    tell(*request, outcome, terminal.out);
    if (identity != SpfIdentity::mail_from) continue;
    terminal.out << "Received-SPF: "
                 << received_spf(*request, sender.empty() ? std::string() : sender.text(), outcome)
                 << '\n';
  }
  return trouble ? EX_TEMPFAIL : EX_OK;
}

}  // namespace postern::cli
