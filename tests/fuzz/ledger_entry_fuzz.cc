// Entries of the ledger, as they come from a file or from Redis: whatever is taken is sound, means
// the same in both forms, and every operation on it leaves something sound.
#include "ledger/apply.h"
#include "ledger/entry_codec.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace postern;

void require(bool holds) {
  if (!holds) std::abort();
}

void use(const LedgerEntry& entry) {
  require(is_sound(entry));
  require(unpack(pack(entry)) == entry);
  require(entry_from_line(to_line(entry)) == entry);
  const auto now = entry.expires > 5 ? entry.expires - 5 : 0;
  constexpr std::int64_t day = 86'400'000;
  Request request;
  request.operations = {Operation::greylist("k", {1000, day, day}),
                        Operation::tally("k", 1, day, 2, 7),
                        Operation::weigh("k", day, 3, 1000, 7)};
  for (const auto& limit : {*bucket_limit(10, 7, 3333), *window_limit(20, day), *lease_limit(3)}) {
    request.operations.push_back(Operation::look("k", limit));
    request.operations.push_back(Operation::reserve("k", limit, 2, 9));
    request.operations.push_back(Operation::release("k", limit, 10));
    if (limit.method == EntryKind::lease) continue;
    request.operations.push_back(Operation::add("k", limit, 5, 11));
    request.operations.push_back(Operation::commit("k", limit, 0, 9));
  }
  for (const auto& operation : request.operations) {
    for (const LedgerTime time : {LedgerTime{0}, now, now + 400 * day}) {
      const auto applied = apply(&entry, operation, time);
      require(!applied.entry || is_sound(*applied.entry));
      require(applied.result.wait >= -1 && applied.result.used >= 0);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto entry = entry_from_line(text)) use(*entry);
  if (const auto entry = unpack(text)) use(*entry);
  return 0;
}
