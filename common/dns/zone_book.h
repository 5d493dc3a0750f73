// ZoneBook: which zones are left alone because questions about them failed too often. Not
// thread-safe; reads no clock.
//
// A question about a dead zone costs its askers the whole of their deadline; with such a zone among
// the block lists, every decision would take that long. After a pause one question is let through
// to see whether the zone is back.
#pragma once

#include "dns/settings.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class ZoneBook {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Entry {
    std::string zone;
    unsigned failures = 0;  ///< in a row
    Time until;             ///< left alone until then
  };

  /// `own` are the zones that stand for themselves, such as block lists, in normal spelling.
  ZoneBook(std::vector<std::string> own, const DnsSettings& settings);

  /// Other zones stand for themselves from now on; what has failed so far is forgotten.
  void set_own(std::vector<std::string> own);

  /// What stands or falls together with `name` as a whole: the longest of our own zones it is in,
  /// the network that a name of reverse DNS belongs to (24 bits, or 48 of IPv6), or what somebody
  /// registered.
  std::string_view zone_of(std::string_view name) const noexcept;

  /// The part of that which may be dead by itself, because it is somebody else's to run: what
  /// stands directly below what was registered. Parts in whose place there is silence count for the
  /// whole only when there are many of them.
  std::string_view part_of(std::string_view name) const noexcept;

  /// Whether it may be asked about; the question after a pause is the one that is let through.
  bool admits(std::string_view name, Time now);
  void has_answered(std::string_view name);
  void has_failed(std::string_view name, Time now);
  /// A server was out of service: nothing is known about zones any more.
  void forget();

  /// The zones that are left alone now.
  std::vector<Entry> suspended(Time now) const;

 private:
  bool lets_in(std::string_view zone, Time now);
  void forget(std::string_view zone);
  /// True: it had not failed before.
  bool count(std::string_view zone, Time now);

  struct State {
    explicit State(std::string name) : zone(std::move(name)) {}
    std::string zone;
    unsigned failures = 0;
    std::chrono::milliseconds pause{0};
    Time until = Time::min();
    bool probed = false;  ///< a question was let through after the pause
  };

  std::vector<std::string> own_;
  const DnsSettings settings_;
  std::list<State> states_;  ///< the one that failed last stands first
  std::map<std::string_view, std::list<State>::iterator, std::less<>> index_;
};

}  // namespace postern
