// Files of other programs in every format: whatever stands in them, what is made of them loads as
// part of a policy, and nothing crashes.
#include "checks/check.h"
#include "import/import.h"
#include "postern/policy.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  importer::Request request;
  request.format = static_cast<importer::Format>(choice % 4);
  request.keys = static_cast<importer::Keys>(choice / 4 % 4);
  request.source = static_cast<importer::Source>(choice / 16 % 4);
  request.parents = static_cast<importer::Parents>(choice / 64 % 2);
  request.lists = static_cast<importer::Lists>(choice / 128 % 2);
  request.file = "rules";
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto imported = importer::convert(text, request);
  if (imported.left_out > imported.statements) std::abort();

  const auto read = [&](const std::string& path) -> Result<std::string> {
    if (path == "postern.toml") {
      return std::string("include = [\"rules.toml\"]\n[identity]\nhost = \"mx1.example.org\"\n");
    }
    if (path == "rules.toml") return imported.policy;
    for (const auto& table : imported.tables) {
      if (path == "tables/" + table.name) return table.text;
    }
    std::abort();
  };
  const CheckRegistry checks;
  if (!Policy::compile("postern.toml", read, checks)) std::abort();
  return 0;
}
