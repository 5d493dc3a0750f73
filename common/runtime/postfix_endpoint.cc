#include "runtime/postfix_endpoint.h"

#include "model/text.h"

#include <filesystem>
#include <system_error>

namespace postern {
namespace {

namespace fs = std::filesystem;

/// /var/run is a link to /run on most systems.
bool same_file(const fs::path& a, const fs::path& b) {
  if (a.lexically_normal() == b.lexically_normal()) return true;
  std::error_code error;
  const auto real_a = fs::weakly_canonical(a, error);
  if (error) return false;
  const auto real_b = fs::weakly_canonical(b, error);
  return !error && real_a == real_b;
}

Leads leads_to_path(std::string_view name, const std::string& ours, const PostfixView& view) {
  const fs::path path(name);
  const fs::path queue(view.queue_directory);
  if (path.is_relative()) return same_file(queue / path, ours) ? Leads::to_us : Leads::elsewhere;
  if (view.chrooted && same_file(queue / path.relative_path(), ours)) return Leads::to_us;
  if (!same_file(path, ours)) return Leads::elsewhere;
  return view.chrooted ? Leads::past_chroot : Leads::to_us;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool same_host(const std::string& theirs, const ListenAddress& ours) {
  const auto host = lower(ours.host);
  const auto named = lower(theirs);
  if (host.empty() || host == "0.0.0.0" || host == "::" || named == host) return true;
  // Postfix tries each address of a name in turn.
  return (named == "localhost" || host == "localhost") && is_loopback(named) && is_loopback(host);
}

}  // namespace

Leads leads_to(std::string_view endpoint, const ListenAddress& ours, const PostfixView& view) {
  const auto colon = endpoint.find(':');
  if (colon == std::string_view::npos) return Leads::elsewhere;
  const auto type = endpoint.substr(0, colon);
  const auto rest = endpoint.substr(colon + 1);
  if (type == "unix" || type == "local") {
    return ours.family == ListenAddress::Family::unix_socket ? leads_to_path(rest, ours.path, view)
                                                             : Leads::elsewhere;
  }
  if (ours.family == ListenAddress::Family::unix_socket) return Leads::elsewhere;
  auto theirs = ListenAddress::parse(endpoint);
  // Without a host it is this machine.
  if (!theirs) theirs = ListenAddress::parse("inet:localhost:" + std::string(rest));
  if (!theirs || theirs->family == ListenAddress::Family::unix_socket) return Leads::elsewhere;
  return theirs->port == ours.port && same_host(theirs->host, ours) ? Leads::to_us
                                                                    : Leads::elsewhere;
}

}  // namespace postern
