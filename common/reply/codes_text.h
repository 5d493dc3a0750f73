// Explanations written out for people: lines of at most 78 columns. Pure; safe from any thread.
#pragma once

#include "postern/reason.h"
#include "reply/codes_explanation.h"

#include <string>

namespace postern {

std::string text_of(const Explanation& e);
std::string text_of(const Reason& reason);
/// One line for a list of reasons.
std::string list_line(const Reason& reason);

}  // namespace postern
