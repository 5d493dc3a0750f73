#include "checks/authserv_id.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace postern {
namespace {

const std::vector<std::string> ours{"mx.example.com", "example.com", "xn--bcher-kva.example"};

bool is_forged(std::string_view value) { return postern::is_forged(results_claim(value), ours); }

TEST(AuthservId, IsReadThroughCommentsFoldsQuotesAndCase) {
  for (const auto* value : {
           "mx.example.com; spf=pass smtp.mailfrom=a.example",
           " MX.Example.COM; none",
           "mx.example.com.; none",
           "(hi) mx.example.com (there); none",
           "(a (nested \\) ( one)) comment)\r\n\t\"mx.example.com\"; none",
           "\"mx\\.example\\.com\"; none",
           "\r\n mx.example.com\r\n ; none",
           "\n\tmx.example.com\n\t1\n\t; none",
           "mx.example.com 9; none",
           "mx.example.com; spf=pa ss ;;",
           "mx.example.com",
           "mx.example.com/1; none",
           "mx.example.com:25; none",
           "example.com(x)1(y); none",
           "b\xc3\xbc"
           "cher.example; none",
           "B\xc3\x9c"
           "CHER.EXAMPLE; none",
           "XN--BCHER-KVA.example; none",
       }) {
    EXPECT_TRUE(is_forged(value)) << value;
  }
}

TEST(AuthservId, OfOthersIsNoneOfOurs) {
  for (const auto* value : {
           "mx.example.net; spf=pass smtp.mailfrom=a.example",
           "notmx.example.com; none",
           "mx.example.com.example.net; none",
           "mx.example.net (mx.example.com); none",
           "mx.example.net 1; none",
           "mx.example.net 01 (one); none",
           "mx.example.net one; none",
           "mx.example.net 9th; none",
           "; spf=pass",
           "complete garbage",
           "(mx.example.com; spf=pass",
           "\"mx.example.com; none",
           "\"\"; none",
           "",
       }) {
    EXPECT_FALSE(is_forged(value)) << value;
  }
}

TEST(AuthservId, AVersionThatNobodyKnowsGoesWhoeverClaimsToHaveWrittenIt) {
  EXPECT_TRUE(is_forged("mx.example.net 2; none"));
  EXPECT_TRUE(is_forged("mx.example.net (x) 10 (y)"));
  EXPECT_TRUE(is_forged("mx.example.net 0; none"));
  EXPECT_TRUE(is_forged("mx.example.net 99999999999999999999999999; none"));
}

TEST(AuthservId, OfAnyLengthIsRead) {
  EXPECT_FALSE(is_forged(std::string(200'000, 'a')));
  EXPECT_TRUE(is_forged(std::string(200'000, '(') + std::string(200'000, ')') + "mx.example.com;"));
  EXPECT_EQ(results_claim(std::string(200'000, 'a')).id.size(), 1024U);
}

TEST(AuthservIdSuite, EveryCaseOfTheConformanceDataHolds) {
  const auto path = std::filesystem::path(POSTERN_CONFORMANCE_DIR) / "authres" / "authres.toml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no conformance data at " << path;
  const auto suite = toml::parse_file(path.string());
  for (const auto& node : *suite["strip"].as_array()) {
    const auto& test = *node.as_table();
    std::vector<std::string> ids;
    for (const auto& id : *test["our_authserv_ids"].as_array()) {
      ids.push_back(id.value_or(std::string()));
    }
    std::vector<std::int64_t> removed;
    std::vector<std::int64_t> wanted;
    for (const auto& number : *test["remove"].as_array()) wanted.push_back(number.value_or(-1));
    const auto& headers = *test["headers"].as_array();
    for (std::size_t i = 0; i < headers.size(); ++i) {
      if (postern::is_forged(results_claim(headers[i].value_or(std::string())), ids)) {
        removed.push_back(static_cast<std::int64_t>(i));
      }
    }
    EXPECT_EQ(removed, wanted) << test["id"];
  }
  for (const auto& node : *suite["parse"].as_array()) {
    const auto& test = *node.as_table();
    if (!test["valid"].value_or(false)) continue;
    EXPECT_EQ(results_claim(test["value"].value_or(std::string())).id,
              test["authserv_id"].value_or(std::string()))
        << test["id"];
  }
}

}  // namespace
}  // namespace postern
