#include "import/draft.h"

#include "model/text.h"
#include "rules/names.h"
#include "rules/pattern.h"

#include <algorithm>
#include <utility>

namespace postern::importer {
namespace {

/// Kept in full; who has more of them works from the first ones.
constexpr std::size_t most_remarks = 1000;
/// Octets of a line that a remark shows.
constexpr std::size_t shown_text = 100;
/// Of a table's name; leaves room for its end within what is readable.
constexpr std::size_t longest_stem = 40;
/// Octets, as the loader has it.
constexpr std::size_t longest_rule_name = 80;

/// Small letters, digits and underscores, no digit first.
std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : lower(text)) {
    if (is_letter_or_digit(c)) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.size() > longest_stem) name.resize(longest_stem);
  if (name.empty()) name = "imported";
  if (is_digit(name.front())) name.insert(0, "t_");
  return name;
}

std::string stem_of(const Request& request) {
  if (!request.stem.empty()) return plain_name(request.stem);
  std::string_view file = request.file;
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) {
    file.remove_prefix(slash + 1);
  }
  return plain_name(file.substr(0, file.find('.')));
}

/// The first of `spelled(1)`, `spelled(2)`, ... that is not among `taken`, which gets it. Goes on
/// where it stopped for the same base: a hundred thousand lines may want one name.
template <typename Spelled>
std::string unused_name(std::map<std::string, unsigned>& taken, const std::string& base,
                        const Spelled& spelled) {
  for (auto number = std::max(1U, taken[base]);; ++number) {
    auto name = spelled(number);
    // The base itself is in the map by now, whether it is taken or not; of what is taken, its own
    // number 1 is.
    if (name.empty() || (number > 1 && !taken.emplace(name, 2U).second)) continue;
    taken[base] = number + 1;
    return name;
  }
}

}  // namespace

Draft::Draft(const Request& request) : request_(request), stem_(stem_of(request)) {}

void Draft::leave_out(const Statement& statement, std::string reason) {
  ++left_out_;
  remark(Remark::Kind::left_out, statement, std::move(reason));
}

void Draft::leave_out_pass(const Statement& statement, std::string reason) {
  lose_pass(statement.line);
  leave_out(statement,
            std::move(reason) + "; it let mail pass, so refusals behind it stand in shadow");
}

void Draft::shadow(NewRule& rule, const Statement& statement, const std::string& why) {
  rule.shadow = true;
  differ(statement, (why.empty() ? "line " + std::to_string(lost_) +
                                       " let mail pass and was not carried over whole"
                                 : why) +
                        ", so this stands in shadow; make up for that and delete the mode");
}

void Draft::differ(const Statement& statement, std::string reason) {
  remark(Remark::Kind::different, statement, std::move(reason));
}

void Draft::remark(Remark::Kind kind, const Statement& statement, std::string reason) {
  if (remarks_.size() >= most_remarks) {
    ++more_remarks_;
    return;
  }
  auto text = clean_for_terminal(statement.text);
  if (text.size() > shown_text) text = text.substr(0, shown_text - 3) + "...";
  remarks_.push_back({kind, statement.line, std::move(text), clean_for_terminal(reason)});
}

std::string Draft::own_name(std::string_view part) {
  const auto base = stem_ + "_" + plain_name(part);
  return unused_name(names_, base, [&](unsigned number) {
    const auto name = number == 1 ? base : base + "_" + std::to_string(number);
    return expression::find_name(name) == nullptr ? name : std::string();
  });
}

NewTable& Draft::table(TableKind kind, std::string_view part, std::string about) {
  auto& table = tables_.emplace_back();
  table.name = own_name(part);
  table.about = std::move(about);
  table.kind = kind;
  return table;
}

std::string Draft::add(NewTable& table, const std::string& entry) {
  const auto known = lower(entry);
  if (table.known.count(known) != 0) return {};
  // What one entry's table refuses, the policy would refuse as well.
  const auto built =
      Table::build("entry", table.kind, std::vector<TableEntry>{{entry, SourcePosition{}}});
  if (!built) return built.problems().front().message;
  table.known.insert(known);
  table.entries.push_back(entry);
  return {};
}

void Draft::condition(std::string_view part, std::string about, std::string condition) {
  conditions_.push_back({own_name(part), std::move(about), std::move(condition)});
}

void Draft::rule(NewRule rule) {
  rule.name = clean_for_reply(rule.name, longest_rule_name - 8);
  const auto base = rule.name;
  rule.name = unused_name(rule_names_, base, [&](unsigned number) {
    return number == 1 ? base : base + " (" + std::to_string(number) + ")";
  });
  rules_.push_back(std::move(rule));
}

Imported Draft::take() {
  // What nothing was put into is left out: a table without entries is nearly always a mistake.
  tables_.erase(std::remove_if(tables_.begin(), tables_.end(),
                               [](const NewTable& table) { return table.entries.empty(); }),
                tables_.end());
  std::stable_sort(remarks_.begin(), remarks_.end(),
                   [](const Remark& a, const Remark& b) { return a.line < b.line; });
  Imported outcome;
  outcome.name = stem_;
  outcome.remarks = std::move(remarks_);
  outcome.more_remarks = more_remarks_;
  outcome.statements = statements_;
  outcome.left_out = left_out_;
  outcome.policy = policy_text(*this, outcome, outcome.tables);
  return outcome;
}

std::string condition_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string literal_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    constexpr std::string_view special = "\\.+*?()|[]{}^$#";
    if (special.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string lines_text(const std::vector<unsigned>& lines) {
  constexpr std::size_t most_ranges = 12;
  std::string text = lines.size() == 1 ? "line " : "lines ";
  std::size_t ranges = 0;
  for (std::size_t i = 0; i < lines.size();) {
    auto end = i + 1;
    while (end < lines.size() && lines[end] == lines[end - 1] + 1) ++end;
    if (ranges == most_ranges) return text + ", ...";
    if (ranges++ > 0) text += ", ";
    text += std::to_string(lines[i]);
    if (end - i > 1) text += (end - i == 2 ? ", " : " to ") + std::to_string(lines[end - 1]);
    i = end;
  }
  return text;
}

std::string pattern_fault(const std::string& pattern) {
  const expression::Pattern compiled(pattern, expression::PatternCase::ignored);
  return compiled.ok() ? std::string() : compiled.error();
}

}  // namespace postern::importer
