// Journal: what it costs to find decisions among a million, with the indexes and without.
// bench_journal [--records N] [--folder DIR]
//
// Records are made by the million, as an administrator's year would leave them: mostly mail that
// passes, compactly recorded, some refusals in full. The ratio to a look through everything is
// taken in the same run.

#include "journal/find_in_journal.h"
#include "journal/journal_parts.h"
#include "journal/search.h"
#include "journal/segment_care.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace postern;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Time = std::chrono::system_clock::time_point;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Octets of a segment, as the default of journal.segment_size has it.
constexpr std::uint64_t segment_size = 33'554'432;

class Records {
 public:
  Record next() {
    Record record;
    auto& transaction = record.transaction;
    // Some thirty a second.
    time_ += std::chrono::microseconds(random_() % 66'000);
    transaction.time = time_;
    transaction.reference = Reference::make(time_, 5, static_cast<unsigned>(number_ % 256));
    transaction.door = Door::policy;
    transaction.stage = Stage::rcpt;
    const auto host = word(8) + ".example.net";
    transaction.client.address = IpAddress::parse("198.51." + std::to_string(random_() % 256) +
                                                  '.' + std::to_string(random_() % 256));
    transaction.client.port = static_cast<std::uint16_t>(1024 + random_() % 60'000);
    transaction.client.name = host;
    transaction.helo = host;
    transaction.sender = MailAddress::from_unquoted(word(7) + "@" + host);
    transaction.recipient =
        MailAddress::from_unquoted("user" + std::to_string(random_() % 3000) + "@example.org");
    transaction.instance = "437b." + std::to_string(number_) + ".c35ad.0";
    if (number_ % 3 == 0) transaction.queue_id = "4F" + std::to_string(number_);
    record.host = "mx1.example.org";
    record.engine = "0.1.0";
    record.policy_digest = std::string(64, 'd');
    record.elapsed = std::chrono::microseconds(20 + random_() % 300);
    record.sent = SentReply{"action=DUNNO", {}, "", Stage::rcpt};
    if (++number_ % 5 == 0) {
      record.decision.verdict = Verdict::reject;
      record.sent->answer = "action=550 5.7.1 We do not accept mail from this client. (ref " +
                            transaction.reference.text() + ")";
      record.sent->expected = {record.sent->answer.substr(7)};
      for (int i = 0; i < 8; ++i) {
        TrailEntry entry;
        entry.rule = {"a rule with the number " + std::to_string(i), "rules/clients.toml",
                      static_cast<unsigned>(10 * i + 4), Stage::rcpt};
        entry.truth = i == 7 ? Truth::yes : Truth::no;
        entry.verdict = Verdict::reject;
        entry.reason = "client-blocked";
        entry.evidence = {{"client.ip", transaction.client.address->text(), {}}};
        record.decision.trail.push_back(std::move(entry));
      }
    } else {
      record.detail = RecordDetail::compact;
    }
    return record;
  }
  Time time() const { return time_; }

 private:
  std::string word(int letters) {
    std::string text;
    for (int i = 0; i < letters; ++i) text += static_cast<char>('a' + random_() % 26);
    return text;
  }

  std::mt19937_64 random_{42};
  std::uint64_t number_ = 0;
  Time time_ = Time(std::chrono::seconds(1'790'000'000));
};

void require(bool found, const char* what) {
  if (found) return;
  std::fprintf(stderr, "bench_journal: %s was not found\n", what);
  std::exit(1);
}

struct Made {
  std::vector<Reference> references;
  std::vector<std::string> instances;
  std::vector<std::string> queue_ids;
  std::vector<std::string> clients;
  std::vector<std::string> senders;
  std::vector<std::string> recipients;
  std::vector<Time> times;
  std::uint64_t octets = 0;
};

/// `records` in closed segments beside `path`, the last of them in the active one.
Made make_journal(const std::string& path, std::uint64_t records) {
  Records source;
  Made made;
  std::string text;
  for (std::uint64_t i = 0; i < records; ++i) {
    const auto record = source.next();
    append_json(text, record);
    text += '\n';
    if (i % (records / 500 + 1) == 0) {
      made.references.push_back(record.transaction.reference);
      made.instances.push_back(record.transaction.instance);
      if (!record.transaction.queue_id.empty()) {
        made.queue_ids.push_back(record.transaction.queue_id);
      }
      made.clients.push_back(record.transaction.client.address->text());
      made.senders.push_back(record.transaction.sender.value().text());
      made.times.push_back(record.transaction.time);
      made.recipients.push_back(record.transaction.recipient.value().text());
    }
    if (text.size() < segment_size && i + 1 < records) continue;
    const bool last = i + 1 == records;
    std::ofstream file(last ? path : segment_path(path, source.time()), std::ios::binary);
    file << text;
    file.close();
    require(file.good(), "a folder that can be written");
    made.octets += text.size();
    text.clear();
  }
  return made;
}

/// Milliseconds of this thread on a processor: on a busy machine the clock measures the others.
double processor_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Times {
  double middle = 0;
  double worst = 0;
  double by_the_clock = 0;  ///< middle
};

template <typename Look>
Times time_of(std::size_t count, Look look) {
  std::vector<double> times;
  std::vector<double> clock;
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    const auto spent = processor_milliseconds();
    look(i);
    times.push_back(processor_milliseconds() - spent);
    clock.push_back(milliseconds_since(begin));
  }
  std::sort(times.begin(), times.end());
  std::sort(clock.begin(), clock.end());
  return {times[times.size() / 2], times.back(), clock[clock.size() / 2]};
}

void print(const char* what, const Times& times, std::size_t count) {
  std::printf("  %-22s %8.2f ms (middle of %zu), %.2f ms at most; %.2f ms by the clock\n", what,
              times.middle, count, times.worst, times.by_the_clock);
}

/// As `postern explain --client ADDRESS` and the like: the newest twenty.
Times time_of_search(const std::string& path, const std::vector<std::string>& words,
                     const char* what, void (*set)(RecordFilter&, const std::string&)) {
  constexpr std::size_t most = 20;
  return time_of(words.size(), [&](std::size_t i) {
    RecordFilter filter;
    set(filter, words[i]);
    const auto found = search_journal(path, filter, most);
    require(found && !found->records.empty(), what);
  });
}

int measure(const std::string& path, std::uint64_t records) {
  auto begin = Clock::now();
  const auto made = make_journal(path, records);
  std::printf("%lu records, %.0f MB, made in %.1f s\n", static_cast<unsigned long>(records),
              static_cast<double>(made.octets) / 1e6, milliseconds_since(begin) / 1000);

  JournalSettings settings;
  settings.path = path;
  settings.keep.reset();
  settings.keep_accepts.reset();
  PolicyStore policies(path);
  SegmentCare care(
      policies, [](const std::string& message) { std::printf("%s\n", message.c_str()); },
      [](bool) { return true; });
  begin = Clock::now();
  const auto totals = care.round(settings, std::chrono::system_clock::now());
  const auto seconds = milliseconds_since(begin) / 1000;
  std::uint64_t indexes = 0;
  for (const auto& segment : segments_of(path)) indexes += fs::file_size(segment.index());
  std::printf(
      "%lu segments compressed to %.0f MB, of which %.1f MB are indexes, in %.1f s "
      "without its pauses (%.0f MB/s)\n",
      static_cast<unsigned long>(totals.segments), static_cast<double>(totals.octets) / 1e6,
      static_cast<double>(indexes) / 1e6, seconds,
      static_cast<double>(made.octets) / 1e6 / seconds);

  const auto by_reference = time_of(made.references.size(), [&](std::size_t i) {
    const auto found = find_in_journal(path, ByReference{made.references[i]});
    require(found && found->found.records.size() == 1, "a reference");
  });
  const auto by_instance = time_of(50, [&](std::size_t i) {
    const auto found =
        find_in_journal(path, ByInstance{made.instances[i * made.instances.size() / 50]});
    require(found && !found->found.records.empty(), "an instance");
  });
  const auto by_queue_id = time_of(made.queue_ids.size(), [&](std::size_t i) {
    const auto found = find_in_journal(path, ByQueueId{made.queue_ids[i]});
    require(found && !found->found.records.empty(), "a queue id");
  });
  const auto by_client = time_of_search(
      path, made.clients, "a client",
      [](RecordFilter& filter, const auto& word) { filter.client = Network::parse(word); });
  const auto by_sender = time_of_search(
      path, made.senders, "a sender",
      [](RecordFilter& filter, const auto& word) { filter.sender = AddressFilter::parse(word); });
  const auto by_recipient = time_of_search(path, made.recipients, "a recipient",
                                           [](RecordFilter& filter, const auto& word) {
                                             filter.recipient = AddressFilter::parse(word);
                                           });
  // As --since and --until do, of a minute.
  const auto by_span = time_of(made.times.size(), [&](std::size_t i) {
    RecordFilter filter;
    filter.since = made.times[i];
    filter.until = made.times[i] + std::chrono::minutes(1);
    const auto found = search_journal(path, filter, 20);
    require(found && !found->records.empty(), "a minute");
  });
  for (const auto& segment : segments_of(path)) fs::remove(segment.index());
  const auto without = time_of(5, [&](std::size_t i) {
    // The oldest among them are the farthest away.
    const auto found = find_in_journal(path, ByReference{made.references[i]});
    require(found && found->found.records.size() == 1, "a reference");
  });
  std::printf("one decision among %lu, by\n", static_cast<unsigned long>(records));
  print("reference", by_reference, made.references.size());
  print("instance", by_instance, 50);
  print("queue id", by_queue_id, made.queue_ids.size());
  print("client, newest 20", by_client, made.clients.size());
  print("sender", by_sender, made.senders.size());
  print("recipient, newest 20", by_recipient, made.recipients.size());
  print("minute, newest 20", by_span, made.times.size());
  print("without the indexes", without, 5);
  std::printf("ratio of the last to the first: %.0f\n", without.middle / by_reference.middle);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t records = 1'000'000;
  std::string folder = "/tmp/postern-bench-XXXXXX";
  bool made = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--records") == 0 && i + 1 < argc) {
      records = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--folder") == 0 && i + 1 < argc) {
      folder = argv[++i];
      made = true;
    } else {
      std::fprintf(stderr, "usage: bench_journal [--records N] [--folder DIR]\n");
      return 64;
    }
  }
  if (made) {
    fs::create_directories(folder);
  } else if (::mkdtemp(folder.data()) == nullptr) {
    return 1;
  }
  const int status = measure(folder + "/decisions.jsonl", std::max<std::uint64_t>(records, 1000));
  if (!made) fs::remove_all(folder);
  return status;
}
