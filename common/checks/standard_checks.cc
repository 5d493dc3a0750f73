#include "checks/standard_checks.h"

#include "checks/domain_check.h"
#include "checks/helo_check.h"
#include "checks/iprev_check.h"
#include "checks/rdns_check.h"
#include "checks/spf_check.h"

#include <memory>
#include <utility>

namespace postern {

void add_standard_checks(CheckRegistry& checks, const std::string& host) {
  const auto add = [&](std::shared_ptr<const Check> check) {
    if (checks.find(check->description().name) == nullptr) checks.add(std::move(check));
  };
  add(std::make_shared<const SpfCheck>("spf", SpfCheckSettings{SpfIdentity::mail_from, {}, host}));
  add(std::make_shared<const SpfCheck>("spf_helo", SpfCheckSettings{SpfIdentity::helo, {}, host}));
  add(std::make_shared<const IprevCheck>());
  add(std::make_shared<const RdnsCheck>());
  OurSelves ours;
  if (!host.empty()) ours.names.push_back(normal_domain(host));
  add(std::make_shared<const HeloCheck>("helo_check", std::move(ours)));
  add(std::make_shared<const HeloDnsCheck>());
  add(std::make_shared<const DomainCheck>(DomainCheck::Of::sender));
  add(std::make_shared<const DomainCheck>(DomainCheck::Of::recipient));
}

}  // namespace postern
