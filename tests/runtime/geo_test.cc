#include "checks/check.h"
#include "rules/maintenance.h"
#include "runtime/files.h"
#include "runtime/geo_source.h"
#include "runtime/mmdb.h"
#include "runtime/table_keeper.h"
#include "support/fake_source.h"
#include "support/mmdb_maker.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

namespace postern {
namespace {

using test::mmdb_array;
using test::mmdb_country;
using test::mmdb_map;
using test::mmdb_network;
using test::mmdb_number;
using test::mmdb_pointer;
using test::mmdb_text;
using test::MmdbMaker;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

MmdbMaker countries() {
  MmdbMaker maker("Test-Country");
  maker.add("192.0.2.0/24", mmdb_country("DE", "Germany"))
      .add("198.51.100.0/25", mmdb_country("FR", "France\n550 OK"))
      .add("2001:db8::/32", mmdb_country("CH", "Switzerland"));
  return maker;
}

class Mmdb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_mmdb()) GTEST_SKIP() << "built without libmaxminddb";
  }

  static std::shared_ptr<const GeoDatabase> open(const std::string& octets,
                                                 GeoFact fact = GeoFact::country) {
    const auto opened = mmdb_of(octets, fact, "/geo/test.mmdb");
    EXPECT_TRUE(opened.ok()) << render(opened.problems());
    return opened ? *opened : nullptr;
  }
  static std::string fault(const std::string& octets, GeoFact fact = GeoFact::country) {
    const auto opened = mmdb_of(octets, fact, "/geo/test.mmdb");
    return opened ? "none" : opened.problems().front().message;
  }
  /// Its value, or in what other state it is.
  static std::string found(const GeoDatabase& file, std::string_view address) {
    const auto answer = file.find(ip(address));
    if (answer.state == Answer::State::value) return answer.values.front();
    return answer.state == Answer::State::empty ? "nothing" : answer.cause;
  }
  /// In a file with this as the record of one network.
  static std::string said(const std::string& record, GeoFact fact = GeoFact::country) {
    const auto type = fact == GeoFact::country ? "Test-Country" : "Test-ASN";
    return found(*open(MmdbMaker(type).add("192.0.2.0/24", record).octets(), fact), "192.0.2.1");
  }
};

TEST_F(Mmdb, KnowsTheCountriesOfAddressesOfBothFamilies) {
  const auto file = open(countries().octets());
  EXPECT_EQ(found(*file, "192.0.2.255"), "DE");
  EXPECT_EQ(found(*file, "::ffff:192.0.2.1"), "DE");
  EXPECT_EQ(found(*file, "198.51.100.127"), "FR");
  EXPECT_EQ(found(*file, "198.51.100.128"), "nothing");
  EXPECT_EQ(found(*file, "2001:db8:ffff::1"), "CH");
  EXPECT_EQ(found(*file, "2001:db9::1"), "nothing");
  EXPECT_EQ(file->title(), "Test-Country of 2026-11-06");
}

TEST_F(Mmdb, SaysWhereItsAnswerIsFromAndCleansWhatTheFileCallsIt) {
  const auto octets = countries().octets();
  const auto answer = open(octets)->find(ip("198.51.100.1"));
  EXPECT_EQ(answer.source.name, "geo");
  EXPECT_EQ(answer.source.file, "/geo/test.mmdb");
  EXPECT_EQ(answer.source.digest.size(), 64U);
  EXPECT_EQ(answer.source.note, "France 550 OK");
}

TEST_F(Mmdb, KnowsTheNetworksOfAddresses) {
  const auto file =
      open(MmdbMaker("Test-ASN").add("192.0.2.0/24", mmdb_network(64'496, "Example Net")).octets(),
           GeoFact::asn);
  EXPECT_EQ(found(*file, "192.0.2.9"), "AS64496");
  EXPECT_EQ(file->find(ip("192.0.2.9")).source.note, "Example Net");
  EXPECT_EQ(found(*file, "203.0.113.9"), "nothing");
}

TEST_F(Mmdb, ReadsFilesOfOtherMakersWithoutMaps) {
  EXPECT_EQ(said(mmdb_map({{"country_code", mmdb_text("AT")}})), "AT");
  EXPECT_EQ(said(mmdb_map({{"country", mmdb_text("BE")}})), "BE");
  EXPECT_EQ(said(mmdb_map({{"asn", mmdb_text("AS64499")}}), GeoFact::asn), "AS64499");
}

TEST_F(Mmdb, WhatIsNoCountryAndNoNetworkIsNotKnown) {
  for (const auto* code : {"EU", "A1", "de", "DEU", ""}) {
    EXPECT_EQ(said(mmdb_country(code, "?")), "nothing") << code;
  }
  EXPECT_EQ(said(mmdb_map({{"country", mmdb_number(49)}})), "nothing");
  EXPECT_EQ(said(mmdb_map({})), "nothing");
  EXPECT_EQ(said(mmdb_text("DE")), "nothing");
  EXPECT_EQ(said(mmdb_network(0, "nobody"), GeoFact::asn), "nothing");
  EXPECT_EQ(said(mmdb_map({{"asn", mmdb_text("AS064499")}}), GeoFact::asn), "nothing");
}

TEST_F(Mmdb, ARecordThatLeadsAroundInACircleOrNeverEndsIsTrouble) {
  const std::string broken = "the file is broken: no record of an address";
  EXPECT_EQ(said(mmdb_map({{"country", mmdb_pointer(0)}})), broken);
  // A pointer at itself.
  EXPECT_EQ(said(mmdb_pointer(0)), broken);
  // Forty arrays of two, each of which holds the next twice: 2 to the power of 40 values.
  std::string bomb;
  for (unsigned i = 0; i < 40; ++i) {
    const auto next = static_cast<unsigned>(bomb.size()) + 6;
    bomb += mmdb_array({mmdb_pointer(next), mmdb_pointer(next)});
  }
  EXPECT_EQ(said(bomb), broken);
  // A map in a map in a map.
  std::string deep;
  for (int i = 0; i < 60'000; ++i) deep += '\xE1' + mmdb_text("a");
  EXPECT_EQ(said(deep), broken);
  // More members than the file has octets.
  EXPECT_EQ(said("\xFF\xFF\xFF\xFF"), broken);
}

TEST_F(Mmdb, WhatIsNoSuchFileIsRefused) {
  const auto good = countries().octets();
  EXPECT_THAT(fault(""), HasSubstr("no file in MaxMind's format"));
  EXPECT_THAT(fault("DE,192.0.2.0/24\n"), HasSubstr("no file in MaxMind's format"));
  EXPECT_THAT(fault(good.substr(0, good.size() / 2)), HasSubstr("its end is missing"));
  EXPECT_THAT(fault(good.substr(0, good.size() - 30)), HasSubstr("its metadata cannot be read"));
  // Its own description a thousand times.
  auto endless = countries().with_metadata(mmdb_map({{"description", mmdb_pointer(0)}})).octets();
  EXPECT_THAT(fault(endless), HasSubstr("its metadata cannot be read"));
}

TEST_F(Mmdb, AFileOfNetworksIsNotTakenForOneOfCountriesAndTheOtherWayRound) {
  EXPECT_EQ(fault(MmdbMaker("GeoLite2-ASN").add("192.0.2.0/24", mmdb_network(1, "")).octets()),
            "this file, \"GeoLite2-ASN\", knows no countries");
  EXPECT_EQ(fault(countries().octets(), GeoFact::asn),
            "this file, \"Test-Country\", knows no networks");
}

TEST_F(Mmdb, EveryCutAndEveryWrongOctetOfAFileIsSurvived) {
  const auto good = countries().octets();
  const auto look = [](const std::string& octets) {
    const auto opened = mmdb_of(octets, GeoFact::country, "x");
    if (!opened) return;
    for (const auto* address : {"192.0.2.1", "198.51.100.1", "2001:db8::1", "203.0.113.1"}) {
      const auto answer = (*opened)->find(ip(address));
      if (answer.state == Answer::State::value) {
        EXPECT_TRUE(is_country_code(answer.values.front()));
      }
    }
  };
  for (std::size_t i = 0; i < good.size(); i += 3) {
    look(good.substr(i));
    for (const char wrong : {'\xFF', '\x00', '\x20'}) {
      auto octets = good;
      octets[i] = wrong;
      look(octets);
    }
  }
}

/// A policy that rests on such files, and its keeper.
class Geo : public Mmdb {
 protected:
  Geo() {
    config_ = dir_.write("postern.toml",
                         "[identity]\nhost = \"mx.example.org\"\n"
                         "[geo]\ncountry = \"country.mmdb\"\nasn = \"sub/asn.mmdb\"\n"
                         "[table.far]\nkind = \"string\"\nentries = [\"AS64496\"]\n"
                         "[[rule]]\nname = \"far\"\nstage = \"rcpt\"\n"
                         "when = 'client.country == \"FR\" or client.asn in far'\n"
                         "reject = \"client-country\"\n");
    dir_.write("country.mmdb", countries().octets());
    dir_.write("sub/asn.mmdb",
               MmdbMaker("Test-ASN").add("203.0.113.0/24", mmdb_network(64'496, "Far")).octets());
    place_.config = config_;
    place_.explicit_config = true;
  }

  Result<std::shared_ptr<const Policy>> load() const {
    auto compiled = Policy::compile(config_, disk_reader(place_));
    if (!compiled) return compiled.problems();
    return compiled->policy;
  }

  Decision decide(const std::string& address) const {
    test::FakeSource nobody;
    GeoSource source(*holder_, nobody);
    Driver driver(source, clock_);
    Transaction transaction;
    transaction.stage = Stage::rcpt;
    if (!address.empty()) transaction.client.address = ip(address);
    transaction.sender = MailAddress::from_unquoted("a@example.com");
    transaction.recipient = MailAddress::from_unquoted("b@example.org");
    return driver.decide_and_wait(holder_->get(), transaction, {}, std::chrono::seconds(8),
                                  [this](Outcome outcome) { last_ = std::move(outcome); });
  }

  void start() {
    auto loaded = load();
    ASSERT_TRUE(loaded.ok()) << render(loaded.problems());
    holder_ = std::make_unique<PolicyHolder>(*loaded);
    TableKeeperSettings settings;
    settings.settle = std::chrono::milliseconds(1);
    settings.look_every = std::chrono::milliseconds(50);
    keeper_ = std::make_unique<TableKeeper>(
        *holder_, place_, clock_,
        [this](LogLevel, const std::string& message) {
          const std::lock_guard lock(mutex_);
          said_.push_back(message);
          changed_.notify_all();
        },
        [](const Policy&) {}, settings);
    keeper_->start();
  }
  std::string next_word() {
    std::unique_lock lock(mutex_);
    // Far beyond what any of it takes; a test that waits so long has failed.
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !said_.empty(); })) {
      return "nothing";
    }
    auto text = said_.front();
    said_.pop_front();
    return text;
  }
  std::string status(const std::string& name) const {
    ServiceReport report;
    keeper_->report(report);
    for (const auto& item : report.status().items()) {
      if (item.name == name) return item.value;
    }
    return "none";
  }

  TempDir dir_;
  std::string config_;
  ConfigPlace place_;
  SystemClock clock_;
  std::unique_ptr<PolicyHolder> holder_;
  mutable Outcome last_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> said_;
  std::unique_ptr<TableKeeper> keeper_;  // last: it calls into what stands above
};

TEST_F(Geo, ARuleComparesThemAndLooksThemUpInTables) {
  holder_ = std::make_unique<PolicyHolder>(*load());
  EXPECT_EQ(decide("192.0.2.1").verdict, Verdict::pass);
  EXPECT_EQ(decide("198.51.100.1").verdict, Verdict::reject);
  const auto far = decide("203.0.113.1");
  EXPECT_EQ(far.verdict, Verdict::reject);
  EXPECT_EQ(far.reason->id, "client-country");
  const auto* fact = last_.facts.find({QuestionKind::geo, "asn", "203.0.113.1"});
  ASSERT_NE(fact, nullptr);
  EXPECT_THAT(fact->values, ElementsAre("AS64496"));
  EXPECT_EQ(fact->source.note, "Far");
  EXPECT_EQ(decide("").verdict, Verdict::pass) << "a local submission has no country";
}

TEST_F(Geo, AMissingOrBrokenFileKeepsThePolicyFromLoading) {
  std::filesystem::remove(dir_ / "country.mmdb");
  EXPECT_THAT(render(load().problems()), HasSubstr("No such file or directory"));
  dir_.write("country.mmdb", "no such thing");
  const auto text = render(load().problems());
  EXPECT_THAT(text, HasSubstr("postern.toml:4:11"));
  EXPECT_THAT(text, HasSubstr("it is no file in MaxMind's format"));
}

TEST_F(Geo, AFileThatIsReplacedIsTakenAndTheDigestOfThePolicyStays) {
  start();
  const auto digest = holder_->get()->digest();
  EXPECT_EQ(decide("192.0.2.1").verdict, Verdict::pass);
  dir_.replace("country.mmdb",
               MmdbMaker("Newer-Country").add("192.0.2.0/24", mmdb_country("FR", "")).octets());
  EXPECT_THAT(next_word(), HasSubstr("geo file " + dir_.path() + "/country.mmdb has changed"));
  EXPECT_EQ(decide("192.0.2.1").verdict, Verdict::reject);
  EXPECT_EQ(decide("203.0.113.1").verdict, Verdict::reject) << "the other file stays";
  EXPECT_EQ(holder_->get()->digest(), digest);
  EXPECT_EQ(status("geo.country.holds"), "Newer-Country of 2026-11-06");
}

TEST_F(Geo, AFileThatTurnsBadLeavesWhatWasThereAndIsShown) {
  start();
  EXPECT_EQ(status("geo.country.trouble"), "none");
  dir_.replace("country.mmdb", "rubbish");
  EXPECT_THAT(next_word(), HasSubstr("is not taken, what it held stays in force"));
  EXPECT_EQ(decide("198.51.100.1").verdict, Verdict::reject);
  EXPECT_THAT(status("geo.country.trouble"), HasSubstr("it is no file in MaxMind's format"));
  EXPECT_EQ(status("geo.asn.trouble"), "none");
  dir_.replace("country.mmdb", countries().octets());
  EXPECT_THAT(next_word(), HasSubstr("is again what is in force"));
  EXPECT_EQ(status("geo.country.trouble"), "none");
}

TEST_F(Geo, AFileThatIsCutWhereItLiesHarmsNobody) {
  start();
  std::filesystem::resize_file(dir_ / "country.mmdb", 0);
  EXPECT_THAT(next_word(), HasSubstr("is not taken"));
  EXPECT_EQ(decide("198.51.100.1").verdict, Verdict::reject);
}

TEST(GeoSource, PassesOnWhatIsNoneOfItsQuestionsAndKnowsNothingWithoutAFile) {
  const auto compiled =
      Policy::compile("p", FileReader([](const std::string&) {
                        return Result<std::string>("[identity]\nhost = \"mx.example.org\"\n");
                      }));
  PolicyHolder holder(compiled->policy);
  test::FakeSource others;
  GeoSource source(holder, others);
  source.ask({QuestionKind::dns, "A", "example.com"}, [](const Answer&) {});
  EXPECT_EQ(others.asked().size(), 1U);
  std::string cause;
  source.ask({QuestionKind::geo, "country", "192.0.2.1"},
             [&](const Answer& answer) { cause = answer.cause; });
  EXPECT_EQ(cause, "there is no such file");
}

TEST(MmdbWithout, AProgramWithoutTheLibrarySaysSo) {
  if (has_mmdb()) GTEST_SKIP() << "built with libmaxminddb";
  const auto opened = mmdb_of(countries().octets(), GeoFact::country, "x");
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.problems().front().message, HasSubstr("built without libmaxminddb"));
}

}  // namespace
}  // namespace postern
