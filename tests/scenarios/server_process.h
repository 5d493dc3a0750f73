// ServerProcess: a scenario_server with both doors in a process of its own, in a directory of its
// own, because libmilter runs once in a process.
#pragma once

#include "journal/record.h"
#include "postern/facts.h"
#include "support/child_server.h"

#include <map>
#include <string>
#include <vector>

namespace postern::scenarios {

class ServerProcess {
 public:
  /// Starts it in `directory` with a policy file for each door; the same one as a rule. Returns
  /// when both doors listen. Throws std::runtime_error if they do not. It ends with this object.
  ServerProcess(std::string directory, const std::string& milter_policy,
                const std::string& policy_policy, const std::map<std::string, Answer>& facts);
  std::string milter_socket() const { return directory_ + "/milter"; }
  std::string policy_socket() const { return directory_ + "/policy"; }
  /// Stops both doors, and reads the whole journal. Throws std::runtime_error on an unclean end or
  /// a line that is no record.
  std::vector<Record> stop();

 private:
  std::string directory_;
  test::ChildServer process_;
};

/// The file in which facts are handed over, and back.
void write_facts(const std::string& path, const std::map<std::string, Answer>& facts);
std::map<std::string, Answer> read_facts(const std::string& path);

}  // namespace postern::scenarios
