#include "scenarios/play.h"

#include "runtime/files.h"
#include "scenarios/comparison.h"
#include "scenarios/dialogue.h"
#include "scenarios/server_process.h"
#include "support/sample_check.h"
#include "support/temp_dir.h"

#include <iterator>
#include <stdexcept>

namespace postern::scenarios {
namespace {

std::string with_identity(std::string text) {
  if (text.find("[identity]") != std::string::npos) return text;
  return text + "\n[identity]\nhost = \"mx1.example.org\"\ncontact = \"postmaster@example.org\"\n";
}

std::shared_ptr<const Policy> compile(const std::string& path) {
  ConfigPlace place;
  place.config = path;
  place.explicit_config = true;
  auto compiled = Policy::compile(path, disk_reader(place), postern::test::sample_checks());
  if (!compiled) throw std::runtime_error(render(compiled.problems()));
  return compiled->policy;
}

}  // namespace

std::vector<std::string> play(const Scenario& scenario, const Swapped& swapped) {
  const postern::testing::TempDir directory;
  auto path = scenario.policy_file;
  if (path.empty()) path = directory.write("postern.toml", with_identity(scenario.policy_text));
  const auto other = [&](const std::string& name, const std::string& text) {
    return text.empty() ? path : directory.write(name, with_identity(text));
  };

  const Library library(scenario, compile(path));
  ServerProcess server(directory.path(), other("milter.toml", swapped.milter_policy),
                       other("policy.toml", swapped.policy_policy), scenario.facts);
  std::vector<Observed> at_milter;
  std::vector<Observed> at_policy;
  if (scenario.at_milter) at_milter = play_through_milter(scenario, server.milter_socket());
  if (scenario.at_policy) at_policy = play_through_policy(scenario, server.policy_socket());
  const auto records = server.stop();

  auto all = compare_library(scenario, library);
  const auto add = [&](Door door, const std::vector<Observed>& observed) {
    auto found = compare_door(scenario, library, door, observed, records);
    all.insert(all.end(), std::make_move_iterator(found.begin()),
               std::make_move_iterator(found.end()));
  };
  if (scenario.at_milter) add(Door::milter, at_milter);
  if (scenario.at_policy) add(Door::policy, at_policy);
  return all;
}

}  // namespace postern::scenarios
