// Clauses of greylist.conf(5), "domain /example/", as conditions, and entries of its lists as
// entries of tables. Pure.
#pragma once

#include "import/actions.h"
#include "import/greylist_tokens.h"

#include <optional>
#include <string>

namespace postern::importer {

/// How a whole file has its texts read.
struct GreylistReading {
  bool exact = false;     ///< domainexact: a domain is that or one below
  bool extended = false;  ///< extendedregex: patterns are as RE2 has them
};

struct GreylistClause {
  std::string condition;
  std::string why;       ///< not empty: cannot be carried over
  bool partial = false;  ///< it may fit less than it did
};

/// Clauses that this version's rules cannot ask, by their keyword; empty: it is none.
std::string greylist_why_not(const std::string& word);
/// Parameters of an entry that change nothing about who is accepted or refused; how many values.
std::optional<unsigned> ignored_values(const std::string& word);

/// addr, domain, from, rcpt, helo, auth: what is looked at.
bool is_greylist_kind(const std::string& word);
Subject subject_of_kind(const std::string& word);
/// As the policy language calls it at `stage`.
std::string name_of_kind(const std::string& word, Stage stage);

/// "from user@example.org" at `stage`.
GreylistClause greylist_clause(const std::string& word, const GreylistToken& value, Stage stage,
                               GreylistReading reading);
/// Adds an entry of a list. Plain texts are looked for inside (addresses) or at the end (names of
/// clients). `why` not empty: it is not added.
GreylistClause add_greylist_entry(Draft& draft, NewTable& table, const std::string& kind,
                                  const GreylistToken& token, GreylistReading reading);

}  // namespace postern::importer
