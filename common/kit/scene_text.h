// SceneText: a scene and its world as people describe them to a command: options with values, or a
// description with one option a line, under the names that swaks(1) has for them. Pure.
#pragma once

#include "kit/scene.h"
#include "kit/world.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// One thing that can be told.
struct SceneWord {
  enum class Takes : std::uint8_t { value, nothing };
  std::string_view name;
  std::string_view other_names;  ///< separated by spaces; those of one letter, and "au", are short
                                 ///< options of swaks, for descriptions alone
  Takes takes = Takes::value;
  std::string_view value_name;  ///< for a help text
  std::string_view meaning;
};
std::span<const SceneWord> scene_words() noexcept;
/// By any of its names; nullptr when there is none.
const SceneWord* find_scene_word(std::string_view name);

class SceneText {
 public:
  /// Tells the thing of that name. May be repeated for recipients, macros, DNS and counters.
  std::optional<KitFault> set(std::string_view name, std::string_view value);
  /// A description, line by line: "option value", "--option value --option value", or a whole
  /// command "swaks --option value ...". Empty lines and lines that begin with # are comments;
  /// options of swaks that no rule can see are passed over. The first fault, with its line.
  std::optional<KitFault> describe(std::string_view text);

  Scene& scene() noexcept { return scene_; }
  const Scene& scene() const noexcept { return scene_; }
  /// All that was told of DNS and counters; a fault when that contradicts itself.
  std::optional<KitFault> take_world(World& world);

 private:
  std::optional<KitFault> set_client(std::string_view name, std::string_view value);
  std::optional<KitFault> set_envelope(std::string_view name, std::string_view value);
  std::optional<KitFault> set_circumstance(std::string_view name, std::string_view value);
  std::optional<KitFault> set_dns(std::string_view value);
  std::optional<KitFault> describe_line(std::string_view line);

  Scene scene_;
  World world_;
  std::map<DnsQuestion, DnsResult> answers_;  // several records of one question come one by one
};

}  // namespace postern
