// Words and values as header fields spell them: tokens, quoted strings, comments and mailboxes
// (RFC 5322 3.2, RFC 2045 5.1, RFC 8601 2.2). Whatever comes in, printable ASCII
// comes out, in which nothing ends the value, the comment or the field. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern {

/// In double quotes, with '"' and '\' escaped; octets that are not printable ASCII as '?'.
std::string quoted_string(std::string_view text);
/// As it is where it is a token (RFC 2045 5.1), else a quoted string.
std::string field_value(std::string_view text);
/// In parentheses; what could end the comment, or begin another, as '?'.
std::string field_comment(std::string_view text);

/// A mailbox as the value of a property (RFC 8601 2.2): local@domain, "local part"@domain, or the
/// domain alone where the local part is no ASCII or longer than any (64 octets, RFC 5321
/// 4.5.3.1.1). One whose domain is no domain name is a quoted string.
std::string mailbox_value(std::string_view local, std::string_view domain);

}  // namespace postern
