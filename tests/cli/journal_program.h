// The program with a journal of small segments, and its log read away while it serves.
#pragma once

#include "journal/journal_walk.h"
#include "support/policy_load.h"
#include "support/program.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace postern::testing {

class JournalProgram : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    configure("segment_size = \"64KiB\"\n");
  }
  void TearDown() override {
    kill_server();
    Program::TearDown();
  }

  /// `lines` of the section of the journal.
  void configure(const std::string& lines) {
    std::string policy = policy_text;
    policy.insert(policy.find("[log]"), lines + "\n");
    dir_.write("etc/postern/postern.toml", policy);
  }
  /// Serves, and goes on reading what the server says, so that its log never waits for us.
  void start() {
    if (output_[1] < 0) {
      ASSERT_EQ(::pipe2(output_.data(), O_CLOEXEC), 0);
    }
    said_.clear();
    serve();
    log_.clear();
    reading_ = std::thread([this, end = std::exchange(output_[0], -1)] {
      std::array<char, 65'536> block{};
      for (ssize_t got = 1; got > 0;) {
        got = ::read(end, block.data(), block.size());
        const std::lock_guard lock(log_mutex_);
        if (got > 0) log_.append(block.data(), static_cast<std::size_t>(got));
      }
      ::close(end);
    });
  }
  /// Worker and parent at once, as a power switch would.
  void kill_server() {
    if (server_ <= 1) return;
    const auto worker = status_value("worker.pid");
    if (worker.find_first_not_of("0123456789") == std::string::npos && std::stoi(worker) > 1) {
      ::kill(std::stoi(worker), SIGKILL);
    }
    ::kill(server_, SIGKILL);
    end_of_server();
    if (reading_.joinable()) reading_.join();
  }
  void stop_server() {
    EXPECT_EQ(run({"stop"}).status, 0);
    EXPECT_EQ(end_of_server(), 0);
    if (reading_.joinable()) reading_.join();
  }
  std::string log() const {
    const std::lock_guard lock(log_mutex_);
    return log_;
  }
  /// Whether the log comes to hold this; the server is asked meanwhile, so that it has work.
  bool log_comes_to(const std::string& words) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (log().find(words) == std::string::npos) {
      if (std::chrono::steady_clock::now() > until) return false;
      ask_policy(refused_request);
    }
    return true;
  }
  std::uint64_t count_in_status(const std::string& name) const {
    return std::stoull("0" + status_value_of_worker(name));
  }

  struct Read {
    std::map<std::string, int> instances;  ///< how often each is there
    std::uint64_t records = 0;
    ReadCounts counts;
    Problems unread;
    int most() const {
      int most = 0;
      for (const auto& [instance, count] : instances) most = std::max(most, count);
      return most;
    }
    bool has(const std::string& instance) const { return instances.count(instance) > 0; }
  };
  Read read_journal() const {
    Read read;
    JournalWalk walk(path(), ReadOrder::oldest_first);
    while (const auto record = walk.next()) {
      ++read.records;
      ++read.instances[record->transaction.instance];
    }
    read.counts = walk.counts();
    read.unread = walk.unread();
    return read;
  }
  /// Whether the journal comes to hold so many records: they are written a moment after the
  /// answers.
  bool journal_comes_to(std::uint64_t records) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (read_journal().records < records) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }
  std::string path() const { return dir_ / "log/decisions.jsonl"; }
  std::string socket() const { return dir_ / "run/policy.sock"; }

 private:
  std::thread reading_;
  mutable std::mutex log_mutex_;
  std::string log_;
};

}  // namespace postern::testing
