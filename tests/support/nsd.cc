#include "support/nsd.h"

#include "support/dns_responder.h"
#include "system/unique_fd.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern::test {

std::string nsd_program() {
  for (const auto& path : {std::string(POSTERN_SOURCE_DIR) + "/build/nsd/usr/sbin/nsd",
                           std::string("/usr/sbin/nsd")}) {
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

Nsd::Nsd(const std::string& path, const std::map<std::string, std::string>& zones) {
  for (const auto& [name, text] : zones) {
    folder_.write(name + ".zone", text);
    zones_ += "zone:\n  name: \"" + name + "\"\n  zonefile: \"" + name + ".zone\"\n";
  }
  // The port is free when we look; somebody may take it before the server does.
  for (int tries = 0; tries < 5 && !runs(); ++tries) start(path);
}

Nsd::~Nsd() { stop(); }

void Nsd::start(const std::string& path) {
  address_ = test::deaf_address();
  const auto& at = folder_.path();
  const auto conf = folder_.write(
      "nsd.conf", "server:\n  ip-address: 127.0.0.1\n  port: " + std::to_string(address_.port) +
                      "\n  username: \"\"\n  chroot: \"\"\n  server-count: 1\n  database: \"\"\n"
                      "  zonesdir: \"" +
                      at + "\"\n  pidfile: \"\"\n  logfile: \"" + at + "/log\"\n  xfrdfile: \"" +
                      at + "/xfrd\"\n  zonelistfile: \"" + at + "/list\"\n  xfrdir: \"" + at +
                      "\"\n  rrl-ratelimit: 0\n"
                      "remote-control:\n  control-enable: no\n" +
                      zones_);
  std::array<std::string, 4> arguments{path, "-d", "-c", conf};
  std::array<char*, 5> pointers{arguments[0].data(), arguments[1].data(), arguments[2].data(),
                                arguments[3].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Its children belong to its group, and end with it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::array<char*, 1> environment{nullptr};
  if (::posix_spawn(&process_, path.c_str(), &actions, &attributes, pointers.data(),
                    environment.data()) != 0) {
    process_ = -1;
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (runs() && !listens()) stop();
}

/// Until it does, or has ended; half a minute at most.
bool Nsd::listens() {
  for (int i = 0; i < 600; ++i) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) return true;
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    ::poll(nullptr, 0, 50);
  }
  return false;
}

void Nsd::stop() {
  if (!runs()) return;
  ::kill(-process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace postern::test
