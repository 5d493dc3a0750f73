#include "state/embedded_store.h"

#include "ledger/apply.h"
#include "state/entry_cache.h"
#include "state/state_file.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

namespace postern {
namespace {

/// Requests that are read together.
constexpr std::size_t jobs_at_once = 500;
/// Entries copied under the lock in one go.
constexpr std::size_t copied_at_once = 500;
/// Entries of one commit.
constexpr std::size_t most_written = 50'000;
/// Changed entries that memory holds though the disk takes nothing: some 150 MiB.
constexpr std::size_t most_unsaved = 500'000;
/// So many changed entries do not wait for the next batch.
constexpr std::size_t many_unsaved = 50'000;
/// A clock that goes back by less is waited for; by more, it has been put right.
constexpr LedgerTime tolerated_step = 10'000;
constexpr std::chrono::seconds readers_every{60};
constexpr std::size_t longest_page = 10'000;

LedgerTime ledger_time(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

StoreReply failure(StoreFault fault, std::string why) { return {fault, std::move(why), {}}; }
StorePage failed_page(StoreFault fault, std::string why) { return {fault, std::move(why), {}, {}}; }

}  // namespace

struct EmbeddedStore::State {
  State(EmbeddedSettings settings_in, const Clock& clock_in, Say say_in)
      : settings(std::move(settings_in)),
        clock(clock_in),
        say(std::move(say_in)),
        path(StateFile::path_in(settings.folder)),
        cache(settings.memory, most_unsaved) {}

  /// What waits for the reading thread: a request, or something an administrator wants.
  struct Job {
    Request request;
    Deadline deadline;
    Done done;
    std::function<void()> errand;  // instead of a request
    std::function<void(StoreFault, const std::string&)> errand_failed;
  };

  const EmbeddedSettings settings;
  const Clock& clock;
  const Say say;
  const std::string path;

  mutable std::mutex mutex;  // guards what follows
  EntryCache cache;
  std::deque<Job> jobs;
  std::condition_variable jobs_come;
  std::condition_variable wake_writer;
  std::condition_variable batch_over;
  bool stopping = false;
  bool flush_wanted = false;
  std::uint64_t batches = 0;  // that were begun
  std::uint64_t batches_over = 0;
  bool last_batch_good = true;
  LedgerTime last_now = 0;
  StoreStatus numbers;
  FileFault file_fault;   // why there is no file; none: there is one
  FileFault write_fault;  // of the last batch

  // Shared by who reads or writes in the file, alone for who exchanges it.
  std::shared_mutex file_mutex;
  std::unique_ptr<StateFile> file;
  std::optional<FileOwner> owner;
  std::uint64_t evicted = 0;  // of the writing thread

  std::thread reader;
  std::thread writer;

  /// Never goes back by little, so that two orders of one moment come to the same.
  LedgerTime now_locked() {
    const auto now = ledger_time(clock.system());
    last_now = now < last_now && last_now - now < tolerated_step ? last_now : now;
    return last_now;
  }

  void tell(const std::string& text) const noexcept {
    try {
      if (say) say(text);
    } catch (...) {
      // Who cannot be told cannot be told of that either.
    }
  }

  /// With the file's mutex held alone, or before the threads run.
  FileFault open_file() {
    FileFault fault;
    if (!owner) owner = FileOwner::take(path, fault);
    if (!owner) return fault;
    const auto thoroughness =
        owner->left_in_order() && !write_fault ? Thoroughness::brief : Thoroughness::whole;
    fault = check_state_file(path, thoroughness);
    if (!fault) file = StateFile::open(path, settings.octets, StateFile::Access::write, fault);
    if (fault.fault != StoreFault::damaged && fault.fault != StoreFault::version) return fault;
    return begin_anew(fault);
  }

  FileFault begin_anew(const FileFault& why) {
    file.reset();
    const auto kept = set_aside(path, why.fault, clock.system());
    if (kept.empty()) return {why.fault, why.why + ", and the file cannot be set aside"};
    {
      const std::lock_guard lock(mutex);
      ++numbers.set_aside;
      cache.change_all();
    }
    tell("the state in " + path + " cannot be used (" + why.why + "): it is kept as " + kept +
         ", and a new one is begun");
    FileFault fault;
    file = StateFile::open(path, settings.octets, StateFile::Access::write, fault);
    return fault;
  }

  /// With the lock held. True: the request is done.
  bool perform_locked(const Request& request, StoreReply& reply) {
    std::vector<EntryCache::Found> found;
    std::vector<const LedgerEntry*> entries;
    found.reserve(request.operations.size());
    entries.reserve(request.operations.size());
    for (const auto& operation : request.operations) {
      found.push_back(cache.find(operation.key));
      if (found.back().slot == nullptr) return false;
      const auto& entry = found.back().slot->entry;
      entries.push_back(entry ? &*entry : nullptr);
    }
    auto out = carry_out(request, entries, now_locked());
    for (auto& change : out.changes) {
      const auto at = std::find_if(found.begin(), found.end(),
                                   [&](const auto& each) { return *each.key == change.key; });
      cache.change(*at, std::move(change.entry));
    }
    if (cache.unsaved() >= many_unsaved && !write_fault) wake_writer.notify_one();
    reply.results = std::move(out.results);
    return true;
  }

  void enqueue(Job job) {
    FileFault fault;
    {
      const std::lock_guard lock(mutex);
      if (stopping) {
        fault = {StoreFault::down, "the store is being stopped"};
      } else if (file_fault) {
        fault = file_fault;
      } else if (jobs.size() >= settings.waiting) {
        fault = {StoreFault::full, std::to_string(settings.waiting) + " requests wait already"};
      } else {
        jobs.push_back(std::move(job));
        if (jobs.size() == 1) jobs_come.notify_one();
        return;
      }
      if (!job.errand) ++numbers.failed;
    }
    fail(job, fault.fault, fault.why);
  }

  static void fail(Job& job, StoreFault fault, const std::string& why) {
    if (job.errand) {
      job.errand_failed(fault, why);
    } else {
      job.done(failure(fault, why));
    }
  }

  void read() {
    for (;;) {
      std::vector<Job> taken;
      std::vector<std::string> missing;
      {
        std::unique_lock lock(mutex);
        jobs_come.wait(lock, [&] { return stopping || !jobs.empty(); });
        if (jobs.empty()) return;
        while (!jobs.empty() && taken.size() < jobs_at_once) {
          taken.push_back(std::move(jobs.front()));
          jobs.pop_front();
        }
        if (stopping) {
          lock.unlock();
          for (auto& job : taken) fail(job, StoreFault::down, "the store is being stopped");
          continue;
        }
        for (const auto& job : taken) {
          for (const auto& operation : job.request.operations) {
            if (cache.find(operation.key).slot == nullptr) missing.push_back(operation.key);
          }
        }
      }
      serve(taken, missing);
    }
  }

  /// Nobody else brings entries into memory, so those that were missing stay so until they are
  /// read.
  void serve(std::vector<Job>& taken, std::vector<std::string>& missing) {
    // In their order LMDB finds them faster.
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    std::vector<std::optional<LedgerEntry>> entries;
    std::uint64_t damaged = 0;
    FileFault fault;
    if (!missing.empty()) {
      const std::shared_lock lock(file_mutex);
      fault = file ? file->read(missing, entries, damaged)
                   : FileFault{StoreFault::down, "the file is not open"};
    }
    std::vector<std::pair<Done, StoreReply>> done;
    std::vector<Job*> errands;
    EntryCache::Generation gone;
    {
      const std::lock_guard lock(mutex);
      numbers.damaged += damaged;
      for (std::size_t i = 0; i < entries.size(); ++i) {
        cache.insert(std::move(missing[i]), std::move(entries[i]));
      }
      const auto moment = clock.steady();
      for (auto& job : taken) {
        StoreReply reply;
        if (job.errand) {
          errands.push_back(&job);
          continue;
        }
        if (moment >= job.deadline) {
          reply = failure(StoreFault::slow, "its turn came after the deadline");
        } else if (!perform_locked(job.request, reply)) {
          if (!fault) {
            // What was in memory a moment ago has had to make room.
            jobs.push_front(std::move(job));
            continue;
          }
          reply = failure(fault.fault, fault.why);
        }
        if (reply.fault != StoreFault::none) ++numbers.failed;
        done.emplace_back(std::move(job.done), std::move(reply));
      }
      gone = cache.make_room(numbers.lost);
    }
    for (auto& [call, reply] : done) call(std::move(reply));
    for (auto* job : errands) {
      if (clock.steady() >= job->deadline) {
        job->errand_failed(StoreFault::slow, "its turn came after the deadline");
      } else {
        job->errand();
      }
    }
  }

  /// In the reading thread.
  StorePage page(const StoreQuery& query) {
    StorePage made;
    const auto most = std::clamp<std::size_t>(query.most, 1, longest_page);
    LedgerTime now = 0;
    std::map<std::string, std::optional<LedgerEntry>> unsaved;
    const auto first = std::max(query.prefix, query.from);
    {
      const std::lock_guard lock(mutex);
      now = now_locked();
      cache.each_unsaved([&](const std::string& key, const EntryCache::Slot& slot) {
        if (key >= first && key.starts_with(query.prefix))
          unsaved.insert_or_assign(key, slot.entry);
      });
    }
    FileFault fault;
    {
      const std::shared_lock lock(file_mutex);
      fault = file ? file->list(query.prefix, query.from, most, now, made.entries, made.next)
                   : FileFault{StoreFault::down, "the file is not open"};
    }
    if (fault) return failed_page(fault.fault, fault.why);
    std::map<std::string, LedgerEntry> all;
    for (auto& [key, entry] : made.entries) all.insert_or_assign(key, std::move(entry));
    for (auto& [key, entry] : unsaved) {
      // What stands behind the page is on the next one.
      if (!made.next.empty() && key >= made.next) break;
      all.erase(key);
      if (entry && entry->expires > now) all.insert_or_assign(key, *std::move(entry));
    }
    made.entries.clear();
    for (auto& [key, entry] : all) {
      if (made.entries.size() >= most) {
        made.next = key;
        break;
      }
      made.entries.push_back({key, std::move(entry)});
    }
    return made;
  }

  void write() {
    auto readers_checked = std::chrono::steady_clock::now();
    auto begun = std::chrono::steady_clock::now();
    bool stop = false;
    while (!stop) {
      {
        std::unique_lock lock(mutex);
        const auto pause = file_fault    ? std::max(settings.retry, settings.interval)
                           : write_fault ? settings.retry
                                         : settings.interval;
        wake_writer.wait_until(lock, begun + pause, [&] {
          return stopping || flush_wanted || (cache.unsaved() >= many_unsaved && !write_fault);
        });
        stop = stopping;
        flush_wanted = false;
        ++batches;
      }
      begun = std::chrono::steady_clock::now();
      if (begun - readers_checked > readers_every) {
        readers_checked = begun;
        const std::shared_lock lock(file_mutex);
        if (file) file->check_readers();
      }
      const bool good = write_batches();
      {
        const std::lock_guard lock(mutex);
        last_batch_good = good;
        batches_over = batches;
      }
      batch_over.notify_all();
    }
  }

  /// Until nothing is left of what had changed when it began.
  bool write_batches() {
    if (!reopen()) return false;
    for (bool more = true; more;) {
      std::vector<EntryCache::Taken> taken;
      LedgerTime now = 0;
      while (more && taken.size() < most_written) {
        const std::lock_guard lock(mutex);
        more = cache.take_changed(copied_at_once, taken);
        now = now_locked();
      }
      more = taken.size() >= most_written;
      if (!write_batch(taken, now)) return false;
    }
    return true;
  }

  bool write_batch(std::vector<EntryCache::Taken>& taken, LedgerTime now) {
    std::vector<FileWrite> writes;
    writes.reserve(taken.size());
    for (auto& each : taken) writes.push_back({std::move(each.key), std::move(each.entry)});
    // Neighbours share pages. Of two of one key the later one stays behind the earlier.
    std::stable_sort(writes.begin(), writes.end(),
                     [](const FileWrite& a, const FileWrite& b) { return a.key < b.key; });
    const auto begun = std::chrono::steady_clock::now();
    FileCare care;
    FileFault fault;
    FileSize size;
    {
      const std::shared_lock lock(file_mutex);
      fault = file->write(writes, now, care);
      size = file->size();
    }
    EntryCache::Generation gone;
    FileFault before;
    {
      const std::lock_guard lock(mutex);
      fault ? cache.batch_failed() : cache.batch_done();
      gone = cache.make_room(numbers.lost);
      numbers.expired += care.expired;
      numbers.evicted += care.evicted;
      numbers.entries = size.entries;
      numbers.octets = size.octets;
      numbers.last_commit = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - begun);
      before = std::exchange(write_fault, fault);
    }
    if (fault && !before) {
      tell("the state cannot be written to " + path + ": " + fault.why +
           "; it is kept in memory meanwhile");
    }
    if (!fault && before) tell("the state can be written to " + path + " again");
    if (fault.fault == StoreFault::damaged) exchange_file(fault);
    return !fault;
  }

  /// A file that broke while it was in use: what is in memory goes into a new one.
  void exchange_file(const FileFault& why) {
    const std::unique_lock lock(file_mutex);
    file.reset();
    // What could not be written may have been the disk's fault, with a file that is good.
    const auto checked = check_state_file(path, Thoroughness::whole);
    auto fault = checked;
    if (!checked) {
      file = StateFile::open(path, settings.octets, StateFile::Access::write, fault);
    } else if (checked.fault != StoreFault::down) {
      fault = begin_anew(checked);
    }
    if (fault) fault.why += " (" + why.why + ")";
    set_file_fault(fault);
  }

  bool reopen() {
    {
      const std::lock_guard lock(mutex);
      if (!file_fault) return true;
    }
    const std::unique_lock lock(file_mutex);
    set_file_fault(open_file());
    return file != nullptr;
  }

  void set_file_fault(const FileFault& fault) {
    bool was = false;
    {
      const std::lock_guard lock(mutex);
      was = static_cast<bool>(std::exchange(file_fault, fault));
    }
    if (fault && !was) tell("the state in " + path + " cannot be opened: " + fault.why);
    if (!fault && was) tell("the state in " + path + " is open");
  }
};

EmbeddedStore::EmbeddedStore(EmbeddedSettings settings, const Clock& clock, Say say)
    : state_(std::make_unique<State>(std::move(settings), clock, std::move(say))) {
  auto& state = *state_;
  state.set_file_fault(state.open_file());
  if (state.file) {
    const auto size = state.file->size();
    state.numbers.entries = size.entries;
    state.numbers.octets = size.octets;
  }
  state.reader = std::thread([&state] { state.read(); });
  try {
    state.writer = std::thread([&state] { state.write(); });
  } catch (...) {
    {
      const std::lock_guard lock(state.mutex);
      state.stopping = true;
    }
    state.jobs_come.notify_all();
    state.reader.join();
    throw;
  }
}

EmbeddedStore::~EmbeddedStore() {
  auto& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    state.stopping = true;
  }
  state.jobs_come.notify_all();
  state.wake_writer.notify_all();
  state.reader.join();
  state.writer.join();
  const bool saved = state.file && state.last_batch_good;
  state.file.reset();
  if (saved) state.owner->leave_in_order();
}

void EmbeddedStore::perform(Request request, Deadline deadline, Done done) {
  StoreReply reply;
  if (auto fault = fault_of(request); !fault.empty()) {
    {
      const std::lock_guard lock(state_->mutex);
      ++state_->numbers.requests;
      ++state_->numbers.failed;
    }
    done(failure(StoreFault::invalid, std::move(fault)));
    return;
  }
  bool is_done = false;
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->numbers.requests;
    is_done = !state_->stopping && !state_->file_fault && state_->perform_locked(request, reply);
  }
  if (is_done) {
    done(std::move(reply));
    return;
  }
  State::Job job;
  job.request = std::move(request);
  job.deadline = deadline;
  job.done = std::move(done);
  state_->enqueue(std::move(job));
}

void EmbeddedStore::list(StoreQuery query, Deadline deadline, PageDone done) {
  State::Job job;
  job.deadline = deadline;
  job.errand_failed = [done](StoreFault fault, const std::string& why) {
    done(failed_page(fault, why));
  };
  job.errand = [state = state_.get(), query = std::move(query), done = std::move(done)] {
    done(state->page(query));
  };
  state_->enqueue(std::move(job));
}

void EmbeddedStore::find(std::string key, Deadline deadline, PageDone done) {
  list({key, {}, 1}, deadline, [key, done = std::move(done)](StorePage page) {
    std::erase_if(page.entries, [&](const StoredEntry& each) { return each.key != key; });
    page.next.clear();
    done(std::move(page));
  });
}

void EmbeddedStore::set(std::string key, std::optional<LedgerEntry> entry, Deadline deadline,
                        Done done) {
  if (key.empty() || key.size() > longest_ledger_key || (entry && !is_sound(*entry))) {
    done(failure(StoreFault::invalid, "the key or the entry is not in order"));
    return;
  }
  State::Job job;
  job.deadline = deadline;
  job.errand_failed = [done](StoreFault fault, const std::string& why) {
    done(failure(fault, why));
  };
  job.errand = [state = state_.get(), key = std::move(key), entry = std::move(entry),
                done = std::move(done)] {
    {
      const std::lock_guard lock(state->mutex);
      auto found = state->cache.find(key);
      if (found.slot == nullptr) found = state->cache.insert(key, std::nullopt);
      state->cache.change(found, entry);
    }
    done({});
  };
  state_->enqueue(std::move(job));
}

StoreStatus EmbeddedStore::status() const {
  const std::lock_guard lock(state_->mutex);
  auto status = state_->numbers;
  status.kind = "embedded";
  status.trouble = state_->file_fault ? state_->file_fault.why : state_->write_fault.why;
  status.waiting = state_->jobs.size();
  status.unsaved = state_->cache.unsaved();
  return status;
}

bool EmbeddedStore::flush() {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  if (state.stopping) return false;
  // One that runs already may have begun before what is to be written.
  const auto wanted = state.batches + 1;
  state.flush_wanted = true;
  state.wake_writer.notify_one();
  state.batch_over.wait(lock, [&] { return state.batches_over >= wanted || state.stopping; });
  return state.batches_over >= wanted && state.last_batch_good;
}

StorePage list_state_file(const std::string& folder, const StoreQuery& query,
                          std::chrono::system_clock::time_point now) {
  FileFault fault;
  const auto file = StateFile::open(StateFile::path_in(folder), 0, StateFile::Access::read, fault);
  StorePage page;
  if (!fault) {
    fault =
        file->list(query.prefix, query.from, std::clamp<std::size_t>(query.most, 1, longest_page),
                   ledger_time(now), page.entries, page.next);
  }
  return fault ? failed_page(fault.fault, fault.why) : page;
}

}  // namespace postern
