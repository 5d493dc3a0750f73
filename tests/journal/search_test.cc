#include "journal/search.h"

#include "journal/samples.h"
#include "journal/segment_care.h"
#include "model/time_text.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <random>

namespace postern {
namespace {

using std::chrono::system_clock;
using testing::TempDir;

system_clock::time_point at(std::string_view text) {
  return time_from_text(text).value_or(system_clock::time_point{});
}

Record mail(unsigned number, std::string_view client, std::string_view sender,
            std::string_view recipient) {
  Record record = samples::with(samples::refused_recipient(), number);
  record.transaction.time = at("2026-11-21T12:00:00Z") + std::chrono::seconds(number);
  record.transaction.client.address = IpAddress::parse(client);
  record.transaction.sender = MailAddress::from_envelope(sender);
  record.transaction.recipient = MailAddress::from_envelope(recipient);
  return record;
}

class JournalSearch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string older;
    std::string text;
    older += to_json(mail(1, "192.0.2.7", "ann@example.net", "bob@example.org")) + '\n';
    older += to_json(mail(2, "192.0.2.9", "<>", "Bob@Example.ORG")) + '\n';
    text += to_json(mail(3, "2001:db8::1", "eve@sub.example.net", "postmaster")) + '\n';
    text += to_json(samples::repeated()) + '\n';
    text += to_json(mail(4, "192.0.2.7", "ann@example.net", "jim@example.org")) + '\n';
    Record several = samples::several_recipients();
    several.transaction.time = at("2026-11-21T12:00:05Z");
    text += to_json(several) + '\n' + "{\"torn";
    dir_.write("decisions.jsonl.1", older);
    journal_ = dir_.write("decisions.jsonl", text);
  }

  std::vector<int> seconds(const RecordFilter& filter, std::size_t most = 100) {
    auto found = search_journal(journal_, filter, most);
    EXPECT_TRUE(found) << render(found.problems());
    std::vector<int> result;
    for (const auto& record : found->records) {
      result.push_back(static_cast<int>((record.transaction.time - at("2026-11-21T12:00:00Z")) /
                                        std::chrono::seconds(1)));
    }
    last_ = std::move(*found);
    return result;
  }

  TempDir dir_;
  std::string journal_;
  SearchedJournal last_;
};

using ::testing::ElementsAre;

TEST_F(JournalSearch, FindsTheNewestFirstAlsoInRotatedFiles) {
  EXPECT_THAT(seconds({}), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_EQ(last_.older, 1U);
  EXPECT_EQ(last_.counts.unreadable, 0U) << "nothing of a torn line can fit";
  EXPECT_FALSE(last_.cut);
  EXPECT_THAT(seconds({}, 2), ElementsAre(5, 4));
  EXPECT_TRUE(last_.cut);
}

TEST_F(JournalSearch, ByClientOrItsNetwork) {
  RecordFilter filter;
  filter.client = Network::parse("192.0.2.9");
  EXPECT_THAT(seconds(filter), ElementsAre(2));
  filter.client = Network::parse("192.0.2.0/24");
  EXPECT_THAT(seconds(filter), ElementsAre(5, 4, 2, 1));
  filter.client = Network::parse("2001:db8::/32");
  EXPECT_THAT(seconds(filter), ElementsAre(3));
}

TEST_F(JournalSearch, BySenderAndRecipient) {
  RecordFilter filter;
  filter.sender = AddressFilter::parse("<>");
  EXPECT_THAT(seconds(filter), ElementsAre(2));
  filter.sender = AddressFilter::parse("example.net");
  EXPECT_THAT(seconds(filter), ElementsAre(5, 4, 1));
  filter.recipient = AddressFilter::parse("BOB@example.org");
  EXPECT_THAT(seconds(filter), ElementsAre(5, 1)) << "also one of several";
  filter = {};
  filter.recipient = AddressFilter::parse("@Example.org");
  EXPECT_THAT(seconds(filter), ElementsAre(5, 4, 2, 1));
  filter.recipient = AddressFilter::parse("postmaster");
  EXPECT_THAT(seconds(filter), ElementsAre(3));
}

TEST_F(JournalSearch, ByTime) {
  RecordFilter filter;
  filter.since = at("2026-11-21T12:00:03Z");
  EXPECT_THAT(seconds(filter), ElementsAre(5, 4, 3));
  filter.until = at("2026-11-21T12:00:05Z");
  EXPECT_THAT(seconds(filter), ElementsAre(4, 3));
}

TEST_F(JournalSearch, DoesNotReadOnWhereAllIsOlder) {
  RecordFilter filter;
  filter.since = at("2026-11-21T14:00:00Z");
  EXPECT_THAT(seconds(filter), ElementsAre());
  EXPECT_LE(last_.counts.lines, 3U);
}

TEST_F(JournalSearch, SaysWhatItCannotRead) {
  EXPECT_FALSE(search_journal(dir_ / "none.jsonl", {}, 10));
}

TEST(JournalSearchInSegments, FindsTheSameWithTheirIndexesAsALookAtEachRecord) {
  const TempDir dir;
  const auto journal = dir / "decisions.jsonl";
  std::mt19937 random(5);
  const auto one_of = [&random](std::initializer_list<const char*> words) {
    return *(words.begin() + random() % words.size());
  };
  std::vector<Record> all;
  for (const auto* name : {"decisions.jsonl-20261120T000000.000Z",
                           "decisions.jsonl-20261121T000000.000Z", "decisions.jsonl"}) {
    std::string text;
    for (int i = 0; i < 600; ++i) {
      const auto number = static_cast<unsigned>(all.size() + 1);
      auto record =
          mail(number, one_of({"192.0.2.7", "192.0.2.9", "2001:db8::1", "203.0.113.5"}),
               one_of({"ann@example.net", "<>", "Eve@sub.example.net", "\"a b\"@x.example"}),
               one_of({"bob@example.org", "Bob@Example.ORG", "postmaster", "jim@x.example"}));
      record.transaction.time = at("2026-11-19T12:00:00Z") + std::chrono::minutes(number);
      text += to_json(record) + '\n';
      all.push_back(std::move(record));
    }
    dir.write(name, text);
  }
  JournalSettings settings;
  settings.path = journal;
  settings.keep.reset();
  settings.keep_accepts.reset();
  PolicyStore policies(journal);
  SegmentCare care(
      policies, [](const std::string& said) { ADD_FAILURE() << said; }, [](bool) { return true; });
  EXPECT_EQ(care.round(settings, at("2026-11-21T12:00:00Z")).segments, 2U);

  const auto maybe = [&](auto& place, auto value) {
    if (random() % 3 == 0) place = value;
  };
  for (int round = 0; round < 60; ++round) {
    RecordFilter filter;
    maybe(filter.client, Network::parse(one_of({"192.0.2.7", "203.0.113.5", "192.0.2.0/24"})));
    maybe(filter.sender, AddressFilter::parse(one_of({"ANN@example.net", "<>", "sub.example.net",
                                                      "\"a b\"@x.example", "nobody@example.net"})));
    maybe(filter.recipient, AddressFilter::parse(one_of(
                                {"bob@example.org", "example.org", "postmaster", "no@x.example"})));
    maybe(filter.since, at("2026-11-19T12:00:00Z") + std::chrono::minutes(random() % 2000));
    maybe(filter.until, at("2026-11-19T12:00:00Z") + std::chrono::minutes(random() % 2000));
    const std::size_t most = random() % 2 == 0 ? 20 : 100'000;
    std::vector<std::string> expected;
    std::size_t fits = 0;
    for (auto record = all.rbegin(); record != all.rend(); ++record) {
      if (!filter.fits(*record) || ++fits > most) continue;
      expected.push_back(to_json(*record));
    }
    const auto found = search_journal(journal, filter, most);
    ASSERT_TRUE(found) << render(found.problems());
    EXPECT_EQ(found->cut, fits > most);
    EXPECT_THAT(found->unread, ::testing::IsEmpty());
    std::vector<std::string> got;
    for (const auto& record : found->records) got.push_back(to_json(record));
    ASSERT_EQ(got, expected) << round;
  }
}

TEST(AddressFilter, IsAnAddressADomainOrTheNullPath) {
  EXPECT_FALSE(AddressFilter::parse(""));
  EXPECT_FALSE(AddressFilter::parse("two words@example.org"));
  EXPECT_FALSE(AddressFilter::parse("@"));
  EXPECT_TRUE(AddressFilter::parse("example.org")->whole_domain);
  EXPECT_TRUE(AddressFilter::parse("<bob@example.org>")
                  ->fits(MailAddress::from_envelope("<BOB@example.org>")));
}

}  // namespace
}  // namespace postern
