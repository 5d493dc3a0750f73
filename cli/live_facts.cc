#include "cli/live_facts.h"

#include "cli/load.h"
#include "dns/cares_transport.h"
#include "journal/address_in_text.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace postern::cli {
namespace {

// Tests of lists are repeated so often.
constexpr std::chrono::seconds between_ticks{5};
// Whoever asked has been told by then, whatever happens to the network: the resolver's own patience
// is 25 s.
constexpr std::chrono::seconds longest_wait{30};

/// Answers that come from another thread, perhaps when nobody waits any more.
class Awaited {
 public:
  explicit Awaited(std::size_t count) : answers_(count), left_(count) {}

  void set(std::size_t at, Answer answer) {
    const std::lock_guard lock(mutex_);
    if (answers_[at]) return;
    answers_[at] = std::move(answer);
    if (--left_ == 0) all_.notify_all();
  }
  /// Nothing in the place of what has not come by then.
  std::vector<std::optional<Answer>> wait(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    all_.wait_until(lock, until, [this] { return left_ == 0; });
    return answers_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  std::vector<std::optional<Answer>> answers_;
  std::size_t left_;
};

}  // namespace

void LiveFacts::Nobody::ask(const Question& /*question*/, std::function<void(Answer)> done) {
  done(Answer::unavailable("not asked by a replay"));
}

LiveFacts::LiveFacts(std::shared_ptr<const Policy> policy, const std::string& root,
                     const LiveLimits& limits)
    : policy_(std::move(policy)),
      limits_(limits),
      dns_(
          nobody_, clock_,
          [this](LogLevel, const std::string& message) {
            const std::lock_guard lock(saying_);
            said_.push_back(message);
          },
          [root] { return system_dns_servers(root); },
          [](std::vector<DnsServer> servers, const Clock& clock) {
            return std::make_unique<CaresTransport>(std::move(servers), clock);
          }) {}

LiveFacts::~LiveFacts() { dns_.stop(); }

std::vector<std::string> LiveFacts::said() const {
  const std::lock_guard lock(saying_);
  return said_;
}

bool LiveFacts::is_over(std::size_t more) {
  const auto now = clock_.steady();
  if (counts_.asked == 0) end_ = now + limits_.time;
  return now >= end_ || counts_.asked + more > limits_.questions;
}

std::vector<Answer> LiveFacts::ask(const std::vector<Question>& questions) {
  std::vector<Question> open;
  for (const auto& question : questions) {
    // What is said of a name with a hash in it is said of nothing, and the name is nobody's
    // business.
    if (question.key.find(hidden_local) != std::string::npos) {
      known_.add(question, Answer::unavailable("its name is hidden"));
    } else if (known_.find(question) == nullptr) {
      open.push_back(question);
    }
  }
  while (!open.empty() && !is_over(1)) {
    const auto count = std::min({open.size(), limits_.at_once,
                                 limits_.questions - static_cast<std::size_t>(counts_.asked)});
    const auto end = open.begin() + static_cast<std::ptrdiff_t>(count);
    ask_some({open.begin(), end});
    open.erase(open.begin(), end);
  }
  counts_.not_asked += open.size();
  std::vector<Answer> answers;
  answers.reserve(questions.size());
  for (const auto& question : questions) {
    const auto* known = known_.find(question);
    answers.push_back(known != nullptr ? *known : Answer::unavailable("not asked any more"));
  }
  return answers;
}

void LiveFacts::ask_some(const std::vector<Question>& questions) {
  if (counts_.asked == 0) dns_.use(policy_);
  const auto now = clock_.steady();
  if (now >= next_tick_) {
    next_tick_ = now + between_ticks;
    dns_.tick();
  }
  const auto awaited = std::make_shared<Awaited>(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    dns_.ask(questions[i], [awaited, i](Answer answer) { awaited->set(i, std::move(answer)); });
  }
  counts_.asked += questions.size();
  auto answers = awaited->wait(std::min(now + longest_wait, end_));
  for (std::size_t i = 0; i < questions.size(); ++i) {
    auto answer = std::move(answers[i]).value_or(Answer::unavailable("no answer in time"));
    if (answer.state != Answer::State::unavailable) ++counts_.answered;
    known_.add(questions[i], std::move(answer));
  }
}

}  // namespace postern::cli
