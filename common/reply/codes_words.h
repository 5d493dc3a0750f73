// Words for codes, classes and stages, which the explanations share however they are written out.
// Pure; safe from any thread.
#pragma once

#include "postern/reason.h"
#include "reply/codes_explanation.h"
#include "reply/registry.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern {

std::string_view stage_words(ReplyStage stage);
std::vector<std::string> words_of(ReplyStages stages);
/// The stages whose lists hold a code; where no list does, what its definition says.
std::vector<std::string> stages_of(const BasicCode& row);

/// What the first digit of a reply says: a sentence.
std::string_view class_sentence(int klass);
/// The same for what was explained. X.4.7 is what stands in a bounce after the last attempt.
std::string_view class_meaning(const Explanation& e);

/// "temporary", "permanent", "success" or "none".
std::string_view kind_word(ReasonClass kind);
/// The same as a sentence.
std::string_view kind_sentence(ReasonClass kind);

std::vector<std::string> causes_of(const Reason& reason);
/// The forms that an administrator may choose instead of the default.
std::vector<std::string> alternatives_of(const Reason& reason);

}  // namespace postern
