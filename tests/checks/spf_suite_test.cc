// The test suite of RFC 7208, when it lies beside the tree.
#include "checks/spf_zone.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>

namespace postern {
namespace {

std::string text_of(const toml::table& table, std::string_view key) {
  return table[key].value_or(std::string());
}

test::SpfZone zone_of(const toml::array& entries) {
  test::SpfZone zone;
  for (const auto& node : entries) {
    const auto& entry = *node.as_table();
    const auto name = text_of(entry, "name");
    const auto type = text_of(entry, "type");
    if (text_of(entry, "behaviour") == "timeout") {
      zone.time_out(name);
    } else if (type == "TXT") {
      std::string joined;
      for (const auto& piece : *entry["strings"].as_array()) {
        joined += piece.value_or(std::string());
      }
      zone.add(name, type, joined);
    } else if (type == "A" || type == "AAAA") {
      zone.add(name, type, text_of(entry, "address"));
    } else {
      auto target = dns_name_of_octets(text_of(entry, "target")).value_or(".");
      if (type == "MX") target = std::to_string(entry["preference"].value_or(0)) + ' ' + target;
      zone.add(name, type, target);
    }
  }
  return zone;
}

void run_suite(const std::string& file, std::size_t cases) {
  const auto path = std::filesystem::path(POSTERN_CONFORMANCE_DIR) / "spf" / file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no conformance data at " << path;
  const auto suite = toml::parse_file(path.string());
  std::size_t run = 0;
  for (const auto& node : *suite["scenario"].as_array()) {
    const auto& scenario = *node.as_table();
    const auto zone = zone_of(*scenario["zone"].as_array());
    for (const auto& each : *scenario["case"].as_array()) {
      const auto& test = *each.as_table();
      ++run;
      const auto client = IpAddress::parse(text_of(test, "ip"));
      ASSERT_TRUE(client);
      auto request = SpfRequest::of_sender(
          *client, MailAddress::from_envelope(text_of(test, "mailfrom")), text_of(test, "helo"));
      // The suite names no time and no receiver, and looks at neither.
      const auto outcome = zone.evaluate(request);
      std::vector<std::string> allowed;
      for (const auto& result : *test["results"].as_array()) {
        allowed.push_back(result.value_or(std::string()));
      }
      EXPECT_TRUE(std::count(allowed.begin(), allowed.end(), to_text(outcome.result)) > 0)
          << text_of(test, "id") << " (" << text_of(scenario, "description")
          << "): " << to_text(outcome.result) << " instead of " << allowed.front() << '\n'
          << spf_trace_text(outcome);
      const auto explanation = text_of(test, "explanation");
      if (!explanation.empty()) {
        EXPECT_EQ(outcome.explanation, explanation == "DEFAULT" ? "" : explanation)
            << text_of(test, "id");
      }
    }
  }
  EXPECT_EQ(run, cases);
}

TEST(SpfSuite, EveryCaseOfRfc7208HasOneOfItsResults) { run_suite("rfc7208-tests.toml", 203); }

}  // namespace
}  // namespace postern
