// ReportFields: the groups of fields in a report for programs (RFC 3464 2.1, RFC 5965 3). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct ReportField {
  std::string name;   ///< in small letters
  std::string value;  ///< unfolded, without comments in front or behind white space
};
using ReportGroup = std::vector<ReportField>;

/// Groups are parted by empty lines. Lines that are no fields are passed over.
std::vector<ReportGroup> report_groups(std::string_view text);

/// The value of the first field of that name; empty when there is none.
std::string field_value(const ReportGroup& group, std::string_view name);

/// "rfc822; bob@example.org" in two: the type in small letters, and what follows it. Without a type
/// all is the value.
struct TypedValue {
  std::string type;
  std::string value;
};
TypedValue typed_value(std::string_view field);

/// An address of such a field without brackets; of type utf-8 with its "\x{...}" undone (RFC 6533
/// 3).
std::string report_address(std::string_view field);

/// "5.1.1" at the start of a Status field, which may carry a comment; empty when there is none.
std::string status_code(std::string_view field);

}  // namespace postern
