// Items of a postfwd rule, "sender_domain==example.org", as conditions. Pure.
#pragma once

#include "import/actions.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::importer {

struct PostfwdItem {
  std::string name;
  std::string comparison;  ///< "=", "==", "=~", "!=", ">", ...
  std::string value;
};

/// "name op value"; nullopt: it is none.
std::optional<PostfwdItem> read_item(std::string_view text);

/// What the items of one rule come to.
struct PostfwdCondition {
  std::string condition;  ///< empty: always
  Stage stage = Stage::rcpt;
  Subject subject = Subject::mixed;
  std::string why;  ///< not empty: cannot be carried over
};

/// Items of one name are joined by `or`, those of different names by `and`.
PostfwdCondition condition_of(const std::vector<PostfwdItem>& items);

}  // namespace postern::importer
