#include "kit/scene_text.h"

#include "model/time_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string fault_of(std::string_view name, std::string_view value) {
  SceneText text;
  const auto fault = text.set(name, value);
  return fault ? fault->message + " | " + fault->hint : "";
}

TEST(SceneText, TellsEverythingByItsName) {
  SceneText text;
  for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
           {"client", "192.0.2.1"},
           {"client-name", "mail.example.net"},
           {"helo", "mail.example.net"},
           {"tls", ""},
           {"user", "alice"},
           {"auth-method", "PLAIN"},
           {"sender", "<a@example.net>"},
           {"recipient", "b@example.org, c@example.org"},
           {"recipient", "d@example.org"},
           {"declared-size", "100"},
           {"size", "90"},
           {"queue-id", "4bXyz"},
           {"server", "203.0.113.1"},
           {"stage", "data"},
           {"door", "policy"},
           {"time", "2026-11-21T12:00:00Z"},
           {"macro", "daemon_name=smtp"}}) {
    const auto fault = text.set(name, value);
    EXPECT_FALSE(fault) << name << ": " << fault->message;
  }
  const auto& told = text.scene().told;
  EXPECT_EQ(told.client.address, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(told.client.reverse_name.value(), "mail.example.net");
  EXPECT_TRUE(told.extended_smtp.value());
  EXPECT_TRUE(told.tls.version.is_told());
  EXPECT_EQ(told.authentication.user.value(), "alice");
  EXPECT_EQ(told.sender.value().text(), "a@example.net");
  EXPECT_EQ(text.scene().recipients.size(), 3U);
  EXPECT_EQ(told.declared_size.value(), 100);
  EXPECT_EQ(told.size.value(), 90);
  EXPECT_EQ(told.server_address, "203.0.113.1");
  EXPECT_EQ(text.scene().end(), Stage::data);
  EXPECT_EQ(told.door, Door::policy);
  EXPECT_EQ(told.time, time_from_text("2026-11-21T12:00:00Z"));
  EXPECT_EQ(told.macros.at("daemon_name"), "smtp");
}

TEST(SceneText, SaysWhatIsWrong) {
  EXPECT_EQ(fault_of("client", "192.0.2"),
            "\"192.0.2\" is not an IP address | as in 192.0.2.1 or 2001:db8::1");
  EXPECT_THAT(fault_of("sendr", "x"), HasSubstr("did you mean \"sender\"?"));
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"recipient", "a@b.example,"},
                                                        {"size", "many"},
                                                        {"size", "-1"},
                                                        {"stage", "rctp"},
                                                        {"door", "back"},
                                                        {"time", "noon"},
                                                        {"macro", "daemon_name"},
                                                        {"dns", "example.com MX"},
                                                        {"dns", "example.com MX=mail.example.com"},
                                                        {"dns", "example.com=192.0.2.1"},
                                                        {"counter", "per_client=5"},
                                                        {"counter", "per_client 192.0.2.1"}}) {
    EXPECT_NE(fault_of(name, value), "") << name << ' ' << value;
  }
}

TEST(SceneText, RecordsOfDnsComeOneByOne) {
  SceneText text;
  EXPECT_FALSE(text.set("dns", "example.com MX=10 a.example"));
  EXPECT_FALSE(text.set("dns", "example.com MX=20 b.example"));
  EXPECT_FALSE(text.set("dns", "example.com TXT=v=spf1 -all"));
  EXPECT_FALSE(text.set("dns", "slow.example A=TIMEOUT"));
  EXPECT_TRUE(text.set("dns", "slow.example A=192.0.2.1"));
  EXPECT_FALSE(text.set("counter", "per_client 192.0.2.1=41"));
  World world;
  ASSERT_FALSE(text.take_world(world));
  EXPECT_THAT(world.dns.look_up({"example.com", DnsType::mx}).records,
              ElementsAre("10 a.example", "20 b.example"));
  EXPECT_THAT(world.dns.look_up({"example.com", DnsType::txt}).records, ElementsAre("v=spf1 -all"));
  EXPECT_EQ(world.dns.look_up({"slow.example", DnsType::a}).kind, DnsResult::Kind::timeout);
  EXPECT_EQ((world.counters.at({"per_client", "192.0.2.1"})), 41);
}

TEST(SceneText, ReadsDescriptionsAsSwaksHasThem) {
  for (const auto* description :
       {"from a@example.net\nto b@example.org\nehlo mail.example.net\n",
        "# a comment\n\n--from a@example.net\r\n--to b@example.org\n  helo mail.example.net",
        "swaks --to b@example.org --from a@example.net --ehlo mail.example.net --server mx1 -tls\n",
        "-f a@example.net -t b@example.org -h mail.example.net --quit-after RCPT\n"
        "header Subject: a b c\n"}) {
    SceneText text;
    const auto fault = text.describe(description);
    ASSERT_FALSE(fault) << description << fault->message;
    EXPECT_EQ(text.scene().told.sender.value().text(), "a@example.net") << description;
    EXPECT_EQ(text.scene().recipients.front().text(), "b@example.org") << description;
    EXPECT_EQ(text.scene().told.helo.value(), "mail.example.net") << description;
  }
}

TEST(SceneText, NamesTheLineOfAFault) {
  SceneText text;
  const auto fault = text.describe("from a@example.net\n\nclient here\n");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->message, "line 3: \"here\" is not an IP address");
}

TEST(SceneText, EveryWordIsFoundByItsNames) {
  for (const auto& word : scene_words()) EXPECT_EQ(find_scene_word(word.name), &word) << word.name;
  EXPECT_EQ(find_scene_word("ehlo")->name, "helo");
  EXPECT_EQ(find_scene_word("t")->name, "recipient");
  EXPECT_EQ(find_scene_word(""), nullptr);
}

}  // namespace
}  // namespace postern
