#include "cli/commands.h"
#include "cli/load.h"
#include "cli/tested_policy.h"
#include "kit/test_report.h"
#include "postern/reason.h"
#include "rules/expiry.h"
#include "rules/rule.h"
#include "tables/table.h"

#include <chrono>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

std::string action_of(const Rule& rule) {
  std::string text(to_text(rule.verdict));
  if (rule.scope) text += " \"" + std::string(to_text(*rule.scope)) + "\"";
  if (rule.reason != nullptr) {
    text += " " + std::string(rule.reason->id);
    text += " (" + (rule.form ? rule.form->text() : std::string(rule.reason->reply)) + ")";
  }
  if (!rule.note.empty()) text += " (" + rule.note + ")";
  if (rule.verdict == Verdict::pass) text.clear();
  for (const auto& words : effect_words(rule)) text += (text.empty() ? "" : ", ") + words;
  for (const auto& added : rule.scores) text += (text.empty() ? "" : ", ") + words_of(added);
  if (rule.mode == RuleMode::shadow) text += ", in shadow";
  if (rule.share != 0) text += ", for " + std::to_string(rule.share) + "% of messages";
  if (rule.expires) {
    const bool off = is_expired(rule, std::chrono::system_clock::now());
    text += (off ? ", expired " : ", until ") + expiry_text(*rule.expires);
  }
  return text;
}

void print_rules(std::ostream& out, const Policy& policy) {
  out << "Rules, in the order in which they are asked:\n";
  std::optional<Stage> stage;
  for (const auto& rule : policy.rules()) {
    if (stage != rule.place.stage) {
      stage = rule.place.stage;
      out << "  at " << to_text(*stage) << ":\n";
    }
    out << "    " << rule.place.name << ": " << action_of(rule) << "   [" << rule.place.file << ':'
        << rule.place.line << "]\n";
  }
  if (policy.rules().empty()) out << "  none: all mail passes\n";
}

void print_tables(std::ostream& out, const Policy& policy) {
  if (policy.tables().empty()) return;
  out << "Tables:\n";
  for (const auto& [name, table] : policy.tables()) {
    out << "    " << name << ": " << to_text(table->kind()) << ", " << table->size()
        << (table->size() == 1 ? " entry\n" : " entries\n");
  }
}

void print_listeners(std::ostream& out, const Settings& settings) {
  const auto& listen = settings.listen;
  out << "Listeners:\n";
  if (listen.milter) out << "    milter: " << listen.milter->postfix_text() << '\n';
  for (const auto& address : listen.policy) {
    out << "    policy service: " << address.postfix_text() << '\n';
  }
  if (listen.control) out << "    control: " << listen.control->postfix_text() << '\n';
  if (listen.metrics) out << "    metrics: " << listen.metrics->postfix_text() << '\n';
  if (!listen.milter && listen.policy.empty()) out << "    none\n";
}

}  // namespace

int check(const Options& options, Terminal terminal) {
  auto place = options.place;
  if (!options.words.empty()) {
    place.config = options.words.front();
    place.explicit_config = true;
  }
  const auto loaded = load_policy(place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs) << count_text(loaded.problems())
                 << '\n';
    return EX_CONFIG;
  }
  const auto& policy = *loaded->policy;
  const auto run = run_for(patience_for_tests, loaded->policy, policy.tests());
  if (const auto failed = failures(run); !failed.empty()) {
    terminal.err << render(failed, terminal.glyphs) << count_text(run.results, run.skipped) << '\n';
    return EX_CONFIG;
  }
  terminal.out << place.config << ": " << summary_line(policy) << '\n';
  print_rules(terminal.out, policy);
  print_tables(terminal.out, policy);
  if (!policy.tests().empty()) {
    terminal.out << "Tests:\n    " << count_text(run.results, run.skipped) << '\n';
  }
  print_listeners(terminal.out, settings_on_disk(policy.settings(), place.root));
  auto warnings = review_for_service(policy.settings(), place.config);
  // The policy is good for a library; that it cannot be served is for the administrator to judge.
  for (auto& problem : warnings) problem.severity = Severity::warning;
  for (auto& problem : review_resolvers(policy, place)) warnings.push_back(std::move(problem));
  warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
  for (auto& problem : omissions(run, place.config)) warnings.push_back(std::move(problem));
  if (!warnings.empty()) terminal.out << "Warnings:\n" << render(warnings, terminal.glyphs);
  terminal.out << count_text(warnings) << '\n';
  return EX_OK;
}

}  // namespace postern::cli
