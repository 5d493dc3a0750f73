// The fragment as TOML, with what was left out at its head: whoever opens the file later has to see
// that it is not all that the old one said.

#include "import/draft.h"

#include <algorithm>
#include <string>

namespace postern::importer {
namespace {

/// Entries up to which a list stays in the policy although lists may have files.
constexpr std::size_t short_list = 20;
/// Remarks shown at the head.
constexpr std::size_t shown_remarks = 200;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// A string of TOML: literal where that spares backslashes, else basic.
std::string toml_string(std::string_view text) {
  const bool literal = text.find_first_of("\"\\") != std::string_view::npos &&
                       text.find('\'') == std::string_view::npos &&
                       std::none_of(text.begin(), text.end(), is_control);
  if (literal) return "'" + std::string(text) + "'";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (is_control(c)) {
      result += "\\u00";
      result += digits[static_cast<unsigned char>(c) / 16];
      result += digits[static_cast<unsigned char>(c) % 16];
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// Comment lines of at most some 100 columns.
std::string comment(std::string_view text, std::string_view indent = "") {
  constexpr std::size_t width = 96;
  std::string result;
  while (!text.empty()) {
    auto length = std::min(text.size(), width - indent.size());
    if (length < text.size()) {
      const auto space = text.rfind(' ', length);
      if (space != std::string_view::npos && space > 0) length = space;
    }
    result += "# " + std::string(indent) + std::string(text.substr(0, length)) + "\n";
    text.remove_prefix(length);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return result;
}

std::string remarks_text(const Imported& outcome, const std::string& file, Remark::Kind kind,
                         std::string_view title) {
  std::string text;
  std::size_t shown = 0;
  std::size_t more = 0;
  for (const auto& remark : outcome.remarks) {
    if (remark.kind != kind) continue;
    if (shown == shown_remarks) {
      ++more;
      continue;
    }
    if (shown++ == 0) text += "#\n" + comment(title);
    text += "#   " + file + ":" + std::to_string(remark.line) + ": " + remark.text + "\n";
    text += comment(remark.reason, "      ");
  }
  if (more > 0) text += "#   and " + std::to_string(more) + " more\n";
  return text;
}

/// A file of lines reads quotes, comments and white space its own way.
bool fits_a_line(const std::string& entry) {
  return entry.find_first_of(" \t\"#\\") == std::string::npos &&
         std::none_of(entry.begin(), entry.end(), is_control);
}

std::string table_text(const NewTable& table, Lists lists, std::vector<TableText>& files) {
  std::string text = "\n" + comment(table.about) + "[table." + table.name + "]\n";
  text += "kind = " + toml_string(to_text(table.kind)) + "\n";
  if (!table.delimiter.empty()) text += "delimiter = " + toml_string(table.delimiter) + "\n";
  const bool own_file = lists == Lists::in_files && table.entries.size() > short_list &&
                        std::all_of(table.entries.begin(), table.entries.end(), fits_a_line);
  if (own_file) {
    text += "file = " + toml_string("tables/" + table.name) + "\n";
    std::string list;
    for (const auto& entry : table.entries) list += entry + "\n";
    files.push_back({table.name, std::move(list)});
    return text;
  }
  text += "entries = [\n";
  for (const auto& entry : table.entries) text += "  " + toml_string(entry) + ",\n";
  return text + "]\n";
}

std::string cleaned_file(std::string_view file) {
  std::string name;
  for (const char c : file) name += is_control(c) || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
  return name;
}

}  // namespace

std::string rule_text(const NewRule& rule) {
  std::string text =
      "\n" + comment(rule.about) + "[[rule]]\nname = " + toml_string(rule.name) + "\n";
  if (!rule.stage.empty()) text += "stage = " + toml_string(rule.stage) + "\n";
  if (!rule.when.empty()) text += "when = " + toml_string(rule.when) + "\n";
  if (rule.shadow) text += "mode = \"shadow\"\n";
  if (!rule.effect.empty()) return text + rule.effect + " = " + toml_string(rule.value) + "\n";
  if (rule.verdict == Verdict::accept) return text + "accept = \"stage\"\n";
  text += std::string(to_text(rule.verdict)) + " = " + toml_string(rule.reason) + "\n";
  if (!rule.code.empty()) text += "code = " + toml_string(rule.code) + "\n";
  if (!rule.text.empty()) text += "text = " + toml_string(rule.text) + "\n";
  return text;
}

std::string policy_text(const Draft& draft, const Imported& outcome,
                        std::vector<TableText>& files) {
  const auto file = cleaned_file(draft.request().file);
  std::string text =
      comment("Made by \"postern import " + std::string(to_text(draft.request().format)) +
              "\" from " + file + ".");
  text += comment(outcome.summary() + ".");
  text += comment(
      "Name this file in \"include\" of the main file, behind the rules that accept mail for "
      "postmaster, and read it before it is in force.");
  text += remarks_text(outcome, file, Remark::Kind::left_out, "Left out:");
  text += remarks_text(outcome, file, Remark::Kind::different, "Carried over with a difference:");
  for (const auto& table : draft.tables_) {
    text += table_text(table, draft.request().lists, files);
  }
  for (const auto& condition : draft.conditions_) {
    text += "\n" + comment(condition.about) + "[when." + condition.name +
            "]\nis = " + toml_string(condition.condition) + "\n";
  }
  for (const auto& rule : draft.rules_) text += rule_text(rule);
  return text;
}

}  // namespace postern::importer
