#include "policy/memory.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

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

/// What the allocator takes for itself, about.
constexpr std::size_t of_an_allocation = 16;

/// Answers whose room a message's place keeps for the next message: nearly all have fewer. What a
/// message to a thousand recipients took must go back.
constexpr std::size_t room_kept = 4;

constexpr std::size_t first_buckets = 64;

std::size_t heap_of(const std::string& text) noexcept {
  static const auto inside = std::string().capacity();
  return text.capacity() <= inside ? 0 : text.capacity() + 1 + of_an_allocation;
}

std::size_t heap_of(const RulePlace& place) noexcept {
  return heap_of(place.name) + heap_of(place.file);
}

std::size_t heap_of(const Decision& decision) noexcept {
  std::size_t sum = sizeof(Decision) + 2 * of_an_allocation;  // and the count of its owners
  sum += heap_of(decision.softened_by) + heap_of(decision.softened_from);
  if (decision.rule) sum += heap_of(*decision.rule);
  sum += heap_of(decision.note) + decision.effects.capacity() * sizeof(Effect);
  for (const auto& effect : decision.effects) {
    sum += heap_of(effect.rule) + heap_of(effect.name) + heap_of(effect.value);
  }
  if (decision.held_back) sum += heap_of(decision.held_back->rule);
  if (decision.reply) {
    const auto& text = decision.reply->text();
    for (const auto* part : {&text.host, &text.sentence, &text.reference, &text.advice, &text.quote,
                             &text.contact, &text.help}) {
      sum += heap_of(*part);
    }
  }
  return sum;
}

}  // namespace

std::size_t Memory::Entry::octets() const noexcept {
  return heap_of(question) + (given.decision ? heap_of(*given.decision) : 0);
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
  question_hash_ = hash_of(question());
}

Memory::Memory(const Clock& clock, MemoryLimits limits)
    : clock_(clock), limits_(limits), buckets_(first_buckets, nowhere) {}

Memory::Recalled Memory::recall(Key& key, std::string_view queue_id,
                                const std::shared_ptr<const Policy>& current) {
  Recalled recalled;
  if (key.empty()) {
    recalled.policy = current;
    return recalled;
  }
  const auto now = clock_.steady();
  GivenUp given_up;
  const std::lock_guard lock(mutex_);
  forget_old(now);
  key.place_ = find(key);
  const bool is_new = key.place_ == nowhere;
  if (is_new) key.place_ = begin_message(key);
  use(key.place_, now);
  auto& message = messages_[key.place_];
  key.serial_ = message.serial;
  recalled.policy = policy_of(message, current, now, given_up);
  if (is_new) return recalled;
  if (auto* entry = find(message, key)) {
    recalled.given = entry->given;
    auto& asked = entry->asked[static_cast<std::size_t>(key.context())];
    if (asked < std::numeric_limits<std::uint16_t>::max()) ++asked;
  }
  if (message.without_queue_id != Kept::nothing && !message.joined && !queue_id.empty()) {
    message.joined = true;
    recalled.join = message.without_queue_id;
  }
  return recalled;
}

std::vector<AcceptedRecipient> Memory::recipients(const Key& key) const {
  std::vector<AcceptedRecipient> recipients;
  if (key.empty()) return recipients;
  const std::lock_guard lock(mutex_);
  const auto found = find(key);
  if (found == nowhere) return recipients;
  for (const auto& entry : messages_[found].entries) {
    const auto recipient = recipient_of(entry.question);
    if (!recipient) continue;
    auto one = accepted(*recipient, entry.given);
    if (one) recipients.insert(recipients.end(), entry.times(), *one);
  }
  return recipients;
}

void Memory::keep(const Key& key, std::string_view queue_id, Given given) {
  if (key.empty()) return;
  Entry entry{key.question_hash_, std::string(key.question()), std::move(given), {}};
  entry.asked[static_cast<std::size_t>(key.context())] = 1;
  auto octets = entry.octets();

  const std::lock_guard lock(mutex_);
  const auto place = find(key);
  if (place == nowhere) return;
  auto& message = messages_[place];
  note_kept(message, queue_id, entry.given.kept);
  if (find(message, key) != nullptr) return;
  use(place, message.used);
  auto& entries = message.entries;
  const auto room = entries.capacity();
  const bool grows = entries.size() == room;
  const auto more = std::max<std::size_t>(room, 1);
  if (grows) octets += more * sizeof(Entry);
  while (octets_ + octets > limits_.octets && oldest_ != place) forget_oldest();
  if (octets_ + octets > limits_.octets) return;
  if (grows) entries.reserve(room + more);
  entries.push_back(std::move(entry));
  charge(message, octets);
}

Memory::Claimed Memory::claim(const Key& key, const std::vector<std::size_t>& ids,
                              std::size_t wanted) {
  Claimed claimed;
  claimed.before.resize(ids.size(), false);
  if (key.empty() || ids.empty()) return claimed;
  const std::lock_guard lock(mutex_);
  const auto place = find(key);
  if (place == nowhere) return claimed;
  auto& message = messages_[place];
  for (std::size_t i = 0; i < ids.size(); ++i) {
    claimed.before[i] =
        std::find(message.done.begin(), message.done.end(), ids[i]) != message.done.end();
    if (claimed.before[i] || i >= wanted || claimed.now) continue;
    message.done.push_back(ids[i]);
    charge(message, sizeof(std::size_t));
    claimed.now = i;
  }
  return claimed;
}

void Memory::learn_kept(const Key& key, std::string_view queue_id, Kept kept) {
  if (key.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto place = find(key);
  if (place == nowhere) return;
  note_kept(messages_[place], queue_id, kept);
  if (auto* entry = find(messages_[place], key)) entry->given.kept = kept;
}

Memory::Left Memory::tidy() {
  const auto now = clock_.steady();
  GivenUp given_up;
  const std::lock_guard lock(mutex_);
  forget_old(now);
  give_up_policies(now, given_up);
  return size_ == 0 && policies_.empty() ? Left::nothing : Left::something;
}

std::size_t Memory::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::size_t Memory::octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

void Memory::note_kept(Message& message, std::string_view queue_id, Kept kept) noexcept {
  if (queue_id.empty()) message.without_queue_id = std::max(message.without_queue_id, kept);
}

Memory::Place Memory::find(const Key& key) const noexcept {
  if (key.place_ < messages_.size() && messages_[key.place_].serial == key.serial_) {
    return key.place_;
  }
  auto place = buckets_[key.message_hash_ & (buckets_.size() - 1)];
  while (place != nowhere) {
    const auto& message = messages_[place];
    if (message.hash == key.message_hash_ && message.name == key.message()) break;
    place = message.next;
  }
  return place;
}

Memory::Entry* Memory::find(Message& message, const Key& key) noexcept {
  for (auto& entry : message.entries) {
    if (entry.hash == key.question_hash_ && entry.question == key.question()) return &entry;
  }
  return nullptr;
}

Memory::Place Memory::begin_message(const Key& key) {
  const auto place = free_place();
  auto& message = messages_[place];
  try {
    message.name.assign(key.message());
  } catch (...) {
    message.next = std::exchange(free_, place);
    throw;
  }
  message.hash = key.message_hash_;
  message.serial = ++last_serial_;
  message.next = std::exchange(bucket(message.hash), place);
  ++size_;
  charge(message, heap_of(message.name) + message.entries.capacity() * sizeof(Entry));
  use(place, message.used);
  while (octets_ > limits_.octets && oldest_ != place) forget_oldest();
  return place;
}

/// One that is in no bucket and not in the order of use. When there are as many messages as may be,
/// it is the oldest one's, whose memory is used again.
Memory::Place Memory::free_place() {
  if (free_ != nowhere) return std::exchange(free_, messages_[free_].next);
  if (messages_.size() < limits_.instances || oldest_ == nowhere) {
    if (messages_.size() == buckets_.size()) grow_buckets();
    messages_.emplace_back();
    return static_cast<Place>(messages_.size() - 1);
  }
  const auto place = oldest_;
  take_out(place);
  Message fresh;
  auto& message = messages_[place];
  message.entries.clear();
  if (message.entries.capacity() <= room_kept) fresh.entries.swap(message.entries);
  fresh.name.swap(message.name);
  message = std::move(fresh);
  return place;
}

void Memory::grow_buckets() {
  std::vector<Place> more(buckets_.size() * 2, nowhere);
  buckets_.swap(more);
  for (auto place = oldest_; place != nowhere; place = messages_[place].newer) {
    messages_[place].next = std::exchange(bucket(messages_[place].hash), place);
  }
}

void Memory::charge(Message& message, std::size_t octets) noexcept {
  message.octets += octets;
  octets_ += octets;
}

/// Makes it the newest.
void Memory::use(Place place, Time now) noexcept {
  messages_[place].used = now;
  if (newest_ == place) return;
  unlink(place);
  messages_[place].older = newest_;
  (newest_ != nowhere ? messages_[newest_].newer : oldest_) = place;
  newest_ = place;
}

/// Harmless for one that is not linked.
void Memory::unlink(Place place) noexcept {
  auto& message = messages_[place];
  if (message.newer != nowhere) messages_[message.newer].older = message.older;
  if (message.older != nowhere) messages_[message.older].newer = message.newer;
  if (newest_ == place) newest_ = message.older;
  if (oldest_ == place) oldest_ = message.newer;
  message.newer = message.older = nowhere;
}

/// Out of the order of use and out of its bucket.
void Memory::take_out(Place place) noexcept {
  unlink(place);
  auto& message = messages_[place];
  auto* at = &bucket(message.hash);
  while (*at != place) at = &messages_[*at].next;
  *at = message.next;
  message.serial = 0;
  octets_ -= message.octets;
  --size_;
}

void Memory::forget_oldest() noexcept {
  const auto place = oldest_;
  take_out(place);
  // Assigned to, a string keeps its room; moved from, it gives it away.
  const Message gone = std::move(messages_[place]);
  messages_[place] = Message();
  messages_[place].next = std::exchange(free_, place);
}

void Memory::forget_old(Time now) noexcept {
  while (oldest_ != nowhere && now - messages_[oldest_].used >= limits_.age) forget_oldest();
}

std::shared_ptr<const Policy> Memory::policy_of(Message& message,
                                                const std::shared_ptr<const Policy>& current,
                                                Time now, GivenUp& given_up) {
  const auto take = [&](auto&& is_it) -> std::shared_ptr<const Policy> {
    const auto held = std::find_if(policies_.rbegin(), policies_.rend(), is_it);
    if (held == policies_.rend()) return nullptr;
    held->used = now;
    message.policy = held->number;
    return held->policy;
  };
  if (auto own = take([&](const HeldPolicy& held) { return held.number == message.policy; })) {
    return own;
  }
  if (!current) return nullptr;
  if (auto same = take([&](const HeldPolicy& held) { return held.policy == current; })) return same;
  policies_.push_back({++last_policy_, current, now});
  message.policy = last_policy_;
  give_up_policies(now, given_up);
  return current;
}

/// The newest ones stand last.
void Memory::give_up_policies(Time now, GivenUp& given_up) {
  const auto give_up = [&](std::vector<HeldPolicy>::iterator held) {
    given_up.push_back(std::move(held->policy));
    return policies_.erase(held);
  };
  for (auto held = policies_.begin(); held != policies_.end();) {
    held = now - held->used >= limits_.policy_age ? give_up(held) : std::next(held);
  }
  while (policies_.size() > std::max<std::size_t>(limits_.policies, 1)) {
    give_up(std::min_element(policies_.begin(), policies_.end() - 1,
                             [](const auto& a, const auto& b) { return a.used < b.used; }));
  }
}

}  // namespace postern::policy_door
