#include "support/child_server.h"

#include <array>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace postern::test {

ChildServer::ChildServer(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  words.push_back(const_cast<char*>(program.c_str()));
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);

  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (pipe2(to.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  if (pipe2(from.data(), O_CLOEXEC) != 0) {
    for (const int end : to) close(end);
    throw std::runtime_error("no pipe");
  }
  process_ = fork();
  if (process_ == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    execv(program.c_str(), words.data());
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  if (process_ < 0) {
    close(to[1]);
    close(from[0]);
    throw std::runtime_error("no process for " + program);
  }
  input_ = to[1];
  output_ = from[0];
}

ChildServer::~ChildServer() {
  end_input();
  if (process_ > 0) wait();
  close(output_);
}

void ChildServer::tell(const std::string& line) {
  const auto text = line + "\n";
  if (write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("the server does not listen");
  }
}

std::string ChildServer::hear() {
  std::string line;
  char octet = 0;
  while (read(output_, &octet, 1) == 1 && octet != '\n') line += octet;
  return line;
}

void ChildServer::end_input() {
  if (input_ >= 0) close(std::exchange(input_, -1));
}

int ChildServer::wait() {
  int status = 0;
  waitpid(std::exchange(process_, -1), &status, 0);
  return status;
}

}  // namespace postern::test
