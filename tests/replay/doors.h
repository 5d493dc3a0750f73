// Doors: random mail at the milter and at the policy door, from the sessions' first word on, with
// answers that come, fail, come late or never, and every record that comes of it.
#pragma once

#include "journal/journal.h"
#include "postern/policy.h"
#include "runtime/services.h"
#include "support/fake_clock.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace postern::test {

/// Answers at once, with trouble, later, or never.
class MoodySource final : public FactSource {
 public:
  explicit MoodySource(std::mt19937& random) : random_(random) {}
  void ask(const Question& question, std::function<void(Answer)> done) override;
  /// Some of what was kept back, in any order; the rest is never answered.
  void answer_some();

 private:
  std::mt19937& random_;
  std::vector<std::pair<Question, std::function<void(Answer)>>> kept_back_;
};

/// Hands on each record that the journal would write.
class RecordTap final : public RecordSink {
 public:
  using Take = std::function<void(const Record&)>;
  explicit RecordTap(Take take) : take_(std::move(take)) {}
  void submit(Record record) noexcept override {
    if (complete(record)) take_(record);
  }

 private:
  Take take_;
};

class Doors {
 public:
  Doors(std::shared_ptr<const Policy> policy, std::mt19937& random, RecordTap::Take take);
  ~Doors();
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  /// One SMTP session with some messages.
  void milter_session();
  /// The requests that Postfix sends of one.
  void policy_session();
  /// As a reload does: later sessions have it.
  void put(std::shared_ptr<const Policy> policy) { holder_.set(std::move(policy)); }

 private:
  struct Inside;

  std::mt19937& random_;
  FakeClock clock_;
  MoodySource source_;
  RecordTap tap_;
  PolicyHolder holder_;
  ReferenceSource references_{clock_, 5};
  DoorCounters milter_counters_;
  DoorCounters policy_counters_;
  Driver driver_{source_, clock_};
  AskingAhead ahead_{source_, clock_};
  std::unique_ptr<Inside> inside_;
};

}  // namespace postern::test
