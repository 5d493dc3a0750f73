#include "reply/registry.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

namespace postern {
namespace {

const std::string conformance = POSTERN_CONFORMANCE_DIR "/status-codes/";

#define SKIP_WITHOUT_CONFORMANCE() \
  if (!std::filesystem::exists(conformance)) GTEST_SKIP() << "no data at " << conformance

std::string_view rule_text(ClassRule rule) {
  switch (rule) {
    case ClassRule::either:
      return "either";
    case ClassRule::permanent_only:
      return "permanent-only";
    case ClassRule::transient_only:
      return "transient-only";
    case ClassRule::permanent_should:
      return "permanent-should";
    case ClassRule::transient_should:
      return "transient-should";
    case ClassRule::success:
      return "success";
  }
  return "";
}

TEST(Registry, HasTheBasicCodesOfTheStandards) {
  SKIP_WITHOUT_CONFORMANCE();
  const auto file = toml::parse_file(conformance + "basic.toml");
  const auto& rows = *file["basic"].as_array();
  EXPECT_EQ(rows.size(), basic_codes().size());
  for (const auto& node : rows) {
    const auto& row = *node.as_table();
    const int code = static_cast<int>(row["code"].value_or(std::int64_t{0}));
    const auto* ours = find_basic(code);
    ASSERT_NE(ours, nullptr) << code;
    std::set<std::string> names;
    for (const auto& name : *row["stages"].as_array()) names.insert(name.value_or(std::string()));
    if (names.erase("EHLO") > 0) names.insert("HELO");
    for (std::size_t i = 0; i < reply_stage_count; ++i) {
      const auto stage = static_cast<ReplyStage>(i);
      EXPECT_EQ(ours->stages.contains(stage),
                names.contains("ANY") || names.contains(std::string(to_text(stage))))
          << code << " at " << to_text(stage);
    }
  }
}

TEST(Registry, HasTheEnhancedCodesOfTheRegistry) {
  SKIP_WITHOUT_CONFORMANCE();
  const auto file = toml::parse_file(conformance + "enhanced.toml");
  const auto& rows = *file["enhanced"].as_array();
  EXPECT_EQ(rows.size(), enhanced_codes().size());
  for (const auto& node : rows) {
    const auto& row = *node.as_table();
    const auto code = row["code"].value_or(std::string());
    const auto dot = code.rfind('.');
    const auto* ours = find_enhanced(std::stoi(code.substr(2)), std::stoi(code.substr(dot + 1)));
    ASSERT_NE(ours, nullptr) << code;
    EXPECT_EQ(rule_text(ours->class_rule), row["class_rule"].value_or(std::string())) << code;
    // The registry has a whole sentence for the duplicate of X.6.8.
    if (code != "X.6.10") {
      EXPECT_EQ(ours->name, row["name"].value_or(std::string()));
    }
    std::string references;
    for (const auto& reference : *row["ref"].as_array()) {
      auto text = reference.value_or(std::string());
      if (text.starts_with("RFC")) text.insert(3, " ");
      references += (references.empty() ? "" : ", ") + text;
    }
    EXPECT_EQ(ours->reference, references) << code;

    std::set<int> codes;
    for (const auto& basic : *row["basic"].as_array()) {
      codes.insert(std::stoi(basic.value_or(std::string("0"))));
    }
    if (const auto* wild = row["basic_wild"].as_array()) {
      for (const auto& basic : *wild) {
        const auto text = basic.value_or(std::string());
        if (text == "any") {
          codes.insert({2, 4, 5});
        } else {
          codes.insert(text[0] - '0');
        }
      }
    }
    std::set<int> our_codes(ours->basic_codes.begin(), ours->basic_codes.end());
    our_codes.erase(0);
    EXPECT_EQ(our_codes, codes) << code;
  }
}

TEST(Registry, AllowsAtEachStageWhatTheStandardsAllow) {
  SKIP_WITHOUT_CONFORMANCE();
  const auto file = toml::parse_file(conformance + "stages.toml");
  const auto& rows = *file["stage"].as_array();
  EXPECT_EQ(rows.size(), reply_stage_count);
  for (const auto& node : rows) {
    const auto& row = *node.as_table();
    const auto name = row["name"].value_or(std::string());
    const auto stage = reply_stage_from_text(name);
    ASSERT_TRUE(stage) << name;
    std::set<int> negative;
    std::set<int> positive;
    for (const auto& code : *row["negative"].as_array()) {
      negative.insert(static_cast<int>(code.value_or(std::int64_t{0})));
    }
    for (const auto& code : *row["positive"].as_array()) {
      positive.insert(static_cast<int>(code.value_or(std::int64_t{0})));
    }
    if (name != "CONNECT") negative.insert({421, 500, 501});
    for (int code = 0; code < 1000; ++code) {
      EXPECT_EQ(code_allowed_at(*stage, code), negative.contains(code)) << code << " at " << name;
      EXPECT_EQ(code_positive_at(*stage, code), positive.contains(code)) << code << " at " << name;
    }
  }
}

TEST(Registry, FindsCodesAndNothingElse) {
  EXPECT_EQ(basic_codes().size(), 44U);
  EXPECT_EQ(enhanced_codes().size(), 81U);
  ASSERT_NE(find_basic(550), nullptr);
  EXPECT_EQ(find_basic(550)->code, 550);
  EXPECT_EQ(find_basic(541), nullptr);
  EXPECT_EQ(find_basic(0), nullptr);
  EXPECT_EQ(find_basic(-1), nullptr);
  ASSERT_NE(find_enhanced(7, 26), nullptr);
  EXPECT_EQ(find_enhanced(7, 26)->reference, "RFC 7372");
  EXPECT_EQ(find_enhanced(7, 31), nullptr);
  EXPECT_EQ(find_enhanced(8, 0), nullptr);
}

TEST(Registry, StandsInOrderWithoutRepetition) {
  const auto basic = basic_codes();
  for (std::size_t i = 1; i < basic.size(); ++i) EXPECT_LT(basic[i - 1].code, basic[i].code);
  const auto enhanced = enhanced_codes();
  for (std::size_t i = 1; i < enhanced.size(); ++i) {
    EXPECT_LT(std::pair(enhanced[i - 1].subject, enhanced[i - 1].detail),
              std::pair(enhanced[i].subject, enhanced[i].detail));
  }
}

TEST(Registry, ExplainsEveryCode) {
  const auto plain = [](std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  };
  for (const auto& row : basic_codes()) {
    EXPECT_TRUE(plain(row.meaning) && plain(row.reference) && plain(row.who_acts) &&
                plain(row.what_to_do))
        << row.code;
  }
  for (const auto& row : enhanced_codes()) {
    EXPECT_TRUE(plain(row.meaning) && plain(row.reference) && plain(row.who_acts) &&
                plain(row.what_to_do))
        << row.name;
    EXPECT_NE(row.meaning, row.name);
  }
}

TEST(Registry, PairsByCodeAndByClass) {
  EXPECT_TRUE(registry_pairs(*find_enhanced(7, 8), 535));
  EXPECT_FALSE(registry_pairs(*find_enhanced(7, 8), 550));
  EXPECT_TRUE(registry_pairs(*find_enhanced(7, 15), 451));
  EXPECT_FALSE(registry_pairs(*find_enhanced(7, 17), 450));
}

TEST(Registry, KnowsThatTheGreetingAnswersNoCommand) {
  EXPECT_FALSE(code_allowed_at(ReplyStage::connect, 500));
  EXPECT_TRUE(code_allowed_at(ReplyStage::connect, 421));
  EXPECT_TRUE(code_allowed_at(ReplyStage::quit, 500));
}

}  // namespace
}  // namespace postern
