#include "dns/cache.h"

#include "model/dns_name.h"

#include <utility>

namespace postern {
namespace {

/// What the allocator adds to a block, octets.
constexpr std::size_t block = 16;

/// Short texts live inside the string object.
std::size_t heap_of(const std::string& text) noexcept {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 + block : 0;
}

}  // namespace

DnsCache::DnsCache(std::size_t most_octets) : most_octets_(most_octets / shard_count) {}

std::size_t DnsCache::octets_of(const DnsQuestion& question, const DnsAnswer& answer) noexcept {
  // List node, index node with its hash and bucket, answer with the counters of its shared_ptr.
  std::size_t octets = sizeof(Entry) + 2 * sizeof(void*) + block;
  octets += sizeof(DnsQuestionView) + 4 * sizeof(void*) + block;
  octets += sizeof(DnsAnswer) + 2 * sizeof(void*) + block;
  octets += heap_of(question.name) + heap_of(answer.canonical) + heap_of(answer.note) +
            heap_of(answer.server);
  octets += answer.records.capacity() * sizeof(std::string) + block;
  for (const auto& record : answer.records) octets += heap_of(record);
  return octets;
}

std::optional<DnsCache::Hit> DnsCache::find(const DnsQuestionView& question, Time now, Look look) {
  auto& shard = shard_of(question);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(question);
  if (found == shard.index.end()) {
    if (look == Look::first) ++shard.misses;
    return {};
  }
  const auto entry = found->second;
  if (entry->until <= now) {
    drop(shard, entry);
    if (look == Look::first) ++shard.misses;
    return {};
  }
  ++shard.hits;
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  return Hit{entry->answer, std::chrono::duration_cast<std::chrono::seconds>(now - entry->came)};
}

void DnsCache::put(const DnsQuestion& question, std::shared_ptr<const DnsAnswer> answer, Time now) {
  if (answer->ttl <= answer->ttl.zero()) return;
  const auto octets = octets_of(question, *answer);
  if (octets > most_octets_) return;
  const DnsQuestionView key = question;
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.index.find(key); found != shard.index.end()) {
    const auto& there = *found->second;
    if (answer->kind == DnsAnswer::Kind::unavailable && there.until > now &&
        there.answer->kind != DnsAnswer::Kind::unavailable) {
      return;
    }
    drop(shard, found->second);
  }
  while (shard.octets + octets > most_octets_) {
    drop(shard, std::prev(shard.entries.end()));
    ++shard.dropped;
  }
  const auto until = now + answer->ttl;
  shard.entries.push_front({question, std::move(answer), now, until, octets});
  const auto& kept = shard.entries.front().question;
  shard.index.emplace(kept, shard.entries.begin());
  shard.octets += octets;
}

void DnsCache::clear() {
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.index.clear();
    shard.entries.clear();
    shard.octets = 0;
  }
}

void DnsCache::forget(std::string_view zone) {
  if (zone == ".") return clear();
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto at = shard.entries.begin(); at != shard.entries.end();) {
      const auto entry = at++;
      if (is_in_zone(entry->question.name, zone)) drop(shard, entry);
    }
  }
}

DnsCache::Numbers DnsCache::numbers() const {
  Numbers sum;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum.entries += shard.entries.size();
    sum.octets += shard.octets;
    sum.hits += shard.hits;
    sum.misses += shard.misses;
    sum.dropped += shard.dropped;
  }
  return sum;
}

void DnsCache::drop(Shard& shard, std::list<Entry>::iterator entry) {
  shard.octets -= entry->octets;
  // The key looks into the entry, so it goes first.
  shard.index.erase(entry->question);
  shard.entries.erase(entry);
}

}  // namespace postern
