#include "import/import.h"

#include "import/parts.h"
#include "model/shown_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::importer {
namespace {

constexpr std::array<std::pair<Format, std::string_view>, 4> formats{
    {{Format::postfix_access, "postfix-access"},
     {Format::postgrey_whitelist, "postgrey-whitelist"},
     {Format::postfwd, "postfwd"},
     {Format::milter_greylist, "milter-greylist"}}};
constexpr std::array<std::pair<Keys, std::string_view>, 4> all_keys{
    {{Keys::client, "client"},
     {Keys::helo, "helo"},
     {Keys::sender, "sender"},
     {Keys::recipient, "recipient"}}};
constexpr std::array<std::pair<Source, std::string_view>, 4> sources{{{Source::automatic, "auto"},
                                                                      {Source::hash, "hash"},
                                                                      {Source::cidr, "cidr"},
                                                                      {Source::regexp, "regexp"}}};

template <typename Value, std::size_t Count>
std::optional<Value> find_word(const std::array<std::pair<Value, std::string_view>, Count>& words,
                               std::string_view text) {
  for (const auto& [value, word] : words) {
    if (word == text) return value;
  }
  return {};
}

template <typename Value, std::size_t Count>
std::string_view word_of(const std::array<std::pair<Value, std::string_view>, Count>& words,
                         Value value) {
  for (const auto& [each, word] : words) {
    if (each == value) return word;
  }
  return {};
}

/// Octets that a policy cannot hold may stand in comments, where they become '?'. Anywhere else
/// they are a fault of the whole file: a statement without one of its lines might say the opposite.
std::string with_clean_comments(std::string_view text, Draft& draft) {
  std::string clean;
  clean.reserve(text.size());
  unsigned number = 0;
  while (!text.empty()) {
    ++number;
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    auto content = line;
    if (!content.empty() && content.back() == '\r') content.remove_suffix(1);
    const bool good = is_utf8(content) && std::none_of(content.begin(), content.end(), [](char c) {
                        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
                      });
    const auto first = content.find_first_not_of(" \t");
    if (good) {
      clean += content;
    } else if (first != std::string_view::npos && content[first] == '#') {
      clean += '#';
    } else {
      draft.count_statement();
      draft.leave_out({number, std::string(content)},
                      "this line is no UTF-8 text or holds control characters, so nothing of the "
                      "file is carried over");
      return {};
    }
    clean += '\n';
  }
  return clean;
}

}  // namespace

std::string_view to_text(Format format) noexcept { return word_of(formats, format); }
std::optional<Format> format_from_text(std::string_view text) noexcept {
  return find_word(formats, text);
}
std::string_view to_text(Keys keys) noexcept { return word_of(all_keys, keys); }
std::optional<Keys> keys_from_text(std::string_view text) noexcept {
  return find_word(all_keys, text);
}
std::optional<Source> source_from_text(std::string_view text) noexcept {
  return find_word(sources, text);
}

std::string Imported::summary() const {
  std::size_t different = 0;
  for (const auto& remark : remarks) different += remark.kind == Remark::Kind::different ? 1 : 0;
  std::string text = std::to_string(statements - left_out) + " of " + std::to_string(statements) +
                     (statements == 1 ? " statement" : " statements") + " carried over";
  if (left_out > 0) text += ", " + std::to_string(left_out) + " left out";
  if (different > 0) text += ", " + std::to_string(different) + " with a difference";
  return text;
}

Imported convert(std::string_view text, const Request& request) {
  Draft draft(request);
  if (text.size() > longest_file) {
    draft.count_statement();
    draft.leave_out({1, {}}, "the file is longer than 32 MiB");
    return draft.take();
  }
  const auto clean = with_clean_comments(text, draft);
  switch (request.format) {
    case Format::postfix_access:
      read_postfix_access(clean, draft);
      break;
    case Format::postgrey_whitelist:
      read_postgrey_whitelist(clean, draft);
      break;
    case Format::postfwd:
      read_postfwd(clean, draft);
      break;
    case Format::milter_greylist:
      read_milter_greylist(clean, draft);
      break;
  }
  return draft.take();
}

}  // namespace postern::importer
