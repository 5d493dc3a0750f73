#include "cli/commands.h"
#include "cli/load.h"
#include "runtime/sockets.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <ostream>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

namespace postern::cli {
namespace {

/// smtpd waits for the answer itself; this bounds only the connect and a stuck write.
constexpr std::chrono::milliseconds patience{10'000};

enum class Piece { moved, ended, failed };

/// Moves what is there from one end to the other.
Piece move(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::read(from, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN ? Piece::moved : Piece::failed;
  if (got == 0) return Piece::ended;
  std::string_view rest(buffer.data(), static_cast<std::size_t>(got));
  while (!rest.empty()) {
    const ssize_t put = ::write(to, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return Piece::failed;
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  return Piece::moved;
}

Result<ListenAddress> server_address(const Options& options) {
  if (!options.to.empty()) {
    auto address = ListenAddress::parse(options.to);
    if (address) address->path = under_root(options.place.root, address->path);
    return address;
  }
  const auto loaded = load_policy(options.place);
  if (!loaded) return loaded.problems();
  const auto settings = settings_on_disk(loaded->policy->settings(), options.place.root);
  if (settings.listen.policy.empty()) return plain_problem("the policy sets no listen.policy");
  return settings.listen.policy.front();
}

}  // namespace

int spawn(const Options& options, Terminal terminal) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto address = server_address(options);
  if (!address) {
    terminal.err << render(address.problems());
    return EX_CONFIG;
  }
  // Without a server smtpd gets no answer, and puts the mail off by its own default action.
  const auto server = connect_to(*address, patience);
  if (!server) {
    terminal.err << render(server.problems());
    return EX_TEMPFAIL;
  }
  std::array<pollfd, 2> ends{{{STDIN_FILENO, POLLIN, 0}, {server->get(), POLLIN, 0}}};
  while (true) {
    if (::poll(ends.data(), ends.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return EX_OSERR;
    }
    if (ends[1].revents != 0) {
      const auto piece = move(server->get(), STDOUT_FILENO);
      if (piece == Piece::ended) return EX_OK;
      if (piece == Piece::failed) return EX_IOERR;
    }
    if (ends[0].revents != 0) {
      const auto piece = move(STDIN_FILENO, server->get());
      if (piece == Piece::failed) return EX_IOERR;
      if (piece == Piece::ended) {
        // The server may still answer what came before; it closes when it has done so.
        ::shutdown(server->get(), SHUT_WR);
        ends[0].fd = -1;
      }
    }
  }
}

}  // namespace postern::cli
