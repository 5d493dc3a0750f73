// Whatever is pasted to `postern codes` gives an answer or a refusal in printable ASCII.
#include "reply/codes.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view what(reinterpret_cast<const char*>(data), size);
  for (const auto format : {postern::CodesFormat::text, postern::CodesFormat::json}) {
    const auto result = postern::explain_code(what, format);
    const auto& text = result ? *result : result.problems().front().message;
    for (const char c : text) {
      if (c != '\n' && (c < ' ' || c > '~')) std::abort();
    }
  }
  return 0;
}
