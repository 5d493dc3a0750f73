#include "journal/segment_care.h"

#include "journal/find_in_journal.h"
#include "journal/gzip.h"
#include "journal/gzip_text.h"
#include "journal/search.h"
#include "journal/segment_index.h"
#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>

namespace postern {
namespace {

namespace fs = std::filesystem;
using samples::line_of;
using samples::moment;
using samples::pass;
using samples::refusal;
using samples::refusals;
using samples::Time;
using samples::walked;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using std::chrono_literals::operator""h;

constexpr auto day = 24h;

class ClosedSegments : public samples::SegmentFolder {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string unpacked(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY));
    GzipText text(file.get(), fs::file_size(path));
    std::string all;
    for (std::string piece; text.next(piece);) all += piece;
    EXPECT_EQ(text.error() + damage_text(text.damage(), path), "");
    return all;
  }
  FoundInJournal find(const Record& record) const {
    auto found = find_in_journal(path_, ByReference{record.transaction.reference});
    EXPECT_TRUE(found) << render(found.problems());
    return found ? std::move(*found) : FoundInJournal{};
  }
};

TEST_F(ClosedSegments, AreCompressedOctetForOctetAndGetAnIndex) {
  const auto torn = to_json(refusal(5)).substr(0, 100) + "\n\n";
  const auto text = refusals(0, 300) + torn + refusals(300, 300) + "no line feed";
  closed(moment(1000), text);
  const auto totals = care(settings(), moment(2000));
  EXPECT_EQ(totals.segments, 1U);
  EXPECT_EQ(totals.waiting, 0U);
  const auto segment = at(moment(1000));
  EXPECT_EQ(segment.form, SegmentForm::gzip);
  EXPECT_EQ(unpacked(segment.file()), text);
  EXPECT_FALSE(fs::exists(segment.path));
  const auto index = SegmentIndex::open(segment);
  ASSERT_TRUE(index) << render(index.problems());
  EXPECT_EQ(index->summary().records, 600U);
  EXPECT_EQ(index->summary().unreadable, 2U);
  EXPECT_EQ(index->summary().of_passes, 0U);
  EXPECT_GT(index->blocks().size(), 2U);
  EXPECT_EQ(index->summary().times.first, index_time(moment(0)));
  EXPECT_EQ(index->summary().times.last, index_time(moment(599)));
}

TEST_F(ClosedSegments, OneThatHoldsNoLineFeedForLongIsKeptAsItIs) {
  const auto text = std::string(600'000, 'x');
  closed(moment(1000), text + '\n' + refusals(0, 2));
  care(settings(), moment(2000));
  EXPECT_EQ(unpacked(at(moment(1000)).file()), text + '\n' + refusals(0, 2));
  EXPECT_THAT(find(refusal(1)).found.records, SizeIs(1));
}

TEST_F(ClosedSegments, ADamagedBlockCostsItsOwnRecordsAlone) {
  closed(moment(1000), refusals(0, 900));
  care(settings(), moment(2000));
  const auto segment = at(moment(1000));
  const auto index = SegmentIndex::open(segment);
  ASSERT_TRUE(index);
  ASSERT_GT(index->blocks().size(), 2U);
  const auto middle = index->blocks()[1];
  auto octets = samples::read_file(segment.file());
  auto& hit = octets[middle.offset + middle.octets / 2];
  hit = static_cast<char>(hit ^ 0x40);
  folder_.write(fs::path(segment.file()).filename().string(), octets);

  RecordFilter all;
  auto through_index = search_journal(path_, all, 2000);
  ASSERT_TRUE(through_index);
  fs::remove(segment.index());
  auto found = search_journal(path_, all, 2000);
  ASSERT_TRUE(found) << render(found.problems());
  EXPECT_GT(found->records.size(), 300U);
  EXPECT_LT(found->records.size(), 900U);
  EXPECT_EQ(found->records.size(), through_index->records.size());
  ASSERT_THAT(found->unread, SizeIs(1));
  EXPECT_THAT(found->unread[0].message,
              HasSubstr(segment.file() + " is damaged: octets " + std::to_string(middle.offset) +
                        " to " + std::to_string(middle.offset + middle.octets) +
                        " cannot be unpacked; the records in it are left out"));
  EXPECT_THAT(find(refusal(0)).found.records, SizeIs(1));
  EXPECT_THAT(find(refusal(899)).found.records, SizeIs(1));

  care(settings(), moment(3000));
  ASSERT_THAT(said_, SizeIs(1));
  EXPECT_THAT(said_[0], HasSubstr("is damaged: octets"));
  const auto again = SegmentIndex::open(at(moment(1000)));
  ASSERT_TRUE(again) << render(again.problems());
  EXPECT_EQ(again->summary().records, found->records.size());
  EXPECT_THAT(search_journal(path_, all, 2000)->unread, IsEmpty());
}

TEST_F(ClosedSegments, OneThatMayStillBeOnItsWayIsLeftAsItIs) {
  closed(moment(1000), refusals(0, 900));
  care(settings(), moment(2000));
  const auto segment = at(moment(1000));
  const auto octets = samples::read_file(segment.file());
  const auto part = octets.substr(0, octets.size() * 2 / 3);
  const auto name = fs::path(segment.file()).filename().string();
  folder_.write(name, part);
  fs::remove(segment.index());
  EXPECT_THAT(care(settings(), moment(3000)).trouble, HasSubstr("its end is missing"));
  EXPECT_EQ(samples::read_file(segment.file()), part);
  fs::last_write_time(segment.file(), fs::file_time_type::clock::now() - 2h);
  EXPECT_EQ(care(settings(), moment(4000)).trouble, "");
  EXPECT_TRUE(SegmentIndex::open(at(moment(1000))));
  EXPECT_THAT(find(refusal(0)).found.records, SizeIs(1));
}

TEST_F(ClosedSegments, AreFoundThroughTheIndexAsWithoutIt) {
  closed(moment(1000), refusals(0, 400));
  closed(moment(2000), refusals(1000, 400));
  folder_.write("decisions.jsonl", refusals(2000, 10));
  for (const bool compress : {false, true}) {
    auto wish = settings();
    wish.compress = compress;
    care(wish, moment(3000));
    for (const int number : {0, 123, 399, 1000, 1399, 2003}) {
      const auto found = find(refusal(number));
      ASSERT_THAT(found.found.records, SizeIs(1)) << number;
      EXPECT_EQ(found.found.records[0].transaction.reference,
                refusal(number).transaction.reference);
      EXPECT_THAT(found.notes, IsEmpty());
      EXPECT_THAT(found.unread, IsEmpty());
      // A block of it was read, not the whole.
      EXPECT_LT(found.found.counts.lines, 200U) << number;
    }
    EXPECT_THAT(find(refusal(700)).found.records, IsEmpty());
    EXPECT_THAT(find(refusal(700)).found.counts.lines, 10U) << "the active segment alone";
  }
}

TEST_F(ClosedSegments, AMessageIsFoundAcrossSegmentsByItsQueueIdAndSession) {
  const auto of_message = [](Record record, std::int64_t number, const char* queue_id) {
    record.transaction.queue_id = queue_id;
    record.transaction.session = "the session";
    return line_of(samples::at(std::move(record), moment(number)));
  };
  closed(moment(1000),
         refusals(0, 200) + of_message(samples::blocked_client(), 500, "") + refusals(600, 200));
  closed(moment(2000),
         refusals(1000, 200) + of_message(samples::joined(), 1500, "QID") + refusals(1600, 200));
  folder_.write("decisions.jsonl", refusals(2000, 10));
  care(settings(), moment(3000));
  const auto found = find_in_journal(path_, ByQueueId{"QID"});
  ASSERT_TRUE(found);
  ASSERT_THAT(found->found.records, SizeIs(2));
  EXPECT_EQ(found->found.records[0].transaction.session, "the session");
  EXPECT_EQ(found->found.records[1].kind, RecordKind::join);
}

TEST_F(ClosedSegments, ADamagedOrMissingIndexCostsNothingButTime) {
  closed(moment(1000), refusals(0, 400));
  care(settings(), moment(2000));
  const auto index = at(moment(1000)).index();
  const auto good = samples::read_file(index);
  std::vector<std::string> bad{"", good.substr(0, good.size() / 2), "postern index 0\n" + good};
  for (const std::size_t place : {20U, 40U, 100U}) {
    bad.push_back(good);
    bad.back()[place] = static_cast<char>(bad.back()[place] ^ 1);
  }
  for (const auto& text : bad) {
    folder_.write(fs::path(index).filename().string(), text);
    const auto found = find(refusal(77));
    EXPECT_THAT(found.found.records, SizeIs(1));
    ASSERT_THAT(found.notes, SizeIs(1));
    EXPECT_THAT(found.notes[0].message, HasSubstr("damaged"));
  }
  // A filter that is damaged is not believed either.
  auto filter = good;
  filter.back() = static_cast<char>(filter.back() ^ 1);
  filter[filter.size() - 300] = static_cast<char>(filter[filter.size() - 300] ^ 1);
  folder_.write(fs::path(index).filename().string(), filter);
  EXPECT_THAT(find(refusal(399)).found.records, SizeIs(1));
  fs::remove(index);
  EXPECT_THAT(find(refusal(77)).notes, SizeIs(1));
  // And the next round makes it again.
  care(settings(), moment(2000));
  EXPECT_EQ(samples::read_file(index), good);
  EXPECT_THAT(find(refusal(77)).notes, IsEmpty());
}

TEST_F(ClosedSegments, AnIndexOfAnotherSegmentIsNotBelieved) {
  closed(moment(1000), refusals(0, 40));
  closed(moment(2000), refusals(1000, 80));
  care(settings(), moment(3000));
  fs::copy_file(at(moment(1000)).index(), at(moment(2000)).index(),
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(find(refusal(1070)).found.records, SizeIs(1));
}

TEST_F(ClosedSegments, WhatAKillHasLeftIsClearedUp) {
  closed(moment(1000), refusals(0, 40));
  care(settings(), moment(3000));
  const auto whole = at(moment(1000));
  // A kill before the plain one was removed, and one in the middle of another.
  folder_.write(fs::path(whole.path).filename().string(), refusals(0, 40));
  closed(moment(2000), refusals(1000, 40));
  const auto second = at(moment(2000));
  folder_.write(fs::path(second.path + ".gz.tmp").filename().string(), "half");
  folder_.write(fs::path(second.path + ".idx.tmp").filename().string(), "half");
  folder_.write(fs::path(segment_path(path_, moment(500)) + ".idx").filename().string(), "none");
  EXPECT_THAT(walked(path_), SizeIs(80)) << "no record twice";
  care(settings(), moment(3000));
  EXPECT_THAT(walked(path_), SizeIs(80));
  EXPECT_THAT(names(), ElementsAre(fs::path(whole.path + ".gz").filename().string(),
                                   fs::path(whole.index()).filename().string(),
                                   fs::path(second.path + ".gz").filename().string(),
                                   fs::path(second.index()).filename().string(),
                                   "decisions.jsonl.policies"));
}

TEST_F(ClosedSegments, GoWhenTheirTimeIsOver) {
  auto wish = settings();
  wish.keep = 90 * day;
  closed(moment(1000), refusals(0, 4));
  closed(moment(2000), refusals(1000, 4));
  care(wish, moment(1500) + 90 * day);
  EXPECT_THAT(walked(path_), ElementsAre(1000, 1001, 1002, 1003));
  EXPECT_THAT(names(), SizeIs(3)) << "the index has gone too";
}

TEST_F(ClosedSegments, AClockThatWasWrongForSecondsEndedTheWholeJournal) {
  auto wish = settings();
  wish.keep = 90 * day;
  wish.keep_accepts = 14 * day;
  closed(moment(1000), refusals(0, 5) + line_of(pass(7)));
  care(wish, moment(1500) + 400 * day, ClockTrust::unproven);
  care(wish, moment(1500) + 400 * day, ClockTrust::unproven);
  EXPECT_THAT(walked(path_), SizeIs(6));
}

TEST_F(ClosedSegments, BehindOneFromTheFutureNoneEverWent) {
  auto wish = settings();
  wish.keep = 90 * day;
  const auto future = moment() + 5000 * day;
  closed(future, refusals(0, 3));
  closed(future + std::chrono::milliseconds(1), refusals(10, 3));
  const auto totals = care(wish, moment(1000));
  EXPECT_EQ(totals.segments, 2U);
  care(wish, moment(1000) + 91 * day);
  EXPECT_THAT(walked(path_), IsEmpty());
}

TEST_F(ClosedSegments, OneWhoseRecordsAreOfTheFutureIsToldOf) {
  closed(moment(1000), refusals(0, 3));
  const auto totals = care(settings(), moment() - 100 * day);
  EXPECT_EQ(totals.segments, 1U);
  care(settings(), moment() - 100 * day);
  EXPECT_THAT(said_, ::testing::Contains(HasSubstr("is dated in the future")));
}

TEST_F(ClosedSegments, AHalfCompressedOneOfSomebodyElseCostTheWholeOne) {
  const auto text = refusals(0, 300);
  const auto segment = closed(moment(1000), text);
  const auto packed = pack_member(text);
  ASSERT_TRUE(packed);
  folder_.write(fs::path(segment.path).filename().string() + ".gz", packed->substr(0, 1500));
  care(settings(), moment(2000));
  EXPECT_THAT(walked(path_), SizeIs(300));
  EXPECT_THAT(said_, ::testing::Contains(HasSubstr("ends too early")));
  EXPECT_EQ(unpacked(at(moment(1000)).file()), text);
}

TEST_F(ClosedSegments, LoseTheMailThatPassedAndKeepTheRefusals) {
  auto wish = settings();
  wish.keep = 90 * day;
  wish.keep_accepts = 14 * day;
  const auto with_session = [](Record record, std::int64_t number, const std::string& session) {
    record.transaction.session = session;
    record.transaction.queue_id = "Q" + session;
    record.transaction.instance.clear();
    return line_of(samples::at(std::move(record), moment(number)));
  };
  auto told_nothing = samples::repeated();
  told_nothing.sent->expected.clear();
  closed(moment(1000), line_of(pass(0)) + line_of(refusal(1)) +
                           with_session(samples::blocked_client(), 2, "refused") +
                           with_session(samples::joined(), 3, "refused") +
                           with_session(samples::joined(), 4, "passed") +
                           line_of(samples::at(told_nothing, moment(5))) +
                           line_of(samples::at(samples::repeated(), moment(6))) +
                           line_of(samples::at(samples::dropped(), moment(7))) + "{\"torn\": \n");
  closed(moment(2000), line_of(pass(1000)));
  care(wish, moment(6) + 14 * day);
  care(wish, moment(6) + 14 * day);
  EXPECT_THAT(walked(path_), SizeIs(9)) << "not yet";
  care(wish, moment(500) + 14 * day);
  EXPECT_THAT(walked(path_), ElementsAre(1, 2, 3, 6, 7, 1000));
  const auto index = SegmentIndex::open(at(moment(1000)));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->summary().of_passes, 0U);
  EXPECT_EQ(index->summary().unreadable, 0U);
  const auto before = fs::last_write_time(at(moment(1000)).file());
  care(wish, moment(2100) + 14 * day);
  EXPECT_THAT(segments_of(path_), SizeIs(1)) << "nothing was left of the second";
  EXPECT_EQ(fs::last_write_time(at(moment(1000)).file()), before);
}

TEST_F(ClosedSegments, KeepWhatIsForEver) {
  closed(moment(1000), line_of(pass(0)) + line_of(refusal(1)));
  care(settings(), moment() + 5000 * day);
  EXPECT_THAT(walked(path_), ElementsAre(0, 1));
}

TEST_F(ClosedSegments, TheOldestGoWhenAllTogetherAreTooLarge) {
  auto wish = settings();
  wish.compress = false;
  for (int i = 1; i <= 4; ++i) closed(moment(i * 1000), refusals(i * 1000 - 900, 100));
  folder_.write("decisions.jsonl", refusals(5000, 10));
  const auto all = care(wish, moment(6000)).octets;
  wish.total_size = all - 1;
  const auto totals = care(wish, moment(6000));
  EXPECT_LE(totals.octets, wish.total_size);
  EXPECT_EQ(totals.segments, 3U);
  EXPECT_EQ(walked(path_).front(), 1100);
  ASSERT_THAT(said_, SizeIs(1));
  EXPECT_THAT(said_[0], HasSubstr("deleted before its time"));
  wish.total_size = 1;
  EXPECT_EQ(care(wish, moment(6000)).segments, 0U);
  EXPECT_THAT(walked(path_), SizeIs(10)) << "the active one stays";
}

TEST_F(ClosedSegments, AreNotCompressedWhenThatIsNotWanted) {
  auto wish = settings();
  wish.compress = false;
  const auto text = refusals(0, 300);
  closed(moment(1000), text);
  care(wish, moment(2000));
  EXPECT_EQ(samples::read_file(at(moment(1000)).path), text);
  EXPECT_TRUE(SegmentIndex::open(at(moment(1000))));
}

TEST_F(ClosedSegments, AFullDiskLeavesThePlainOneWhole) {
  const auto text = refusals(0, 400);
  closed(moment(1000), text);
  auto* const before_signal = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 4'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto totals = care(settings(), moment(2000));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, before_signal);
  EXPECT_THAT(totals.trouble, HasSubstr("File too large"));
  EXPECT_EQ(totals.waiting, 1U);
  EXPECT_THAT(said_, SizeIs(1));
  EXPECT_EQ(samples::read_file(at(moment(1000)).path), text);
  EXPECT_THAT(names(), ElementsAre(fs::path(at(moment(1000)).path).filename().string(),
                                   "decisions.jsonl.policies"));
  EXPECT_THAT(walked(path_), SizeIs(400));
  care(settings(), moment(2000));
  EXPECT_EQ(at(moment(1000)).form, SegmentForm::gzip);
}

TEST_F(ClosedSegments, OneThatIsCutShortIsLeftAloneAndReadAsFarAsItGoes) {
  closed(moment(1000), refusals(0, 400));
  care(settings(), moment(2000));
  const auto segment = at(moment(1000));
  fs::resize_file(segment.file(), fs::file_size(segment.file()) - 10);
  const auto totals = care(settings(), moment(2000));
  EXPECT_THAT(totals.trouble, HasSubstr("cannot unpack"));
  EXPECT_TRUE(fs::exists(segment.file()));
}

TEST_F(ClosedSegments, OneProcessAtATimeLooksAfterThem) {
  closed(moment(1000), refusals(0, 4));
  const auto held = policies_.lock();
  ASSERT_TRUE(held);
  EXPECT_EQ(care(settings(), moment(2000)).waiting, 1U);
}

TEST_F(ClosedSegments, OfADeviceThereAreNoneAndNothingIsMadeBesideIt) {
  auto wish = settings();
  wish.path = folder_ / "sub/decisions.jsonl";
  EXPECT_EQ(care(wish, moment()).segments, 0U);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ClosedSegments, ARoundEndsAtOnceWhenItIsTold) {
  closed(moment(1000), refusals(0, 400));
  SegmentCare ended(
      policies_, [](const std::string&) {}, [](bool) { return false; });
  EXPECT_EQ(ended.round(settings(), moment(2000)).waiting, 1U);
  EXPECT_EQ(at(moment(1000)).form, SegmentForm::plain);
  EXPECT_THAT(walked(path_), SizeIs(400));
}

}  // namespace
}  // namespace postern
