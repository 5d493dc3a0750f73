#include "scenarios/server_process.h"

#include "journal/reader.h"

#include <stdexcept>
#include <sys/wait.h>
#include <utility>

namespace postern::scenarios {

namespace {

/// The server reads them when it starts.
const std::string& with_facts(const std::string& directory,
                              const std::map<std::string, Answer>& facts) {
  write_facts(directory + "/facts", facts);
  return directory;
}

}  // namespace

ServerProcess::ServerProcess(std::string directory, const std::string& milter_policy,
                             const std::string& policy_policy,
                             const std::map<std::string, Answer>& facts)
    : directory_(std::move(directory)),
      process_(POSTERN_SCENARIO_SERVER,
               {with_facts(directory_, facts), milter_policy, policy_policy}) {
  const auto ready = process_.hear();
  if (ready != "ready") {
    throw std::runtime_error("the scenario server did not start: " + ready);
  }
}

std::vector<Record> ServerProcess::stop() {
  process_.end_input();
  const auto last = process_.hear();
  const int status = process_.wait();
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
