#include "policy/memory.h"

#include <utility>

namespace postern::policy_door {

Memory::Memory(const Clock& clock, MemoryLimits limits) : clock_(clock), limits_(limits) {}

Memory::Key Memory::key_of(const Request& request) {
  Key key;
  const auto instance = request.get(Attribute::instance);
  if (instance.empty()) return key;
  // An instance is a process, a time and a number, so two mail servers that share us could come to
  // the same one; the client's address and port keep their messages apart. Line ends cannot occur
  // in a value.
  for (const auto part : {Attribute::instance, Attribute::client_address, Attribute::client_port}) {
    key.message += request.get(part);
    key.message += '\n';
  }
  // Count and size change when the client goes back and adds to the message: then it is another
  // question.
  for (const auto part : {Attribute::protocol_state, Attribute::sender, Attribute::recipient,
                          Attribute::recipient_count, Attribute::size}) {
    key.question += request.get(part);
    key.question += '\n';
  }
  return key;
}

Memory::Recalled Memory::recall(const Key& key, std::string_view queue_id,
                                const std::shared_ptr<const Policy>& current) {
  Recalled recalled;
  recalled.policy = current;
  if (key.message.empty()) return recalled;
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  while (!messages_.empty() && now - messages_.back().used >= limits_.age) forget_oldest();

  const auto found = by_key_.find(key.message);
  if (found == by_key_.end()) {
    while (!messages_.empty() && messages_.size() >= limits_.instances) forget_oldest();
    auto& message = messages_.emplace_front();
    message.key = key.message;
    message.used = now;
    message.policy = current;
    by_key_.emplace(message.key, messages_.begin());
    return recalled;
  }
  messages_.splice(messages_.begin(), messages_, found->second);
  auto& message = messages_.front();
  message.used = now;
  recalled.policy = message.policy;
  recalled.recipients = message.recipients;
  const auto given = message.answers.find(key.question);
  if (given != message.answers.end()) recalled.given = given->second;
  if (message.recorded_without_queue_id && !message.joined && !queue_id.empty()) {
    message.joined = true;
    recalled.join = Recalled::Join::yes;
  }
  return recalled;
}

void Memory::keep(const Key& key, std::string_view queue_id, std::shared_ptr<const Given> given,
                  const AcceptedRecipient* accepted) {
  if (key.message.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key.message);
  if (found == by_key_.end()) return;
  messages_.splice(messages_.begin(), messages_, found->second);
  auto& message = messages_.front();
  if (given->recorded == Given::Recorded::yes && queue_id.empty()) {
    message.recorded_without_queue_id = true;
  }
  while (answers_ >= limits_.answers && messages_.size() > 1) forget_oldest();
  if (answers_ >= limits_.answers) return;
  if (!message.answers.emplace(key.question, std::move(given)).second) return;
  ++answers_;
  if (accepted != nullptr) message.recipients.push_back(*accepted);
}

std::size_t Memory::size() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

void Memory::forget_oldest() {
  auto& oldest = messages_.back();
  answers_ -= oldest.answers.size();
  by_key_.erase(oldest.key);
  messages_.pop_back();
}

}  // namespace postern::policy_door
