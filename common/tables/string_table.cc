// Strings, compared in ASCII lower case.

#include "model/text.h"
#include "tables/entry_store.h"
#include "tables/kinds.h"
#include "tables/text_index.h"

#include <memory>
#include <utility>

namespace postern {
namespace {

class StringTable final : public Table {
 public:
  explicit StringTable(std::string name) : Table(std::move(name), TableKind::string) {}

  Problems read(const std::vector<TableEntry>& entries, RepeatedEntries& repeated) {
    Problems problems;
    store_.reserve(entries.size());
    index_.reserve(entries.size());
    for (const auto& entry : entries) {
      if (entry.text.empty()) {
        problems.push_back(
            entry_problem(entry, "an entry is empty", "to compare with nothing, write == \"\""));
        continue;
      }
      const auto number = store_.add(entry.text, entry.position);
      if (const auto first = index_.add(lower(entry.text), number)) repeated.add(number, *first);
    }
    size_ = store_.size();
    digest_ = sha256_hex("string\n" + store_.lines());
    return problems;
  }

  using Table::find;
  std::optional<TableHit> find(std::string_view text) const override {
    if (const auto entry = index_.find(lower(text))) return store_.hit(*entry);
    return {};
  }

 private:
  EntryStore store_;
  TextIndex index_;
};

}  // namespace

BuiltTable build_string_table(std::string name, const std::vector<TableEntry>& entries,
                              RepeatedEntries& repeated) {
  auto table = std::make_shared<StringTable>(std::move(name));
  auto problems = table->read(entries, repeated);
  if (!problems.empty()) return problems;
  return std::shared_ptr<const Table>(std::move(table));
}

}  // namespace postern
