// Explanations of reply codes and reasons for people, as `postern codes` prints them: what a reply
// means, whether it is temporary, who must act and what to do. Pure; safe from any thread.
#pragma once

#include "postern/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern {

enum class CodesFormat : std::uint8_t { text, json };

/// Explains `what`: a reason ("dnsbl-listed"), a basic code ("550"), an enhanced code ("5.7.26",
/// "X.7.26"), a pair ("550 5.7.26"), or a reply as it stands in a log or bounce, of one line or
/// several. Codes that no registry has and classes that contradict each other are explained too:
/// such replies are what people look up. Other words ("relay", "user unknown") are looked for in
/// the catalogue and give the list of reasons that speak of them. Text ends with a line feed and is
/// ASCII whatever came in.
///
/// Fails, with the nearest name as hint, only when nothing in `what` can be looked up or found.
Result<std::string> explain_code(std::string_view what, CodesFormat format);

/// All reasons of the catalogue by group, with their replies.
std::string list_reasons(CodesFormat format);

}  // namespace postern
