#include "cli/expander.h"

#include "runtime/files.h"

namespace postern::cli {

Expander::Expander(const JournalSource& source, const Options& options)
    : source_(source), options_(options) {}

Result<KeptPolicy> Expander::policy_of(const std::string& digest) const {
  const auto reader = disk_reader(options_.place);
  auto kept = kept_policy(PolicyStore(source_.journal), digest, reader);
  if (kept || source_.configured.empty() || source_.configured == source_.journal) return kept;
  // A copy of the journal lies alone, as a rule.
  auto beside_ours = kept_policy(PolicyStore(source_.configured), digest, reader);
  return beside_ours ? std::move(beside_ours) : std::move(kept);
}

TrailGaps Expander::expand(Record& record) {
  if (record.detail != RecordDetail::compact) return {};
  if (source_.policy && postern::expand(record, *source_.policy)) return {};
  const auto& digest = record.policy_digest;
  auto found = kept_.find(digest);
  if (found == kept_.end()) found = kept_.emplace(digest, policy_of(digest)).first;
  const auto& kept = found->second;
  TrailGaps gaps;
  if (!kept) {
    gaps.why_compact = kept.problems().front().message;
    return gaps;
  }
  switch (expand_with(record, *kept)) {
    case Expanded::whole:
      break;
    case Expanded::partly:
      gaps.changed_tables = {kept->changed.begin(), kept->changed.end()};
      break;
    case Expanded::no:
      gaps.changed_tables = {kept->changed.begin(), kept->changed.end()};
      gaps.why_compact = "the rules of that time, asked again, come to something else";
      break;
  }
  return gaps;
}

}  // namespace postern::cli
