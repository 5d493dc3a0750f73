#include "checks/check.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "journal/json_writer.h"
#include "kit/test_report.h"

#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

std::string json_line(const TestResult& result) {
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  json.member("name", result.name);
  json.key("passed").boolean(result.passed());
  json.key("differences").begin_array();
  for (const auto& each : result.differences) {
    json.begin_object();
    json.member("what", each.what);
    json.member("expected", each.expected);
    json.member("got", each.got);
    json.end_object();
  }
  json.end_array();
  json.member_unless_empty("trouble", result.trouble);
  json.member("file", result.place.file);
  json.member("line", static_cast<std::int64_t>(result.place.line));
  json.end_object();
  return line;
}

}  // namespace

int test(const Options& options, Terminal terminal) {
  const auto loaded = load_policy(options.place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs) << count_text(loaded.problems())
                 << '\n';
    return EX_CONFIG;
  }
  const CheckRegistry checks;
  const auto reader = disk_reader(options.place);
  auto tests = loaded->policy->tests();
  Problems problems;
  for (const auto& file : options.words) {
    const auto more = Policy::read_tests(*loaded->policy, file, reader, checks);
    problems.insert(problems.end(), more.problems().begin(), more.problems().end());
    if (more) tests.insert(tests.end(), more->begin(), more->end());
  }
  if (!problems.empty()) {
    terminal.err << render(problems, terminal.glyphs) << count_text(problems) << '\n';
    return EX_CONFIG;
  }
  const auto results = run_tests(loaded->policy, tests, checks);
  for (const auto& result : results) {
    if (options.format == Format::json) {
      terminal.out << json_line(result) << '\n';
    } else if (!result.passed()) {
      terminal.out << failure_text(result, terminal.glyphs);
    }
  }
  if (options.format == Format::text) terminal.out << count_text(results) << '\n';
  return all_passed(results) ? EX_OK : 1;
}

}  // namespace postern::cli
