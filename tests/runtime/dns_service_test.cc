#include "runtime/dns_service.h"

#include "checks/check.h"
#include "dns/scripted_transport.h"
#include "support/fake_clock.h"
#include "support/policy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Nobody final : public FactSource {
 public:
  void ask(const Question&, std::function<void(Answer)> done) override {
    done(Answer::unavailable("nobody"));
  }
};

std::string policy_with(const std::string& sections) {
  return "[identity]\nhost = \"mx1.example.org\"\n" + sections;
}
const std::string list_rule =
    "[check.bad]\nkind = \"dnsbl\"\nzone = \"bad.example\"\n"
    "[[rule]]\nname = \"listed\"\nstage = \"rcpt\"\nwhen = 'bad == \"listed\"'\n"
    "reject = \"dnsbl-listed\"\n";

class DnsServiceTest : public ::testing::Test {
 protected:
  DnsServiceTest()
      : service_(
            nobody_, clock_, [this](LogLevel, const std::string& text) { said_.push_back(text); },
            [] { return std::vector{*dns_server_from_text("127.0.0.1")}; },
            [this](std::vector<DnsServer> servers,
                   const Clock& clock) -> std::unique_ptr<DnsTransport> {
              if (failing_) throw std::runtime_error("no sockets");
              asked_of_.push_back(servers.front().text());
              auto transport = std::make_unique<ScriptedTransport>(std::vector{server()}, clock);
              transport_ = transport.get();
              return transport;
            }) {}

  /// Knows the test entries of the list and one that is listed, and misbehaves as the test wants.
  ScriptedServer server() {
    DnsWorld world;
    DnsResult root;
    root.kind = DnsResult::Kind::records;
    root.records = {"ns.example"};
    EXPECT_FALSE(world.add({".", DnsType::ns}, std::move(root)));
    for (const auto* name : {"2.0.0.127.bad.example", "1.2.0.192.bad.example"}) {
      DnsResult result;
      result.kind = DnsResult::Kind::records;
      result.records = {"127.0.0.2"};
      EXPECT_FALSE(world.add({name, DnsType::a}, std::move(result)));
    }
    ScriptedServer server(world);
    server.behave(zone_, conduct_);
    if (list_is_honest_) server.behave("bad.example", {});
    return server;
  }

  void use(const std::string& sections) {
    const auto policy = testing::compile_policy(policy_with(sections));
    ASSERT_TRUE(policy);
    service_.use(policy);
  }
  std::optional<Answer> ask(const std::string& name) {
    std::optional<Answer> answer;
    service_.ask({QuestionKind::dns, "A", name, QuestionCost::free},
                 [&](Answer given) { answer = std::move(given); });
    return answer;
  }
  std::optional<Answer> ask_mx(const std::string& name) {
    std::optional<Answer> answer;
    service_.ask({QuestionKind::sender_dns, "MX", name, QuestionCost::free},
                 [&](Answer given) { answer = std::move(given); });
    return answer;
  }
  std::string status(const std::string& name) const {
    ServiceReport report;
    service_.report(report);
    for (const auto& item : report.status().items()) {
      if (item.name == name) return item.value;
    }
    return "no " + name;
  }
  void pass(std::chrono::seconds time) {
    clock_.advance(time);
    transport_->turn();
    service_.tick();
    transport_->turn();
  }

  test::FakeClock clock_;
  Nobody nobody_;
  std::vector<std::string> said_;
  std::vector<std::string> asked_of_;
  DnsConduct conduct_;
  std::string zone_ = "bad.example";  ///< of the conduct
  bool list_is_honest_ = false;       ///< whatever the conduct
  bool failing_ = false;
  ScriptedTransport* transport_ = nullptr;
  DnsService service_;
};

TEST_F(DnsServiceTest, StartsNothingForAPolicyThatAsksNothing) {
  use("[[rule]]\nname = \"r\"\nstage = \"rcpt\"\nwhen = 'client.port == 1'\n"
      "reject = \"policy-reject\"\n");
  EXPECT_THAT(asked_of_, IsEmpty());
  EXPECT_EQ(ask("example.com")->cause, "DNS is not asked");
  EXPECT_EQ(status("dns"), "not asked");
}

TEST_F(DnsServiceTest, PassesOnWhatIsNoQuestionAboutDns) {
  use(list_rule);
  std::optional<Answer> answer;
  service_.ask({QuestionKind::store, "x", "y", QuestionCost::costly},
               [&](Answer given) { answer = std::move(given); });
  EXPECT_EQ(answer->cause, "nobody");
}

TEST_F(DnsServiceTest, AListThatWorksIsAskedAndShown) {
  use(list_rule);
  EXPECT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  EXPECT_EQ(ask("2.2.0.192.bad.example")->state, Answer::State::empty);
  EXPECT_THAT(status("list.bad"), StartsWith("good, since "));
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(DnsServiceTest, KnowsWhatIsInTheCacheAsLongAsTheListIsGood) {
  use(list_rule);
  const Question listed{QuestionKind::dns, "A", "1.2.0.192.bad.example", QuestionCost::free};
  EXPECT_FALSE(service_.known(listed)) << "nobody has asked";
  ASSERT_TRUE(ask("1.2.0.192.bad.example"));
  const auto known = service_.known(listed);
  ASSERT_TRUE(known);
  EXPECT_THAT(known->values, ElementsAre("127.0.0.2"));
  EXPECT_EQ(known->source.name, "cache");
}

TEST_F(DnsServiceTest, KnowsNothingOfAListThatIsSuspended) {
  conduct_.kind = DnsConduct::Kind::yes;
  use(list_rule);
  ASSERT_EQ(ask("1.2.0.192.bad.example")->state, Answer::State::unavailable);
  EXPECT_FALSE(
      service_.known({QuestionKind::dns, "A", "1.2.0.192.bad.example", QuestionCost::free}));
}

TEST_F(DnsServiceTest, AListThatListsEverybodyIsSuspendedUntilItIsRightAgain) {
  conduct_.kind = DnsConduct::Kind::yes;
  use(list_rule);
  auto answer = ask("1.2.0.192.bad.example");
  ASSERT_EQ(answer->state, Answer::State::unavailable);
  EXPECT_EQ(answer->cause, "the list is suspended: it lists what no list may");
  EXPECT_THAT(status("list.bad"), StartsWith("suspended, it lists what no list may, since "));
  EXPECT_THAT(said_, ElementsAre("list \"bad\" (bad.example) is suspended: it lists what no list "
                                 "may"));
  conduct_.kind = DnsConduct::Kind::honest;
  transport_->replace(0, server());
  // The wrong answers, to the test entries too, are in the cache for a minute.
  EXPECT_EQ(ask("1.2.0.192.bad.example")->state, Answer::State::unavailable);
  pass(std::chrono::seconds(60));
  EXPECT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  EXPECT_THAT(said_.back(), HasSubstr("works again"));
  EXPECT_THAT(status("list.bad"), StartsWith("good, since "));
}

TEST_F(DnsServiceTest, AListThatHasLiedIsNotQuotedFromTheCacheWhenItIsRightAgain) {
  use("[dns]\nleast_ttl = \"5m\"\n" + list_rule);
  conduct_.kind = DnsConduct::Kind::yes;
  transport_->replace(0, server());
  pass(std::chrono::seconds(590));
  ASSERT_THAT(ask("8.2.0.192.bad.example")->values, ElementsAre("127.0.0.2")) << "not found out";
  pass(std::chrono::seconds(10));
  EXPECT_THAT(status("list.bad"), StartsWith("suspended, it lists what no list may"));
  conduct_.kind = DnsConduct::Kind::honest;
  transport_->replace(0, server());
  pass(std::chrono::seconds(60));
  EXPECT_EQ(ask("8.2.0.192.bad.example")->state, Answer::State::empty);
}

TEST_F(DnsServiceTest, AListThatBeginsToListEverybodyIsFoundOutByWhatItSays) {
  use(list_rule);
  pass(std::chrono::seconds(10));
  conduct_.kind = DnsConduct::Kind::yes;
  transport_->replace(0, server());
  int refused = 0;
  for (int i = 1; i <= 30; ++i) {
    refused += ask(std::to_string(i) + ".100.51.198.bad.example")->state == Answer::State::value;
  }
  EXPECT_EQ(refused, 7) << "the eighth in a row is one too many to be believed";
  EXPECT_THAT(status("list.bad"), StartsWith("suspended, it lists what no list may"));
}

TEST_F(DnsServiceTest, ABusyListThatIsRightIsBelievedAndTestedSeldom) {
  zone_ = "113.0.203.bad.example";
  conduct_.kind = DnsConduct::Kind::yes;
  use(list_rule);
  pass(std::chrono::seconds(10));
  const auto before = transport_->sent().size();
  for (int i = 1; i <= 30; ++i) {
    const auto name = std::to_string(i) + ".113.0.203.bad.example";
    EXPECT_THAT(ask(name)->values, ElementsAre("127.0.0.2"));
  }
  EXPECT_EQ(transport_->sent().size() - before, 30U + 2U) << "two test entries, once";
}

TEST_F(DnsServiceTest, AListIsNotBelievedBeforeItIsTested) {
  conduct_.delay = std::chrono::seconds(1);
  use(list_rule);
  std::optional<Answer> answer;
  service_.ask({QuestionKind::dns, "A", "1.2.0.192.bad.example", QuestionCost::free},
               [&](Answer given) { answer = std::move(given); });
  EXPECT_FALSE(answer);
  EXPECT_EQ(status("list.bad"), "not tested yet");
  pass(std::chrono::seconds(1));
  EXPECT_FALSE(answer) << "the list is good, and now it is asked";
  pass(std::chrono::seconds(1));
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->values, ElementsAre("127.0.0.2"));
}

TEST_F(DnsServiceTest, AListThatWasGoodIsBelievedThroughTroubleOfItsTests) {
  use(list_rule);
  ASSERT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  conduct_.kind = DnsConduct::Kind::servfail;
  transport_->replace(0, server());
  pass(std::chrono::seconds(700));
  EXPECT_THAT(status("list.bad"), StartsWith("good, its test entries cannot be had, since "));
}

TEST_F(DnsServiceTest, WithoutTestPointsAListIsTakenAtItsWord) {
  conduct_.kind = DnsConduct::Kind::yes;
  auto untested = list_rule;
  untested.replace(untested.find("zone ="), 0, "test_points = false\n");
  use(untested);
  EXPECT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  EXPECT_EQ(status("list.bad"), "no list.bad");
}

TEST_F(DnsServiceTest, TheSameSettingsKeepTheCacheAndOthersBeginAnew) {
  use(list_rule);
  use(list_rule +
      "[[rule]]\nname = \"more\"\nstage = \"rcpt\"\nwhen = 'bad == \"clear\"'\n"
      "tag = \"clear\"\n");
  EXPECT_THAT(asked_of_, ElementsAre("127.0.0.1:53"));
  use("[dns]\nservers = [\"127.0.0.1:5353\"]\n" + list_rule);
  EXPECT_THAT(asked_of_, ElementsAre("127.0.0.1:53", "127.0.0.1:5353"));
  EXPECT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
}

TEST_F(DnsServiceTest, WhoWaitsOverAReloadGetsHisAnswer) {
  use(list_rule);
  ASSERT_TRUE(ask("1.2.0.192.bad.example"));
  conduct_.delay = std::chrono::seconds(2);
  transport_->replace(0, server());
  auto* const before = transport_;
  std::optional<Answer> answer;
  service_.ask({QuestionKind::dns, "A", "9.2.0.192.bad.example", QuestionCost::free},
               [&](Answer given) { answer = std::move(given); });
  use("[dns]\ntries = 2\n" + list_rule);
  ASSERT_NE(before, transport_);
  clock_.advance(std::chrono::seconds(1));
  service_.tick();
  clock_.advance(std::chrono::seconds(1));
  before->turn();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->state, Answer::State::empty);
}

TEST_F(DnsServiceTest, AResolverThatDeniesTheRootIsNotBelievedUntilItIsRightAgain) {
  zone_ = ".";
  conduct_.kind = DnsConduct::Kind::no_name;
  use(list_rule);
  std::optional<Answer> answer;
  service_.ask({QuestionKind::reverse_dns, "PTR", "1.2.0.192.in-addr.arpa", QuestionCost::free},
               [&](Answer given) { answer = std::move(given); });
  EXPECT_EQ(answer->cause, "the resolver says that not even the root exists");
  EXPECT_EQ(status("dns.trouble"), answer->cause);
  EXPECT_THAT(said_.front(), HasSubstr("its answers do not count"));
  conduct_.kind = DnsConduct::Kind::honest;
  transport_->replace(0, server());
  pass(std::chrono::seconds(120));
  EXPECT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  EXPECT_EQ(status("dns.trouble"), "no dns.trouble");
}

TEST_F(DnsServiceTest, AResolverThatBeginsToDenyEverythingIsFoundOutByTheFirstDenial) {
  use(list_rule);
  ASSERT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  for (const auto kind : {DnsConduct::Kind::no_name, DnsConduct::Kind::no_data}) {
    pass(std::chrono::seconds(20));
    zone_ = ".";
    conduct_.kind = kind;
    transport_->replace(0, server());
    const std::string name = kind == DnsConduct::Kind::no_name ? "a.example" : "b.example";
    const auto answer = ask_mx(name);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->cause, "the resolver says that not even the root exists");
    EXPECT_EQ(status("dns.trouble"), answer->cause);
    conduct_.kind = DnsConduct::Kind::honest;
    transport_->replace(0, server());
    pass(std::chrono::seconds(5));
    EXPECT_EQ(status("dns.trouble"), "no dns.trouble");
    EXPECT_EQ(ask_mx(name)->state, Answer::State::empty) << "asked anew, and true now";
  }
}

TEST_F(DnsServiceTest, AServerThatOnlyRefersToOthersDeniesNothing) {
  zone_ = ".";
  conduct_.kind = DnsConduct::Kind::referral;
  use(list_rule);
  EXPECT_EQ(ask_mx("example.com")->state, Answer::State::unavailable);
  EXPECT_EQ(ask("1.2.0.192.bad.example")->state, Answer::State::unavailable);
}

TEST_F(DnsServiceTest, ADenialWaitsForTheRootAndOneQuestionServesAll) {
  use(list_rule);
  pass(std::chrono::seconds(10));
  conduct_.delay = std::chrono::seconds(1);
  zone_ = ".";
  transport_->replace(0, server());
  const auto before = transport_->sent().size();
  int answered = 0;
  for (const auto* name : {"a.example", "b.example", "c.example"}) {
    service_.ask({QuestionKind::sender_dns, "MX", name, QuestionCost::free}, [&](Answer answer) {
      EXPECT_EQ(answer.state, Answer::State::empty);
      ++answered;
    });
  }
  pass(std::chrono::seconds(1));
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(transport_->sent().size() - before, 3U + 1U);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(answered, 3);
}

TEST_F(DnsServiceTest, ADenialCountsWhereTheRootCannotBeHad) {
  zone_ = ".";
  conduct_.kind = DnsConduct::Kind::refused;
  list_is_honest_ = true;
  use(list_rule);
  EXPECT_EQ(ask("9.2.0.192.bad.example")->state, Answer::State::empty);
}

TEST_F(DnsServiceTest, AListOfAnEarlierPolicyStaysSuspendedForWhoStillAsksIt) {
  conduct_.kind = DnsConduct::Kind::yes;
  auto before = testing::compile_policy(policy_with(list_rule));
  service_.use(before);
  const std::string cause = "the list is suspended: it lists what no list may";
  ASSERT_EQ(ask("1.2.0.192.bad.example")->cause, cause);
  const std::string spf_rule =
      "[[rule]]\nname = \"r\"\nstage = \"rcpt\"\nwhen = 'spf == \"fail\"'\n"
      "reject = \"spf-fail\"\n";
  for (const auto& other : {spf_rule, "[dns]\ntries = 2\n" + spf_rule, std::string()}) {
    use(other);
    EXPECT_EQ(ask("1.2.0.192.bad.example")->cause, cause) << other;
    EXPECT_EQ(status("list.bad"), "no list.bad");
  }
  before.reset();
  service_.tick();
  EXPECT_EQ(ask("1.2.0.192.bad.example")->cause, "DNS is not asked");
}

TEST_F(DnsServiceTest, NamesThatAnEarlierPolicyStillAskedForWereCutOffAtTheReload) {
  auto before = testing::compile_policy(
      policy_with("[[rule]]\nname = \"r\"\nstage = \"rcpt\"\nwhen = 'client.name == \"\"'\n"
                  "reject = \"client-no-rdns\"\n"));
  service_.use(before);
  transport_->turn();
  EXPECT_EQ(ask_mx("a.example")->state, Answer::State::empty);
  use({});
  EXPECT_EQ(ask_mx("b.example")->state, Answer::State::empty);
  before.reset();
  service_.tick();
  EXPECT_EQ(ask_mx("c.example")->cause, "DNS is not asked");
}

TEST_F(DnsServiceTest, TheOrderOfRulesIsNoDifference) {
  const std::string two = list_rule + "[check.aaa]\nkind = \"dnsbl\"\nzone = \"aaa.example\"\n";
  const auto rules = [](const std::string& when) {
    return "[[rule]]\nname = \"both\"\nstage = \"rcpt\"\nwhen = '" + when +
           "'\nreject = \"dnsbl-listed\"\n";
  };
  use(two + rules("aaa == \"listed\" or bad == \"listed\""));
  const auto before = transport_->sent().size();
  use(two + rules("bad == \"listed\" or aaa == \"listed\""));
  EXPECT_THAT(asked_of_, ElementsAre("127.0.0.1:53"));
  EXPECT_EQ(transport_->sent().size(), before) << "no list is tested anew";
}

TEST_F(DnsServiceTest, TwoChecksOfOneZoneEachStandForThemselves) {
  zone_ = "invalid.bad.example";
  conduct_.kind = DnsConduct::Kind::yes;
  use("[check.dom]\nkind = \"dnsbl\"\nzone = \"bad.example\"\nof = \"sender.domain\"\n" +
      list_rule +
      "[[rule]]\nname = \"domain\"\nstage = \"rcpt\"\nwhen = 'dom == \"listed\"'\n"
      "reject = \"dnsbl-listed\"\n");
  EXPECT_THAT(status("list.bad"), StartsWith("good"));
  EXPECT_THAT(status("list.dom"), StartsWith("suspended"));
  EXPECT_THAT(ask("1.2.0.192.bad.example")->values, ElementsAre("127.0.0.2"));
  EXPECT_EQ(ask("evil.example.bad.example")->state, Answer::State::unavailable);
}

TEST_F(DnsServiceTest, WithoutSocketsAnswersAreUnavailableAndItIsTold) {
  failing_ = true;
  use(list_rule);
  EXPECT_EQ(ask("1.2.0.192.bad.example")->state, Answer::State::unavailable);
  EXPECT_THAT(said_, ElementsAre("DNS cannot be asked: no sockets"));
}

}  // namespace
}  // namespace postern
