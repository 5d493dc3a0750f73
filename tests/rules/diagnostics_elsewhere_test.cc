// What a person reads beside the diagnostics of one policy file: of files that cannot be read, of
// tests in a file of their own, of what is too much for a golden .toml, and of rules that expired.

#include "kit/policy_test.h"
#include "rules/expiry.h"
#include "rules/maintenance.h"
#include "support/policy_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace postern {
namespace {

const std::string identity = "[identity]\nhost = \"mx1.example.org\"\n";

/// Compares with tests/golden/diagnostics/NAME.expected, as of the cases beside it.
void expect_golden(const std::string& name, const std::string& text) {
  const auto path =
      std::string(POSTERN_SOURCE_DIR) + "/tests/golden/diagnostics/" + name + ".expected";
  if (std::getenv("POSTERN_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(file), {}));
  EXPECT_FALSE(text.empty());
}

Result<std::string> nothing_to_read(const std::string&) { return Problems{}; }

std::string problems_of(const Result<CompiledPolicy>& result) {
  return render(result ? result->warnings : result.problems());
}

TEST(DiagnosticsElsewhere, TellOfFilesThatCannotBeRead) {
  const auto with = [](const std::string& text) {
    return [text](const std::string& path) -> Result<std::string> {
      if (path == "postern.toml") return text;
      return Problems{};
    };
  };
  const CheckRegistry checks;
  std::string text =
      problems_of(Policy::compile("postern.toml", FileReader(nothing_to_read), checks));
  const auto include = "include = [\"rules/*.toml\"]\n" + identity;
  text += problems_of(Policy::compile("postern.toml", FileReader(with(include)), checks));
  text += problems_of(
      Policy::compile("postern.toml",
                      FileReader(with(include),
                                 [](const std::string&) -> Result<std::vector<std::string>> {
                                   return plain_problem("Permission denied");
                                 }),
                      checks));
  text += problems_of(Policy::compile("postern.toml", FileReader(with(R"([[test]]
name = "answers that are elsewhere"
client = { ip = "192.0.2.1" }
dns_file = "answers.toml"
expect = { verdict = "pass" }
)" + identity)),
                                      checks));
  expect_golden("elsewhere-files-not-read", text);
}

TEST(DiagnosticsElsewhere, TellOfFilesOfTests) {
  const auto policy = testing::compile_policy("");
  ASSERT_NE(policy, nullptr);
  const CheckRegistry checks;
  const auto read = [&](const testing::Files& files) {
    return render(Policy::read_tests(*policy, "tests.toml", testing::memory_reader(files), checks)
                      .problems());
  };
  expect_golden("elsewhere-files-of-tests",
                read({}) + read({{"tests.toml", "[[rule]]\nname = \"a\"\naccept = \"stage\"\n"}}));
}

TEST(DiagnosticsElsewhere, TellOfWhatIsTooMuch) {
  std::string tests = identity;
  for (unsigned i = 0; i <= 10'000; ++i) {
    tests += "[[test]]\nname = \"" + std::to_string(i) +
             "\"\nclient = { ip = \"192.0.2.1\" }\nexpect = { verdict = \"pass\" }\n";
  }
  std::string text = testing::diagnostics_of(tests);
  std::string patterns;
  for (unsigned i = 0; i <= 10'000; ++i) patterns += std::to_string(i) + '\n';
  const testing::Files files{
      {"postern.toml", identity + "[table.many]\nkind = \"pattern\"\nfile = \"patterns\"\n"
                                  "[table.greedy]\nkind = \"pattern\"\nfile = \"greedy\"\n"},
      {"patterns", patterns},
      {"greedy", [] {
         std::string lines;
         for (unsigned i = 0; i < 200; ++i) {
           lines += "^(x{1,90}y{1,90}){1,9}" + std::to_string(i) + "$\n";
         }
         return lines;
       }()}};
  text += problems_of(testing::compile_files(files));
  expect_golden("elsewhere-too-much", text);
}

TEST(DiagnosticsElsewhere, TellOfRulesThatExpired) {
  const auto policy = testing::compile_policy(
      "[[rule]]\nname = \"for the summer\"\nexpires = \"2026-08-31\"\naccept = \"stage\"\n");
  ASSERT_NE(policy, nullptr);
  const auto autumn = std::chrono::sys_days(std::chrono::year(2026) / 9 / 22);
  expect_golden("elsewhere-expired", render(expiry_warnings(*policy, autumn)));
}

TEST(DiagnosticsElsewhere, TellOfTheTextOfTheMaintenance) {
  const auto policy = testing::compile_policy("");
  ASSERT_NE(policy, nullptr);
  Maintenance maintenance;
  maintenance.until = std::chrono::sys_days(std::chrono::year(2026) / 9 / 22);
  maintenance.text = "Come back: later";
  const auto result =
      with_maintenance(policy, &maintenance, testing::memory_reader({}), CheckRegistry());
  expect_golden("elsewhere-maintenance", render(result.problems()));
}

}  // namespace
}  // namespace postern
