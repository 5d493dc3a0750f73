#include "scenarios/server_process.h"

#include <fstream>
#include <stdexcept>

namespace postern::scenarios {

// One fact a line: name, state, value or cause, between tabs.

void write_facts(const std::string& path, const std::map<std::string, Answer>& facts) {
  std::ofstream file(path, std::ios::binary);
  for (const auto& [name, answer] : facts) {
    const bool known = answer.state == Answer::State::value;
    file << name << '\t' << (known ? "value" : "unavailable") << '\t'
         << (known ? answer.values.front() : answer.cause) << '\n';
  }
}

std::map<std::string, Answer> read_facts(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::map<std::string, Answer> facts;
  std::string name;
  std::string state;
  std::string text;
  while (std::getline(file, name, '\t') && std::getline(file, state, '\t') &&
         std::getline(file, text)) {
    facts.emplace(name, state == "value" ? Answer::found({text}) : Answer::unavailable(text));
  }
  return facts;
}

}  // namespace postern::scenarios
