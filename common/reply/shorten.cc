#include "reply/shorten.h"

#include "reply/limits.h"

#include <algorithm>

namespace postern {
namespace {

constexpr std::string_view mark_of_cut = "...";

// Octets of a name's beginning and end that stay, so that whoever knows the name knows it again.
constexpr std::size_t kept_beginning = 8;
constexpr std::size_t kept_end = 8;

std::string_view first_sentence(std::string_view text) {
  const auto end = text.find(". ");
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

struct Word {
  std::size_t begin = 0;
  std::size_t length = 0;
};

Word longest_word(std::string_view text) {
  Word longest;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (end - at > longest.length) longest = {at, end - at};
    at = end + 1;
  }
  return longest;
}

/// The longest word gives up to `excess` octets of its middle.
std::string without_middle(std::string_view text, std::size_t excess) {
  const auto word = longest_word(text);
  const auto least = kept_beginning + mark_of_cut.size() + kept_end;
  if (word.length <= least) return std::string(text);
  const auto length = std::max(least, word.length - std::min(word.length, excess));
  // What stays is shared evenly; the end has the domain, or most of it.
  const auto beginning = (length - mark_of_cut.size()) / 2;
  const auto end = length - mark_of_cut.size() - beginning;
  std::string result(text.substr(0, word.begin + beginning));
  result += mark_of_cut;
  result += text.substr(word.begin + word.length - end);
  return result;
}

std::string cut_at_a_word(std::string_view text, std::size_t room) {
  auto kept = text.substr(0, room - mark_of_cut.size());
  // One word alone is cut inside; otherwise a whole one ends the rest.
  if (text[kept.size()] != ' ') {
    if (const auto space = kept.rfind(' '); space != std::string_view::npos) {
      kept = kept.substr(0, space);
    }
  }
  while (!kept.empty() && (kept.back() == ' ' || kept.back() == ',')) kept.remove_suffix(1);
  return std::string(kept) + std::string(mark_of_cut);
}

}  // namespace

std::string shortened_sentence(std::string_view sentence, std::size_t room) {
  if (sentence.size() <= room) return std::string(sentence);
  const auto first = first_sentence(sentence);
  room = std::max(room, shortest_sentence);
  if (first.size() <= room) return std::string(first);
  const auto shorter = without_middle(first, first.size() - room);
  return shorter.size() <= room ? shorter : cut_at_a_word(shorter, room);
}

}  // namespace postern
