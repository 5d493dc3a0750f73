// Addresses are hidden and erased in lines that may hold anything. Whatever they hold: no crash; a
// record stays one; hiding twice is hiding once; and what was erased is not there any more.
#include "journal/address_eraser.h"
#include "journal/address_mask.h"
#include "journal/json_strings.h"
#include "journal/record.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  std::string same;
  const auto leave = [](const postern::JsonPlace&, std::string_view) {
    return std::optional<std::string>();
  };
  if (postern::edit_json_strings(line, leave, same) && same != line) std::abort();
  for (const auto& mask : {postern::AddressMask::hashed("key"), postern::AddressMask::cut()}) {
    auto once = line;
    if (!mask.apply(once, "postmaster@example.org")) {
      if (once != line) std::abort();
      continue;
    }
    auto twice = once;
    if (!mask.apply(twice, "postmaster@example.org") || twice != once) std::abort();
  }
  static const auto eraser = postern::AddressEraser::parse("bob@example.org", {});
  auto erased = line;
  if (eraser->edit(erased)) {
    auto again = erased;
    if (eraser->edit(again)) std::abort();
    if (postern::record_from_json(line) && !postern::record_from_json(erased)) std::abort();
  } else if (erased != line) {
    std::abort();
  }
  return 0;
}
