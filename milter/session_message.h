// SessionMessage: what a milter session knows of the message under way, from MAIL until its end.
#pragma once

#include "journal/record.h"
#include "milter/record_slip.h"
#include "postern/facts.h"
#include "postern/transaction.h"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::milter_door {

class MacroSource;

/// Used by one callback at a time. When memory runs out, std::bad_alloc leaves every function that
/// is not noexcept.
class SessionMessage {
 public:
  explicit SessionMessage(Transaction begun, Facts known)
      : transaction(std::move(begun)), facts(std::move(known)) {}

  Transaction transaction;  ///< up to MAIL, and the queue id once it is known
  Facts facts;              ///< found for this message so far
  std::vector<AcceptedRecipient> recipients;
  std::vector<std::string> envelope_recipients;              ///< of `recipients`, as they came
  std::map<std::string, std::string> only_recipient_macros;  ///< of the first accepted one
  std::map<std::string, int> headers;  ///< how many there are of those that a rule removes
  std::vector<int> forged_results;     ///< which of the Authentication-Results, counted from 1
  std::int64_t octets = 0;             ///< of header and body, when negotiated

  /// Counts a field of the header if `to_remove` has its name in small letters. False if memory ran
  /// out: the field would stay in the message, unseen.
  bool count_header(std::string_view name, std::span<const std::string> to_remove) noexcept;
  /// Notes a field that claims to be a result of ours, `ids`. False as with count_header().
  bool note_results(std::string_view name, std::string_view value,
                    const std::vector<std::string>& ids) noexcept;

  void take(AcceptedRecipient recipient, std::string_view envelope_recipient);

  /// The transaction for a stage after RCPT. Neither MTA tells of recipients it refused itself;
  /// sendmail's count also has those that we refused, but not those that another filter did after
  /// us.
  Transaction after_rcpt(MacroSource& macros) const;

  /// A decision whose facts may still grow: late answers to a shadow rule's questions, say.
  void watch(std::shared_ptr<RecordSlip> slip) { open_slips_.push_back(std::move(slip)); }
  /// Adds to `facts` what watched decisions have found since.
  void collect_facts();

  /// An answer is about to be given before the queue id is known.
  void expect_queue_id(std::shared_ptr<RecordSlip> slip);
  /// Lets go of the newest of them when it is known what is kept of it.
  void settle_newest();
  /// The most that is kept of such answers: with `nothing`, no record waits for a queue id. Called
  /// when the id becomes known; begins anew.
  Kept take_answers_without_queue_id();

 private:
  int results_ = 0;  ///< Authentication-Results so far
  std::vector<std::shared_ptr<RecordSlip>> open_slips_;
  std::vector<std::shared_ptr<RecordSlip>> without_queue_id_;  ///< what is kept is not known yet
  Kept settled_without_queue_id_ = Kept::nothing;
};

}  // namespace postern::milter_door
