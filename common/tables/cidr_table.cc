// Networks, flattened into sorted ranges that do not overlap: a look-up is one binary search, and
// the most specific network has won when the table was built.

#include "model/text.h"
#include "tables/entry_store.h"
#include "tables/kinds.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

namespace postern {
namespace {

using V6 = std::array<std::uint8_t, 16>;

/// A network's first and last address as a number that compares.
template <typename Number>
struct Block {
  Number first;
  Number last;
  std::uint32_t entry;
};

std::uint32_t v4_number(const V6& bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
         std::uint32_t{bytes[2]} << 8U | bytes[3];
}

std::uint32_t last_of(std::uint32_t first, unsigned prefix) {
  return prefix >= 32 ? first : first | (0xFFFFFFFFU >> prefix);
}
V6 last_of(V6 first, unsigned prefix) {
  for (unsigned bit = prefix; bit < 128; ++bit) {
    first[bit / 8] = static_cast<std::uint8_t>(first[bit / 8] | (0x80U >> (bit % 8)));
  }
  return first;
}

/// The address after `value`; false if there is none.
bool next(std::uint32_t& value) { return ++value != 0; }
bool next(V6& value) {
  for (auto octet = value.rbegin(); octet != value.rend(); ++octet) {
    if (++*octet != 0) return true;
  }
  return false;
}

/// Where a range begins and which entry it belongs to; it ends where the next one begins.
template <typename Number>
class Ranges {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFFU;

  void build(std::vector<Block<Number>> blocks, RepeatedEntries& repeated) {
    // Enclosing blocks come before what they enclose; of equal ones the first entry stays.
    std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) {
      if (a.first != b.first) return a.first < b.first;
      if (a.last != b.last) return b.last < a.last;
      return a.entry < b.entry;
    });
    std::size_t kept = 0;
    for (const auto& block : blocks) {
      if (kept > 0 && blocks[kept - 1].first == block.first &&
          blocks[kept - 1].last == block.last) {
        repeated.add(block.entry, blocks[kept - 1].entry);
      } else {
        blocks[kept++] = block;
      }
    }
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(kept), blocks.end());
    starts_.reserve(blocks.size() * 2);
    entries_.reserve(blocks.size() * 2);
    std::vector<Block<Number>> open;  // the blocks we are inside, outermost first
    for (const auto& block : blocks) {
      while (!open.empty() && open.back().last < block.first) close(open);
      start(block.first, block.entry);
      open.push_back(block);
    }
    while (!open.empty()) close(open);
  }

  std::uint32_t find(const Number& address) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), address);
    if (after == starts_.begin()) return none;
    return entries_[static_cast<std::size_t>(after - starts_.begin()) - 1];
  }

 private:
  void start(const Number& address, std::uint32_t entry) {
    if (!starts_.empty() && starts_.back() == address) {
      entries_.back() = entry;
    } else {
      starts_.push_back(address);
      entries_.push_back(entry);
    }
  }
  void close(std::vector<Block<Number>>& open) {
    auto after = open.back().last;
    open.pop_back();
    // What ends together with its enclosing block leaves nothing of it behind.
    if (next(after)) start(after, open.empty() ? none : open.back().entry);
  }

  std::vector<Number> starts_;
  std::vector<std::uint32_t> entries_;
};

class CidrTable final : public Table {
 public:
  explicit CidrTable(std::string name) : Table(std::move(name), TableKind::cidr) {}

  Problems read(const std::vector<TableEntry>& entries, RepeatedEntries& repeated) {
    Problems problems;
    std::vector<Block<std::uint32_t>> v4;
    std::vector<Block<V6>> v6;
    store_.reserve(entries.size());
    for (const auto& entry : entries) {
      std::string nearest;
      const auto network = Network::parse(entry.text, &nearest);
      if (!network) {
        problems.push_back(
            nearest.empty()
                ? entry_problem(entry, "\"" + entry.text + "\" is not a network",
                                "write \"192.0.2.0/24\", \"2001:db8::/32\" or one "
                                "address")
                : entry_problem(entry,
                                "\"" + entry.text + "\" has bits set beyond its prefix length",
                                "did you mean \"" + nearest + "\"?"));
        continue;
      }
      const auto number = store_.add(entry.text, entry.position);
      const auto& bytes = network->address().bytes();
      if (network->address().family() == IpAddress::Family::v4) {
        const auto first = v4_number(bytes);
        v4.push_back({first, last_of(first, network->prefix()), number});
      } else {
        v6.push_back({bytes, last_of(bytes, network->prefix()), number});
      }
    }
    v4_.build(std::move(v4), repeated);
    v6_.build(std::move(v6), repeated);
    size_ = store_.size();
    digest_ = sha256_hex("cidr\n" + store_.lines());
    return problems;
  }

  using Table::find;
  std::optional<TableHit> find(const IpAddress& address) const override {
    const auto entry = address.family() == IpAddress::Family::v4
                           ? v4_.find(v4_number(address.bytes()))
                           : v6_.find(address.bytes());
    if (entry == Ranges<V6>::none) return {};
    return store_.hit(entry);
  }

 private:
  EntryStore store_;
  Ranges<std::uint32_t> v4_;
  Ranges<V6> v6_;
};

}  // namespace

BuiltTable build_cidr_table(std::string name, const std::vector<TableEntry>& entries,
                            RepeatedEntries& repeated) {
  auto table = std::make_shared<CidrTable>(std::move(name));
  auto problems = table->read(entries, repeated);
  if (!problems.empty()) return problems;
  return std::shared_ptr<const Table>(std::move(table));
}

}  // namespace postern
