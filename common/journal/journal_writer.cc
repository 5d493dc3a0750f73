#include "journal/journal_writer.h"

#include "journal/address_key.h"
#include "journal/segment.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

using std::chrono::system_clock;

// Octets that are handed to one write(); bounds the memory of a long batch.
constexpr std::size_t largest_write = 262'144;
// What a power cut may cost is not worth a disk flush for each batch.
constexpr std::chrono::seconds between_syncs{1};
// A journal that cannot be opened is tried again this often.
constexpr std::chrono::seconds between_opens{1};
// A segment that cannot be closed, or a policy that cannot be kept.
constexpr std::chrono::minutes between_tries{1};
// Clocks are set, so the end of a segment's time is looked for this often.
constexpr std::chrono::minutes longest_wait{10};

bool is_refusal(Verdict verdict) { return verdict != Verdict::pass && verdict != Verdict::accept; }

// The first moment of the next period of that length, counted from midnight UTC of 1970-01-01.
JournalFile::Time end_of_period(JournalFile::Time time, std::chrono::milliseconds length) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return JournalFile::Time((since / length + 1) * length);
}

}  // namespace

void JournalCount::written(std::uint64_t records) {
  const std::lock_guard lock(mutex_);
  written_ += records;
}
void JournalCount::lost(std::uint64_t records) {
  const std::lock_guard lock(mutex_);
  lost_ += records;
}
void JournalCount::trouble(const std::string& why) {
  const std::lock_guard lock(mutex_);
  trouble_ = why;
}
void JournalCount::closing_trouble(const std::string& why) {
  const std::lock_guard lock(mutex_);
  closing_trouble_ = why;
}
void JournalCount::octets(std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  octets_ = octets;
}
void JournalCount::read(JournalCounters& into) const {
  const std::lock_guard lock(mutex_);
  into.written = written_;
  into.lost_write_failed = lost_;
  into.last_error = trouble_;
  into.octets += octets_;
  if (!closing_trouble_.empty()) into.segment_trouble = closing_trouble_;
}

JournalWriter::JournalWriter(const JournalSettings& settings, const LogSettings& log,
                             Outlets outlets, PolicyStore& policies)
    : settings_(settings),
      log_(log),
      outlets_(std::move(outlets)),
      policies_(policies),
      file_(settings.path) {}

void JournalWriter::open() {
  make_mask();
  open_if_due(Hurry::yes);
}

void JournalWriter::write(RecordBatch& batch, Hurry hurry) {
  unwritten_ = batch.size();
  for (auto& box : batch.boxes()) {
    for (auto& record : box) write_record(record, hurry);
    box.clear();
  }
  write_buffer(hurry);
}

void JournalWriter::abandon() noexcept {
  count_.lost(unwritten_ + buffered_lines_);
  buffer_.clear();
  buffered_lines_ = 0;
  unwritten_ = 0;
}

void JournalWriter::change(const JournalSettings& settings, const LogSettings& log) {
  sync(Hurry::yes);
  if (settings.path != settings_.path) kept_policy_.clear();
  settings_ = settings;
  log_ = log;
  make_mask();
  file_.open(settings.path);
  in_file_ = 0;
  open_if_due(Hurry::yes);
  count_.octets(file_.size());
  next_closing_ = {};
}

void JournalWriter::write_record(Record& record, Hurry hurry) {
  const auto policy = record.policy;
  const bool kept = complete(record) && !file_.path().empty();
  show(record, policy.get());
  if (kept && policy) keep_policy(*policy);
  if (mask_.hides()) {
    write_hidden(record, policy.get(), kept);
  } else {
    if (kept) {
      const auto start = buffer_.size();
      append_json(buffer_, record);
      end_line(start);
    }
    --unwritten_;
    write_log_line(record);
  }
  if (buffer_.size() >= largest_write) write_buffer(hurry);
}

void JournalWriter::show(const Record& record, const Policy* policy) const noexcept {
  if (!outlets_.seen || policy == nullptr) return;
  try {
    outlets_.seen(record, *policy);
  } catch (...) {
    // Whoever looks on must not keep the record from the file.
  }
}

// The line that began there, unless it is too long.
void JournalWriter::end_line(std::size_t start) {
  const auto length = buffer_.size() - start;
  if (length <= longest_journal_line) {
    buffer_ += '\n';
    ++buffered_lines_;
    return;
  }
  buffer_.resize(start);
  lose(1, "a record of " + std::to_string(length) + " octets is too long");
}

// Of a text that is longer with a hash in it than a reply may be, the record could not be read
// again: then the local parts are left out.
void JournalWriter::write_hidden(Record& record, const Policy* policy, bool kept) {
  const bool logged = outlets_.log_line != nullptr;
  if (!kept && !logged) {
    --unwritten_;
    return;
  }
  const auto spared = policy == nullptr ? std::string() : policy->settings().identity.contact;
  const auto whole = to_json(record);
  auto line = whole;
  mask_.apply(line, spared);
  std::optional<Record> hidden;
  if (logged || record.decision.reply) {
    if (auto read = record_from_json(line)) hidden = std::move(*read);
    if (!hidden) {
      line = whole;
      AddressMask::cut().apply(line, spared);
      if (auto read = record_from_json(line)) hidden = std::move(*read);
    }
  }
  if (kept) {
    const auto start = buffer_.size();
    buffer_ += line;
    end_line(start);
  }
  --unwritten_;
  if (hidden) write_log_line(*hidden);
}

void JournalWriter::make_mask() {
  mask_ = AddressMask();
  if (settings_.addresses == AddressForm::full) return;
  mask_ = AddressMask::cut();
  if (settings_.addresses == AddressForm::cut) return;
  const auto key = find_or_make_address_key(address_key_path(settings_));
  if (key) {
    mask_ = AddressMask::hashed(*key);
  } else {
    tell("journal: " + key.problems().front().message +
         "; local parts of addresses are left out until the journal is opened anew");
  }
}

void JournalWriter::write_buffer(Hurry hurry) {
  if (buffered_lines_ == 0) return;
  leave_if_removed();
  open_if_due(hurry);
  const auto [whole, why] = append_buffer();
  const std::uint64_t lost = buffered_lines_ - whole;
  buffer_.clear();
  buffered_lines_ = 0;
  count_.written(whole);
  count_.octets(file_.size());
  write_failed_ = lost != 0;
  if (lost != 0) {
    lose(lost, why);
  } else {
    recovered();
  }
  close_segment_if_due();
}

// A file that may not grow any more is closed as if it were large enough: it would take no record
// ever again.
JournalWriter::Appended JournalWriter::append_buffer() {
  Appended appended{0, file_.error()};
  std::string_view rest = buffer_;
  while (file_.is_open()) {
    const auto done = file_.append(rest);
    appended.why = file_.error();
    const bool all = done == rest.size();
    const auto end = rest.begin() + static_cast<std::ptrdiff_t>(done);
    const auto lines = all ? buffered_lines_ - appended.lines
                           : static_cast<std::uint64_t>(std::count(rest.begin(), end, '\n'));
    appended.lines += lines;
    in_file_ += lines;
    if (lines != 0) unsynced_ = true;
    const bool is_to_close = file_.is_full() && file_.size() != 0 && Steady::now() >= next_closing_;
    if (all || !is_to_close || !close_segment(system_clock::now())) break;
    rest.remove_prefix(done);
  }
  return appended;
}

// Somebody who waits in flush() gets a try at once, others wait for their turn.
void JournalWriter::open_if_due(Hurry hurry) {
  if ((file_.is_open() && !write_failed_) || file_.path().empty()) return;
  const auto now = Steady::now();
  if (hurry == Hurry::no && now < next_open_) return;
  next_open_ = now + between_opens;
  write_failed_ = false;
  in_file_ = 0;
  if (!file_.open(file_.path())) lose(0, file_.error());
  count_.octets(file_.size());
}

// Somebody has deleted it under our hands: begun anew, before more goes where nobody finds it.
void JournalWriter::leave_if_removed() {
  if (!file_.is_removed()) return;
  lose(in_file_, file_.path() + " was removed, with what was in it");
  write_failed_ = true;
  next_open_ = {};
}

bool JournalWriter::is_segment_due(JournalFile::Time now) const {
  if (!file_.is_open() || !file_.is_regular() || file_.size() == 0) return false;
  return file_.size() >= settings_.segment_size ||
         (file_.begun() && end_of_period(*file_.begun(), settings_.segment_age) <= now);
}

void JournalWriter::close_segment_if_due() {
  if (Steady::now() < next_closing_) return;
  const auto now = system_clock::now();
  if (is_segment_due(now)) close_segment(now);
}

bool JournalWriter::close_segment(JournalFile::Time now) {
  sync(Hurry::yes);
  if (const auto why = close_file(now); !why.empty()) {
    const auto tried = Steady::now();
    next_closing_ = tried + between_tries;
    count_.closing_trouble(why);
    if (closing_.is_to_be_told(tried)) tell("journal: " + why + "; the file goes on growing");
    return false;
  }
  if (closing_.ends()) {
    count_.closing_trouble({});
    tell("journal: " + file_.path() + " is closed again when its time is over");
  }
  if (const auto problems = sync_folder_of(file_.path()); !problems.empty()) {
    tell("journal: " + problems.front().message);
  }
  open_if_due(Hurry::yes);
  count_.octets(file_.size());
  if (outlets_.closed) outlets_.closed();
  return true;
}

// The file was brought to the disk, now its name, then the names in the folder: after a power cut
// the segment is there under one name or the other, with all that was written. Returns why not.
std::string JournalWriter::close_file(JournalFile::Time now) {
  // Names sort by time even when the clock has been set back.
  auto closed = std::chrono::floor<std::chrono::milliseconds>(now);
  for (const auto& segment : segments_of(file_.path())) {
    const auto other = std::chrono::floor<std::chrono::milliseconds>(segment.closed);
    if (other >= closed) closed = other + std::chrono::milliseconds(1);
  }
  auto result = JournalFile::Closing::taken;
  while (result == JournalFile::Closing::taken) {
    result = file_.close_as(segment_path(file_.path(), closed));
    closed += std::chrono::milliseconds(1);
  }
  return result == JournalFile::Closing::failed ? file_.error() : std::string();
}

// Before the first record that names it is written: a record never names a policy in vain, unless
// it could not be written down.
void JournalWriter::keep_policy(const Policy& policy) {
  if (policy.digest() == kept_policy_) return;
  open_if_due(Hurry::no);
  if (!file_.is_open() || !file_.is_regular()) return;
  const auto now = Steady::now();
  if (now < next_keeping_) return;
  const auto problems = policies_.keep(policy, system_clock::now());
  if (problems.empty()) {
    kept_policy_ = policy.digest();
    keeping_failed_ = false;
    return;
  }
  next_keeping_ = now + between_tries;
  if (!std::exchange(keeping_failed_, true)) {
    tell("journal: " + problems.front().message +
         "; the policy is not kept for explanations of old records");
  }
}

void JournalWriter::lose(std::uint64_t records, const std::string& why) {
  count_.lost(records);
  count_.trouble(why);
  lost_in_trouble_ += records;
  if (std::exchange(in_trouble_, true)) return;
  tell("journal: " + why + "; records are being lost, replies are not affected");
}

void JournalWriter::recovered() {
  if (!std::exchange(in_trouble_, false)) return;
  count_.trouble({});
  tell("journal: writing " + file_.path() + " again; " + std::to_string(lost_in_trouble_) +
       " records were lost");
  lost_in_trouble_ = 0;
  // Whatever kept this from being written may have kept segments from being looked after.
  if (outlets_.closed) outlets_.closed();
}

void JournalWriter::tell_about_overflow(std::uint64_t lost, std::size_t queue_limit) {
  const std::uint64_t since = lost - overflow_told_;
  overflow_told_ = lost;
  if (since != 0 && !overflowing_) {
    tell("journal: more records than can be written; the queue of " + std::to_string(queue_limit) +
         " is full and records are being lost");
  } else if (since == 0 && overflowing_) {
    tell("journal: the queue has room again; " + std::to_string(lost) +
         " records were lost to it since the start");
  }
  overflowing_ = since != 0;
}

void JournalWriter::sync(Hurry hurry) {
  if (!unsynced_) return;
  const auto now = Steady::now();
  if (hurry == Hurry::no && now < next_sync_) return;
  next_sync_ = now + between_syncs;
  unsynced_ = false;
  const bool well = file_.sync();
  if (!well) lose(0, file_.error());
  last_sync_failed_ = !well;
}

std::optional<JournalWriter::Steady::time_point> JournalWriter::next_due() const {
  std::optional<Steady::time_point> due;
  if (unsynced_) due = next_sync_;
  if (!file_.is_open() || !file_.begun() || !file_.is_regular()) return due;
  const auto now = Steady::now();
  auto closing = now + longest_wait;
  const auto left = end_of_period(*file_.begun(), settings_.segment_age) - system_clock::now();
  if (left < longest_wait) closing = now + std::max<system_clock::duration>(left, {});
  closing = std::max(closing, next_closing_);
  return due ? std::min(*due, closing) : closing;
}

void JournalWriter::write_log_line(const Record& record) const {
  if (!outlets_.log_line) return;
  // A repeat carries no decision of its own; what the client was told again says what it was.
  const bool refusal =
      record.kind == RecordKind::repeat
          ? record.sent && !record.sent->expected.empty()
          : record.kind == RecordKind::decision && is_refusal(record.decision.verdict);
  // A join line is what ties the refusals of a session to the queue id (semantics 22).
  if (!refusal && record.kind != RecordKind::join && !log_.accepts) return;
  const std::string line = to_log_line(record);
  try {
    outlets_.log_line(line);
  } catch (...) {
    // The log's trouble must not cost the journal its thread.
  }
}

void JournalWriter::tell(const std::string& message) const noexcept {
  try {
    if (outlets_.notice) {
      outlets_.notice(message);
    } else if (outlets_.log_line) {
      outlets_.log_line(message);
    }
  } catch (...) {
    // As above.
  }
}

}  // namespace postern
