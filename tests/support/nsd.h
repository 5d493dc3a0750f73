// Nsd: a real DNS server on loopback, for tests of what another implementation sends.
#pragma once

#include "model/dns_servers.h"
#include "support/temp_dir.h"

#include <map>
#include <string>
#include <sys/types.h>

namespace postern::test {

/// Where the program is; empty: it is not here, scripts/setup.sh fetches it.
std::string nsd_program();

class Nsd {
 public:
  /// Zones by their names, each the text of its file. `runs()` tells whether it does.
  Nsd(const std::string& path, const std::map<std::string, std::string>& zones);
  ~Nsd();
  Nsd(const Nsd&) = delete;
  Nsd& operator=(const Nsd&) = delete;

  bool runs() const { return process_ > 0; }
  const DnsServer& address() const { return address_; }

 private:
  void start(const std::string& path);
  bool listens();
  void stop();

  testing::TempDir folder_;
  std::string zones_;  // their part of the configuration
  DnsServer address_{*IpAddress::parse("127.0.0.1"), 0};
  pid_t process_ = -1;
};

}  // namespace postern::test
