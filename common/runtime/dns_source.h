// DnsSource: the FactSource of everything that DNS answers; passes other questions on. Thread-safe.
#pragma once

#include "dns/resolver.h"
#include "runtime/driver.h"
#include "system/clock.h"

#include <chrono>

namespace postern {

class DnsSource final : public FactSource {
 public:
  /// All live longer. `patience` is how long a question may take at most; the Driver's deadline
  /// usually ends the waiting before.
  DnsSource(Resolver& resolver, FactSource& others, const Clock& clock,
            std::chrono::milliseconds patience);

  std::optional<Answer> known(const Question& question) override;
  /// Of the kinds dns, spf, reverse_dns, helo_dns and sender_dns the subject is the type of records
  /// and the key the name, as in World::answer() of the test kit. What is cached is answered before
  /// ask() returns.
  void ask(const Question& question, std::function<void(Answer)> done) override;

 private:
  Resolver& resolver_;
  FactSource& others_;
  const Clock& clock_;
  const std::chrono::milliseconds patience_;
};

/// What DNS said, as rules and records know it; `elapsed` is the time it took. The note tells what
/// a person may want to know of it: no name or only no records, who said it, how old it is. An
/// answer to a question for `type` that is longer than any honest one is unavailable; of names and
/// mail hosts the first ones stay.
Answer fact_of(const DnsReply& reply, std::chrono::microseconds elapsed, DnsType type);

}  // namespace postern
