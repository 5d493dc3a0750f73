#include "cli/expander.h"

#include "runtime/files.h"

#include <ostream>

namespace postern::cli {

Expander::Expander(const JournalSource& source, const Options& options, Terminal terminal)
    : source_(source), options_(options), store_(source.journal), terminal_(terminal) {}

void Expander::expand(Record& record) {
  if (record.detail != RecordDetail::compact) return;
  if (source_.policy && postern::expand(record, *source_.policy)) return;
  const auto& digest = record.policy_digest;
  auto found = kept_.find(digest);
  if (found == kept_.end()) {
    found = kept_.emplace(digest, kept_policy(store_, digest, disk_reader(options_.place))).first;
  }
  const auto& kept = found->second;
  if (!kept || expand_with(record, *kept) != Expanded::partly) return;
  std::string names;
  for (const auto& table : kept->changed) names += (names.empty() ? "" : ", ") + table;
  terminal_.err << "postern: what tables held then is not kept; left out are rules that said no "
                   "after looking into "
                << names << ", which "
                << (kept->changed.size() == 1 ? "has changed" : "have changed") << " since\n";
}

}  // namespace postern::cli
