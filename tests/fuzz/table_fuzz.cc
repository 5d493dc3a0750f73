// Files of tables in every format: every entry that is taken is found again at its place, a file
// that is refused has a fault with a place, and nothing crashes.
#include "model/time_text.h"
#include "tables/readers.h"
#include "tables/table.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using namespace postern;

void require(bool good) {
  if (!good) std::abort();
}

EntryList entries_of(unsigned format, std::shared_ptr<const std::string> text, TableKind kind,
                     TableFaults& faults) {
  switch (format) {
    case 0:
      return read_lines("t", text, kind == TableKind::map ? LineValues::behind : LineValues::none,
                        faults);
    case 1:
      return read_hash("t", *text, faults);
    default: {
      CsvColumns columns;
      columns.value = "2";
      columns.until = "3";
      columns.note = format == 2 ? "4" : "note";
      return read_csv("t", *text, columns, faults);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = static_cast<TableKind>(data[0] % 6);
  const unsigned format = data[0] / 6 % 4;
  const auto text =
      std::make_shared<std::string>(reinterpret_cast<const char*>(data) + 1, size - 1);
  TableOptions options;
  options.keys = static_cast<TableKind>(data[0] / 24 % 5);
  options.delimiter = data[0] >= 128 ? "+" : "";

  TableFaults faults;
  auto entries = entries_of(format, text, kind, faults);
  auto problems = faults.take();
  for (const auto& problem : problems) require(problem.position.line > 0);
  const auto before = entries.size();
  const auto table = Table::build("t", kind, std::move(entries), options);
  if (!table.ok()) {
    problems = table.problems();
    require(!problems.empty() && problems.size() <= 21);
    add_source_lines(problems, "t", *text);
    static_cast<void>(render(problems));
    return 0;
  }
  require((*table)->size() == before);
  const auto& list = (*table)->entries();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list.text(i);
    std::optional<TableHit> hit;
    switch ((*table)->keys()) {
      case TableKind::cidr:
        hit = (*table)->find(Network::parse(entry)->address());
        require(hit.has_value());
        break;
      case TableKind::string:
        hit = (*table)->find(entry);
        require(hit.has_value());
        break;
      default:
        hit = (*table)->find(entry);
        static_cast<void>((*table)->find(MailAddress::from_envelope(entry)));
        break;
    }
    // What has ended on the day after its last is not found.
    // Clocks count nanoseconds and end in 2262.
    const auto day = list.last_day(i);
    if (day && *day < *day_from_text("2200-01-01")) {
      const auto later = (*table)->find(entry, *day + std::chrono::days(1));
      require(!later || !later->last_day || *later->last_day > *day);
    }
  }
  return 0;
}
