// Networks, flattened into sorted ranges that do not overlap: a look-up is one binary search, and
// the most specific network has won when the table was built.

#include "model/text.h"
#include "tables/kinds.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <utility>

namespace postern {
namespace {

/// An IPv6 address as a number that compares quickly.
struct V6 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const V6&, const V6&) = default;
};

/// A network's first and last address, and its entry.
template <typename Number>
struct Block {
  Number first;
  Number last;
  std::uint32_t entry;
};

using Bytes = std::array<std::uint8_t, 16>;

std::uint64_t number_of(const Bytes& bytes, std::size_t begin, std::size_t octets) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < octets; ++i) number = number << 8U | bytes[begin + i];
  return number;
}
std::uint32_t v4_number(const Bytes& bytes) {
  return static_cast<std::uint32_t>(number_of(bytes, 0, 4));
}
V6 v6_number(const Bytes& bytes) { return {number_of(bytes, 0, 8), number_of(bytes, 8, 8)}; }

/// All bits behind the first `bits` of 64.
std::uint64_t rest_of(unsigned bits) { return bits >= 64 ? 0 : ~std::uint64_t{0} >> bits; }

std::uint32_t last_of(std::uint32_t first, unsigned prefix) {
  return prefix >= 32 ? first : first | (0xFFFFFFFFU >> prefix);
}
V6 last_of(V6 first, unsigned prefix) {
  return {first.high | rest_of(std::min(prefix, 64U)),
          first.low | rest_of(prefix > 64 ? prefix - 64 : 0)};
}

/// The address after `value`; false if there is none.
bool next(std::uint32_t& value) { return ++value != 0; }
bool next(V6& value) {
  if (++value.low != 0) return true;
  return ++value.high != 0;
}

/// Where a range begins and which entry it belongs to; it ends where the next one begins.
template <typename Number>
class Ranges {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  void build(std::vector<Block<Number>> blocks, const EntryList& list, Successors& successors,
             RepeatedEntries& repeated) {
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
        const auto earlier = successors.append(blocks[kept - 1].entry, block.entry, list);
        if (earlier != Successors::none) repeated.add(block.entry, earlier);
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
      // Once a block and its equals have expired, what encloses it counts again.
      if (!open.empty() && list.ever_expires(block.entry)) {
        auto last = block.entry;
        while (successors.after(last) != Successors::none) last = successors.after(last);
        if (list.ever_expires(last)) successors.set(last, open.back().entry);
      }
      start(block.first, block.entry);
      open.push_back(block);
    }
    while (!open.empty()) close(open);
    starts_.shrink_to_fit();
    entries_.shrink_to_fit();
    for (std::size_t i = 0; i < starts_.size(); i += page) pages_.push_back(starts_[i]);
  }

  std::uint32_t find(const Number& address) const {
    const auto after_page = std::upper_bound(pages_.begin(), pages_.end(), address);
    if (after_page == pages_.begin()) return none;
    const auto begin = static_cast<std::size_t>(after_page - pages_.begin() - 1) * page;
    const auto end = std::min(begin + page, starts_.size());
    const auto* const first = starts_.data();
    const auto* const after = std::upper_bound(first + begin, first + end, address);
    return entries_[static_cast<std::size_t>(after - first) - 1];
  }

 private:
  /// Ranges a page. The first ones of all pages fit the processor's cache even of a million
  /// networks, and a page is a few neighbouring lines of memory: searching all ranges at once would
  /// wait for memory at nearly each step.
  static constexpr std::size_t page = 64;

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
  std::vector<Number> pages_;
};

class CidrTable final : public Table {
 public:
  CidrTable(EntryList entries, TableFaults& faults, RepeatedEntries& repeated)
      : Table(TableKind::cidr, std::move(entries)) {
    std::vector<Block<std::uint32_t>> v4;
    std::vector<Block<V6>> v6;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      std::string nearest;
      const auto network = Network::parse(entries_.text(i), &nearest);
      if (!network) {
        faults.add(no_network(i, nearest));
        continue;
      }
      const auto& bytes = network->address().bytes();
      if (network->address().family() == IpAddress::Family::v4) {
        const auto first = v4_number(bytes);
        v4.push_back({first, last_of(first, network->prefix()), i});
      } else {
        const auto first = v6_number(bytes);
        v6.push_back({first, last_of(first, network->prefix()), i});
      }
    }
    v4_.build(std::move(v4), entries_, successors_, repeated);
    v6_.build(std::move(v6), entries_, successors_, repeated);
  }

 private:
  Problem no_network(std::size_t entry, const std::string& nearest) const {
    const std::string text(entries_.text(entry));
    if (!nearest.empty()) {
      return entry_problem(entries_, entry,
                           "\"" + text + "\" has bits set beyond its prefix length",
                           "did you mean \"" + nearest + "\"?");
    }
    const auto space = text.find_first_of(" \t");
    const bool has_value =
        space != std::string::npos && Network::parse(text.substr(0, space)).has_value();
    return entry_problem(entries_, entry, "\"" + text + "\" is not a network",
                         has_value
                             ? "for a value behind each entry the table must be of kind \"map\""
                             : "write \"192.0.2.0/24\", \"2001:db8::/32\" or one address");
  }

  std::uint32_t look_up(const IpAddress& address, Time at) const override {
    const auto entry = address.family() == IpAddress::Family::v4
                           ? v4_.find(v4_number(address.bytes()))
                           : v6_.find(v6_number(address.bytes()));
    if (entry == none || entries_.valid(entry, at)) return entry;
    return successors_.valid(entry, entries_, at);
  }

  Successors successors_;
  Ranges<std::uint32_t> v4_;
  Ranges<V6> v6_;
};

}  // namespace

TableBuild build_cidr_table(EntryList entries, TableFaults& faults, RepeatedEntries& repeated) {
  return std::make_shared<CidrTable>(std::move(entries), faults, repeated);
}

}  // namespace postern
