#include "milter/session_message.h"

#include "checks/authserv_id.h"
#include "milter/mta_values.h"
#include "milter/symbols.h"
#include "model/text.h"

#include <algorithm>

namespace postern::milter_door {

bool SessionMessage::count_header(std::string_view name,
                                  std::span<const std::string> to_remove) noexcept {
  if (to_remove.empty()) return true;
  try {
    const auto key = lower(name);
    if (std::find(to_remove.begin(), to_remove.end(), key) != to_remove.end()) ++headers[key];
    return true;
  } catch (...) {
    return false;
  }
}

bool SessionMessage::note_results(std::string_view name, std::string_view value,
                                  const std::vector<std::string>& ids) noexcept {
  if (ids.empty() || name.size() != results_field.size()) return true;
  try {
    if (lower(name) != results_field) return true;
    ++results_;
    if (is_forged(results_claim(value), ids)) forged_results.push_back(results_);
    return true;
  } catch (...) {
    return false;
  }
}

void SessionMessage::take(AcceptedRecipient recipient, std::string_view envelope_recipient) {
  recipients.push_back(std::move(recipient));
  envelope_recipients.emplace_back(envelope_recipient);
}

Transaction SessionMessage::after_rcpt(MacroSource& macros) const {
  auto whole = transaction;
  auto count = static_cast<std::int64_t>(recipients.size());
  if (const char* told = macros.macro("{nrcpts}")) {
    count = std::min(count, read_number(told).value_or(count));
  }
  whole.recipients = recipients;
  whole.recipient_count = count;
  if (recipients.size() == 1 && count == 1) {
    whole.recipient = recipients.front().address;
    // Rules of RCPT are asked again about it, and must find what they found then.
    whole.macros.insert(only_recipient_macros.begin(), only_recipient_macros.end());
  }
  return whole;
}

void SessionMessage::collect_facts() {
  std::erase_if(open_slips_, [&](const std::shared_ptr<RecordSlip>& slip) {
    const auto found = slip->facts();
    if (!found) return false;
    for (const auto& [question, answer] : found->all()) facts.add(question, answer);
    return true;
  });
}

void SessionMessage::expect_queue_id(std::shared_ptr<RecordSlip> slip) {
  without_queue_id_.push_back(std::move(slip));
}

void SessionMessage::settle_newest() {
  if (without_queue_id_.empty()) return;
  const auto kept = without_queue_id_.back()->kept();
  if (!kept) return;
  without_queue_id_.pop_back();
  settled_without_queue_id_ = std::max(settled_without_queue_id_, *kept);
}

Kept SessionMessage::take_answers_without_queue_id() {
  auto kept = std::exchange(settled_without_queue_id_, Kept::nothing);
  for (const auto& slip : std::exchange(without_queue_id_, {})) {
    kept = std::max(kept, slip->kept().value_or(Kept::record));
  }
  return kept;
}

}  // namespace postern::milter_door
