#include "milter/test_server.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace postern::test {

TestServer::TestServer(const std::string& policy, Listen listen) {
  std::string pattern = (std::filesystem::temp_directory_path() / "postern-milter-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw MilterError("no temporary directory");
  directory_ = pattern;
  socket_ = directory_ + "/milter.sock";
  const std::string where = listen == Listen::unix_path        ? "unix:" + socket_
                            : listen == Listen::inherited_unix ? "fd-unix:" + socket_
                                                               : "fd-tcp";
  const std::string records = directory_ + "/records";

  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) {
    throw MilterError("no pipe");
  }
  process_ = fork();
  if (process_ == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    execl(POSTERN_MILTER_TEST_SERVER, "milter_test_server", where.c_str(), policy.c_str(),
          records.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  input_ = to[1];
  output_ = from[0];
  const auto ready = hear();
  if (ready.rfind("ready ", 0) != 0) throw MilterError("the test server did not start: " + ready);
  port_ = static_cast<std::uint16_t>(std::stoi(ready.substr(6)));
}

TestServer::~TestServer() {
  if (input_ >= 0) close(input_);
  if (process_ > 0) {
    EXPECT_EQ(wait(), 0) << "the test server ended badly";
  }
  if (output_ >= 0) close(output_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

MilterClient TestServer::raw_client() const {
  return port_ != 0 ? MilterClient::to_tcp("127.0.0.1", port_) : MilterClient::to_unix(socket_);
}

MilterClient TestServer::client() const {
  auto client = raw_client();
  client.negotiate();
  return client;
}

void TestServer::tell(const std::string& line) {
  const auto text = line + "\n";
  if (write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw MilterError("the test server does not listen");
  }
}

std::string TestServer::hear() {
  std::string line;
  char octet = 0;
  while (read(output_, &octet, 1) == 1 && octet != '\n') line += octet;
  return line;
}

int TestServer::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  return status;
}

std::vector<std::string> TestServer::records() const {
  std::ifstream file(directory_ + "/records");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace postern::test
