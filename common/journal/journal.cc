#include "journal/journal.h"

#include "journal/journal_keeper.h"
#include "journal/journal_path.h"
#include "journal/journal_writer.h"
#include "journal/policy_store.h"
#include "journal/record_batch.h"
#include "journal/record_weight.h"

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

// How long the writer lets records gather before it writes them. A wake-up for every record would
// cost the front ends more than the record itself; this is what a kill -9 can lose.
constexpr std::chrono::milliseconds gathering{5};
constexpr std::chrono::seconds longest_reopen{5};

struct NewSettings {
  JournalSettings journal;
  LogSettings log;
};

// Signals belong to the program's own threads. SIGXFSZ (a file size limit) must not end the program
// either: blocked, the write fails with EFBIG, which is counted. Threads that are started meanwhile
// have them blocked for good.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

JournalSettings found_at(JournalSettings settings) {
  settings.path = behind_links(settings.path);
  return settings;
}

}  // namespace

struct Journal::State {
  State(const JournalSettings& journal, const LogSettings& log, unsigned limit, LogLine line,
        Notice notice, Seen seen)
      : queue_limit(limit),
        policies(journal.path),
        keeper(journal, policies, notice ? notice : line),
        writer(journal, log,
               {std::move(line), std::move(notice), std::move(seen), [this] { keeper.wake(); }},
               policies) {
    spare.reserve(RecordBatch::spare_boxes);
  }

  // Shared, under the mutex.
  mutable std::mutex mutex;
  std::condition_variable work;      // the writer waits here
  std::condition_variable progress;  // flush() and reopen() wait here
  RecordBatch queue;
  std::size_t queue_octets = 0;
  std::vector<RecordBatch::Box> spare;
  std::optional<NewSettings> new_settings;
  std::uint64_t reopens_asked = 0;
  std::uint64_t reopens_done = 0;
  std::uint64_t syncs_asked = 0;
  std::uint64_t syncs_done = 0;
  bool synced = true;
  std::uint64_t submitted = 0;  // accepted into the queue
  std::uint64_t finished = 0;   // of these, written or lost for good
  std::uint64_t lost = 0;       // to a full queue
  std::uint64_t wake_ups = 0;
  unsigned hurries = 0;  // callers who wait: do not gather
  bool writer_sleeps = false;
  bool stopping = false;

  const std::size_t queue_limit;
  PolicyStore policies;
  JournalKeeper keeper;
  JournalWriter writer;  // the thread's own, but for its counts
  std::thread thread;

  void run() noexcept;
  std::size_t octets_limit() const { return queue_limit * queued_octets; }
  bool has_room(std::size_t octets) const {
    return queue.size() < queue_limit && (queue.empty() || queue_octets + octets <= octets_limit());
  }
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void do_work(RecordBatch& batch, const std::optional<NewSettings>& change, Hurry hurry,
               Hurry sync, std::uint64_t lost_so_far);
};

// True while there may be more to do. Returns with the lock held.
bool Journal::State::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto wanted = [this] {
    return !queue.empty() || new_settings || stopping || syncs_done != syncs_asked;
  };
  if (!wanted()) {
    writer_sleeps = true;
    if (const auto due = writer.next_due()) {
      work.wait_until(lock, *due, wanted);
    } else {
      work.wait(lock, wanted);
    }
    writer_sleeps = false;
  }
  const auto urgent = [this] {
    return new_settings || stopping || hurries != 0 || syncs_done != syncs_asked ||
           queue.size() >= queue_limit / 4 || queue_octets >= octets_limit() / 4;
  };
  if (!queue.empty() && !urgent()) work.wait_for(lock, gathering, urgent);
  return !stopping || !queue.empty() || new_settings || syncs_done != syncs_asked;
}

void Journal::State::run() noexcept {
  writer.open();
  std::unique_lock lock(mutex);
  while (wait_for_work(lock)) {
    RecordBatch batch = std::exchange(queue, {});
    queue_octets = 0;
    const std::size_t taken = batch.size();
    const auto change = std::exchange(new_settings, std::nullopt);
    const std::uint64_t asked = reopens_asked;
    const std::uint64_t syncs = syncs_asked;
    const Hurry sync = syncs != syncs_done ? Hurry::yes : Hurry::no;
    const Hurry hurry = hurries != 0 || stopping ? Hurry::yes : Hurry::no;
    const std::uint64_t lost_so_far = lost;
    lock.unlock();
    do_work(batch, change, hurry, sync, lost_so_far);
    batch.clear();  // gives memory back, which is no work for under the lock
    lock.lock();
    batch.leave_boxes(spare);
    finished += taken;
    synced = writer.is_synced();
    if (change) reopens_done = asked;
    syncs_done = syncs;
    progress.notify_all();
  }
  lock.unlock();
  writer.sync(Hurry::yes);
}

void Journal::State::do_work(RecordBatch& batch, const std::optional<NewSettings>& change,
                             Hurry hurry, Hurry sync, std::uint64_t lost_so_far) {
  try {
    if (!batch.empty()) writer.write(batch, hurry);
    if (change) {
      const auto journal = found_at(change->journal);
      policies.move_to(journal.path);
      writer.change(journal, change->log);
      keeper.change(journal);
    }
    writer.tell_about_overflow(lost_so_far, queue_limit);
    writer.sync(sync);
    writer.close_segment_if_due();
  } catch (...) {
    // Out of memory: what is not in the file is lost, the thread lives on.
    writer.abandon();
  }
}

Journal::Journal(const JournalSettings& settings, const LogSettings& log, unsigned queue_limit,
                 LogLine log_line, Notice notice, Seen seen) {
  const SignalsBlocked blocked;
  state_ = std::make_unique<State>(found_at(settings), log, queue_limit, std::move(log_line),
                                   std::move(notice), std::move(seen));
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Journal::~Journal() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->work.notify_one();
  state_->thread.join();
}

void Journal::submit(Record record) noexcept {
  const auto octets = weight_of(record);
  bool wake = false;
  {
    const std::lock_guard lock(state_->mutex);
    bool queued = false;
    if (state_->has_room(octets)) {
      try {
        state_->queue.add(std::move(record), state_->spare);
        queued = true;
      } catch (...) {
        // No memory: as if the queue were full.
      }
    }
    if (!queued) {
      ++state_->lost;
      return;
    }
    ++state_->submitted;
    const auto before = std::exchange(state_->queue_octets, state_->queue_octets + octets);
    // Once for each batch: when it begins, and when it grows so large that gathering must end.
    const auto large = state_->octets_limit() / 4;
    wake = (state_->writer_sleeps && state_->queue.size() == 1) ||
           state_->queue.size() == std::max<std::size_t>(state_->queue_limit / 4, 1) ||
           (before < large && state_->queue_octets >= large);
    if (wake) ++state_->wake_ups;
  }
  if (wake) state_->work.notify_one();
}

JournalCounters Journal::counters() const {
  JournalCounters counts;
  const auto segments = state_->keeper.totals();
  counts.segments = segments.segments;
  counts.octets = segments.octets;
  counts.segment_trouble = segments.trouble;
  state_->writer.count().read(counts);
  const std::lock_guard lock(state_->mutex);
  counts.lost_queue_full = state_->lost;
  counts.queued = state_->submitted - state_->finished;
  counts.wake_ups = state_->wake_ups;
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
  }) && state_->synced;
}

void Journal::reopen(const JournalSettings& settings, const LogSettings& log) {
  std::unique_lock lock(state_->mutex);
  state_->new_settings = NewSettings{settings, log};
  const std::uint64_t mine = ++state_->reopens_asked;
  state_->work.notify_one();
  state_->progress.wait_for(lock, longest_reopen, [&] { return state_->reopens_done >= mine; });
}

}  // namespace postern
