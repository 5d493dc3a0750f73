#include "postern/reference.h"

#include "model/reference_in_text.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

Reference sample(std::int64_t offset = 0) {
  return Reference::make(system_clock::time_point(milliseconds(1'795'000'000'123 + offset)), 37,
                         201);
}

TEST(Reference, ReadsBackWhatItWrote) {
  const auto reference = sample();
  EXPECT_EQ(reference.text().size(), 14U);
  const auto read = Reference::parse(reference.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, reference);
  EXPECT_EQ(read->time(), system_clock::time_point(milliseconds(1'795'000'000'123)));
  EXPECT_EQ(read->host(), 37U);
  EXPECT_EQ(read->sequence(), 201U);
}

TEST(Reference, IsReadAsPeopleTypeIt) {
  const auto reference = sample();
  std::string typed = "ref " + reference.text();
  for (char& c : typed) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_EQ(Reference::parse(typed), reference);
  std::string bare;
  for (const char c : reference.text()) {
    if (c != '-') bare += c == '0' ? 'O' : c == '1' ? 'l' : c;
  }
  EXPECT_EQ(Reference::parse(bare), reference);
}

TEST(Reference, SortsByTime) {
  for (std::int64_t step = 1; step < 100'000'000'000; step *= 7) {
    EXPECT_LT(sample().text(), sample(step).text());
    EXPECT_LT(sample(), sample(step));
  }
}

TEST(Reference, FindsEverySingleWrongCharacter) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const auto text = sample().text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-') continue;
    for (const char other : alphabet) {
      if (other == text[i]) continue;
      auto wrong = text;
      wrong[i] = other;
      EXPECT_FALSE(Reference::parse(wrong)) << wrong;
    }
  }
}

TEST(Reference, FindsEverySwapOfNeighbours) {
  for (std::int64_t step = 0; step < 2000; ++step) {
    std::string bare;
    for (const char c : sample(step * 977).text()) {
      if (c != '-') bare += c;
    }
    for (std::size_t i = 0; i + 1 < bare.size(); ++i) {
      if (bare[i] == bare[i + 1]) continue;
      auto wrong = bare;
      std::swap(wrong[i], wrong[i + 1]);
      EXPECT_FALSE(Reference::parse(wrong)) << wrong;
    }
  }
}

TEST(Reference, RefusesOtherText) {
  for (const char* text :
       {"", "ref", "K7Q2", "0000-0000-00000", "QID12345", "hello world!", "ref \xff"}) {
    EXPECT_FALSE(Reference::parse(text)) << text;
  }
}

TEST(Reference, IsFoundAnywhereInAText) {
  const auto reference = sample();
  const auto text = reference.text();
  for (const auto& pasted :
       {"(ref " + text + ")", "550 5.1.1 no such user (ref " + text + ") 550 5.1.1 ask", text + ".",
        "refused\n(ref " + text + ")\nby", "4711-0815-0000 is none, " + text + " is one"}) {
    EXPECT_EQ(find_reference(pasted), reference) << pasted;
  }
}

TEST(Reference, IsNotFoundWhereNoneIsWritten) {
  const auto text = sample().text();
  auto wrong = text;
  wrong[0] = wrong[0] == '0' ? '1' : '0';
  for (const auto& other : {"(ref " + wrong + ")", "x" + text + " y", text + "-K7Q2 y",
                            std::string("550 5.7.1 <bob@example.org>: refused"), std::string()}) {
    EXPECT_FALSE(find_reference(other)) << other;
  }
}

TEST(Reference, IsEmptyUntilMade) {
  EXPECT_TRUE(Reference().empty());
  EXPECT_FALSE(sample().empty());
}

}  // namespace
}  // namespace postern
