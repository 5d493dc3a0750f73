// Strings, compared in ASCII lower case.

#include "model/text.h"
#include "tables/kinds.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

bool has_capitals(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

class StringTable final : public Table {
 public:
  StringTable(EntryList entries, TableFaults& faults, RepeatedEntries& repeated)
      : Table(TableKind::string, std::move(entries)) {
    keyed_.reserve(entries_.size());
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      const auto text = entries_.text(i);
      if (text.empty()) {
        faults.add(entry_problem(entries_, i, "an entry is empty",
                                 "to compare with nothing, write == \"\""));
      } else if (has_capitals(text)) {
        keyed_.add(lower(text), i, entries_, repeated);
      } else {
        keyed_.add(text, i, entries_, repeated);
      }
    }
  }

 private:
  std::uint32_t look_up(std::string_view text, Time at) const override {
    if (!has_capitals(text)) return keyed_.find(text, entries_, at);
    std::array<char, 256> room;
    if (text.size() > room.size()) return keyed_.find(lower(text), entries_, at);
    std::transform(text.begin(), text.end(), room.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return keyed_.find({room.data(), text.size()}, entries_, at);
  }

  KeyedEntries keyed_;
};

}  // namespace

TableBuild build_string_table(EntryList entries, TableFaults& faults, RepeatedEntries& repeated) {
  return std::make_shared<StringTable>(std::move(entries), faults, repeated);
}

}  // namespace postern
