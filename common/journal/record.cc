#include "journal/record.h"

#include "postern/version.h"
#include "rules/settings.h"

#include <utility>

namespace postern {

std::string_view to_text(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::decision:
      return "decision";
    case RecordKind::repeat:
      return "repeat";
    case RecordKind::join:
      return "join";
  }
  return "decision";
}

std::optional<RecordKind> record_kind_from_text(std::string_view text) noexcept {
  for (const auto kind : {RecordKind::decision, RecordKind::repeat, RecordKind::join}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

void leave_remarkable(std::vector<TrailEntry>& trail) {
  std::erase_if(trail, [](const TrailEntry& entry) { return !is_remarkable(entry); });
}

void complete(Record& record) {
  if (!record.policy) return;
  const auto policy = std::exchange(record.policy, nullptr);
  record.host = policy->settings().identity.host;
  record.engine = version();
  record.policy_digest = policy->digest();
  if (record.kind != RecordKind::decision) return;

  auto& decision = record.decision;
  const bool passes = decision.verdict == Verdict::pass || decision.verdict == Verdict::accept;
  if (passes) record.detail = policy->settings().journal.accepts;
  const auto detail =
      record.detail == RecordDetail::compact ? TrailDetail::remarkable : TrailDetail::full;
  if (record.trail == TrailState::left_out) {
    decision.trail = trail_of(*policy, record.transaction, record.facts, detail);
    record.trail = TrailState::made;
  } else if (detail == TrailDetail::remarkable) {
    leave_remarkable(decision.trail);
  }
}

bool expand(Record& record, const Policy& policy) {
  if (record.detail != RecordDetail::compact || record.policy_digest != policy.digest()) {
    return false;
  }
  auto trail = trail_of(policy, record.transaction, record.facts);
  auto remarkable = trail;
  leave_remarkable(remarkable);
  if (remarkable != record.decision.trail) return false;
  record.decision.trail = std::move(trail);
  record.detail = RecordDetail::full;
  return true;
}

}  // namespace postern
