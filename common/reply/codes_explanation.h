// Explanation: everything that is known about a reply somebody asks about, before it is written
// out. Pure.
#pragma once

#include "postern/reason.h"
#include "reply/codes_query.h"
#include "reply/registry.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A reason that is spoken with the reply in question.
struct Use {
  const Reason* reason = nullptr;
  std::string form;
  bool is_default = false;
};

/// What a reply means.
struct Explanation {
  std::string asked;  ///< "550 5.7.26"
  std::optional<int> code;
  const BasicCode* basic = nullptr;
  std::optional<AskedEnhanced> enhanced;
  const EnhancedEntry* entry = nullptr;
  bool has_words = false;          ///< a reply, not codes alone
  int klass = 0;                   ///< what clients act on; 0 when only X was given
  std::vector<std::string> notes;  ///< clashes, odd pairs, codes of nobody
  std::vector<Use> uses;           ///< the reasons that are spoken with these codes

  /// The reason behind it, by the words of a pasted reply or a telling code; may be nullptr.
  const Reason* likely = nullptr;
  /// A cause that no reason of the catalogue names; empty where `likely` is set.
  std::string cause;
  std::string reference;  ///< of a reply of ours; may be empty

  // Advice, always for the class of the code: a reason's own where that is of this class.
  enum class Advice : std::uint8_t { of_code, of_reason, of_cause };
  Advice advice = Advice::of_code;
  std::string who;
  std::string what_to_do;
};

Explanation find_out(const CodesQuery& query);

/// "temporary", "permanent", ... for the first digit of a reply.
std::string_view class_word(int klass);
/// Who can put it right, by what a reason is about.
std::string who_acts(const Reason& reason);

}  // namespace postern
