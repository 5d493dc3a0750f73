// Mail addresses in texts of any kind: found, and exchanged for something else. Pure.
#pragma once

#include "postern/address.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// What stands for a local part that is not told: "~", and with a hash of it, "~" and sixteen small
/// hexadecimal digits. A local part may have that form by itself; nobody's does.
inline constexpr std::string_view hidden_local = "~";
inline constexpr std::size_t hash_digits = 16;
/// What stands where a local part was that has been erased.
inline constexpr std::string_view erased_local = "~erased";
/// And for its domain; nobody's (RFC 2606 2).
inline constexpr std::string_view erased_domain = "invalid";
bool is_hidden_local(std::string_view local) noexcept;

/// Exchanges `address` for `other` wherever it stands by itself in `text`: with its local part
/// plain, in quotes where it must be (RFC 5321 4.1.2), or as bounce addresses carry it
/// ("bob=example.org", or as SRS has it "example.org=bob"). Without regard to case. True if it
/// stood there.
bool replace_address(std::string& text, const MailAddress& address, std::string_view other);

/// Calls `other` with each local part and domain that stand in `text` with an '@' between them, and
/// puts what it returns in place of the local part; nullopt: it stays. True if anything changed.
using LocalEdit =
    std::function<std::optional<std::string>(std::string_view local, std::string_view domain)>;
bool replace_locals(std::string& text, const LocalEdit& other);

}  // namespace postern
