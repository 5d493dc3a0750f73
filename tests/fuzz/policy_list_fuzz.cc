// The list of a kept policy may be damaged. Whatever it holds: no crash; and what is understood is
// written so that it is understood the same way again.
#include "journal/policy_list.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using postern::Result;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto same = [](const std::string& digest) -> Result<std::string> { return digest; };
  const auto source = postern::policy_from_list(text, same);
  if (!source) return 0;
  // Each text is its digest here.
  const auto list = postern::policy_list(*source, source->texts);
  if (!list) std::abort();
  const auto again = postern::policy_from_list(*list, same);
  if (!again || again->main_file != source->main_file || again->texts != source->texts ||
      again->matches != source->matches || again->tables.size() != source->tables.size() ||
      again->maintenance.has_value() != source->maintenance.has_value()) {
    std::abort();
  }
  return 0;
}
