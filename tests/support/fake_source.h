// FakeSource: answers questions when and how often a test says so. Thread-safe.
#pragma once

#include "runtime/driver.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

namespace postern::test {

class FakeSource final : public FactSource {
 public:
  void ask(const Question& question, std::function<void(Answer)> done) override;

  /// From now on `question` is answered inside ask().
  void answer_at_once(const Question& question, Answer answer);
  /// From now on ask() throws for `question`.
  void fail_at(const Question& question);

  /// Answers a question that was asked before, in the calling thread; again if called again. False
  /// if it was never asked.
  bool answer(const Question& question, const Answer& answer);
  /// The callback of a question that was asked, to be kept beyond the source's and driver's life.
  std::function<void(Answer)> callback(const Question& question) const;

  /// Everything asked so far, in order.
  std::vector<Question> asked() const;
  void wait_until_asked(std::size_t count) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Question> asked_;
  std::map<Question, std::function<void(Answer)>> callbacks_;
  std::map<Question, Answer> at_once_;
  std::vector<Question> failing_;
};

}  // namespace postern::test
