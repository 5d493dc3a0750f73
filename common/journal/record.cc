#include "journal/record.h"

#include "postern/version.h"
#include "rules/settings.h"
#include "rules/share.h"
#include "rules/table_look_ups.h"

#include <algorithm>
#include <utility>

namespace postern {

namespace {

bool passes(const Decision& decision) noexcept {
  return decision.verdict == Verdict::pass || decision.verdict == Verdict::accept;
}

bool tells_more_than_a_pass(const std::vector<TrailEntry>& trail) noexcept {
  return std::any_of(trail.begin(), trail.end(), [](const TrailEntry& entry) {
    return entry.note == TrailNote::shadow || entry.truth == Truth::unavailable;
  });
}

}  // namespace

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

std::string_view to_text(RecordDetail detail) noexcept {
  switch (detail) {
    case RecordDetail::full:
      return "full";
    case RecordDetail::compact:
      return "compact";
  }
  return "full";
}

std::optional<RecordDetail> record_detail_from_text(std::string_view text) noexcept {
  for (const auto detail : {RecordDetail::full, RecordDetail::compact}) {
    if (to_text(detail) == text) return detail;
  }
  return std::nullopt;
}

void leave_remarkable(std::vector<TrailEntry>& trail) {
  std::erase_if(trail, [](const TrailEntry& entry) { return !is_remarkable(entry); });
}

AcceptRecords wanted_of_passes(const Policy& policy, const Transaction& transaction) {
  const auto& journal = policy.settings().journal;
  const bool in_share =
      journal.accepts_share == 0 || message_place(transaction) < journal.accepts_share;
  return in_share ? journal.accepts : AcceptRecords::none;
}

bool is_local_submission(const Transaction& transaction) noexcept {
  return transaction.door == Door::milter && !transaction.client.address;
}

bool is_always_recorded(AcceptRecords of_passes, const Decision& decision) noexcept {
  // What has been done to a message is to be found out whatever is kept of others.
  return !passes(decision) || !decision.effects.empty() || of_passes != AcceptRecords::none;
}

Kept what_is_kept(const Policy& policy, const Transaction& transaction, const Facts& facts,
                  Decision& decision) {
  if (is_always_recorded(wanted_of_passes(policy, transaction), decision)) return Kept::record;
  if (decision.trail_state == TrailState::left_out) {
    decision.trail = trail_of(policy, transaction, facts, TrailDetail::remarkable);
    decision.trail_state = TrailState::made;
  }
  if (tells_more_than_a_pass(decision.trail)) return Kept::record;
  return policy.settings().log.accepts ? Kept::line : Kept::nothing;
}

bool complete(Record& record) {
  if (!record.policy) return true;
  const auto policy = std::exchange(record.policy, nullptr);
  record.host = policy->settings().identity.host;
  record.engine = version();
  record.policy_digest = policy->digest();
  if (record.kind != RecordKind::decision) return record.of_decision == Kept::record;

  auto& decision = record.decision;
  const auto accepts =
      passes(decision) ? wanted_of_passes(*policy, record.transaction) : AcceptRecords::full;
  const bool whole = accepts == AcceptRecords::full;
  record.detail = whole ? RecordDetail::full : RecordDetail::compact;
  if (decision.trail_state == TrailState::left_out ||
      (whole && decision.trail_state != TrailState::made)) {
    decision.trail = trail_of(*policy, record.transaction, record.facts,
                              whole ? TrailDetail::full : TrailDetail::remarkable);
  } else if (!whole) {
    leave_remarkable(decision.trail);
  }
  decision.trail_state = TrailState::made;
  if (passes(decision) && decision.effects.empty() && !tells_more_than_a_pass(decision.trail)) {
    record.share = policy->settings().journal.accepts_share;
    if (accepts == AcceptRecords::none) return false;
  }
  // Tables change, and with what they said the rules of that day can be asked again (semantics 23).
  answer_from_tables(*policy, record.transaction, record.facts);
  return true;
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
