// Replies that large senders of mail give in a sense no standard knows, so that a help desk is not
// led astray by the registry's meaning. Constant data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What is known of a basic code, an enhanced code or the pair of them; empty when they mean what
/// the standards say.
std::vector<std::string_view> known_uses(std::optional<int> code, const std::string& enhanced);

/// The reason behind such a reply when its words fit too; empty when that is not known.
std::string_view known_reason(std::optional<int> code, const std::string& enhanced,
                              std::string_view words);

}  // namespace postern
