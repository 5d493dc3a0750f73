// Looks for recipients that failed in texts for people. Pure.
#pragma once

#include "bounce/bounce.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Octets of a text that are looked at. Ours: what is for people to read is short, even where the
/// returned mail stands behind it.
inline constexpr std::size_t longest_failure_text = 131'072;

/// What stands before the copy of the mail that could not be delivered.
std::string_view without_returned_mail(std::string_view text);
/// That copy, from its first line on; empty when there is none.
std::string_view returned_mail_in(std::string_view text);

/// A text of HTML without its tags, a line for each block.
std::string text_of_html(std::string_view html);

/// Each address in `text` ("a@b.example"), without brackets, once, in the order of the text.
std::vector<std::string> addresses_in(std::string_view text);

/// Recipients that stand in `text` as ones that failed, with the reply about each. `known` has
/// addresses that are certain; where it is empty they are guessed: an address counts that begins a
/// line, stands behind "to:" or beside a reply, and only if there is none of these, the only one
/// that the text names. `not_these` are addresses of the notification itself.
std::vector<BouncedRecipient> failures_in(std::string_view text,
                                          const std::vector<std::string>& known,
                                          const std::vector<std::string>& not_these);

}  // namespace postern
