// Loading a policy from disk, as every command does it.
#pragma once

#include "model/dns_servers.h"
#include "postern/policy.h"
#include "rules/settings.h"
#include "runtime/files.h"
#include "runtime/mta_lines.h"

#include <string>
#include <vector>

namespace postern::cli {

/// Warnings about rules that have expired by now are among the others.
Result<CompiledPolicy> load_policy(const ConfigPlace& place);

/// What is missing before these settings make a service, for the commands that serve or speak of
/// serving; a policy inside another program needs none of it. An error: there is no door at all.
Problems review_for_service(const Settings& settings, const std::string& file);

/// Into the log, one line each, at their own severity: what a terminal shows around them would be
/// lines without meaning among those of others.
void log_problems(const Problems& problems);

/// Those of the main file alone, whatever is wrong with the rest of the policy; what cannot be read
/// has its default. For commands that speak to a server whose policy is broken by now.
Settings settings_alone(const ConfigPlace& place);

/// The settings with every path below the root, as they are on disk; the journal's is that of the
/// file, also where a link leads to it.
Settings settings_on_disk(const Settings& settings, const std::string& root);

/// Where Postfix's queue is (main.cf in `postfix_directory`, or the usual place below the root) and
/// where this program is.
MtaLinePlace mta_line_place(const Policy& policy, const std::string& root,
                            const std::string& postfix_directory);

/// The resolvers of /etc/resolv.conf, below the root if there is one.
std::vector<DnsServer> system_dns_servers(const std::string& root);
/// A warning when the policy asks DNS, and the system's resolvers, which are asked because it names
/// none, are neither on this host nor trusted.
Problems review_resolvers(const Policy& policy, const ConfigPlace& place);

/// "policy 3f2a9c01d4e5, 12 rules, 3 tables": for people and the service manager. Two policies
/// with the same sentence are the same.
std::string summary_line(const Policy& policy);

}  // namespace postern::cli
