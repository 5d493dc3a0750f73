// Short ways to say what a DNS of the tests knows.
#pragma once

#include "kit/dns_world.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace postern::test {

inline DnsQuestion asking(std::string_view text) {
  return std::get<DnsQuestion>(dns_question(text));
}

/// {"example.com MX", {"10 mail.example.com"}}, {"dead.example A", {"SERVFAIL"}}.
inline DnsWorld dns_world(
    std::initializer_list<std::pair<std::string_view, std::vector<std::string>>> entries) {
  DnsWorld world;
  for (const auto& [text, records] : entries) {
    DnsResult result;
    result.kind = DnsResult::Kind::records;
    const auto trouble = records.empty() ? std::nullopt : dns_trouble_from_text(records.front());
    if (trouble) {
      result.kind = *trouble;
    } else {
      result.records = records;
    }
    EXPECT_FALSE(world.add(asking(text), result)) << text;
  }
  return world;
}

}  // namespace postern::test
