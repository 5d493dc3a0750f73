// What the program itself tells of itself: over TCP, over a unix socket, and by `postern metrics`.
#include "runtime/exposition.h"
#include "runtime/metric_catalogue.h"
#include "support/exposition_reader.h"
#include "support/http_client.h"
#include "support/program.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace postern {
namespace {

using testing::Exposition;
using ::testing::HasSubstr;
using testing::http_get;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::patience;
using testing::read_exposition;

class Metrics : public testing::Program {
 protected:
  void SetUp() override {
    if (!has_metrics()) GTEST_SKIP() << without_metrics;
    testing::Program::SetUp();
  }
  /// `listen`: the address; `more`: further sections and rules.
  void write_policy(const std::string& listen, const std::string& more = {}) {
    std::string text = testing::policy_text;
    if (!listen.empty()) {
      const std::string before = "[listen]\n";
      text.insert(text.find(before) + before.size(), "metrics = \"" + listen + "\"\n");
    }
    dir_.write("etc/postern/postern.toml", text + more);
  }
  void serve_on_tcp(const std::string& more = {}) {
    write_policy("inet:127.0.0.1:0", more);
    serve();
    const std::string before = "metrics at inet:127.0.0.1:";
    const auto found = said_.find(before);
    ASSERT_NE(found, std::string::npos) << said_;
    at_.family = ListenAddress::Family::inet;
    at_.host = "127.0.0.1";
    at_.port = static_cast<std::uint16_t>(std::stoi(said_.substr(found + before.size())));
  }
  Exposition scrape() const {
    const auto answer = http_get(at_, "/metrics", patience);
    EXPECT_EQ(answer.status(), 200) << answer.head;
    auto read = read_exposition(answer.body);
    EXPECT_THAT(read.faults, IsEmpty()) << answer.body;
    return read;
  }
  /// Asks about a message of its own.
  std::string ask(const std::string& sender) {
    std::string request = testing::refused_request;
    const auto put = [&](const std::string& from, const std::string& to) {
      request.replace(request.find(from), from.size(), to);
    };
    put("nobody@example.com", sender);
    put("instance=1.2.3.0", "instance=1.2." + std::to_string(++asked_) + ".0");
    return ask_policy(request);
  }
  /// Numbers of status that stand for something, by name.
  std::map<std::string, double> status_numbers() const {
    ListenAddress control;
    control.path = dir_ / "run/control.sock";
    const auto answer = ask_control(control, ControlCommand::status, patience);
    std::map<std::string, double> numbers;
    if (!answer) return numbers;
    const auto status = StatusText::decode(answer->text);
    for (const auto& item : status.items()) {
      if (item.kind == StatusText::Item::Kind::number) numbers[item.name] = std::stod(item.value);
    }
    for (const char* of_processes :
         {"pid", "uptime_seconds", "worker.pid", "worker.uptime_seconds"}) {
      EXPECT_EQ(numbers.erase(of_processes), 1U) << of_processes;
    }
    return numbers;
  }
  void wait_for_records(const std::string& count) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (status_value("journal.written") != count && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(status_value("journal.written"), count);
  }

  ListenAddress at_;
  unsigned asked_ = 0;
};

/// Where a number of status stands in the metrics.
struct Place {
  const char* status;
  const char* metric;
  Exposition::Labels labels;
};
const std::vector<Place> places{
    {"worker.restarts", "postern_worker_restarts_total", {}},
    {"policy.rules", "postern_policy_rules", {}},
    {"policy.tables", "postern_policy_tables", {}},
    {"tables.in_trouble", "postern_tables_in_trouble", {}},
    {"tables.partners.entries", "postern_table_entries", {{"table", "partners"}}},
    {"milter.sessions", "postern_connections_opened_total", {{"listener", "milter"}}},
    {"milter.open", "postern_connections", {{"listener", "milter"}}},
    {"milter.requests", "postern_requests_total", {{"listener", "milter"}}},
    {"milter.refusals", "postern_refusals_total", {{"listener", "milter"}}},
    {"milter.undelayed", "postern_undelayed_answers_total", {{"listener", "milter"}}},
    {"milter.failures", "postern_failures_total", {{"listener", "milter"}}},
    {"policy_service.sessions", "postern_connections_opened_total", {{"listener", "policy"}}},
    {"policy_service.open", "postern_connections", {{"listener", "policy"}}},
    {"policy_service.requests", "postern_requests_total", {{"listener", "policy"}}},
    {"policy_service.refusals", "postern_refusals_total", {{"listener", "policy"}}},
    {"policy_service.undelayed", "postern_undelayed_answers_total", {{"listener", "policy"}}},
    {"policy_service.failures", "postern_failures_total", {{"listener", "policy"}}},
    {"policy_service.repeats", "postern_repeats_total", {{"listener", "policy"}}},
    {"policy_service.most_open", "postern_connections_limit", {{"listener", "policy"}}},
    {"dns.asked", "postern_dns_questions_total", {}},
    {"dns.joined", "postern_dns_joined_questions_total", {}},
    {"dns.cache_hits", "postern_dns_cache_hits_total", {}},
    {"dns.cache_misses", "postern_dns_cache_misses_total", {}},
    {"dns.cache_entries", "postern_dns_cache_entries", {}},
    {"dns.cache_octets", "postern_dns_cache_size_bytes", {}},
    {"dns.late", "postern_dns_late_answers_total", {}},
    {"dns.deadlines", "postern_dns_deadlines_total", {}},
    {"dns.overloads", "postern_dns_overloads_total", {}},
    {"dns.under_way", "postern_dns_questions_under_way", {}},
    {"descriptors.limit", "process_max_fds", {}},
    {"journal.written", "postern_journal_records_written_total", {}},
    {"journal.queued", "postern_journal_queued_records", {}},
    {"journal.lost_queue_full", "postern_journal_records_lost_total", {{"cause", "queue_full"}}},
    {"journal.lost_write_failed",
     "postern_journal_records_lost_total",
     {{"cause", "write_failed"}}},
    {"journal.segments", "postern_journal_segments", {}},
    {"journal.octets", "postern_journal_size_bytes", {}},
};

/// A table, and a check, so that there is something to tell of each. Its server answers nobody.
constexpr const char* with_table_and_dns = R"(
[dns]
servers = ["127.0.0.1:9"]
[table.partners]
kind = "address"
entries = ["friend@example.com", "other@example.com"]
[[rule]]
name = "partners"
stage = "rcpt"
when = 'sender in partners'
accept = "stage"
[[rule]]
name = "domains"
stage = "rcpt"
when = 'sender_domain == "nonexistent"'
reject = "sender-domain-bad"
)";

TEST_F(Metrics, AgreeWithStatusInEveryNumber) {
  serve_on_tcp(with_table_and_dns);
  ask("nobody@example.com");
  ask("friend@example.com");
  wait_for_records("2");
  // What changes between two looks at status is looked at again.
  for (int round = 0; round < 500; ++round) {
    const auto before = status_numbers();
    const auto metrics = scrape();
    if (before.empty() || before != status_numbers()) continue;
    for (const auto& place : places) {
      const auto number = before.find(place.status);
      ASSERT_NE(number, before.end()) << place.status;
      EXPECT_EQ(metrics.value(place.metric, place.labels), number->second) << place.status;
    }
    EXPECT_EQ(before.size(), places.size())
        << "a number of status that no metric is known for, or one that is gone";
    return;
  }
  FAIL() << "status never stood still";
}

TEST_F(Metrics, CountWhatWasDecidedAndWhatWasSent) {
  serve_on_tcp(
      "[[rule]]\nname = \"in \\\"shadow\\\"\"\nstage = \"rcpt\"\nmode = \"shadow\"\n"
      "when = 'sender == \"try@example.com\"'\nreject = \"client-blocked\"\n");
  EXPECT_THAT(ask("nobody@example.com"), HasSubstr("action=5"));
  EXPECT_THAT(ask("nobody@example.com"), HasSubstr("action=5"));
  EXPECT_THAT(ask("try@example.com"), HasSubstr("action=DUNNO"));
  wait_for_records("3");
  const auto metrics = scrape();
  const Exposition::Labels door{{"listener", "policy"}, {"stage", "rcpt"}};
  auto refused = door;
  refused.insert({{"verdict", "reject"}, {"rule", "nobody"}});
  EXPECT_EQ(metrics.value("postern_decisions_total", refused), 2);
  EXPECT_EQ(metrics.sum("postern_decisions_total"), 3);
  EXPECT_EQ(metrics.value("postern_decision_duration_seconds_count", door), 3);
  EXPECT_EQ(metrics.sum("postern_replies_total", {{"reason", "client-blocked"}}), 2);
  EXPECT_EQ(metrics.sum("postern_replies_total"), metrics.sum("postern_refusals_total"));
  EXPECT_EQ(metrics.value("postern_shadow_matches_total", {{"rule", "in \"shadow\""}}), 1);
  EXPECT_EQ(metrics.value("postern_config_info", {{"digest", status_value("policy.digest")}}), 1);
  EXPECT_EQ(metrics.value("postern_worker_up"), 1);
}

TEST_F(Metrics, CountPassesOfWhichNothingIsKept) {
  std::string text = testing::policy_text;
  text.insert(text.find("[log]"), "accepts = \"none\"\n");
  text.insert(text.find("to = \"stderr\""), "accepts = false\n");
  text.insert(text.find("[listen]\n") + 9, "metrics = \"unix:/run/metrics.sock\"\n");
  dir_.write("etc/postern/postern.toml", text);
  serve();
  at_.path = dir_ / "run/metrics.sock";
  for (int i = 0; i < 3; ++i) ask("somebody@example.com");
  ask("nobody@example.com");
  wait_for_records("1");
  EXPECT_EQ(scrape().sum("postern_decisions_total", {{"verdict", "pass"}}), 3);
}

TEST_F(Metrics, AreServedOnAUnixSocketThatIsGoneAfterwards) {
  write_policy("unix:/run/metrics.sock", "");
  serve();
  at_.path = dir_ / "run/metrics.sock";
  struct stat status {};
  ASSERT_EQ(::stat(at_.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0660U) << "listen.mode holds for it";
  EXPECT_EQ(scrape().value("postern_worker_up"), 1);
  EXPECT_EQ(run({"stop"}).status, 0);
  EXPECT_EQ(end_of_server(), 0);
  EXPECT_FALSE(exists("run/metrics.sock"));
}

TEST_F(Metrics, HoldOnlyWhatIsDocumentedAndNearlyAllOfIt) {
  serve_on_tcp(with_table_and_dns);
  ask("nobody@example.com");
  wait_for_records("1");
  const auto metrics = scrape();
  std::set<std::string> known;
  std::set<std::string> missing;
  for (const auto& row : metric_catalogue()) {
    known.emplace(row.name);
    const auto found = metrics.families.find(std::string(row.name));
    if (found == metrics.families.end()) {
      missing.emplace(row.name);
      continue;
    }
    EXPECT_EQ(found->second.type, to_text(row.kind)) << row.name;
    EXPECT_EQ(found->second.help, row.meaning) << row.name;
    for (const auto& sample : found->second.samples) {
      for (const auto& [label, value] : sample.labels) {
        const bool is_own =
            std::find(row.labels.begin(), row.labels.end(), label) != row.labels.end();
        EXPECT_TRUE(is_own || label == "le") << row.name << ' ' << label;
      }
    }
  }
  for (const auto& [name, family] : metrics.families) EXPECT_EQ(known.count(name), 1U) << name;
  // These need rules in shadow, trouble, lists, files.
  EXPECT_THAT(missing, ::testing::ElementsAre(
                           "postern_check_errors_total", "postern_check_timeouts_total",
                           "postern_geo_loaded_timestamp_seconds", "postern_geo_trouble",
                           "postern_list_up", "postern_shadow_matches_total",
                           "postern_table_loaded_timestamp_seconds", "postern_table_trouble"));
}

TEST_F(Metrics, AreServedAgainAfterTheWorkerWasKilled) {
  serve_on_tcp();
  ask("nobody@example.com");
  EXPECT_EQ(scrape().value("postern_worker_restarts_total"), 0);
  const auto worker = std::stoi(status_value("worker.pid"));
  ASSERT_GT(worker, 1);
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  // A request that the old one had taken ends with it; others wait for the next.
  Exposition metrics;
  for (int i = 0; i < 200 && metrics.families.empty(); ++i) {
    const auto answer = http_get(at_, "/metrics", patience);
    if (answer.status() == 200) metrics = read_exposition(answer.body);
    if (metrics.value("postern_worker_restarts_total") != 1) metrics = {};
  }
  EXPECT_THAT(metrics.faults, IsEmpty());
  EXPECT_EQ(metrics.value("postern_worker_restarts_total"), 1);
  EXPECT_EQ(metrics.sum("postern_decisions_total"), 0) << "counters begin anew";
  EXPECT_THAT(ask("nobody@example.com"), HasSubstr("action=5"));
  EXPECT_EQ(scrape().sum("postern_decisions_total"), 1);
}

TEST_F(Metrics, TellWhetherTheLastReloadWentWell) {
  serve_on_tcp();
  EXPECT_EQ(scrape().value("postern_config_last_reload_successful"), 1);
  dir_.write("etc/postern/postern.toml", "broken");
  EXPECT_EQ(run({"reload", "--control", "unix:" + (dir_ / "run/control.sock")}).status, 78);
  auto metrics = scrape();
  EXPECT_EQ(metrics.value("postern_config_last_reload_successful"), 0);
  EXPECT_EQ(metrics.value("postern_config_reloads_total", {{"result", "refused"}}), 1);
  write_policy("inet:127.0.0.1:0");
  EXPECT_EQ(run({"reload"}).status, 0);
  metrics = scrape();
  EXPECT_EQ(metrics.value("postern_config_last_reload_successful"), 1);
  EXPECT_EQ(metrics.value("postern_config_reloads_total", {{"result", "ok"}}), 1);
}

TEST_F(Metrics, AnAddressThatHasChangedWaitsForARestart) {
  serve_on_tcp();
  write_policy("unix:/run/metrics.sock");
  const auto reloaded = run({"reload"});
  EXPECT_EQ(reloaded.status, 0);
  EXPECT_THAT(reloaded.output, HasSubstr("listen.metrics"));
  EXPECT_EQ(scrape().value("postern_worker_up"), 1);
  EXPECT_FALSE(exists("run/metrics.sock"));
}

TEST_F(Metrics, ArePrintedByTheCommandWithoutASocketForThem) {
  write_policy("");
  serve();
  EXPECT_THAT(said_, Not(HasSubstr("metrics at")));
  ask("nobody@example.com");
  const auto printed = run({"metrics"});
  EXPECT_EQ(printed.status, 0) << printed.output;
  const auto metrics = read_exposition(printed.output);
  EXPECT_THAT(metrics.faults, IsEmpty()) << printed.output;
  EXPECT_EQ(metrics.sum("postern_decisions_total"), 1);
  EXPECT_EQ(run({"stop"}).status, 0);
  EXPECT_EQ(end_of_server(), 0);
  EXPECT_EQ(run({"metrics"}).status, 69);
}

TEST_F(Metrics, AManyRuledPolicyIsPrintedWhole) {
  // Names as long as may be, so that the text is far beyond what one packet holds.
  std::string rules;
  constexpr int many = 300;
  for (int i = 0; i < many; ++i) {
    rules += "[[rule]]\nname = \"" + std::string(60, 'n') + std::to_string(i) +
             "\"\nstage = \"rcpt\"\nwhen = 'sender == \"s" + std::to_string(i) +
             "@example.com\"'\nreject = \"sender-blocked\"\n";
  }
  write_policy("", rules);
  serve();
  for (int i = 0; i < many; ++i) ask("s" + std::to_string(i) + "@example.com");
  const auto metrics = read_exposition(run({"metrics"}).output);
  EXPECT_THAT(metrics.faults, IsEmpty());
  EXPECT_EQ(metrics.families.at("postern_decisions_total").samples.size(), 1U * many);
}

TEST_F(Metrics, SlowRequestsKeepNobodysMailWaiting) {
  serve_on_tcp();
  std::vector<UniqueFd> slow;
  for (int i = 0; i < 30; ++i) {
    auto fd = connect_to(at_, patience);
    ASSERT_TRUE(fd);
    ASSERT_EQ(::send(fd->get(), "GET /", 5, MSG_NOSIGNAL), 5);
    slow.push_back(std::move(*fd));
  }
  EXPECT_THAT(ask("nobody@example.com"), HasSubstr("action=5"));
  EXPECT_EQ(status_value("worker.state"), "running");
  slow.clear();
  const std::string large = "GET /metrics HTTP/1.1\r\nX: " + std::string(1'000'000, 'x');
  testing::exchange(at_, large, patience);
  EXPECT_EQ(scrape().value("postern_worker_restarts_total"), 0);
}

}  // namespace
}  // namespace postern
