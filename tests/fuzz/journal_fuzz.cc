// Journal lines may come from a damaged or foreign file. Whatever they hold: no crash; and what is
// understood is written so that it is understood the same way again.
#include "journal/explain.h"
#include "journal/line_skim.h"
#include "journal/record.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  postern::SkimmedLine skimmed;
  postern::skim(line, skimmed);
  const auto record = postern::record_from_json(line);
  if (!record) return 0;
  const std::string written = postern::to_json(*record);
  const auto again = postern::record_from_json(written);
  if (!again || postern::to_json(*again) != written) std::abort();
  // The index knows the record as the reader does.
  if (!postern::skim(written, skimmed) || skimmed.kind != to_text(record->kind)) std::abort();
  if (postern::to_log_line(*record).size() > postern::longest_log_line) std::abort();
  for (const auto voice :
       {postern::Voice::help_desk, postern::Voice::admin, postern::Voice::sender}) {
    postern::ExplainOptions options;
    options.voice = voice;
    if (postern::explain(*record, options).empty()) std::abort();
  }
  return 0;
}
