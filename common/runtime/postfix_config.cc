#include "runtime/postfix_config.h"

#include <cctype>
#include <charconv>
#include <cstdlib>

namespace postern {
namespace {

/// `$a` inside `b` inside `$a` must not run for ever; nobody nests deeper than this.
constexpr int deepest_expansion = 10;

constexpr std::string_view check_policy_service = "check_policy_service";

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

/// Logical lines: comments and empty lines gone, continuation lines joined.
std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto content = trimmed(line);
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
      words.push_back(trimmed(inner));
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

void take_setting(std::map<std::string, std::string>& settings, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return;
  settings[trimmed(std::string_view(text).substr(0, equals))] =
      trimmed(std::string_view(text).substr(equals + 1));
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

bool PostfixConfig::chrooted(const SmtpdService& service) const {
  if (service.chroot != '-') return service.chroot == 'y';
  return std::atoi(value("compatibility_level").c_str()) < 1;
}

PostfixConfig read_postfix_config(std::string_view main_cf, std::string_view master_cf) {
  PostfixConfig config;
  for (const auto& line : logical_lines(main_cf)) take_setting(config.parameters, line);
  for (const auto& line : logical_lines(master_cf)) {
    // service type private unpriv chroot wakeup maxproc command arguments
    const auto words = words_of(line);
    if (words.size() < 8 || words[7] != "smtpd") continue;
    SmtpdService service;
    service.name = words[0];
    service.chroot = words[4].empty() ? '-' : words[4].front();
    for (std::size_t at = 8; at < words.size(); ++at) {
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

std::string policy_service_setting(const std::string& text, const std::string& name) {
  const auto open = text.find_first_not_of(" \t", check_policy_service.size());
  if (open == std::string::npos || text[open] != '{') return {};
  auto end = open;
  for (int depth = 0; end < text.size(); ++end) {
    if (text[end] == '{') ++depth;
    if (text[end] == '}' && --depth == 0) break;
  }
  const auto inside = text.substr(open, end - open);
  const auto at = inside.find(name + "=");
  if (at == std::string::npos) return {};
  const auto value = inside.substr(at + name.size() + 1);
  if (!value.empty() && value.front() == '{') return value.substr(1, value.find('}') - 1);
  return value.substr(0, value.find_first_of(" ,\t"));
}

std::string refusing_behind_policy_service(const std::string& text) {
  auto at = text.find_first_not_of(" \t,", check_policy_service.size());
  for (int depth = 0; at < text.size(); ++at) {
    if (text[at] == '{') ++depth;
    if (text[at] == '}') --depth;
    if (depth == 0 && (text[at] == '}' || text[at] == ' ' || text[at] == ',')) break;
  }
  while (at < text.size()) {
    at = text.find_first_not_of(" \t,{}", at);
    if (at == std::string::npos) break;
    const auto end = std::min(text.find_first_of(" \t,{}", at), text.size());
    const auto word = text.substr(at, end - at);
    for (const std::string_view begin : {"reject", "defer", "check_"}) {
      if (word.compare(0, begin.size(), begin) == 0) return word;
    }
    at = end;
  }
  return {};
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
