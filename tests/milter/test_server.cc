#include "milter/test_server.h"

#include <gtest/gtest.h>

#include <fstream>

namespace postern::test {

namespace {

std::string place_of(TestServer::Listen listen, const std::string& socket) {
  switch (listen) {
    case TestServer::Listen::unix_path:
      return "unix:" + socket;
    case TestServer::Listen::inherited_unix:
      return "fd-unix:" + socket;
    case TestServer::Listen::inherited_tcp:
      break;
  }
  return "fd-tcp";
}

}  // namespace

TestServer::TestServer(const std::string& policy, Listen listen)
    : process_(POSTERN_MILTER_TEST_SERVER,
               {place_of(listen, socket_), policy, directory_ / "records"}) {
  const auto ready = hear();
  if (ready.rfind("ready ", 0) != 0) throw MilterError("the test server did not start: " + ready);
  port_ = static_cast<std::uint16_t>(std::stoi(ready.substr(6)));
}

TestServer::~TestServer() {
  if (!process_.runs()) return;
  process_.end_input();
  EXPECT_EQ(wait(), 0) << "the test server ended badly";
}

MilterClient TestServer::raw_client() const {
  return port_ != 0 ? MilterClient::to_tcp("127.0.0.1", port_) : MilterClient::to_unix(socket_);
}

MilterClient TestServer::client() const {
  auto client = raw_client();
  client.negotiate();
  return client;
}

std::vector<std::string> TestServer::records() const {
  std::ifstream file(directory_ / "records");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace postern::test
