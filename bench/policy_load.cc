// Load on a policy server: `policy_load SOCKET CONNECTIONS REQUESTS` asks RCPT requests as Postfix
// 3.7 writes them, one at a time on each connection, every one of a message of its own, and prints
// requests per second. Every answer must be DUNNO.
#include "connection.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/epoll.h>
#include <vector>

using postern::bench::Connection;
using postern::bench::give_up;

namespace {

std::string request(unsigned long number) {
  return "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
         "client_address=192.0.2.9\nclient_name=mail.example.net\nclient_port=41234\n"
         "reverse_client_name=mail.example.net\nserver_address=192.0.2.25\nserver_port=25\n"
         "helo_name=mail.example.net\nsender=alice@example.net\nrecipient=bob@example.org\n"
         "recipient_count=0\nqueue_id=\ninstance=437b.6b009e9b." +
         std::to_string(number) +
         ".0\nsize=4711\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
         "ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
         "encryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
         "encryption_keysize=256\npolicy_context=recipient\n\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) give_up("usage: policy_load SOCKET CONNECTIONS REQUESTS");
  const unsigned long connections = std::strtoul(argv[2], nullptr, 10);
  const unsigned long requests = std::strtoul(argv[3], nullptr, 10);
  std::vector<Connection> all;
  for (unsigned long i = 0; i < connections; ++i) all.emplace_back(argv[1]);

  const int poller = epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < all.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poller, EPOLL_CTL_ADD, all[i].descriptor(), &event);
  }
  unsigned long sent = 0;
  unsigned long answered = 0;
  const double begin = postern::bench::seconds_now();
  for (auto& connection : all) connection.send(request(sent++));
  std::vector<epoll_event> events(all.size());
  while (answered < requests) {
    const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), 10'000);
    if (ready <= 0) give_up("no answer within 10 s");
    for (int i = 0; i < ready; ++i) {
      auto& connection = all[events[static_cast<std::size_t>(i)].data.u64];
      connection.receive();
      if (!connection.input().ends_with("\n\n")) continue;
      if (connection.input() != "action=DUNNO\n\n") give_up("unexpected: " + connection.input());
      connection.input().clear();
      ++answered;
      if (sent < requests) connection.send(request(sent++));
    }
  }
  std::printf("%.0f\n", static_cast<double>(answered) / (postern::bench::seconds_now() - begin));
  return 0;
}
