// GreylistEntryReader: entries of the access list of greylist.conf(5), with the lists they name.
// Pure.
#pragma once

#include "import/greylist_clauses.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postern::importer {

/// A list that was read before.
struct GreylistList {
  std::string table;
  std::string kind;  ///< what its entries are: addr, domain, from, ...
  Subject subject = Subject::mixed;
  std::string why;       ///< not empty: there is no table
  bool partial = false;  ///< an entry was left out, or fits less than it did
};
using GreylistLists = std::map<std::string, GreylistList>;

/// An entry of the access list, before it is known what stands behind it.
struct GreylistEntry {
  Statement statement;
  std::string word;  ///< whitelist, greylist, blacklist
  std::string condition;
  Subject subject = Subject::mixed;
  Stage stage = Stage::rcpt;
  bool partial = false;  ///< it fits less mail than it did
  std::string code;
  std::string enhanced;
  std::string text;
};

/// Reads one entry that begins at `stage`; `why` says why it cannot be carried over.
class GreylistEntryReader {
 public:
  GreylistEntryReader(const std::vector<GreylistToken>& tokens, const GreylistLists& lists,
                      GreylistReading reading)
      : tokens_(tokens), lists_(lists), reading_(reading) {}

  std::optional<GreylistEntry> read(const Statement& statement, Stage stage, std::string& why);

 private:
  bool done() const { return at_ >= tokens_.size(); }
  const GreylistToken* take() { return done() ? nullptr : &tokens_[at_++]; }

  /// Takes one clause or parameter; returns why it cannot be carried over.
  std::string clause(GreylistEntry& entry);
  std::string count(GreylistEntry& entry, bool negated);
  std::string size(GreylistEntry& entry, bool negated);
  /// "rcptcount >= 25", "msgsize > 4M".
  std::string number(std::string& comparison, std::string& value);
  void add(const std::string& part, bool negated, Subject about);

  const std::vector<GreylistToken>& tokens_;
  const GreylistLists& lists_;
  const GreylistReading reading_;
  std::size_t at_ = 0;
  std::optional<Subject> subject_;
  std::vector<std::string> parts_;
  /// The same, with something of the same type for each table, which is not made yet.
  std::vector<std::string> trials_;
};

}  // namespace postern::importer
