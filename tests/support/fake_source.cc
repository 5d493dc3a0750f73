#include "support/fake_source.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace postern::test {

void FakeSource::ask(const Question& question, std::function<void(Answer)> done) {
  std::optional<Answer> now;
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(question);
    if (std::find(failing_.begin(), failing_.end(), question) != failing_.end()) {
      changed_.notify_all();
      throw std::runtime_error("the fake source fails as told");
    }
    callbacks_[question] = done;
    const auto found = at_once_.find(question);
    if (found != at_once_.end()) now = found->second;
    changed_.notify_all();
  }
  if (now) done(*now);
}

void FakeSource::answer_at_once(const Question& question, Answer answer) {
  const std::lock_guard lock(mutex_);
  at_once_.insert_or_assign(question, std::move(answer));
}

void FakeSource::fail_at(const Question& question) {
  const std::lock_guard lock(mutex_);
  failing_.push_back(question);
}

bool FakeSource::answer(const Question& question, const Answer& answer) {
  const auto done = callback(question);
  if (!done) return false;
  done(answer);
  return true;
}

std::function<void(Answer)> FakeSource::callback(const Question& question) const {
  const std::lock_guard lock(mutex_);
  const auto found = callbacks_.find(question);
  return found == callbacks_.end() ? nullptr : found->second;
}

std::vector<Question> FakeSource::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void FakeSource::wait_until_asked(std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return asked_.size() >= count; });
}

}  // namespace postern::test
