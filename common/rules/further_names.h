// FurtherNames: what the conditions of one place may name besides the transaction, such as what a
// decision came to when the journal is searched. Rules have none. Constant; any thread may read.
#pragma once

#include "rules/names.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

struct FurtherName {
  NameRow row;                          ///< with Name::further
  std::size_t number = 0;               ///< its place in `all`
  std::vector<std::string> words = {};  ///< of a choice: all that it can be
  std::string words_hint = {};          ///< where they are listed, when they are too many to tell
};

struct FurtherNames {
  std::vector<FurtherName> all;
  std::string unknown_hint;  ///< about a word that is no name, and none is like it
  std::string table_hint;    ///< about a table that is not known

  const FurtherName* find(std::string_view name) const noexcept {
    for (const auto& each : all) {
      if (each.row.name == name) return &each;
    }
    return nullptr;
  }
};

/// What such a name stands for in one place.
struct FurtherValue {
  enum class State : std::uint8_t { not_told, absent, told };
  State state = State::not_told;
  std::int64_t number = 0;         ///< of a boolean (0, 1), number or size
  std::vector<std::string> texts;  ///< of all others; a comparison holds if it holds for any

  static FurtherValue of(std::int64_t number) { return {State::told, number, {}}; }
  static FurtherValue of(std::vector<std::string> texts) {
    return {texts.empty() ? State::absent : State::told, 0, std::move(texts)};
  }
  /// An empty text is none.
  static FurtherValue of_text(std::string_view text) {
    if (text.empty()) return absent();
    return {State::told, 0, {std::string(text)}};
  }
  static FurtherValue absent() { return {State::absent, 0, {}}; }
};

class FurtherValues {
 public:
  virtual ~FurtherValues() = default;
  virtual FurtherValue value(const FurtherName& name) const = 0;
};

}  // namespace postern::expression
