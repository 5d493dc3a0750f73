// The [dns] section.

#include "rules/loader.h"

#include <algorithm>
#include <string>
#include <utility>

namespace postern {
namespace {

void read_servers(const Node& section, const ValueReader& values, DnsOptions& dns) {
  const auto* member = section.find("servers");
  if (member == nullptr) return;
  auto& diagnostics = values.diagnostics();
  const auto nodes = values.texts(section, "dns.servers");
  if (member->value.kind == Node::Kind::array && member->value.items.empty()) {
    diagnostics.error(member->value.span, "without a resolver there is no DNS",
                      "leave \"servers\" out for those of /etc/resolv.conf");
  }
  for (const auto* node : nodes) {
    const auto server = dns_server_from_text(node->string);
    if (!server) {
      diagnostics.error(node->span, quoted(node->string) + " is not the address of a resolver",
                        "as in \"127.0.0.1\", \"192.0.2.53:5353\" or \"[::1]:53\"");
    } else if (std::find(dns.servers.begin(), dns.servers.end(), *server) != dns.servers.end()) {
      diagnostics.error(node->span, server->text() + " stands here twice", "take one out");
    } else {
      dns.servers.push_back(*server);
      if (dns.trusts(*server)) continue;
      diagnostics.warning(node->span,
                          server->text() +
                              " is another host, and whoever can send in its name can forge "
                              "answers: questions to it share a source port",
                          "run a resolver on this host, or name its network in \"trusted\" if "
                          "nobody else can send from there");
    }
  }
}

void read_trusted(const Node& section, const ValueReader& values, DnsOptions& dns) {
  for (const auto* node : values.texts(section, "dns.trusted")) {
    std::string nearest;
    if (const auto network = Network::parse(node->string, &nearest)) {
      dns.trusted.push_back(*network);
      continue;
    }
    values.diagnostics().error(node->span, quoted(node->string) + " is not a network",
                               nearest.empty() ? "as in \"192.0.2.53\" or \"192.0.2.0/24\""
                                               : "did you mean " + quoted(nearest) + '?');
  }
}

}  // namespace

bool DnsOptions::trusts(const DnsServer& server) const noexcept {
  return is_loopback(server.address) ||
         std::any_of(trusted.begin(), trusted.end(),
                     [&](const Network& network) { return network.contains(server.address); });
}

void read_dns(const Node& root, const ValueReader& values, DnsOptions& dns) {
  const auto* section = values.section(root, "dns");
  if (section == nullptr) return;
  values.check_keys(*section, "dns");
  read_trusted(*section, values, dns);
  read_servers(*section, values, dns);
  dns.try_time = values.duration(*section, "dns.try_time").value_or(dns.try_time);
  dns.tries = static_cast<unsigned>(values.count(*section, "dns.tries").value_or(dns.tries));
  dns.cache_size = values.size(*section, "dns.cache_size").value_or(dns.cache_size);
  dns.least_ttl = values.duration(*section, "dns.least_ttl").value_or(dns.least_ttl);
  dns.most_ttl = values.duration(*section, "dns.most_ttl").value_or(dns.most_ttl);
  dns.negative_ttl = values.duration(*section, "dns.negative_ttl").value_or(dns.negative_ttl);
  dns.failure_ttl = values.duration(*section, "dns.failure_ttl").value_or(dns.failure_ttl);
  dns.prefetch = values.boolean(*section, "dns.prefetch").value_or(dns.prefetch);
  if (dns.least_ttl <= dns.most_ttl) return;
  const auto* member = section->find("least_ttl");
  if (member == nullptr) member = section->find("most_ttl");
  values.diagnostics().error(member->value.span,
                             "\"least_ttl\" is longer than \"most_ttl\", so no answer fits",
                             "make it shorter");
}

}  // namespace postern
