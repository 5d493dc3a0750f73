// Policy files are read whole, refused with positions inside them, and never crash.
#include "checks/check.h"
#include "postern/policy.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const postern::FileReader reader(
      [&](const std::string& path) -> postern::Result<std::string> {
        if (path == "postern.toml") return text;
        if (path == "t") return std::string("192.0.2.0/24\nexample.org\n");
        return postern::plain_problem("No such file or directory");
      },
      [](const std::string&) -> postern::Result<std::vector<std::string>> {
        return std::vector<std::string>{"t"};
      });
  const auto result = postern::Policy::compile("postern.toml", reader, {});
  if (!result.ok() && !postern::has_errors(result.problems())) std::abort();
  for (const auto& problem : result.problems()) {
    if (problem.length == 0 || problem.message.empty()) std::abort();
  }
  static_cast<void>(postern::render(result.problems()));
  return 0;
}
