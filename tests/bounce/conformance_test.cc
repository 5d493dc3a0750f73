// Bounces from the wild, with what another reader of bounces has found in each.
#include "bounce/bounce.h"
#include "bounce/read_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace postern {
namespace {

struct Expected {
  std::string status;  ///< empty: it names none
  std::string code;
  std::string reason;
};

struct Sample {
  std::string file;
  std::vector<Expected> recipients;
};

/// Its own numbers, for mails that have none: "5.0.9nn".
bool is_own_number(const std::string& status) {
  return status.size() == 7 && status.compare(1, 4, ".0.9") == 0;
}

std::vector<Sample> samples(const std::filesystem::path& folder) {
  std::vector<Sample> all;
  const auto index = toml::parse_file((folder / "index.toml").string());
  for (const auto& entry : *index["dsn"].as_array()) {
    const auto& table = *entry.as_table();
    Sample sample;
    sample.file = table["file"].value_or("");
    if (const auto* recipients = table["sisimai"].as_array()) {
      for (const auto& each : *recipients) {
        const auto& one = *each.as_table();
        sample.recipients.push_back({one["status"].value_or(""), one["replycode"].value_or(""),
                                     one["reason"].value_or("")});
      }
    }
    all.push_back(std::move(sample));
  }
  return all;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What was found of a sample, against what is expected.
struct Score {
  int kinds = 0;     ///< mails rightly called a bounce, a complaint, or neither
  int of_kinds = 0;  ///< out of
  int counts = 0;    ///< bounces with as many recipients
  int of_counts = 0;
  int statuses = 0;  ///< recipients with this status
  int of_statuses = 0;
  int codes = 0;  ///< recipients with this code
  int of_codes = 0;
};

/// True when all was found that is expected.
bool compare(const Bounce& bounce, const Sample& sample, Score& score) {
  const auto& reason = sample.recipients.front().reason;
  const bool complains = reason == "feedback";
  // Notices of a success are no bounces to us.
  const bool is_none = reason == "vacation" || reason == "delivered";
  const bool is_bounce = bounce.kind == Bounce::Kind::report || bounce.kind == Bounce::Kind::text;
  const bool kind = complains ? bounce.kind == Bounce::Kind::complaint
                    : is_none ? bounce.kind == Bounce::Kind::none
                              : is_bounce;
  ++score.of_kinds;
  if (kind) ++score.kinds;
  if (complains || is_none) return kind;
  bool all = kind && bounce.recipients.size() == sample.recipients.size();
  ++score.of_counts;
  if (bounce.recipients.size() == sample.recipients.size()) ++score.counts;
  for (const auto& expected : sample.recipients) {
    const auto any = [&](const auto& fits) {
      return std::any_of(bounce.recipients.begin(), bounce.recipients.end(), fits);
    };
    if (!expected.status.empty() && !is_own_number(expected.status)) {
      const bool found =
          any([&](const BouncedRecipient& each) { return each.enhanced == expected.status; });
      ++score.of_statuses;
      if (found) ++score.statuses;
      all = all && found;
    }
    if (!expected.code.empty()) {
      const bool found = any([&](const BouncedRecipient& each) {
        return each.code && std::to_string(*each.code) == expected.code;
      });
      ++score.of_codes;
      if (found) ++score.codes;
      all = all && found;
    }
  }
  return all;
}

/// Those of which something is missed, and what. Who makes one right takes it out of here.
const std::set<std::string>& known_misses() {
  static const std::set<std::string> misses{
      // complaints of a provider's own form, without fields for programs
      "eml/arf-22.eml",
      "eml/arf-23.eml",
      "eml/arf-26.eml",
      // a text in JSON that no header tells of
      "eml/lhost-amazonses-09.eml",
      // two replies in one field; the last attempt's is what the mail server made of it
      "eml/lhost-amazonses-17.eml",
      // a list that takes no mail from strangers: no bounce of a mail server
      "eml/lhost-fml-02.eml",
      "eml/lhost-fml-03.eml",
      // two codes in one line, or replies and addresses apart
      "eml/lhost-v5sendmail-04.eml",
      "eml/lhost-v5sendmail-06.eml",
      "eml/lhost-v5sendmail-07.eml",
  };
  return misses;
}

TEST(BouncesFromTheWild, AreReadAsAnotherReaderReadsThem) {
  const std::filesystem::path folder = std::string(POSTERN_CONFORMANCE_DIR) + "/dsn";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "there is no " << folder;
  Score score;
  std::set<std::string> missed;
  for (const auto& sample : samples(folder)) {
    const auto bounce = read_bounce(read_mail(read_file(folder / sample.file)));
    // The other reader says nothing of some; they must only be lived through.
    if (sample.recipients.empty()) continue;
    if (!compare(bounce, sample, score)) missed.insert(sample.file);
  }
  EXPECT_THAT(missed, ::testing::ContainerEq(known_misses()));
  const auto share = [](int found, int of) {
    return std::to_string(found) + " of " + std::to_string(of);
  };
  EXPECT_EQ(share(score.kinds, score.of_kinds), "286 of 291");
  EXPECT_EQ(share(score.counts, score.of_counts), "269 of 272");
  EXPECT_EQ(share(score.statuses, score.of_statuses), "207 of 208");
  EXPECT_EQ(share(score.codes, score.of_codes), "211 of 216");
}

}  // namespace
}  // namespace postern
