// LedgerBook: entries in a map, and operations on them one after the other: the least a store can
// be. What the stores do is compared with it.
#pragma once

#include "ledger/apply.h"

#include <map>
#include <string>
#include <utility>

namespace postern::test {

class LedgerBook {
 public:
  std::vector<OperationResult> perform(const Request& request, LedgerTime now) {
    std::vector<const LedgerEntry*> entries;
    for (const auto& operation : request.operations) entries.push_back(find(operation.key));
    auto out = carry_out(request, entries, now);
    for (auto& change : out.changes) set(change.key, std::move(change.entry));
    return std::move(out.results);
  }
  OperationResult perform(Operation operation, LedgerTime now) {
    return perform(Request{{std::move(operation)}}, now).front();
  }
  const LedgerEntry* find(const std::string& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void set(const std::string& key, std::optional<LedgerEntry> entry) {
    if (entry) {
      entries_.insert_or_assign(key, *std::move(entry));
    } else {
      entries_.erase(key);
    }
  }
  const std::map<std::string, LedgerEntry>& entries() const { return entries_; }

 private:
  std::map<std::string, LedgerEntry> entries_;
};

}  // namespace postern::test
