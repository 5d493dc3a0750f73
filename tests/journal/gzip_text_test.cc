#include "journal/gzip_text.h"

#include "journal/gzip.h"
#include "journal/reader.h"
#include "journal/samples.h"
#include "journal/segment_text.h"
#include "support/temp_dir.h"
#include "system/unique_fd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <zlib.h>

namespace postern {
namespace {

using ::testing::HasSubstr;

std::string packed(const std::string& text) {
  const auto member = pack_member(text);
  EXPECT_TRUE(member);
  return member ? *member : std::string();
}

/// Lines that do not shrink too well, so that there is something to damage.
std::string lines(int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    text += "line " + std::to_string(i) + ' ' + std::to_string(i * 7919L % 104729) + '\n';
  }
  return text;
}

class PackedText : public ::testing::Test {
 protected:
  void holds(const std::string& octets) { folder_.write("text.gz", octets); }
  /// All of it, in the order of the file.
  std::string read() {
    const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    GzipText text(file.get(), std::filesystem::file_size(path_));
    std::string all;
    for (std::string piece; text.next(piece);) {
      EXPECT_FALSE(piece.empty());
      all += piece;
    }
    error_ = text.error();
    damage_ = text.damage();
    return all;
  }
  /// Its lines from the last one on, back in the order of the file.
  std::string read_backward() {
    auto reader = JournalReader::open(path_, ReadOrder::newest_first);
    EXPECT_TRUE(reader) << render(reader.problems());
    if (!reader) return {};
    std::vector<std::string> found;
    while (auto line = reader->next_line()) found.push_back(std::move(line->text));
    std::string all;
    for (auto line = found.rbegin(); line != found.rend(); ++line) all += *line + '\n';
    backward_error_ = reader->read_error();
    return all;
  }

  testing::TempDir folder_;
  std::string path_ = folder_ / "text.gz";
  std::string error_;
  std::string backward_error_;
  GzipDamage damage_;
};

TEST_F(PackedText, IsReadMemberByMember) {
  holds(packed(lines(0, 100)) + packed("") + packed(lines(100, 1)) + packed(lines(101, 5000)));
  EXPECT_EQ(read(), lines(0, 5101));
  EXPECT_EQ(error_, "");
  EXPECT_FALSE(damage_.any());
  EXPECT_EQ(read_backward(), lines(0, 5101));
  EXPECT_EQ(backward_error_, "");
}

TEST_F(PackedText, ADamagedMemberCostsItselfAloneWhereverItIsHit) {
  const auto first = packed(lines(0, 300));
  const auto second = packed(lines(300, 300));
  const auto third = packed(lines(600, 300));
  for (std::size_t at = 0; at < second.size(); at += at < 24 ? 1 : 37) {
    auto hit = second;
    hit[at] = static_cast<char>(hit[at] ^ 0x10);
    holds(first + hit + third);
    const auto text = read();
    // What gzip says of the name, the time or the system is no part of the text.
    if (text == lines(0, 900)) continue;
    EXPECT_EQ(text, lines(0, 300) + lines(600, 300)) << at;
    EXPECT_EQ(error_, "");
    EXPECT_EQ(damage_.parts, 1U) << at;
    EXPECT_EQ(damage_.begin, first.size()) << at;
    EXPECT_EQ(damage_.end, first.size() + second.size()) << at;
    EXPECT_EQ(read_backward(), text) << at;
    EXPECT_THAT(backward_error_, HasSubstr("is damaged: octets")) << at;
  }
}

TEST_F(PackedText, CountsEachPartThatIsDamaged) {
  auto hit = packed(lines(300, 300));
  hit[hit.size() / 2] = static_cast<char>(hit[hit.size() / 2] ^ 0x10);
  holds(hit + packed(lines(0, 3)) + hit + hit + packed(lines(3, 3)) + "and no more");
  EXPECT_EQ(read(), lines(0, 6));
  EXPECT_EQ(damage_.parts, 3U);
  EXPECT_EQ(damage_text(damage_, "x.gz"),
            "x.gz is damaged: 3 parts of it cannot be unpacked, the first is octets 0 to " +
                std::to_string(hit.size()) + "; the records in them are left out");
}

TEST_F(PackedText, GivesWhatThereIsOfAnEndThatIsMissing) {
  const auto first = packed(lines(0, 300));
  const auto second = packed(lines(300, 3000));
  holds(first + second.substr(0, second.size() / 2));
  const auto text = read();
  EXPECT_GT(text.size(), lines(0, 600).size());
  EXPECT_EQ(text, lines(0, 3300).substr(0, text.size()));
  EXPECT_TRUE(damage_.end_missing);
  EXPECT_EQ(damage_.parts, 0U);
  EXPECT_EQ(damage_text(damage_, "x.gz"), "cannot unpack x.gz: its end is missing");
}

TEST_F(PackedText, SaysWhatIsNoGzipFile) {
  for (const char* const each : {"", "plain\n", "\x1f\x8b\x08", "\x1f"}) {
    const std::string octets = each;
    holds(octets);
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(error_ == "it is no gzip file" || damage_.end_missing) << octets;
    holds(octets + std::string(70'000, '\0'));
    EXPECT_EQ(read(), "");
  }
}

/// As gzip(1) writes it: one member, however long.
TEST_F(PackedText, ALongMemberOfAnotherProgramIsReadFromItsEndToo) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) {
    std::string line;
    for (int times = 0; times < 200; ++times) line += std::to_string(i * 7919L % 104729) + ' ';
    text += std::to_string(i) + ' ' + line + line.substr(0, 800) + '\n';
  }
  ASSERT_GT(text.size(), 64U * 1024 * 1024) << "else all of it is kept in memory";
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> out(::gzopen(path_.c_str(), "wb1"), &::gzclose);
  ASSERT_EQ(::gzwrite(out.get(), text.data(), static_cast<unsigned>(text.size())),
            static_cast<int>(text.size()));
  ASSERT_EQ(::gzflush(out.get(), Z_FINISH), Z_OK);
  EXPECT_TRUE(read() == text);
  EXPECT_TRUE(read_backward() == text);
  EXPECT_EQ(backward_error_, "");
}

TEST_F(PackedText, ComesInBlocksOfWholeLines) {
  const std::string text = lines(0, 60'000) + std::string(400'000, 'x') + '\n' + lines(0, 3) + "y";
  holds(packed(text));
  folder_.write("text", text);
  for (const auto& path : {path_, folder_ / "text"}) {
    auto opened = SegmentText::open(path);
    ASSERT_TRUE(opened);
    std::string all;
    std::string block;
    while (true) {
      const auto more = opened->next(block);
      ASSERT_TRUE(more);
      if (!*more) break;
      EXPECT_TRUE(block.back() == '\n' || all.size() + block.size() == text.size());
      EXPECT_LT(block.size(), 500'000U);
      all += block;
    }
    EXPECT_TRUE(all == text) << path;
  }
}

}  // namespace
}  // namespace postern
