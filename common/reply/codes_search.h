// Finds the reasons of the catalogue that speak of what a person asks about. Pure; safe from any
// thread.
#pragma once

#include "postern/reason.h"

#include <string_view>
#include <vector>

namespace postern {

/// The reasons in which every word of `what`, without its ending or by another name for the same
/// ("spamhaus"), begins some word, in the catalogue's order: looked for in name, summary and text
/// for the sender first, and only if none has them in advice, help, causes and notes. Without any,
/// if there are several words: the one whose text stands in `what`, or those whose phrase does, as
/// in a reply without code. Case does not count. Empty when no word has two characters and a
/// letter.
std::vector<const Reason*> search_reasons(std::string_view what);

}  // namespace postern
