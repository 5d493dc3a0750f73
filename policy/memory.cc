#include "policy/memory.h"

#include <algorithm>
#include <array>
#include <limits>

namespace postern::policy_door {

namespace {

constexpr char separator = '\n';  // no value holds a line end

std::size_t hash_of(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

/// The parts of a question. Count and size change when the client goes back and adds to the
/// message: then it is another question.
constexpr std::array question_parts{Attribute::protocol_state, Attribute::recipient,
                                    Attribute::sender, Attribute::recipient_count, Attribute::size};

/// An instance is a process, a time and a number, so two mail servers that share us could come to
/// the same one; the client's address and port keep their messages apart.
constexpr std::array message_parts{Attribute::instance, Attribute::client_address,
                                   Attribute::client_port};

/// The recipient of a question at RCPT.
std::optional<std::string_view> recipient_of(std::string_view question) {
  constexpr std::string_view at_rcpt = "RCPT\n";
  if (!question.starts_with(at_rcpt)) return std::nullopt;
  question.remove_prefix(at_rcpt.size());
  return question.substr(0, question.find(separator));
}

std::optional<AcceptedRecipient> accepted(std::string_view recipient, const Given& given) {
  static const Decision no_rule_applied;
  return accepted_recipient(MailAddress::from_unquoted(recipient),
                            given.decision ? *given.decision : no_rule_applied);
}

}  // namespace

/// About what it takes; the texts in a decision are short, except the reply's.
std::size_t Memory::Entry::octets() const noexcept {
  constexpr std::size_t of_a_reply = 500;
  std::size_t sum = sizeof(Entry) + question.capacity();
  if (given.decision) sum += sizeof(Decision) + of_a_reply;
  return sum;
}

std::size_t Memory::Entry::times() const noexcept {
  return *std::max_element(asked.begin(), asked.end());
}

Memory::Key::Key(const Request& request, PolicyContext context) : context_(context) {
  if (request.get(Attribute::instance).empty()) return;
  std::size_t size = 0;
  for (const auto part : message_parts) size += request.get(part).size() + 1;
  for (const auto part : question_parts) size += request.get(part).size() + 1;
  text_.reserve(size);
  const auto add = [this, &request](const auto& parts) {
    for (const auto part : parts) {
      text_ += request.get(part);
      text_ += separator;
    }
  };
  add(message_parts);
  message_size_ = text_.size();
  message_hash_ = hash_of(message());
  add(question_parts);
}

Memory::Memory(const Clock& clock, MemoryLimits limits) : clock_(clock), limits_(limits) {}

Memory::Recalled Memory::recall(const Key& key, std::string_view queue_id,
                                const std::shared_ptr<const Policy>& current) {
  Recalled recalled;
  recalled.policy = current;
  if (key.empty()) return recalled;
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  while (oldest_ != nullptr && now - oldest_->second.used >= limits_.age) forget_oldest();

  const auto found = messages_.find(name_of(key));
  if (found == messages_.end()) {
    auto& node = begin_message(name_of(key));
    node.second.policy = current;
    use(node, now);
    return recalled;
  }
  auto& message = found->second;
  use(*found, now);
  recalled.policy = message.policy;
  if (auto* entry = find(message, key.question())) {
    recalled.given = entry->given;
    auto& asked = entry->asked[static_cast<std::size_t>(key.context())];
    if (asked < std::numeric_limits<std::uint16_t>::max()) ++asked;
  }
  if (message.recorded_without_queue_id && !message.joined && !queue_id.empty()) {
    message.joined = true;
    recalled.join = Recalled::Join::yes;
  }
  return recalled;
}

std::vector<AcceptedRecipient> Memory::recipients(const Key& key) const {
  std::vector<AcceptedRecipient> recipients;
  if (key.empty()) return recipients;
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(name_of(key));
  if (found == messages_.end()) return recipients;
  for (const auto& entry : found->second.entries) {
    const auto recipient = recipient_of(entry.question);
    if (!recipient) continue;
    auto one = accepted(*recipient, entry.given);
    if (one) recipients.insert(recipients.end(), entry.times(), *one);
  }
  return recipients;
}

void Memory::keep(const Key& key, std::string_view queue_id, Given given) {
  if (key.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(name_of(key));
  if (found == messages_.end()) return;
  auto& message = found->second;
  if (given.recorded == Given::Recorded::yes && queue_id.empty()) {
    message.recorded_without_queue_id = true;
  }
  if (find(message, key.question()) != nullptr) return;
  use(*found, message.used);
  Entry entry{hash_of(key.question()), std::string(key.question()), std::move(given), {}};
  entry.asked[static_cast<std::size_t>(key.context())] = 1;
  const auto octets = entry.octets();
  while (octets_ + octets > limits_.octets && oldest_ != &*found) forget_oldest();
  if (octets_ + octets > limits_.octets) return;
  message.entries.push_back(std::move(entry));
  message.octets += octets;
  octets_ += octets;
}

std::size_t Memory::size() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

std::size_t Memory::octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

Memory::Entry* Memory::find(Message& message, std::string_view question) noexcept {
  if (message.entries.empty()) return nullptr;
  const auto hash = hash_of(question);
  for (auto& entry : message.entries) {
    if (entry.hash == hash && entry.question == question) return &entry;
  }
  return nullptr;
}

/// When there are as many as may be, the oldest one's memory is used again.
Memory::Node& Memory::begin_message(NameView name) {
  if (messages_.size() < limits_.instances || oldest_ == nullptr) {
    return *messages_.emplace(Name{std::string(name.text), name.hash}, Message{}).first;
  }
  while (messages_.size() > limits_.instances) forget_oldest();
  auto& oldest = *oldest_;
  unlink(oldest);
  octets_ -= oldest.second.octets;
  Message fresh;
  fresh.entries = std::move(oldest.second.entries);
  fresh.entries.clear();
  oldest.second = std::move(fresh);
  auto node = messages_.extract(messages_.find(oldest.first));
  node.key().text.assign(name.text);
  node.key().hash = name.hash;
  return *messages_.insert(std::move(node)).position;
}

/// Makes it the newest.
void Memory::use(Node& node, std::chrono::steady_clock::time_point now) {
  node.second.used = now;
  if (newest_ == &node) return;
  unlink(node);
  node.second.older = newest_;
  (newest_ != nullptr ? newest_->second.newer : oldest_) = &node;
  newest_ = &node;
}

/// Harmless for one that is not linked.
void Memory::unlink(Node& node) noexcept {
  auto& message = node.second;
  if (message.newer != nullptr) message.newer->second.older = message.older;
  if (message.older != nullptr) message.older->second.newer = message.newer;
  if (newest_ == &node) newest_ = message.older;
  if (oldest_ == &node) oldest_ = message.newer;
  message.newer = message.older = nullptr;
}

void Memory::forget_oldest() {
  auto& oldest = *oldest_;
  unlink(oldest);
  octets_ -= oldest.second.octets;
  messages_.erase(messages_.find(oldest.first));
}

}  // namespace postern::policy_door
