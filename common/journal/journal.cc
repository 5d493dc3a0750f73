#include "journal/journal.h"

#include "journal/journal_file.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <utility>
#include <vector>

namespace postern {
namespace {

using Steady = std::chrono::steady_clock;

// How long the writer lets records gather before it writes them. A wake-up for every record would
// cost the front ends more than the record itself; this is what a kill -9 can lose.
constexpr std::chrono::milliseconds gathering{5};
// Octets that are handed to one write(); bounds the memory of a long batch.
constexpr std::size_t largest_write = 262'144;
// What a power cut may cost is not worth a disk flush for each batch.
constexpr std::chrono::seconds between_syncs{1};
// A journal that cannot be opened is tried again this often.
constexpr std::chrono::seconds between_opens{1};
constexpr std::chrono::seconds longest_reopen{5};

bool is_refusal(Verdict verdict) { return verdict != Verdict::pass && verdict != Verdict::accept; }

// Records in order, in boxes of a fixed size that are used again: their memory is asked for once
// and not, by one thread and then given back by another, for every record.
class Batch {
 public:
  using Box = std::vector<Record>;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::vector<Box>& boxes() noexcept { return boxes_; }

  /// Strong guarantee. `spare`: empty boxes to use.
  void add(Record&& record, std::vector<Box>& spare) {
    if (boxes_.empty() || boxes_.back().size() == box_size) {
      if (spare.empty()) {
        spare.emplace_back();
        spare.back().reserve(box_size);
      }
      boxes_.push_back(std::move(spare.back()));
      spare.pop_back();
    }
    boxes_.back().push_back(std::move(record));
    ++size_;
  }
  /// Ends the records, keeps boxes.
  void clear() noexcept {
    if (boxes_.size() > spare_boxes) boxes_.resize(spare_boxes);
    for (auto& box : boxes_) box.clear();
    size_ = 0;
  }
  /// Of an empty batch, to `spare`, which has room for `spare_boxes`.
  void leave_boxes(std::vector<Box>& spare) noexcept {
    for (auto& box : boxes_) {
      if (spare.size() < spare_boxes) spare.push_back(std::move(box));
    }
    boxes_.clear();
  }

  // Records in a box, and boxes kept for later: together what a busy server brings between two
  // batches, a few megabytes. A burst may take more, and gives it back.
  static constexpr std::size_t box_size = 64;
  static constexpr std::size_t spare_boxes = 32;

 private:
  std::vector<Box> boxes_;
  std::size_t size_ = 0;
};

struct NewSettings {
  JournalSettings journal;
  LogSettings log;
};

}  // namespace

struct Journal::State {
  State(const JournalSettings& journal, const LogSettings& log_settings, unsigned limit,
        LogLine line, Notice notice_function)
      : log_line(std::move(line)),
        notice(std::move(notice_function)),
        queue_limit(limit),
        log(log_settings),
        file(journal.path) {
    spare.reserve(Batch::spare_boxes);
  }

  // Shared, under the mutex.
  mutable std::mutex mutex;
  std::condition_variable work;      // the writer waits here
  std::condition_variable progress;  // flush() and reopen() wait here
  Batch queue;
  std::vector<Batch::Box> spare;
  std::optional<NewSettings> new_settings;
  std::uint64_t reopens_asked = 0;
  std::uint64_t reopens_done = 0;
  std::uint64_t syncs_asked = 0;
  std::uint64_t syncs_done = 0;
  bool last_sync_failed = false;
  std::uint64_t submitted = 0;  // accepted into the queue
  std::uint64_t finished = 0;   // of these, written or lost for good
  unsigned hurries = 0;         // callers who wait: do not gather
  bool writer_sleeps = false;
  bool stopping = false;
  JournalCounters counts;

  // Constant.
  const LogLine log_line;
  const Notice notice;
  const std::size_t queue_limit;

  // The writer's own.
  LogSettings log;
  JournalFile file;
  std::string buffer;
  std::uint64_t buffered_lines = 0;
  std::size_t unwritten = 0;  // records of the batch that are not in the buffer yet
  Steady::time_point next_open{};
  Steady::time_point next_sync{};
  bool unsynced = false;
  bool write_failed = false;  // the descriptor may be stale: open anew when it is time
  bool in_trouble = false;    // file: told already
  std::uint64_t lost_in_trouble = 0;
  std::uint64_t full_told = 0;  // lost_queue_full at the last look
  bool overflowing = false;     // queue: told already

  std::thread writer;

  void run() noexcept;
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void write_batch(Batch& batch, bool hurry);
  void write_record(Record& record, bool hurry);
  void write_buffer(bool hurry);
  void open_if_due(bool hurry);
  void tell_about_overflow(std::uint64_t lost);
  void lose(std::uint64_t records, const std::string& why);
  void recovered();
  void sync_if_due(bool now);
  void write_log_line(const Record& record);
  void tell(const std::string& message) noexcept;
};

// True while there may be more to do. Returns with the lock held.
bool Journal::State::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto wanted = [this] {
    return !queue.empty() || new_settings || stopping || syncs_done != syncs_asked;
  };
  if (!wanted()) {
    writer_sleeps = true;
    if (unsynced) {
      work.wait_until(lock, next_sync, wanted);
    } else {
      work.wait(lock, wanted);
    }
    writer_sleeps = false;
  }
  const auto urgent = [this] {
    return new_settings || stopping || hurries != 0 || syncs_done != syncs_asked ||
           queue.size() >= queue_limit / 4;
  };
  if (!queue.empty() && !urgent()) work.wait_for(lock, gathering, urgent);
  return !stopping || !queue.empty() || new_settings || syncs_done != syncs_asked;
}

void Journal::State::run() noexcept {
  open_if_due(true);
  std::unique_lock lock(mutex);
  while (wait_for_work(lock)) {
    Batch batch = std::exchange(queue, {});
    unwritten = batch.size();
    const std::size_t taken = batch.size();
    const auto change = std::exchange(new_settings, std::nullopt);
    const std::uint64_t asked = reopens_asked;
    const std::uint64_t syncs = syncs_asked;
    const bool sync_now = syncs != syncs_done;
    const std::uint64_t lost_full = counts.lost_queue_full;
    const bool hurry = hurries != 0 || stopping;
    lock.unlock();
    try {
      if (taken != 0) write_batch(batch, hurry);
      if (change) {
        sync_if_due(true);
        log = change->log;
        file.open(change->journal.path);
        open_if_due(true);
      }
      tell_about_overflow(lost_full);
      sync_if_due(sync_now);
    } catch (...) {
      // Out of memory: what is not in the file is lost, the thread lives on.
      const std::lock_guard relock(mutex);
      counts.lost_write_failed += unwritten + buffered_lines;
      buffer.clear();
      buffered_lines = 0;
    }
    batch.clear();  // gives memory back, which is no work for under the lock
    lock.lock();
    batch.leave_boxes(spare);
    finished += taken;
    if (change) reopens_done = asked;
    syncs_done = syncs;
    progress.notify_all();
  }
  lock.unlock();
  sync_if_due(true);
}

void Journal::State::write_batch(Batch& batch, bool hurry) {
  for (auto& box : batch.boxes()) {
    for (auto& record : box) write_record(record, hurry);
    box.clear();
  }
  write_buffer(hurry);
}

void Journal::State::write_record(Record& record, bool hurry) {
  if (complete(record) && !file.path().empty()) {
    const auto start = buffer.size();
    append_json(buffer, record);
    const auto length = buffer.size() - start;
    if (length > longest_journal_line) {
      buffer.resize(start);
      lose(1, "a record of " + std::to_string(length) + " octets is too long");
    } else {
      buffer += '\n';
      ++buffered_lines;
    }
  }
  --unwritten;
  write_log_line(record);
  if (buffer.size() >= largest_write) write_buffer(hurry);
}

void Journal::State::write_buffer(bool hurry) {
  if (buffered_lines == 0) return;
  open_if_due(hurry);
  std::size_t done = 0;
  if (file.is_open()) done = file.append(buffer);
  const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(done);
  const auto whole = done == buffer.size()
                         ? buffered_lines
                         : static_cast<std::uint64_t>(std::count(buffer.begin(), end, '\n'));
  const std::uint64_t lost = buffered_lines - whole;
  buffer.clear();
  buffered_lines = 0;
  {
    const std::lock_guard lock(mutex);
    counts.written += whole;
  }
  if (whole != 0) unsynced = true;
  write_failed = lost != 0;
  if (lost != 0) {
    lose(lost, file.error());
  } else {
    recovered();
  }
}

// Somebody who waits in flush() gets a try at once, others wait for their turn.
void Journal::State::open_if_due(bool hurry) {
  if ((file.is_open() && !write_failed) || file.path().empty()) return;
  const auto now = Steady::now();
  if (!hurry && now < next_open) return;
  next_open = now + between_opens;
  write_failed = false;
  if (!file.open(file.path())) lose(0, file.error());
}

void Journal::State::lose(std::uint64_t records, const std::string& why) {
  {
    const std::lock_guard lock(mutex);
    counts.lost_write_failed += records;
    counts.last_error = why;
  }
  lost_in_trouble += records;
  if (in_trouble) return;
  in_trouble = true;
  tell("journal: " + why + "; records are being lost, replies are not affected");
}

void Journal::State::recovered() {
  if (!in_trouble) return;
  in_trouble = false;
  {
    const std::lock_guard lock(mutex);
    counts.last_error.clear();
  }
  tell("journal: writing " + file.path() + " again; " + std::to_string(lost_in_trouble) +
       " records were lost");
  lost_in_trouble = 0;
}

void Journal::State::tell_about_overflow(std::uint64_t lost) {
  const std::uint64_t since = lost - full_told;
  full_told = lost;
  if (since != 0 && !overflowing) {
    tell("journal: more records than can be written; the queue of " + std::to_string(queue_limit) +
         " is full and records are being lost");
  } else if (since == 0 && overflowing) {
    tell("journal: the queue has room again; " + std::to_string(lost) +
         " records were lost to it since the start");
  }
  overflowing = since != 0;
}

void Journal::State::sync_if_due(bool now) {
  if (!unsynced) return;
  const auto time = Steady::now();
  if (!now && time < next_sync) return;
  next_sync = time + between_syncs;
  unsynced = false;
  const bool well = file.sync();
  if (!well) lose(0, file.error());
  const std::lock_guard lock(mutex);
  last_sync_failed = !well;
}

void Journal::State::write_log_line(const Record& record) {
  if (!log_line) return;
  // A repeat carries no decision of its own; what the client was told again says what it was.
  const bool refusal =
      record.kind == RecordKind::repeat
          ? record.sent && !record.sent->expected.empty()
          : record.kind == RecordKind::decision && is_refusal(record.decision.verdict);
  // A join line is what ties the refusals of a session to the queue id (semantics 22).
  if (!refusal && record.kind != RecordKind::join && !log.accepts) return;
  const std::string line = to_log_line(record);
  try {
    log_line(line);
  } catch (...) {
    // The log's trouble must not cost the journal its thread.
  }
}

void Journal::State::tell(const std::string& message) noexcept {
  try {
    if (notice) {
      notice(message);
    } else if (log_line) {
      log_line(message);
    }
  } catch (...) {
    // As above.
  }
}

Journal::Journal(const JournalSettings& settings, const LogSettings& log, unsigned queue_limit,
                 LogLine log_line, Notice notice)
    : state_(std::make_unique<State>(settings, log, queue_limit, std::move(log_line),
                                     std::move(notice))) {
  // Signals belong to the program's own threads. SIGXFSZ (a file size limit) must not end the
  // program either: blocked, the write fails with EFBIG, which is counted.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    state_->writer = std::thread([state = state_.get()] { state->run(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Journal::~Journal() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->work.notify_one();
  state_->writer.join();
}

void Journal::submit(Record record) noexcept {
  bool wake = false;
  {
    const std::lock_guard lock(state_->mutex);
    bool queued = false;
    if (state_->queue.size() < state_->queue_limit) {
      try {
        state_->queue.add(std::move(record), state_->spare);
        queued = true;
      } catch (...) {
        // No memory: as if the queue were full.
      }
    }
    if (!queued) {
      ++state_->counts.lost_queue_full;
      return;
    }
    ++state_->submitted;
    // Once for each batch: when it begins, and when it grows so large that gathering must end.
    wake = (state_->writer_sleeps && state_->queue.size() == 1) ||
           state_->queue.size() == std::max<std::size_t>(state_->queue_limit / 4, 1);
  }
  if (wake) state_->work.notify_one();
}

JournalCounters Journal::counters() const {
  const std::lock_guard lock(state_->mutex);
  JournalCounters counts = state_->counts;
  counts.queued = state_->submitted - state_->finished;
  return counts;
}

void Journal::flush() {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t wanted = state_->submitted;
  if (state_->finished >= wanted) return;
  ++state_->hurries;
  state_->work.notify_one();
  state_->progress.wait(lock, [&] { return state_->finished >= wanted; });
  --state_->hurries;
}

bool Journal::settle(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t wanted = state_->submitted;
  const std::uint64_t mine = ++state_->syncs_asked;
  state_->work.notify_one();
  return state_->progress.wait_for(lock, limit, [&] {
    return state_->finished >= wanted && state_->syncs_done >= mine;
  }) && !state_->last_sync_failed;
}

void Journal::reopen(const JournalSettings& settings, const LogSettings& log) {
  std::unique_lock lock(state_->mutex);
  state_->new_settings = NewSettings{settings, log};
  const std::uint64_t mine = ++state_->reopens_asked;
  state_->work.notify_one();
  state_->progress.wait_for(lock, longest_reopen, [&] { return state_->reopens_done >= mine; });
}

}  // namespace postern
