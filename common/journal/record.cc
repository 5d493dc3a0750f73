#include "journal/record.h"

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

void complete_trail(Record& record) {
  if (!record.trail_from) return;
  record.decision.trail = trail_of(*record.trail_from, record.transaction, record.facts);
  record.trail_from.reset();
}

}  // namespace postern
