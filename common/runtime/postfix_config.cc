#include "runtime/postfix_config.h"

#include "model/text.h"

#include <cctype>
#include <charconv>
#include <cstdio>

namespace postern {
namespace {

/// `$a` inside `b` inside `$a` must not run for ever; nobody nests deeper than this.
constexpr int deepest_expansion = 10;

/// Of a line of master.cf: service type private unpriv chroot wakeup maxproc command arguments.
struct Column {
  static constexpr std::size_t name = 0;
  static constexpr std::size_t type = 1;
  static constexpr std::size_t chroot = 4;
  static constexpr std::size_t command = 7;
  static constexpr std::ptrdiff_t arguments = 8;
};

constexpr std::string_view white = " \t\n\v\f\r";

bool is_space(char c) { return white.find(c) != std::string_view::npos; }

/// Logical lines: comments and empty lines gone, continuation lines joined.
std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string content(trimmed(line, white));
    if (content.empty() || content.front() == '#') continue;
    if (is_space(line.front()) && !lines.empty()) {
      lines.back() += " " + content;
    } else {
      lines.push_back(content);
    }
  }
  return lines;
}

/// Splits at white space; `{ ... }` stays together and loses its braces.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < line.size()) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    const auto begin = at;
    if (line[at] == '{') {
      int depth = 0;
      do {
        if (line[at] == '{') ++depth;
        if (line[at] == '}') --depth;
        ++at;
      } while (at < line.size() && depth > 0);
      const auto inner = line.substr(begin + 1, at - begin - (depth == 0 ? 2 : 1));
      words.emplace_back(trimmed(inner, white));
    } else {
      while (at < line.size() && !is_space(line[at])) ++at;
      words.emplace_back(line.substr(begin, at - begin));
    }
  }
  return words;
}

std::string expand(const PostfixConfig& config, const std::string& text, int depth) {
  if (depth > deepest_expansion) return text;
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$') {
      result += text[at];
      continue;
    }
    std::size_t begin = at + 1;
    const bool braced = begin < text.size() && (text[begin] == '{' || text[begin] == '(');
    if (braced) ++begin;
    auto end = begin;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) {
      ++end;
    }
    const auto found = config.parameters.find(text.substr(begin, end - begin));
    if (found != config.parameters.end()) result += expand(config, found->second, depth + 1);
    if (braced && end < text.size()) ++end;
    at = end - 1;
  }
  return result;
}

/// "{ text }" without its braces; other text as it is.
std::string without_braces(std::string_view text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::string(text);
  return std::string(trimmed(text.substr(1, text.size() - 2), white));
}

void take_setting(std::map<std::string, std::string>& settings, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return;
  const auto part = [](std::string_view words) { return std::string(trimmed(words, white)); };
  settings[part(std::string_view(text).substr(0, equals))] =
      part(std::string_view(text).substr(equals + 1));
}

}  // namespace

std::string PostfixConfig::value(const SmtpdService& service, const std::string& name) const {
  const auto own = service.overrides.find(name);
  return own == service.overrides.end() ? value(name) : expand(*this, own->second, 0);
}

std::string PostfixConfig::value(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : expand(*this, found->second, 0);
}

bool PostfixConfig::chrooted(char column) const {
  if (column != '-') return column == 'y';
  return compatibility() < 100;
}

int PostfixConfig::compatibility() const {
  int major = 0;
  int minor = 0;
  std::sscanf(value("compatibility_level").c_str(), "%3d.%2d", &major, &minor);
  return major * 100 + minor;
}

PostfixConfig read_postfix_config(std::string_view main_cf, std::string_view master_cf) {
  PostfixConfig config;
  for (const auto& line : logical_lines(main_cf)) take_setting(config.parameters, line);
  for (const auto& line : logical_lines(master_cf)) {
    const auto words = words_of(line);
    if (words.size() <= Column::command) continue;
    const char in_chroot = words[Column::chroot].empty() ? '-' : words[Column::chroot].front();
    if (words[Column::command] == "spawn") {
      SpawnService service{words[Column::name], words[Column::type], in_chroot, {}};
      for (auto at = words.begin() + Column::arguments; at != words.end(); ++at) {
        if (!service.program.empty()) {
          service.program.push_back(*at);
        } else if (at->compare(0, 5, "argv=") == 0) {
          service.program.push_back(at->substr(5));
        }
      }
      config.spawn.push_back(std::move(service));
    }
    if (words[Column::command] != "smtpd") continue;
    SmtpdService service;
    service.name = words[Column::name];
    service.chroot = in_chroot;
    for (auto at = std::size_t{Column::arguments}; at < words.size(); ++at) {
      if (words[at] == "-o" && at + 1 < words.size()) {
        take_setting(service.overrides, words[++at]);
      } else if (words[at].compare(0, 2, "-o") == 0) {
        take_setting(service.overrides, words[at].substr(2));
      }
    }
    config.smtpd.push_back(std::move(service));
  }
  return config;
}

std::vector<std::string> postfix_items(std::string_view list) {
  std::vector<std::string> items;
  const auto separates = [](char c) { return c == ',' || is_space(c); };
  std::size_t at = 0;
  while (at < list.size()) {
    if (separates(list[at])) {
      ++at;
      continue;
    }
    const auto begin = at;
    // Braces keep together what is between them, wherever they stand in an item.
    for (int depth = 0; at < list.size() && (depth > 0 || !separates(list[at])); ++at) {
      if (list[at] == '{') ++depth;
      if (list[at] == '}') --depth;
    }
    items.emplace_back(list.substr(begin, at - begin));
  }
  return items;
}

std::string PostfixServer::setting(const std::string& name) const {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

PostfixServer read_postfix_server(std::string_view item) {
  PostfixServer server;
  if (item.empty() || item.front() != '{') {
    server.endpoint = item;
    return server;
  }
  const auto inside = postfix_items(without_braces(item));
  for (const auto& part : inside) {
    if (&part == &inside.front()) {
      server.endpoint = part;
    } else {
      take_setting(server.settings, without_braces(part));
    }
  }
  // A value with spaces may stand in braces of its own.
  for (auto& [name, value] : server.settings) value = without_braces(value);
  return server;
}

long postfix_seconds(std::string_view text, char default_unit) {
  long value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return -1;
  const auto rest = text.substr(static_cast<std::size_t>(stop - text.data()));
  if (rest.size() > 1) return -1;
  switch (rest.empty() ? default_unit : rest.front()) {
    case 's':
      return value;
    case 'm':
      return value * 60;
    case 'h':
      return value * 3600;
    case 'd':
      return value * 86400;
    case 'w':
      return value * 604800;
    default:
      return -1;
  }
}

}  // namespace postern
