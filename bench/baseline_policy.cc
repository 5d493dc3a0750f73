// The least a policy server can do: `baseline_policy SOCKET` answers DUNNO to every request, on one
// epoll loop, without reading what it says.
#include "connection.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) postern::bench::give_up("usage: baseline_policy SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  unlink(argv[1]);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener, 1024) != 0) {
    postern::bench::give_up(std::string("cannot listen: ") + std::strerror(errno));
  }
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  std::map<int, std::string> inputs;
  epoll_event events[128];
  char buffer[16384];
  for (;;) {
    const int ready = epoll_wait(poller, events, 128, -1);
    for (int i = 0; i < ready; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted < 0) continue;
        event.data.fd = accepted;
        epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &event);
        continue;
      }
      const auto got = read(descriptor, buffer, sizeof(buffer));
      if (got <= 0) {
        if (got < 0 && errno == EAGAIN) continue;
        inputs.erase(descriptor);
        close(descriptor);
        continue;
      }
      auto& input = inputs[descriptor];
      input.append(buffer, static_cast<std::size_t>(got));
      if (!input.ends_with("\n\n")) continue;
      input.clear();
      constexpr char answer[] = "action=DUNNO\n\n";
      if (write(descriptor, answer, sizeof(answer) - 1) < 0) {
        inputs.erase(descriptor);
        close(descriptor);
      }
    }
  }
}
