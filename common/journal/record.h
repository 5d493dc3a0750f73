// Record: everything about one decision, enough to explain it and to evaluate it again.
// A plain value; the thread that decided moves it into the journal's queue.
#pragma once

#include "model/time_spent.h"
#include "postern/decision.h"
#include "postern/facts.h"
#include "postern/policy.h"
#include "postern/result.h"
#include "postern/transaction.h"
#include "rules/settings.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What left the building.
struct SentReply {
  std::string answer;                 ///< to the MTA, byte for byte: "action=550 5.7.1 ...", or the
                                      ///< code, enhanced code and lines given to libmilter
  std::vector<std::string> expected;  ///< the client's lines without CRLF and the MTA's own prefix
  std::string condition;              ///< "" or e.g. "unless a later restriction rejects"
  Stage spoken = Stage::connect;
  std::vector<EffectFate> effects = {};  ///< of decision.effects, one each; empty: nothing is known
  /// Fields of the message that claimed to be results of ours and were taken out (RFC 8601 5).
  unsigned forged_results = 0;

  friend bool operator==(const SentReply&, const SentReply&) = default;
};

enum class RecordKind : std::uint8_t {
  decision,  ///< a full record (semantics 22)
  repeat,    ///< the same request asked again: reference of the first, nothing evaluated
  join,      ///< ties a session tag to the queue id that has just become known
};
std::string_view to_text(RecordKind kind) noexcept;
std::optional<RecordKind> record_kind_from_text(std::string_view text) noexcept;

/// How much of a decision's trail a record holds.
enum class RecordDetail : std::uint8_t {
  full,
  compact,  ///< rules that said no or were not asked are left out: the policy of the record's
            ///< digest can be asked again
};
/// "full", "compact".
std::string_view to_text(RecordDetail detail) noexcept;
std::optional<RecordDetail> record_detail_from_text(std::string_view text) noexcept;

/// What is kept of a decision, from least to most.
enum class Kept : std::uint8_t {
  nothing,
  line,    ///< in the mail log only
  record,  ///< in the journal
};

struct Record {
  RecordKind kind = RecordKind::decision;
  RecordDetail detail = RecordDetail::full;
  unsigned share = 0;  ///< percent of messages like this one that are recorded; 0: all are
  std::string host;    ///< identity.host
  std::string engine;  ///< program version
  std::string policy_digest;
  Transaction transaction;  ///< with reference and time
  Facts facts;
  Decision decision;
  /// The policy that decided, until complete() has taken from it what is missing above.
  std::shared_ptr<const Policy> policy;
  /// Of a repeat or a join: what is kept of the decision that it belongs to. A reference or a
  /// session that leads nowhere has no place in the journal.
  Kept of_decision = Kept::record;
  std::optional<SentReply> sent;
  std::chrono::microseconds elapsed{0};  ///< from request to answer
  /// Where that time went, and what came after it; nothing: all of it into the rules.
  std::optional<TimeSpent> spent = {};
};

/// Fills in host, engine, digest and trail from the record's policy, in the detail which that
/// policy wants; nothing without one. The deciding thread leaves it to the journal's, for which
/// nobody waits; another sink that looks at these members calls it first. False: the policy wants
/// no such record in the journal. Throws only for lack of memory.
bool complete(Record& record);

/// How `policy` wants decisions recorded that let this message pass; `none` too when it is outside
/// the share of messages whose passes are recorded.
AcceptRecords wanted_of_passes(const Policy& policy, const Transaction& transaction);

/// Whether a record is wanted of such a decision whatever its trail says; `of_passes` as from
/// wanted_of_passes().
bool is_always_recorded(AcceptRecords of_passes, const Decision& decision) noexcept;

/// What `policy` wants kept of a decision that is closed: what complete() will say, and whether
/// there is anything to submit at all. Makes the remarkable part of the trail where only that
/// tells. Throws only for lack of memory.
Kept what_is_kept(const Policy& policy, const Transaction& transaction, const Facts& facts,
                  Decision& decision);

/// Whether the mail was handed in on the mail server itself. Only a milter hears of such; at
/// Postfix's policy protocol a client without an address is one that was not told.
bool is_local_submission(const Transaction& transaction) noexcept;

/// Takes out what a compact record leaves out.
void leave_remarkable(std::vector<TrailEntry>& trail);

/// A compact record with its whole trail, made again from `policy`; false, and nothing done, if
/// that is not the policy of the record or does not come to the recorded decision.
bool expand(Record& record, const Policy& policy);

/// Version of the JSON format (docs/journal-format.md).
inline constexpr int journal_format_version = 1;

/// Octets in the longest line that is written or read, without its line end. Ours: a record of one
/// SMTP command has a few kilobytes, a message to a thousand recipients about 60,000, and one to
/// 25,000 recipients of the greatest length fits, so that no sender can choose to go unrecorded. A
/// reader must be able to hold a line, also a foreign or damaged one.
inline constexpr std::size_t longest_journal_line = 16'777'216;

/// Octets in the longest line for the mail log, without its line end: RFC 3164 4.1 allows 1,024 for
/// the whole packet, and syslog relays cut there.
inline constexpr std::size_t longest_log_line = 1'023;

/// One JSON object without line end; valid UTF-8 whatever octets the mail held.
std::string to_json(const Record& record);
/// The same at the end of `out`.
void append_json(std::string& out, const Record& record);

/// Reads a line written by to_json of this or an older version. A torn, foreign or too long line is
/// a problem, never a crash or an exception; unknown members are ignored.
Result<Record> record_from_json(std::string_view line);

/// One key=value line under 1,024 octets for the mail log, beginning with "QID: " or "NOQUEUE: ".
std::string to_log_line(const Record& record);

}  // namespace postern
