#include "journal/policy_list.h"

#include "journal/timestamp.h"

#include <charconv>
#include <utility>

namespace postern {
namespace {

constexpr std::string_view first_line = "postern policy 1";

// The text up to the next space, which is taken away with it.
std::string word(std::string_view& rest) {
  const auto end = std::min(rest.find(' '), rest.size());
  std::string text(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return text;
}

class ListWriter {
 public:
  void line(std::string_view key, std::string_view value) {
    fits_ = fits_ && value.find('\n') == std::string_view::npos;
    text_.append(key).append(" ").append(value).append("\n");
  }
  Result<std::string> take() && {
    if (!fits_) return plain_problem("the policy cannot be kept: a name holds a line feed");
    return std::move(text_);
  }

 private:
  std::string text_ = std::string(first_line) + '\n';
  bool fits_ = true;
};

}  // namespace

Result<std::string> policy_list(const PolicySource& source,
                                const std::map<std::string, std::string>& digests) {
  ListWriter list;
  list.line("main", source.main_file);
  for (const auto& [path, digest] : digests) list.line("text", digest + ' ' + path);
  for (const auto& [pattern, names] : source.matches) {
    list.line("pattern", pattern);
    for (const auto& name : names) list.line("fits", name);
  }
  for (const auto& table : source.tables) {
    list.line("table", table.table + ' ' + table.digest + ' ' + std::to_string(table.entries) +
                           ' ' + table.path);
  }
  if (source.maintenance) {
    list.line("maintenance-until", timestamp(source.maintenance->until));
    list.line("maintenance-code", source.maintenance->ends_sessions ? "421" : "451");
    list.line("maintenance-text", source.maintenance->text);
    list.line("maintenance-file", source.maintenance->file);
  }
  return std::move(list).take();
}

Result<PolicySource> policy_from_list(
    std::string_view list, const std::function<Result<std::string>(const std::string&)>& text) {
  PolicySource source;
  std::string pattern;
  bool first = true;
  while (!list.empty()) {
    const auto end = list.find('\n');
    auto line = list.substr(0, end);
    if (end == std::string_view::npos) return plain_problem("it is not whole");
    list.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      if (line == first_line) continue;
      return plain_problem("it is no list of a policy, or one of another version");
    }
    const auto key = word(line);
    const std::string value(line);
    if (key == "main") source.main_file = value;
    if (key == "text") {
      auto rest = line;
      const auto digest = word(rest);
      auto content = text(digest);
      if (!content) return content.problems();
      source.texts[std::string(rest)] = std::move(*content);
    }
    if (key == "pattern") {
      pattern = value;
      source.matches[pattern];
    }
    if (key == "fits") source.matches[pattern].push_back(value);
    if (key == "table") {
      PolicySource::TableFile table;
      table.table = word(line);
      table.digest = word(line);
      const auto entries = word(line);
      std::from_chars(entries.data(), entries.data() + entries.size(), table.entries);
      table.path = line;
      source.tables.push_back(std::move(table));
    }
    if (!key.starts_with("maintenance-")) continue;
    if (!source.maintenance) source.maintenance.emplace();
    if (key == "maintenance-until") {
      source.maintenance->until = timestamp_from_text(value).value_or(source.maintenance->until);
    }
    if (key == "maintenance-code") source.maintenance->ends_sessions = value == "421";
    if (key == "maintenance-text") source.maintenance->text = value;
    if (key == "maintenance-file") source.maintenance->file = value;
  }
  return source;
}

}  // namespace postern
