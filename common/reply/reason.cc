#include "postern/reason.h"

#include "reply/registry.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace postern {
namespace {

// Codes and forms of every row, read once: the table stays readable text, and a decision parses
// nothing.
struct Forms {
  std::vector<ReplyForm> allowed;  // default first
  std::vector<std::pair<ReplyStage, ReplyForm>> at;
};

const Forms& forms_of(const Reason& reason) {
  static const auto table = [] {
    std::unordered_map<std::string_view, Forms> forms;
    for (const auto& row : all_reasons()) {
      Forms& entry = forms[row.id];
      if (const auto form = ReplyForm::parse(row.reply)) entry.allowed.push_back(*form);
      for (const auto alternative : row.tolerated) {
        if (const auto form = ReplyForm::parse(alternative)) entry.allowed.push_back(*form);
      }
      for (const auto& [stage, reply] : row.at) {
        if (const auto form = ReplyForm::parse(reply)) entry.at.emplace_back(stage, *form);
      }
    }
    return forms;
  }();
  static const Forms none;
  const auto found = table.find(reason.id);
  return found == table.end() ? none : found->second;
}

bool can_speak(const ReplyForm& form, ReplyStage stage) {
  const bool needs_enhanced = stage != ReplyStage::connect && stage != ReplyStage::helo;
  return code_allowed_at(stage, form.code.value()) && (form.enhanced || !needs_enhanced);
}

// The commands at which a rule can stand, in the order of a session.
constexpr std::array rule_stages = {ReplyStage::connect, ReplyStage::helo,
                                    ReplyStage::mail,    ReplyStage::rcpt,
                                    ReplyStage::data,    ReplyStage::end_of_message};

bool is_refusal(const Reason& reason) {
  return reason.kind == ReasonClass::temporary || reason.kind == ReasonClass::permanent;
}

}  // namespace

const Reason* find_reason(std::string_view id) noexcept {
  static const auto table = [] {
    std::unordered_map<std::string_view, const Reason*> rows;
    for (const auto& row : all_reasons()) rows.emplace(row.id, &row);
    return rows;
  }();
  const auto found = table.find(id);
  return found == table.end() ? nullptr : found->second;
}

bool usable_in_rule(const Reason& reason) noexcept {
  return is_refusal(reason) && std::any_of(rule_stages.begin(), rule_stages.end(), [&](auto stage) {
           return reason.stages.contains(stage);
         });
}

std::span<const ReplyForm> allowed_forms(const Reason& reason) { return forms_of(reason).allowed; }

std::optional<ReplyForm> form_at(const Reason& reason, const std::optional<ReplyForm>& wish,
                                 ReplyStage spoken) {
  const auto& forms = forms_of(reason);
  if (!is_refusal(reason) || forms.allowed.empty()) return std::nullopt;
  const int digit = (wish ? *wish : forms.allowed.front()).code.first_digit();
  const auto fits = [&](const ReplyForm& form) {
    return form.code.first_digit() == digit && can_speak(form, spoken);
  };
  if (wish && fits(*wish)) return wish;
  for (const auto& [stage, form] : forms.at) {
    if (stage == spoken && fits(form)) return form;
  }
  for (const auto& form : forms.allowed) {
    if (fits(form)) return form;
  }
  // A refusal that belongs to an earlier command and was only reached after it: the command's list
  // has just these, and letting the mail pass would be worse than a general code.
  const bool belongs_here = reason.stages.contains(spoken);
  if (!belongs_here && (spoken == ReplyStage::data || spoken == ReplyStage::end_of_message)) {
    return ReplyForm::parse(digit == 5 ? "554 5.7.1" : "451 4.7.0");
  }
  return std::nullopt;
}

bool may_stand_at(const Reason& reason, Stage stage) noexcept {
  if (!usable_in_rule(reason)) return false;
  const ReplyStage here = reply_stage(stage);
  if (reason.stages.contains(here)) {
    // Decided here, spoken here or, up to RCPT, later (semantics 4).
    return std::any_of(rule_stages.begin(), rule_stages.end(), [&](auto spoken) {
      return spoken >= here && (spoken == here || spoken <= ReplyStage::rcpt) &&
             form_at(reason, std::nullopt, spoken).has_value();
    });
  }
  if (here > ReplyStage::rcpt) return false;
  const bool about_earlier = std::any_of(rule_stages.begin(), rule_stages.end(), [&](auto earlier) {
    return earlier < here && reason.stages.contains(earlier);
  });
  return about_earlier && form_at(reason, std::nullopt, here).has_value();
}

}  // namespace postern
