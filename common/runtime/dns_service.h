// DnsService: DNS for the decisions of a server, as its policy wants it: resolver, health of lists,
// and what of both changes when another policy comes into force. Thread-safe.
#pragma once

#include "checks/check.h"
#include "dns/transport.h"
#include "model/dns_servers.h"
#include "postern/policy.h"
#include "runtime/driver.h"
#include "runtime/log.h"
#include "runtime/service_report.h"
#include "system/clock.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postern {

/// The checks that conditions of the policy look at, each once.
std::vector<std::shared_ptr<const Check>> checks_in_use(const Policy& policy);
/// Whether any of them asks DNS.
bool asks_dns(const Policy& policy);

class DnsService final : public FactSource {
 public:
  using Say = std::function<void(LogLevel, const std::string&)>;
  using MakeTransport =
      std::function<std::unique_ptr<DnsTransport>(std::vector<DnsServer>, const Clock&)>;
  /// The servers of the system, when the policy names none.
  using SystemServers = std::function<std::vector<DnsServer>()>;

  /// `others` and `clock` live longer; `others` answers what is no question about DNS.
  DnsService(FactSource& others, const Clock& clock, Say say, SystemServers system_servers,
             MakeTransport make_transport);
  ~DnsService() override;
  DnsService(const DnsService&) = delete;
  DnsService& operator=(const DnsService&) = delete;

  /// From now on as `policy` wants it: with other settings or servers the cache begins anew;
  /// questions under way end as they began. What an earlier policy asks is answered, and its lists
  /// are tested, for as long as somebody holds that policy. Without rules that ask DNS nothing is
  /// started. When sockets or memory cannot be had, that is told, and answers are unavailable.
  void use(const std::shared_ptr<const Policy>& policy);
  /// Does what is due: tests of lists, and the end of what use() has replaced. To be called every
  /// few seconds, not from a callback.
  void tick();

  std::optional<Answer> known(const Question& question) override;
  void ask(const Question& question, std::function<void(Answer)> done) override;
  void report(ServiceReport& report) const;
  /// Nothing is asked any more. Not to be called from a callback.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
