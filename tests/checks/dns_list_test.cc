#include "checks/dns_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>

namespace postern {
namespace {

using ::testing::ElementsAre;
using State = DnsListReading::State;

DnsListReading read(std::vector<std::string> values,
                    std::vector<DnsListCodes> codes = {usual_dns_list_codes()}) {
  return read_dns_list(values.empty() ? Answer::nothing() : Answer::found(std::move(values)),
                       codes);
}

DnsListCodes codes(std::string_view text, std::string meaning) {
  const auto read = dns_list_codes(text, std::move(meaning));
  EXPECT_TRUE(read) << text;
  return read.value_or(DnsListCodes{});
}

TEST(DnsList, ListsMeanWhatTheirCodesAreSaidToMean) {
  const std::vector<DnsListCodes> zen{
      codes("127.0.0.2-3", "spam"), codes("127.0.0.4-7", "exploited"),
      codes("127.0.0.10-127.0.0.11", "policy"), codes("127.0.0.9", "spam")};
  EXPECT_THAT(read({"127.0.0.4", "127.0.0.3"}, zen).meanings, ElementsAre("spam", "exploited"));
  EXPECT_THAT(read({"127.0.0.2", "127.0.0.9"}, zen).meanings, ElementsAre("spam"));
  EXPECT_THAT(read({"127.0.0.11"}, zen).meanings, ElementsAre("policy"));
  const auto other = read({"127.0.0.20"}, zen);
  EXPECT_EQ(other.state, State::clear);
  EXPECT_THAT(other.values, ElementsAre("127.0.0.20"));
}

TEST(DnsList, BitsMayHaveMeaningsOfTheirOwn) {
  const std::vector<DnsListCodes> bits{codes("bit 2", "a"), codes("bit 4", "b"),
                                       codes("bits 24", "c")};
  EXPECT_THAT(read({"127.0.0.6"}, bits).meanings, ElementsAre("a", "b"));
  EXPECT_THAT(read({"127.0.0.16"}, bits).meanings, ElementsAre("c"));
}

TEST(DnsList, WhatNoListAnswersIsAnErrorOfTheListAndNeverAListing) {
  for (const auto* value : {"127.255.255.254", "127.255.255.0", "203.0.113.7", "127.0.0.1",
                            "127.0.0.0", "0.0.0.0", "::1", "nonsense", ""}) {
    EXPECT_EQ(read({value}).state, State::error) << value;
    EXPECT_EQ(read({"127.0.0.2", value}).state, State::error) << value;
    EXPECT_TRUE(read({"127.0.0.2", value}).meanings.empty()) << value;
  }
  EXPECT_EQ(read({"127.255.255.254"}).cause, "the list refuses to answer us: 127.255.255.254");
  EXPECT_EQ(read_dns_list(Answer::unavailable("timeout"), {usual_dns_list_codes()}).cause,
            "timeout");
}

TEST(DnsList, CodesThatCanNeverBeAListingAreRefused) {
  for (const auto* text : {"", "127.0.0.1", "127.0.0.2-1", "192.0.2.1", "127.255.255.1",
                           "127.0.0.2-127.255.255.9", "127.0.0.2-300", "bit 0", "bit 256", "bit",
                           "bit x", "::1", "127.0.0.2-", "127.255.255.*", "127.0.0.1*"}) {
    EXPECT_FALSE(dns_list_codes(text, "listed")) << text;
  }
}

TEST(DnsList, TooLongANameCannotBeAskedFor) {
  const std::string label(60, 'a');
  const auto domain = label + '.' + label + '.' + label + '.' + label;
  EXPECT_FALSE(dns_list_name(domain, "list.example.com"));
  EXPECT_FALSE(dns_list_name("", "list.example.com"));
  EXPECT_FALSE(dns_list_name("a..b", "list.example.com"));
}

TEST(DnsListHealth, KnowsAListThatWorksFromOneThatDoesNot) {
  const auto yes = Answer::found({"127.0.0.2"});
  const auto no = Answer::nothing();
  const auto parked = Answer::found({"203.0.113.7"});
  const auto refusal = Answer::found({"127.255.255.254"});
  const auto trouble = Answer::unavailable("timeout");
  EXPECT_EQ(dns_list_health(yes, no), DnsListHealth::good);
  EXPECT_EQ(dns_list_health(no, no), DnsListHealth::dead);
  EXPECT_EQ(dns_list_health(parked, no), DnsListHealth::dead);
  EXPECT_EQ(dns_list_health(yes, yes), DnsListHealth::lists_everything);
  EXPECT_EQ(dns_list_health(parked, parked), DnsListHealth::lists_everything);
  EXPECT_EQ(dns_list_health(trouble, yes), DnsListHealth::lists_everything);
  EXPECT_EQ(dns_list_health(refusal, refusal), DnsListHealth::refuses);
  EXPECT_EQ(dns_list_health(trouble, no), DnsListHealth::unknown);
  EXPECT_EQ(dns_list_health(yes, trouble), DnsListHealth::unknown);
  EXPECT_EQ(dns_list_health(no, trouble), DnsListHealth::dead);
}

TEST(DnsListHealth, AsksForTheTestEntriesOfTheStandard) {
  EXPECT_EQ(dns_list_probes(DnsListKind::v4, "l.example").listed, "2.0.0.127.l.example");
  EXPECT_EQ(dns_list_probes(DnsListKind::v4, "l.example").unlisted, "1.0.0.127.l.example");
  EXPECT_EQ(dns_list_probes(DnsListKind::v6, "l.example").listed,
            "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.l.example");
  EXPECT_EQ(dns_list_probes(DnsListKind::domains, "l.example").listed, "test.l.example");
  EXPECT_EQ(dns_list_probes(DnsListKind::domains, "l.example").unlisted, "invalid.l.example");
}

Answer answer_of(const toml::table& table) {
  const auto code = table["rcode"].value_or(std::string());
  if (code == "SERVFAIL" || code == "TIMEOUT") return Answer::unavailable(code);
  std::vector<std::string> values;
  for (const auto& value : *table["answers"].as_array()) values.push_back(value.value_or(""));
  return values.empty() ? Answer::nothing() : Answer::found(values);
}

TEST(DnsListSuite, EveryCaseOfTheConformanceDataHolds) {
  const auto path = std::filesystem::path(POSTERN_CONFORMANCE_DIR) / "dnsbl" / "dnsbl.toml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no conformance data at " << path;
  const auto suite = toml::parse_file(path.string());
  for (const auto& node : *suite["query"].as_array()) {
    const auto& test = *node.as_table();
    const auto input = test["input"].value_or(std::string());
    const auto zone = test["zone"].value_or(std::string());
    const auto address = IpAddress::parse(input);
    const auto name = test["kind"].value_or(std::string()) == "ip"
                          ? dns_list_name(address.value(), zone)
                          : dns_list_name(input, zone).value_or("");
    EXPECT_EQ(name, test["query"].value_or(std::string())) << input;
  }
  for (const auto& node : *suite["answer"].as_array()) {
    const auto& test = *node.as_table();
    std::vector<DnsListCodes> wanted{usual_dns_list_codes()};
    if (const auto* bits = test["bits"].as_array()) {
      wanted.clear();
      for (const auto& bit : *bits) {
        const auto number = std::to_string(bit.value_or(0));
        wanted.push_back(codes("bit " + number, number));
      }
    }
    if (test["mode"].value_or(std::string()) == "values") {
      wanted = {codes("127.0.1.1-2", "listed")};
    }
    const auto reading = read_dns_list(answer_of(test), wanted);
    const std::string verdict = reading.state == State::listed  ? "listed"
                                : reading.state == State::clear ? "not-listed"
                                                                : "error";
    EXPECT_EQ(verdict, test["verdict"].value_or(std::string())) << test["id"];
    if (test.contains("bits")) {
      EXPECT_EQ(reading.meanings.size(), wanted.size()) << test["id"];
    }
  }
  for (const auto& node : *suite["health"].as_array()) {
    const auto& test = *node.as_table();
    const auto& probes = *test["probes"].as_array();
    const auto health =
        dns_list_health(answer_of(*probes[0].as_table()), answer_of(*probes[1].as_table()));
    const std::string verdict = health == DnsListHealth::good               ? "ok"
                                : health == DnsListHealth::lists_everything ? "listing-everything"
                                                                            : "dead";
    EXPECT_EQ(verdict, test["verdict"].value_or(std::string())) << test["id"];
  }
}

}  // namespace
}  // namespace postern
