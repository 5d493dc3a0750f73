// TableAsking: what tables say to the tests of one run, from the tables or, in a replay, from what
// a record brought (semantics 23).
#pragma once

#include "rules/findings.h"
#include "rules/program.h"

#include <chrono>
#include <optional>
#include <string>

namespace postern::expression {

class TableAsking {
 public:
  /// Both outlive it. `time`: entries that have ended by then are none.
  TableAsking(const Facts& facts, Findings& findings, std::chrono::system_clock::time_point time);

  /// From now on answers are kept in `answers`, as facts; it may be the facts themselves.
  void keep_in(Facts& answers) { answers_ = &answers; }

  /// yes: listed, no: not; unavailable: the table cannot be asked. `key_text` gives the key as a
  /// text, and is called only where one is needed.
  template <typename Key, typename KeyText>
  Truth look_up(const Test& test, const Key& key, const KeyText& key_text) {
    if (has_recorded_) {
      const Question question{QuestionKind::table, test.table_name, key_text(), QuestionCost::free};
      if (const auto* answer = facts_.find(question)) return recorded(test, *answer);
    }
    if (!test.table)
      return findings_.unavailable(QuestionKind::table, test.table_name, "not loaded");
    const auto hit = test.table->find(key, time_);
    if (findings_.wanted()) findings_.note_table(test, hit);
    if (answers_ != nullptr) keep(test, key_text(), hit);
    return hit.has_value() ? Truth::yes : Truth::no;
  }

 private:
  Truth recorded(const Test& test, const Answer& answer);
  void keep(const Test& test, std::string key, const std::optional<TableHit>& hit);

  const Facts& facts_;
  Findings& findings_;
  std::chrono::system_clock::time_point time_;
  Facts* answers_ = nullptr;
  bool has_recorded_;
};

}  // namespace postern::expression
