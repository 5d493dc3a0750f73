#include "runtime/doctor_parts.h"
#include "runtime/sockets.h"
#include "system/write_all.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <sys/socket.h>

namespace postern {
namespace {

Finding well(std::string what) { return {Finding::State::well, std::move(what), {}}; }
Finding problem(std::string what, std::string remedy) {
  return {Finding::State::problem, std::move(what), std::move(remedy)};
}

/// Up to `most` octets, until `enough` says so or nothing comes any more.
template <typename Enough>
std::string receive(int fd, std::size_t most, Enough enough) {
  std::string text;
  std::array<char, 512> buffer{};
  while (text.size() < most && !enough(text)) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

Finding not_reached(const ListenAddress& address, const Problems& problems) {
  auto what = problems.front().message;
  if (what.find(std::strerror(EACCES)) != std::string::npos) {
    struct stat status {};
    if (::stat(address.path.c_str(), &status) == 0) what += " " + access_text(status);
    auto found =
        problem(std::move(what),
                "it is there, but its mode and group, or those of a folder on the way, let "
                "nobody else in: see listen.mode and listen.group");
    found.cause = Finding::Cause::not_permitted;
    return found;
  }
  const auto says = [&](int error) { return what.find(std::strerror(error)) != std::string::npos; };
  const auto cause =
      says(ENOENT) || says(ECONNREFUSED) ? Finding::Cause::not_running : Finding::Cause::other;
  auto found = problem(std::move(what), "start it (systemctl start postern), or look into its log");
  found.cause = cause;
  return found;
}

/// The first packet of the milter protocol: 'O', version 6, all actions, all steps.
std::string negotiation() {
  std::string packet;
  const auto number = [&](std::uint32_t value) {
    const auto wire = htonl(value);
    packet.append(reinterpret_cast<const char*>(&wire), sizeof wire);
  };
  number(13);
  packet += 'O';
  number(6);
  number(0x1ff);
  number(0x1fffff);
  return packet;
}

}  // namespace

Finding probe_policy(const ListenAddress& address, std::chrono::milliseconds patience) {
  const auto where = "policy service on " + address.postfix_text();
  const auto connected = connect_to(address, patience);
  if (!connected) return not_reached(address, connected.problems());
  const int fd = connected->get();
  const bool sent = send_all(fd,
                             "request=smtpd_access_policy\nprotocol_state=VRFY\n"
                             "protocol_name=ESMTP\n\n");
  const auto answer = receive(
      fd, 4096, [](const std::string& text) { return text.find("\n\n") != std::string::npos; });
  if (sent && answer == "action=DUNNO\n\n") return well(where + " answers");
  return problem(where + (answer.empty() ? " takes connections but does not answer"
                                         : " answers something else than DUNNO to a VRFY request"),
                 "is this Postern's socket? If so, look into its log and `postern status`");
}

Finding probe_milter(const ListenAddress& address, std::chrono::milliseconds patience) {
  const auto where = "milter on " + address.postfix_text();
  const auto connected = connect_to(address, patience);
  if (!connected) return not_reached(address, connected.problems());
  const int fd = connected->get();
  const bool sent = send_all(fd, negotiation());
  const auto answer = receive(fd, 4096, [](const std::string& text) { return text.size() >= 17; });
  // Quit, so that the filter ends the session without a warning.
  send_all(fd, std::string_view("\0\0\0\1Q", 5));
  if (sent && answer.size() >= 17 && answer[4] == 'O') return well(where + " negotiates");
  return problem(where + " does not negotiate as a milter",
                 "is this Postern's socket? If so, look into its log and `postern status`");
}

}  // namespace postern
