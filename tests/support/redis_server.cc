#include "support/redis_server.h"

#include "system/unique_fd.h"

#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern::test {
namespace {

/// Free when we look; somebody may take it before the server does. Its bus in a cluster is 10,000
/// above it.
std::uint16_t free_port() {
  for (int tries = 0; tries < 100; ++tries) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0 &&
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0 &&
        ntohs(at.sin_port) < 55'000) {
      return ntohs(at.sin_port);
    }
  }
  return 0;
}

}  // namespace

std::string redis_program() {
  for (const auto& path : {std::string(POSTERN_SOURCE_DIR) + "/build/redis/usr/bin/redis-server",
                           std::string("/usr/bin/redis-server")}) {
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

RedisServer::RedisServer(std::vector<std::string> options, Listens listens)
    : options_(std::move(options)), listens_(listens) {
  for (int tries = 0; tries < 5 && !runs(); ++tries) {
    if (listens_ != Listens::on_socket) port_ = free_port();
    start();
  }
}

RedisServer::~RedisServer() { kill(); }

bool RedisServer::start() {
  const auto program = redis_program();
  if (program.empty()) return false;
  const auto number = std::to_string(port_);
  std::vector<std::string> words{program};
  // Sentinels are told by a file, which has to be the first word.
  if (!options_.empty() && !options_[0].starts_with("--")) words.push_back(options_[0]);
  for (const char* word : {"--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir"}) {
    words.emplace_back(word);
  }
  words.push_back(folder_.path());
  words.insert(words.end(), {"--unixsocket", socket()});
  words.insert(words.end(), {"--port", listens_ == Listens::on_tls_port ? "0" : number});
  if (listens_ == Listens::on_tls_port) words.insert(words.end(), {"--tls-port", number});
  const std::size_t taken = words.size() > 1 && !words[1].starts_with("--") ? 1 : 0;
  words.insert(words.end(), options_.begin() + static_cast<std::ptrdiff_t>(taken), options_.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, (folder_ / "log").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  char* environment[]{nullptr};
  if (::posix_spawn(&process_, program.c_str(), &actions, nullptr, pointers.data(), environment) !=
      0) {
    process_ = -1;
  }
  posix_spawn_file_actions_destroy(&actions);
  if (runs() && !this->listens()) kill();
  return runs();
}

/// Until it does, or has ended; half a minute at most.
bool RedisServer::listens() {
  for (int i = 0; i < 1500; ++i) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    socket().copy(to.sun_path, sizeof(to.sun_path) - 1);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) return true;
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    ::poll(nullptr, 0, 20);
  }
  return false;
}

void RedisServer::kill() {
  if (!runs()) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
  ::unlink(socket().c_str());
}

void RedisServer::signal(int number) const {
  if (runs()) ::kill(process_, number);
}

}  // namespace postern::test
