#include "ledger/apply.h"

#include "ledger/apply_parts.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

EntryKind kind_for(const Operation& operation) noexcept {
  switch (operation.kind) {
    case OperationKind::greylist:
      return EntryKind::greylist;
    case OperationKind::tally:
      return EntryKind::counter;
    case OperationKind::weigh:
      return EntryKind::decay;
    default:
      return limit_of(operation).method;
  }
}

}  // namespace

Applied apply(const LedgerEntry* entry, const Operation& operation, LedgerTime now) {
  if (entry != nullptr && (entry->expires <= now || entry->kind != kind_for(operation))) {
    entry = nullptr;
  }
  switch (operation.kind) {
    case OperationKind::greylist:
      return apply_greylist(entry, operation, now);
    case OperationKind::tally:
      return apply_tally(entry, operation, now);
    case OperationKind::weigh:
      return apply_weigh(entry, operation, now);
    default:
      return apply_limit(entry, operation, now);
  }
}

CarriedOut carry_out(const Request& request, const std::vector<const LedgerEntry*>& entries,
                     LedgerTime now) {
  CarriedOut out;
  const auto& operations = request.operations;
  out.results.reserve(operations.size());
  bool refused = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto& operation = operations[i];
    if (operation.only_if &&
        out.results[operation.only_if->operation].outcome != operation.only_if->outcome) {
      out.results.emplace_back();
      continue;
    }
    const auto earlier =
        std::find_if(out.changes.begin(), out.changes.end(),
                     [&](const Change& change) { return change.key == operation.key; });
    const LedgerEntry* entry = entries[i];
    if (earlier != out.changes.end()) entry = earlier->entry ? &*earlier->entry : nullptr;
    auto applied = apply(entry, operation, now);
    // A look asks; it does not want anything.
    refused = refused || (applied.result.outcome == OperationOutcome::refused &&
                          operation.kind != OperationKind::look);
    out.results.push_back(std::move(applied.result));
    if (!applied.changed) continue;
    if (earlier != out.changes.end()) {
      earlier->entry = std::move(applied.entry);
    } else {
      out.changes.push_back({operation.key, std::move(applied.entry)});
    }
  }
  if (refused) out.changes.clear();
  return out;
}

}  // namespace postern
