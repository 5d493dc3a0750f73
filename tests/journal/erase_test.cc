// Erasing an address: from every place of a record, from every file of a journal, while it is
// written, and whatever interrupts it.
#include "journal/erase.h"

#include "journal/find_in_journal.h"
#include "journal/gzip.h"
#include "journal/journal.h"
#include "journal/segment_index.h"
#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace postern {
namespace {

using samples::line_of;
using samples::moment;
using samples::refusal;
using samples::walked;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

AddressEraser eraser_of(std::string_view text, const AddressMask& mask = {}) {
  auto eraser = AddressEraser::parse(text, mask);
  EXPECT_TRUE(eraser);
  return *eraser;
}

Record from(std::string_view sender, std::int64_t number) {
  auto record = refusal(number);
  record.transaction.sender = MailAddress::from_envelope("<" + std::string(sender) + ">");
  record.transaction.macros["mail_addr"] = std::string(sender);
  return record;
}

TEST(AddressEraser, TakesWhatCanBeAnAddressOrAName) {
  for (const char* text : {"bob@example.org", "Bob@EXAMPLE.org", "bob", "a.b+c@d",
                           "<bob@example.org>", "\"b b\"@example.org"}) {
    EXPECT_TRUE(AddressEraser::parse(text, {})) << text;
  }
  for (const char* text :
       {"", "@example.org", "bob@", "<>", "a b@example.org", "@", "<bob@example.org"}) {
    EXPECT_FALSE(AddressEraser::parse(text, {})) << text;
  }
}

TEST(AddressEraser, LeavesNothingOfTheAddressAndAllElse) {
  auto record = from("bob@example.com", 1);
  record.transaction.recipient = MailAddress::from_envelope("<jimbob@example.com>");
  record.transaction.authentication.user = std::string("BOB@example.com");
  record.decision.note = "lists-bob=example.com@lists.example and \"bob\"@example.com";
  record.facts.add({QuestionKind::table, "friends", "bob@example.com"}, Answer::nothing());
  auto line = to_json(record);
  ASSERT_TRUE(eraser_of("Bob@Example.com").edit(line));
  for (const char* spelling : {"\"bob@example.com", "\"BOB@", "-bob=", "bob\\\"@example.com"}) {
    EXPECT_THAT(line, Not(HasSubstr(spelling)));
  }
  const auto read = record_from_json(line);
  ASSERT_TRUE(read) << render(read.problems());
  auto expected = record;
  expected.transaction.sender = MailAddress::from_unquoted(erased_address);
  expected.transaction.macros["mail_addr"] = erased_address;
  expected.transaction.authentication.user = std::string(erased_address);
  expected.decision.note = "lists-~erased=invalid@lists.example and ~erased@invalid";
  expected.facts = Facts();
  expected.facts.add({QuestionKind::table, "friends", std::string(erased_address)},
                     Answer::nothing());
  EXPECT_EQ(to_json(*read), to_json(expected));
  auto again = line;
  EXPECT_FALSE(eraser_of("bob@example.com").edit(again)) << "there is nothing left";
}

TEST(AddressEraser, KeepsMembersThatThisVersionDoesNotKnow) {
  std::string line =
      R"({"v":1,"new":{"who":"bob@example.org","n":1.50},"x":[ "bob@example.org" ]})";
  ASSERT_TRUE(eraser_of("bob@example.org").edit(line));
  EXPECT_EQ(line, R"({"v":1,"new":{"who":"~erased@invalid","n":1.50},"x":[ "~erased@invalid" ]})");
}

TEST(AddressEraser, ATornLineThatHoldsItGoes) {
  std::string torn = R"({"v":1,"transaction":{"sender":"Bob@example.org","helo":"x)";
  EXPECT_TRUE(eraser_of("bob@example.org").edit(torn));
  EXPECT_EQ(torn, "");
  std::string other = R"({"v":1,"transaction":{"sender":"ann@example.org","helo":"x)";
  const auto before = other;
  EXPECT_FALSE(eraser_of("bob@example.org").edit(other));
  EXPECT_EQ(other, before);
}

TEST(AddressEraser, FindsWhatWasHashedWithTheKey) {
  const auto mask = AddressMask::hashed("key");
  auto line = to_json(from("bob@example.com", 1));
  ASSERT_TRUE(mask.apply(line, ""));
  auto other = line;
  EXPECT_FALSE(eraser_of("bob@example.com").edit(other)) << "without the key";
  EXPECT_TRUE(eraser_of("bob@example.com", mask).edit(line));
  EXPECT_THAT(line, Not(HasSubstr(mask.local("bob") + "@example.com")));
}

TEST(AddressEraser, ANameGoesWhereItIsOne) {
  auto record = refusal(1);
  record.transaction.authentication.user = std::string("rcpt");
  record.transaction.macros["auth_authen"] = "rcpt";
  auto line = to_json(record);
  ASSERT_TRUE(eraser_of("RCPT").edit(line));
  const auto read = record_from_json(line);
  ASSERT_TRUE(read) << "the stage of that name is none: " << render(read.problems());
  EXPECT_EQ(read->transaction.authentication.user.value(), "~");
  EXPECT_EQ(read->transaction.macros.at("auth_authen"), "~");
}

TEST(AddressEraser, RecordsStayReadableWhereAReplyHasNoRoomForTheMarker) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    auto line = to_json(record);
    const auto& who = record.transaction.recipient.is_told() ? record.transaction.recipient.value()
                                                             : record.transaction.sender.value();
    if (who.domain().empty()) continue;
    EXPECT_TRUE(eraser_of(who.text()).edit(line)) << name;
    EXPECT_TRUE(record_from_json(line)) << name;
    EXPECT_THAT(line, Not(HasSubstr(who.text()))) << name;
  }
}

class ErasedJournal : public samples::SegmentFolder {
 protected:
  Result<Erasure> erase(std::string_view address, EraseMode mode = EraseMode::erase) const {
    EraseSteps steps;
    steps.reopen = [] { return Problems{plain_problem("nobody to ask")}; };
    steps.go_on = [] { return false; };
    return erase_address(path_, eraser_of(address), mode, steps);
  }
  std::string everything() const {
    std::string text;
    JournalWalk walk(path_, ReadOrder::oldest_first);
    while (const auto line = walk.next_line()) text += line->text + '\n';
    EXPECT_THAT(walk.unread(), IsEmpty());
    return text;
  }
  /// Plain, compressed, rotated by another hand, compressed by it, and active: bob in each.
  void fill() {
    std::int64_t number = 0;
    const auto text = [&number](const char* other) {
      std::string lines;
      for (int i = 0; i < 30; ++i, ++number) {
        lines += line_of(from(i % 10 == 3 ? "bob@example.com" : other, number));
      }
      return lines;
    };
    closed(moment(1000), text("ann@example.com"));
    care(settings(), moment(5000));  // compresses
    closed(moment(2000), text("ann@example.com"));
    folder_.write("decisions.jsonl.2.gz", *pack_member(text("ann@example.com")));
    folder_.write("decisions.jsonl.1", text("ann@example.com"));
    folder_.write("decisions.jsonl", text("ann@example.com"));
    all_ = static_cast<std::size_t>(number);
  }
  std::size_t all_ = 0;
};

TEST_F(ErasedJournal, IsRidOfTheAddressInEveryFileAndNothingElseChanges) {
  fill();
  const auto before = everything();
  const auto counted = erase("bob@example.com", EraseMode::count);
  ASSERT_TRUE(counted) << render(counted.problems());
  EXPECT_EQ(counted->lines, 15U);
  EXPECT_THAT(counted->files, SizeIs(5));
  EXPECT_EQ(everything(), before);

  const auto erased = erase("bob@example.com");
  ASSERT_TRUE(erased) << render(erased.problems());
  EXPECT_THAT(erased->problems, IsEmpty());
  EXPECT_EQ(erased->lines, 15U);
  EXPECT_EQ(erased->looked_into, 5U);
  const auto after = everything();
  EXPECT_THAT(after, Not(HasSubstr("bob@example.com")));
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'),
            std::count(before.begin(), before.end(), '\n'));
  EXPECT_THAT(walked(path_), SizeIs(all_));
  for (const auto& segment : segments_of(path_)) {
    const auto index = SegmentIndex::open(segment);
    if (segment.closed == moment(2000)) continue;  // had none, or a new one
    EXPECT_TRUE(index) << render(index.problems());
  }
  const auto again = erase("bob@example.com");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->lines, 0U);
  EXPECT_EQ(everything(), after);
  // What is left over from the work would be a copy of somebody's records.
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_FALSE(entry.path().string().ends_with(".tmp")) << entry.path();
  }
}

TEST_F(ErasedJournal, IsFoundNoMoreThroughTheIndex) {
  fill();
  ASSERT_TRUE(erase("bob@example.com"));
  care(settings(), moment(5000));
  for (const auto& segment : segments_of(path_)) {
    const auto index = SegmentIndex::open(segment);
    ASSERT_TRUE(index) << render(index.problems());
    for (const auto& block : index->blocks()) {
      EXPECT_EQ(index->may_hold_any(
                    block, {key_number_of_text(IndexKey::sender, std::string(erased_address))}),
                SegmentIndex::Answer::perhaps);
    }
  }
  const auto found = find_in_journal(path_, ByReference{refusal(3).transaction.reference});
  ASSERT_TRUE(found);
  ASSERT_THAT(found->found.records, SizeIs(1));
  EXPECT_EQ(found->found.records.front().transaction.sender.value().text(), erased_address);
}

TEST_F(ErasedJournal, IsCountedAlthoughItsActiveFileHasJustBeenClosed) {
  fill();
  std::filesystem::remove(path_);
  const auto counted = erase("bob@example.com", EraseMode::count);
  ASSERT_TRUE(counted) << render(counted.problems());
  EXPECT_THAT(counted->problems, IsEmpty());
  EXPECT_EQ(counted->lines, 12U);
  EXPECT_EQ(counted->looked_into, 4U);
}

TEST_F(ErasedJournal, ThatIsNotThereIsAProblem) {
  const auto counted = erase("bob@example.com", EraseMode::count);
  ASSERT_TRUE(counted);
  ASSERT_THAT(counted->problems, SizeIs(1));
  EXPECT_THAT(render(counted->problems), HasSubstr("cannot open " + path_));
}

TEST_F(ErasedJournal, IsLeftAloneWhileItsWriterDoesNotLetGo) {
  auto journal = std::make_unique<Journal>(settings(), LogSettings{}, 1000, nullptr);
  journal->submit(from("bob@example.com", 1));
  journal->flush();
  const auto before = everything();
  const auto refused = erase("bob@example.com");
  ASSERT_FALSE(refused);
  EXPECT_THAT(render(refused.problems()), HasSubstr("nobody to ask"));
  EXPECT_EQ(everything(), before);
  EXPECT_TRUE(std::filesystem::exists(path_)) << "it has its name again";
  journal.reset();
  ASSERT_TRUE(erase("bob@example.com"));
  EXPECT_THAT(everything(), Not(HasSubstr("bob@example.com")));
}

TEST_F(ErasedJournal, AClosedFileThatIsStillWrittenToIsNotCompressed) {
  // As a kill between the rename and the word to the server leaves it.
  auto all = settings();
  Journal journal(all, {}, 1000, nullptr);
  journal.submit(refusal(1));
  journal.flush();
  std::filesystem::rename(path_, segment_path(path_, moment(9000)));
  journal.submit(refusal(2));
  journal.flush();
  const auto totals = care(all, moment(10'000));
  EXPECT_THAT(totals.trouble, HasSubstr("is still written to"));
  journal.submit(refusal(3));
  journal.flush();
  EXPECT_THAT(walked(path_), ::testing::ElementsAre(1, 2, 3));
  journal.reopen(all, {});
  EXPECT_EQ(care(all, moment(10'000)).trouble, "");
  EXPECT_THAT(walked(path_), ::testing::ElementsAre(1, 2, 3));
}

TEST_F(ErasedJournal, GoesOnBeingWrittenMeanwhile) {
  auto small = settings();
  small.segment_size = 30'000;
  Journal journal(small, {}, 100'000, nullptr);
  constexpr std::int64_t most = 1500;
  std::atomic<std::int64_t> written{0};
  std::thread writer([&] {
    for (; written < most; ++written) {
      journal.submit(from(written % 5 == 0 ? "bob@example.com" : "ann@example.com", written));
      if (written % 50 == 49) journal.flush();
    }
  });
  EraseSteps steps;
  steps.reopen = [&] {
    journal.reopen(small, {});
    return Problems();
  };
  steps.go_on = [] {
    std::this_thread::yield();
    return true;
  };
  std::uint64_t erased = 0;
  for (int i = 0; i < 5; ++i) {
    // So far at least, so that each call has something to do while more comes.
    while (written < (i + 1) * most / 6) std::this_thread::yield();
    const auto done = erase_address(path_, eraser_of("bob@example.com"), EraseMode::erase, steps);
    ASSERT_TRUE(done) << render(done.problems());
    EXPECT_THAT(done->problems, IsEmpty()) << render(done->problems);
    erased += done->lines;
  }
  writer.join();
  journal.flush();
  EXPECT_EQ(journal.counters().lost_write_failed, 0U);
  const auto last = erase_address(path_, eraser_of("bob@example.com"), EraseMode::erase, steps);
  ASSERT_TRUE(last);
  EXPECT_EQ(erased + last->lines, static_cast<std::uint64_t>((most + 4) / 5));
  EXPECT_THAT(everything(), Not(HasSubstr("bob@example.com")));
  const auto numbers = walked(path_);
  ASSERT_THAT(numbers, SizeIs(static_cast<std::size_t>(most)));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(numbers[i], static_cast<std::int64_t>(i));
  }
}

TEST_F(ErasedJournal, SurvivesAKillAtAnyPoint) {
  std::mt19937 random(20'261'122);
  for (int round = 0; round < 15; ++round) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::filesystem::remove_all(entry.path());
    }
    fill();
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      (void)erase("bob@example.com");
      ::_exit(0);
    }
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 12'000)(random));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ASSERT_THAT(walked(path_), SizeIs(all_)) << "round " << round;
    const auto done = erase("bob@example.com");
    ASSERT_TRUE(done) << render(done.problems());
    ASSERT_THAT(done->problems, IsEmpty()) << render(done->problems);
    EXPECT_THAT(everything(), Not(HasSubstr("bob@example.com")));
    EXPECT_THAT(walked(path_), SizeIs(all_)) << "round " << round;
    EXPECT_EQ(care(settings(), moment(5000)).trouble, "");
    EXPECT_THAT(walked(path_), SizeIs(all_)) << "round " << round;
  }
}

}  // namespace
}  // namespace postern
