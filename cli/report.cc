// postern report: what the journal's decisions come to, as one page for a browser.

#include "cli/commands.h"
#include "cli/page_file.h"
#include "cli/summed_journal.h"
#include "journal/kept_policy.h"
#include "journal/policy_store.h"
#include "journal/report_page.h"
#include "model/shown_text.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "runtime/files.h"

#include <chrono>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

/// The policy in force; while it cannot be loaded, the last one that records were made under.
std::shared_ptr<const Policy> policy_of(const SummedJournal& summed, const Options& options) {
  if (summed.source.policy || summed.newest_policy.empty()) return summed.source.policy;
  const PolicyStore store(summed.source.journal);
  const auto kept = kept_policy(store, summed.newest_policy, disk_reader(options.place));
  return kept ? kept->policy : nullptr;
}

std::vector<std::string> remarks_of(const SummedJournal& summed, const Policy* policy) {
  std::vector<std::string> remarks;
  if (summed.counts.unreadable > 0) {
    remarks.push_back(std::to_string(summed.counts.unreadable) + " of " +
                      std::to_string(summed.counts.lines) +
                      " lines of the journal cannot be read and are not counted.");
  }
  for (const auto& problem : summed.unread) {
    remarks.push_back("A file of the journal is not counted. " + problem.message + '.');
  }
  if (policy == nullptr) {
    remarks.emplace_back("The policy cannot be loaded, so rules that never fired are not known.");
    return remarks;
  }
  const auto& journal = policy->settings().journal;
  if (journal.accepts == AcceptRecords::none) {
    remarks.emplace_back(
        "Mail that is let in is recorded only where a shadow rule said yes or a rule could not be "
        "answered (journal.accepts is \"none\"), so far more was let in than is counted here.");
  } else if (journal.keep_accepts &&
             summed.now.span().since < std::chrono::system_clock::now() - *journal.keep_accepts) {
    remarks.emplace_back(
        "The report begins before what is kept of mail that is let in (journal.keep_accepts), so "
        "its older part may lack it.");
  }
  return remarks;
}

}  // namespace

int report(const Options& options, Terminal terminal) {
  const auto& path = options.words.front();
  const bool to_file = path != "-";
  // Before the long reading.
  if (const auto problems = to_file ? page_file_problems(path) : Problems(); !problems.empty()) {
    terminal.err << render(problems, terminal.glyphs);
    return EX_CANTCREAT;
  }
  const auto read = sum_journal(options, TimeBefore::summed, terminal);
  if (const auto* status = std::get_if<int>(&read)) return *status;
  const auto& summed = *std::get<std::unique_ptr<SummedJournal>>(read);
  const auto policy = policy_of(summed, options);
  ReportInput input{{},
                    std::chrono::system_clock::now(),
                    summed.now,
                    summed.before,
                    find_spikes(summed.now, summed.before, summed.oldest),
                    std::nullopt,
                    0,
                    remarks_of(summed, policy.get())};
  if (policy) {
    input.host = policy->settings().identity.host;
    input.silent = silent_rules(*policy, summed.now);
    input.rules = policy->rules().size();
  }
  const auto page = report_page(input);
  // Whoever has a page made every day wants to know that the journal has died.
  const bool empty = summed.now.decisions() == 0;
  if (empty) terminal.err << "postern: no decision is of that time\n";
  if (!to_file) {
    terminal.out << page;
    return empty ? EX_DATAERR : EX_OK;
  }
  if (const auto problems = write_page_file(path, page); !problems.empty()) {
    terminal.err << render(problems, terminal.glyphs);
    return EX_CANTCREAT;
  }
  terminal.out << shown_text(path, terminal.glyphs) << ": " << summed.now.decisions()
               << (summed.now.decisions() == 1 ? " decision" : " decisions") << " reported\n";
  return empty ? EX_DATAERR : EX_OK;
}

}  // namespace postern::cli
