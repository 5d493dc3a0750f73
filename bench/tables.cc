// Tables: how long a list takes to load, and whether a look-up among a million entries costs what
// it costs among ten. bench_tables [--pairs N] [--quick]
//
// A look-up is compared with the same table of ten entries in the same run, in pairs that take
// turns; what is printed is the middle pair and the spread, for single runs tell little.

#include "tables/readers.h"
#include "tables/table.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace postern;
/// The processor's time and not the wall's: what else runs on the machine is not asked for.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string network(std::uint32_t number) {
  // Odd, so that every number is another network and neighbours are far apart.
  const std::uint32_t spread = number * 2'654'435'761U;
  return std::to_string(spread >> 24U) + '.' + std::to_string(spread >> 16U & 255U) + '.' +
         std::to_string(spread >> 8U & 255U) + '.' + std::to_string(spread & 255U);
}

std::string name(std::uint32_t number) {
  return "host" + std::to_string(number * 7'919U) + ".customers.example";
}

struct Kind {
  const char* title;
  TableKind kind;
  TableKind keys;
  std::string (*entry)(std::uint32_t number);
  std::uint32_t most;
};

std::string network_line(std::uint32_t n) { return network(n); }
std::string v6_line(std::uint32_t n) {
  char text[64];
  std::snprintf(text, sizeof text, "2001:db8:%x:%x::/64", n >> 16U, n & 0xFFFFU);
  return text;
}
std::string address_line(std::uint32_t n) {
  return "user" + std::to_string(n) + "@" + "example.org";
}
std::string domain_line(std::uint32_t n) { return (n % 2 == 0 ? "" : ".") + name(n); }
std::string string_line(std::uint32_t n) { return "Some text number " + std::to_string(n); }
std::string pattern_line(std::uint32_t n) { return "^dyn-" + std::to_string(n) + "-[0-9]+\\."; }
std::string map_line(std::uint32_t n) { return name(n) + " text-" + std::to_string(n); }
std::string ended_line(std::uint32_t n) { return address_line(n) + " # until 2099-12-31: a note"; }

const Kind kinds[] = {
    {"cidr, IPv4", TableKind::cidr, TableKind::cidr, network_line, 1'000'000},
    {"cidr, IPv6", TableKind::cidr, TableKind::cidr, v6_line, 1'000'000},
    {"address", TableKind::address, TableKind::address, address_line, 1'000'000},
    {"address, ending", TableKind::address, TableKind::address, ended_line, 1'000'000},
    {"domain", TableKind::domain, TableKind::domain, domain_line, 1'000'000},
    {"string", TableKind::string, TableKind::string, string_line, 1'000'000},
    {"map of domains", TableKind::map, TableKind::domain, map_line, 1'000'000},
    {"pattern", TableKind::pattern, TableKind::pattern, pattern_line, 1'000},
};

std::shared_ptr<const Table> load(const Kind& kind, std::uint32_t entries, double& seconds) {
  std::string text;
  for (std::uint32_t i = 0; i < entries; ++i) text += kind.entry(i) + '\n';
  auto shared = std::make_shared<const std::string>(std::move(text));
  TableFaults faults;
  TableOptions options;
  options.keys = kind.keys;
  const double start = processor_seconds();
  const auto values = kind.kind == TableKind::map ? LineValues::behind : LineValues::none;
  auto built =
      Table::build("t", kind.kind, read_lines("t", shared, values, faults), options, nullptr);
  seconds = processor_seconds() - start;
  if (!built || faults.any()) {
    std::fprintf(stderr, "%s: does not load\n", kind.title);
    std::exit(1);
  }
  return *built;
}

/// Keys half of which are in the table, in an order that no cache foresees.
struct Keys {
  std::vector<IpAddress> ips;
  std::vector<MailAddress> addresses;
  std::vector<std::string> texts;
};

Keys keys_for(const Kind& kind, std::uint32_t entries) {
  constexpr std::size_t wanted = 200'000;
  Keys keys;
  std::mt19937 random(20'261);
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto number = static_cast<std::uint32_t>(random() % (std::uint64_t{entries} * 2));
    auto text = kind.entry(number);
    text = text.substr(0, text.find(" #"));
    switch (kind.keys) {
      case TableKind::cidr:
        keys.ips.push_back(*IpAddress::parse(text.substr(0, text.find('/'))));
        break;
      case TableKind::address:
        keys.addresses.push_back(MailAddress::from_envelope(text));
        break;
      case TableKind::domain:
        text = text.substr(0, text.find(' '));
        keys.texts.push_back(text.front() == '.' ? "mail" + text : text);
        break;
      case TableKind::pattern:
        keys.texts.push_back("dyn-" + std::to_string(number) + "-7.example");
        break;
      default:
        keys.texts.push_back(text);
        break;
    }
  }
  return keys;
}

/// Nanoseconds a look-up.
double look_up(const Table& table, const Keys& keys, std::size_t count) {
  const auto now = std::chrono::system_clock::now();
  std::size_t found = 0;
  std::size_t asked = 0;
  const double start = processor_seconds();
  const auto ask = [&](const auto& list) {
    for (std::size_t i = 0; i < list.size() && i < count; ++i, ++asked) {
      if constexpr (std::is_same_v<std::decay_t<decltype(list[0])>, std::string>) {
        found += table.find(std::string_view(list[i]), now) ? 1 : 0;
      } else {
        found += table.find(list[i], now) ? 1 : 0;
      }
    }
  };
  ask(keys.ips);
  ask(keys.addresses);
  ask(keys.texts);
  const double seconds = processor_seconds() - start;
  if (found == 0 || found == asked) std::fprintf(stderr, "found %zu of %zu\n", found, asked);
  return seconds * 1e9 / static_cast<double>(asked);
}

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  int pairs = 7;
  bool quick = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--pairs") == 0 && i + 1 < argc)
      pairs = std::max(1, std::atoi(argv[++i]));
  }
  std::printf("%-16s %10s %10s %10s %10s   %s\n", "kind", "entries", "load, s", "ns each",
              "ns of 10", "ratio: middle (least to most)");
  for (const auto& kind : kinds) {
    double seconds = 0;
    const auto ten = load(kind, 10, seconds);
    const auto ten_keys = keys_for(kind, 10);
    for (const std::uint32_t wanted : {10U, 1'000U, 1'000'000U}) {
      const auto entries = std::min(wanted, kind.most);
      if (entries != wanted || (quick && entries > 1'000)) continue;
      const auto table = load(kind, entries, seconds);
      const auto keys = keys_for(kind, entries);
      const std::size_t count = kind.kind == TableKind::pattern ? 20'000 : 200'000;
      std::vector<double> ratios;
      std::vector<double> each;
      std::vector<double> base;
      look_up(*table, keys, count);
      look_up(*ten, ten_keys, count);
      for (int pair = 0; pair < pairs; ++pair) {
        each.push_back(look_up(*table, keys, count));
        base.push_back(look_up(*ten, ten_keys, count));
        ratios.push_back(each.back() / base.back());
      }
      std::printf("%-16s %10u %10.3f %10.0f %10.0f   %.2f (%.2f to %.2f)\n", kind.title, entries,
                  seconds, middle(each), middle(base), middle(ratios),
                  *std::min_element(ratios.begin(), ratios.end()),
                  *std::max_element(ratios.begin(), ratios.end()));
    }
  }
  return 0;
}
