#include "import/conditions.h"

#include "rules/condition.h"

#include <variant>

namespace postern::importer {

std::string condition_fault(const std::string& condition, Stage stage) {
  Condition::Scope scope;
  scope.stage = stage;
  const auto compiled = Condition::compile(condition, scope);
  const auto* problems = std::get_if<std::vector<ExpressionProblem>>(&compiled);
  return problems == nullptr || problems->empty() ? std::string() : problems->front().message;
}

std::string any_of(const std::vector<std::string>& parts) {
  if (parts.size() == 1) return parts.front();
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "(" : " or ") + part;
  return text.empty() ? text : text + ")";
}

std::string all_of(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " and ") + part;
  return text;
}

std::string negation(const std::string& part) { return "not (" + part + ")"; }

std::string with_fields(std::string_view text,
                        const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string result;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [name, field] : fields) {
      if (!text.starts_with(name)) continue;
      result += field;
      text.remove_prefix(name.size());
      found = true;
      break;
    }
    if (found) continue;
    result += text.front();
    text.remove_prefix(1);
  }
  return result;
}

}  // namespace postern::importer
