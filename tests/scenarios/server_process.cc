#include "scenarios/server_process.h"

#include "journal/reader.h"

#include <array>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace postern::scenarios {

ServerProcess::ServerProcess(std::string directory, const std::string& milter_policy,
                             const std::string& policy_policy,
                             const std::map<std::string, Answer>& facts)
    : directory_(std::move(directory)) {
  write_facts(directory_ + "/facts", facts);
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  process_ = fork();
  if (process_ == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    execl(POSTERN_SCENARIO_SERVER, "scenario_server", directory_.c_str(), milter_policy.c_str(),
          policy_policy.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  input_ = to[1];
  output_ = from[0];
  const auto ready = hear();
  if (ready != "ready") {
    // The destructor of an object that was never made does not run.
    close(std::exchange(input_, -1));
    wait();
    close(std::exchange(output_, -1));
    throw std::runtime_error("the scenario server did not start: " + ready);
  }
}

ServerProcess::~ServerProcess() {
  if (input_ >= 0) close(input_);
  if (process_ > 0) wait();
  if (output_ >= 0) close(output_);
}

std::string ServerProcess::hear() {
  std::string line;
  char octet = 0;
  while (read(output_, &octet, 1) == 1 && octet != '\n') line += octet;
  return line;
}

int ServerProcess::wait() {
  int status = 0;
  waitpid(std::exchange(process_, -1), &status, 0);
  return status;
}

std::vector<Record> ServerProcess::stop() {
  close(std::exchange(input_, -1));
  const auto last = hear();
  const int status = wait();
  if (last != "stopped" || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("the scenario server did not end well: " + last);
  }
  auto reader = JournalReader::open(directory_ + "/journal", ReadOrder::oldest_first);
  if (!reader) throw std::runtime_error(render(reader.problems()));
  std::vector<Record> records;
  while (auto record = reader->next()) records.push_back(std::move(*record));
  if (reader->counts().unreadable != 0) {
    throw std::runtime_error("the journal: " + reader->counts().first_fault);
  }
  return records;
}

}  // namespace postern::scenarios
