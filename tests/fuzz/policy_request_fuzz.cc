// Feeds octets to the policy decoder, whole and in pieces, and what comes out to the reading of
// requests. Whatever arrives, both ways must give the same requests, and nothing may fail.
#include "policy/codec.h"
#include "policy/memory.h"
#include "policy/request.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace postern;
using namespace postern::policy_door;

void take_all(Decoder& decoder, std::vector<std::string>& seen) {
  while (const auto* request = decoder.next()) {
    std::string values;
    for (std::size_t i = 0; i < attribute_count; ++i) {
      values += request->get(static_cast<Attribute>(i));
      values += '\n';
    }
    seen.push_back(values);
    const auto stage = stage_of(*request);
    if (!stage) continue;
    const auto context = context_of(*request, *stage);
    (void)Memory::Key(*request, context);
    (void)transaction_of(*request, *stage);
    (void)named_by_postfix(*request, context);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = std::size_t{1} + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  Decoder whole;
  std::vector<std::string> at_once;
  whole.feed(text);
  take_all(whole, at_once);

  Decoder cut;
  std::vector<std::string> in_pieces;
  for (std::size_t at = 0; at < text.size(); at += step) {
    cut.feed(text.substr(at, step));
    take_all(cut, in_pieces);
  }
  if (at_once != in_pieces || whole.state() != cut.state()) std::abort();

  const auto octets = encode_answer(text);
  if (octets && (octets->find('\n') != octets->size() - 2 || octets->find('\r') != octets->npos)) {
    std::abort();
  }
  return 0;
}
