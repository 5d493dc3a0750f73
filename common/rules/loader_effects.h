// EffectLoader: the modifying actions of a [[rule]], the words of a discard or quarantine, and what
// of all this a door or stage cannot carry (semantics 25). A part of the policy compiler.
#pragma once

#include "checks/check.h"
#include "postern/decision.h"
#include "rules/condition.h"
#include "rules/effects.h"
#include "rules/loader_values.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// True if `key` is one of the keys of modifying actions.
bool is_effect_key(std::string_view key) noexcept;
/// The first modifying action of the rule; nullptr: it has none.
const Member* first_effect(const Node& rule) noexcept;

class EffectLoader {
 public:
  /// With `doors_known` false nothing is said of doors: not all of the main file was read.
  EffectLoader(const ValueReader& values, const Settings& settings, const CheckRegistry& checks,
               bool doors_known)
      : values_(values), settings_(settings), checks_(checks), doors_known_(doors_known) {}

  /// The modifying actions, in the order of the file. Faults are reported, but for checks that are
  /// not there and that `may_stand_elsewhere` accounts for.
  std::vector<RuleEffect> read(
      const Node& rule, const std::function<bool(std::string_view)>& may_stand_elsewhere) const;
  /// The words of a discard or quarantine, and whether its loss is acknowledged.
  std::string read_note(const Node& rule, const Member& action) const;

  /// What does not go with the verdict, the condition, the stage or the doors. `condition` and
  /// `stage` as far as they are known.
  void check(const Node& rule, Verdict verdict, const std::vector<RuleEffect>& effects,
             const Condition* condition, std::optional<Stage> stage) const;

 private:
  std::optional<RuleEffect> read_header(const Node& value) const;
  bool check_name(const Node& value, const std::string& name, bool adds) const;
  bool check_value(const Node& value, const RuleEffect& header) const;
  void read_names(const Member& member, std::vector<RuleEffect>& effects) const;
  void read_addresses(const Member& member, EffectKind kind,
                      std::vector<RuleEffect>& effects) const;
  std::shared_ptr<const Check> find_check(
      const Node& value, FieldForm form,
      const std::function<bool(std::string_view)>& may_stand_elsewhere) const;
  void read_field(const Member& member, FieldForm form, std::vector<RuleEffect>& effects,
                  const std::function<bool(std::string_view)>& may_stand_elsewhere) const;
  void check_field_stages(const Node& rule, const std::vector<RuleEffect>& effects,
                          Stage stage) const;
  void read_words(const Node& rule, const Member& member, EffectKind kind,
                  std::vector<RuleEffect>& effects) const;
  void check_templates(const Node& rule, Stage stage) const;
  void check_subject(const Node& rule, Verdict verdict, const std::vector<RuleEffect>& effects,
                     const Condition* condition, std::optional<Stage> stage) const;
  void check_doors(const Node& rule, const std::vector<RuleEffect>& effects, Stage stage) const;
  void check_number(const Node& rule, Verdict verdict,
                    const std::vector<RuleEffect>& effects) const;

  const ValueReader& values_;
  const Settings& settings_;
  const CheckRegistry& checks_;
  bool doors_known_;
};

}  // namespace postern
