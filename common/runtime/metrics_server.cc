#include "runtime/metrics_server.h"

#include <stdexcept>
#include <utility>

#ifdef POSTERN_WITH_METRICS
#include "runtime/exposition.h"
#include "system/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <microhttpd.h>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <vector>
#endif

namespace postern {

#ifndef POSTERN_WITH_METRICS

struct MetricsServer::State {};

MetricsServer::MetricsServer(int /*listener*/, std::function<std::string()> /*text*/,
                             MetricsLimits /*limits*/) {
  throw std::runtime_error("this Postern was built without libmicrohttpd");
}

MetricsServer::~MetricsServer() = default;

#else

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view path = "/metrics";
/// Without a descriptor for a connection, accept() fails at once, again and again.
constexpr milliseconds pause_after_failure{200};
/// The loop has nothing to do so long but wait to be stopped.
constexpr milliseconds longest_wait{60'000};

struct DaemonStop {
  void operator()(MHD_Daemon* daemon) const noexcept { MHD_stop_daemon(daemon); }
};
struct ResponseEnd {
  void operator()(MHD_Response* response) const noexcept { MHD_destroy_response(response); }
};

struct Page {
  unsigned status = MHD_HTTP_OK;
  std::string text;
  const char* type = "text/plain; charset=utf-8";
};

/// Each answer ends its connection: the limit of time is for the connection, and who asks again
/// in half a minute needs none of ours meanwhile.
MHD_Result answer(MHD_Connection* connection, const Page& page) {
  // The library copies what it is given and does not write to it.
  auto* const octets = const_cast<char*>(page.text.data());
  const std::unique_ptr<MHD_Response, ResponseEnd> response(
      MHD_create_response_from_buffer(page.text.size(), octets, MHD_RESPMEM_MUST_COPY));
  if (!response) return MHD_NO;
  MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_TYPE, page.type);
  MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONNECTION, "close");
  if (page.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  }
  return MHD_queue_response(connection, page.status, response.get());
}

}  // namespace

struct MetricsServer::State {
  State(int listener_in, std::function<std::string()> text_in, MetricsLimits limits_in)
      : listener(listener_in), text(std::move(text_in)), limits(limits_in) {}

  const int listener;
  const std::function<std::string()> text;
  const MetricsLimits limits;

  // The thread's own.
  struct Client {
    int fd = -1;
    Clock::time_point until;
    enum class State : std::uint8_t { asking, answered, cut } state = State::asking;
    unsigned rounds_hung_up = 0;  // since it has said that it will send no more

    void cut() noexcept {
      // The library sees its end, and closes it.
      ::shutdown(fd, SHUT_RDWR);
      state = State::cut;
    }
  };
  std::map<MHD_Connection*, Client> clients;
  std::unique_ptr<MHD_Daemon, DaemonStop> daemon;
  int events = -1;  // the daemon's epoll
  Clock::time_point accept_again;

  UniqueFd stopping{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::thread thread;

  void start();
  void run() noexcept;
  void wait();
  void accept_all();
  void cut_slow();
  milliseconds time_left() const;
  Page page_for(std::string_view method, std::string_view url) const noexcept;

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char* /*version*/, const char* /*upload*/,
                               std::size_t* /*upload_size*/, void** /*request*/) noexcept {
    auto& state = *static_cast<State*>(self);
    const auto client = state.clients.find(connection);
    if (client != state.clients.end()) client->second.state = Client::State::answered;
    // Of a request with a body, which we do not read, this is the first call.
    return answer(connection, state.page_for(method, url));
  }
  // "/metrics%00" is another path, and would end at the zero.
  static std::size_t leave_escaped(void* /*self*/, MHD_Connection* /*connection*/,
                                   char* text) noexcept {
    return std::strlen(text);
  }
  static void on_connection(void* self, MHD_Connection* connection, void** /*socket*/,
                            MHD_ConnectionNotificationCode code) noexcept {
    auto& state = *static_cast<State*>(self);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      state.clients.erase(connection);
      return;
    }
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) return;
    try {
      state.clients.emplace(connection, Client{info->connect_fd, Clock::now() + state.limits.time});
    } catch (...) {
      // Nobody would watch over its time.
      ::shutdown(info->connect_fd, SHUT_RDWR);
    }
  }
};

void MetricsServer::State::start() {
  // We accept ourselves: the library would go round and round when there is no descriptor left.
  daemon.reset(MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr, &State::on_request, this,
      MHD_OPTION_CONNECTION_LIMIT, limits.connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      limits.memory, MHD_OPTION_NOTIFY_CONNECTION, &State::on_connection, this,
      MHD_OPTION_UNESCAPE_CALLBACK, &State::leave_escaped, this, MHD_OPTION_END));
  const auto* info = daemon ? MHD_get_daemon_info(daemon.get(), MHD_DAEMON_INFO_EPOLL_FD) : nullptr;
  if (info == nullptr || !stopping) throw std::runtime_error("the HTTP library cannot be started");
  events = info->epoll_fd;
  thread = std::thread([this] { run(); });
}

Page MetricsServer::State::page_for(std::string_view method, std::string_view url) const noexcept {
  try {
    if (url != path) return {MHD_HTTP_NOT_FOUND, "not found; metrics are at /metrics\n"};
    if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
      return {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n"};
    }
    return {MHD_HTTP_OK, text(), exposition_type};
  } catch (...) {
    return {MHD_HTTP_SERVICE_UNAVAILABLE, {}};
  }
}

void MetricsServer::State::run() noexcept {
  for (;;) {
    try {
      pollfd stop{stopping.get(), POLLIN, 0};
      if (::poll(&stop, 1, 0) > 0) return;
      wait();
      accept_all();
      MHD_run(daemon.get());
      cut_slow();
    } catch (...) {
      // Memory is short; what is open is looked at again.
    }
  }
}

void MetricsServer::State::wait() {
  const bool has_room = clients.size() < limits.connections && Clock::now() >= accept_again;
  std::vector<pollfd> fds{
      {stopping.get(), POLLIN, 0}, {events, POLLIN, 0}, {has_room ? listener : -1, POLLIN, 0}};
  const auto own = fds.size();
  std::vector<Client*> asking;
  for (auto& [connection, client] : clients) {
    if (client.state != Client::State::asking) continue;
    fds.push_back({client.fd, POLLRDHUP, 0});
    asking.push_back(&client);
  }
  if (::poll(fds.data(), fds.size(), static_cast<int>(time_left().count())) <= 0) return;
  for (std::size_t i = own; i < fds.size(); ++i) {
    if (fds[i].revents != 0) ++asking[i - own]->rounds_hung_up;
  }
}

milliseconds MetricsServer::State::time_left() const {
  const auto now = Clock::now();
  auto until = now + longest_wait;
  if (accept_again > now) until = std::min(until, accept_again);
  for (const auto& [connection, client] : clients) {
    if (client.state != Client::State::cut) until = std::min(until, client.until);
  }
  const auto left = std::chrono::ceil<milliseconds>(std::max(until - now, Clock::duration::zero()));
  MHD_UNSIGNED_LONG_LONG wanted = 0;
  if (MHD_get_timeout(daemon.get(), &wanted) != MHD_YES) return left;
  return std::min(left, milliseconds(std::min<MHD_UNSIGNED_LONG_LONG>(
                            wanted, static_cast<MHD_UNSIGNED_LONG_LONG>(left.count()))));
}

void MetricsServer::State::accept_all() {
  while (clients.size() < limits.connections && Clock::now() >= accept_again) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    UniqueFd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&name), &length,
                          SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNABORTED) {
        accept_again = Clock::now() + pause_after_failure;
      }
      return;
    }
    // Closes it when it does not take it.
    if (MHD_add_connection(daemon.get(), fd.release(), reinterpret_cast<sockaddr*>(&name),
                           length) != MHD_YES) {
      return;
    }
  }
}

/// The library waits on for the rest of a request whose sender has hung up, when it sees the end in
/// one go with what came before. What has come is read in the first round.
void MetricsServer::State::cut_slow() {
  const auto now = Clock::now();
  for (auto& [connection, client] : clients) {
    if (client.state == Client::State::cut) continue;
    const bool gone = client.state == Client::State::asking && client.rounds_hung_up > 1;
    if (gone || now >= client.until) client.cut();
  }
}

MetricsServer::MetricsServer(int listener, std::function<std::string()> text, MetricsLimits limits)
    : state_(std::make_unique<State>(listener, std::move(text), limits)) {
  state_->start();
}

MetricsServer::~MetricsServer() {
  const std::uint64_t one = 1;
  if (::write(state_->stopping.get(), &one, sizeof one) == sizeof one) state_->thread.join();
}

#endif

}  // namespace postern
