// Needs: what must hold of a transaction for a condition to be anything but no. Lets thousands of
// rules be passed over without a look at each (RuleIndex). Pure.
#pragma once

#include "postern/address.h"
#include "rules/names.h"
#include "rules/program.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

/// One way in which the value of a name may come to matter.
struct Need {
  enum class Kind : std::uint8_t {
    whole,   ///< the value is `text`
    prefix,  ///< it begins with `text`
    suffix,  ///< it ends with `text`
    within,  ///< it is an address of `network`
  };
  Name name;
  Kind kind;
  std::string text;                ///< as folded() or folded_start() has it; never empty but whole
  std::optional<Network> network;  ///< of within
};

/// All of them: if none holds, and every name in them is told or absent, the condition is no.
/// nullopt: it may be anything whatever their values are.
std::optional<std::vector<Need>> needs_of(const Program& program);

/// A value as `whole` compares it: lower case, without a final dot. Coarser than every comparison
/// of the language, so that no rule is passed over that might say yes.
std::string folded(std::string_view value);
/// As `prefix` and `suffix` compare it: lower case.
std::string folded_start(std::string_view value);
/// A mail address as `whole` compares it.
std::string folded(const MailAddress& address);

}  // namespace postern::expression
