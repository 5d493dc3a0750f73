// The strings of a journal line, found and exchanged where they stand, so that all else of the line
// stays as it was, members of versions to come too. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// Where a string stands in a line.
class JsonPlace {
 public:
  /// A record has six levels; what goes deeper is no line of ours.
  static constexpr std::size_t deepest = 16;

  std::size_t depth() const noexcept { return depth_; }
  /// Of the object at that level, 0 being the line itself, the member under way; empty in a list,
  /// and beyond the depth.
  std::string_view key(std::size_t level) const noexcept {
    return level < depth_ ? levels_[level].key : std::string_view();
  }
  /// The nearest member: of a list in an object, that of the object.
  std::string_view member() const noexcept;

 private:
  friend class JsonStrings;
  struct Level {
    char bracket = 0;
    std::string_view key;
  };
  std::array<Level, deepest> levels_{};
  std::size_t depth_ = 0;
};

/// Given a string as it stands in the line, escaped, without its quotes: the octets that are to
/// stand there instead; nullopt: it stays.
using JsonStringEdit =
    std::function<std::optional<std::string>(const JsonPlace& place, std::string_view escaped)>;

/// Appends `line` to `out` with the strings that are values as `edit` wants them. False, and
/// nothing appended, if the line is no complete JSON object, such as a torn one.
bool edit_json_strings(std::string_view line, const JsonStringEdit& edit, std::string& out);

/// The octets behind an escaped string; whatever is no good escape stays as it stands.
std::string octets_from_escaped(std::string_view escaped);

}  // namespace postern
