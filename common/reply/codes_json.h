// Explanations written out for programs. Pure; safe from any thread.
#pragma once

#include "postern/reason.h"
#include "reply/codes_explanation.h"

#include <span>
#include <string>

namespace postern {

std::string json_text_of(const Explanation& e);
std::string json_text_of(const Reason& reason);
std::string json_text_of(std::span<const Reason* const> reasons);

}  // namespace postern
