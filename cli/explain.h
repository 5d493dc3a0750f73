// The parts of `postern explain`: by a text, by a search, by a bounce. For explain*.cc alone.
#pragma once

#include "cli/commands.h"
#include "cli/options.h"
#include "journal/explain.h"
#include "journal/find_in_journal.h"
#include "journal/search.h"
#include "postern/policy.h"
#include "rules/settings.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

/// Where the journal is and what the records' policy says of itself. A story must be told also
/// while somebody has the configuration open in an editor.
struct JournalSource {
  std::shared_ptr<const Policy> policy;       ///< none: it cannot be loaded
  std::string journal;                        ///< empty: the policy keeps none
  std::string configured;                     ///< the policy's, which `journal` may be a copy of
  std::string address_key;                    ///< file of the key of hashed addresses
  AddressForm addresses = AddressForm::full;  ///< in which the server records them now
};
JournalSource journal_source(const Options& options, Terminal terminal);

ExplainOptions explain_options(const Options& options, Terminal terminal);
/// nullopt, and told on standard error, where a word of the command line is none of its kind.
std::optional<RecordFilter> filter_of(const ExplainRequest& request, Terminal terminal);

/// Lets `filters` find records of hashed addresses too, by the hashes of those they look for, where
/// the key is at hand; says once where nobody can be found by an address.
void look_for_hidden_too(std::vector<RecordFilter>& filters, const JournalSource& source,
                         Terminal terminal);

/// Tells each decision in turn.
void tell_all(std::vector<Record>& decisions, const JournalSource& source, const Options& options,
              const ExplainOptions& how, Terminal terminal);
void tell_counts(const ReadCounts& counts, Terminal terminal);
/// "/var/log/postern/decisions.jsonl and 2 older files".
std::string looked_into(const JournalSource& source, std::size_t older);
/// The exit status when nothing was found: "is not there" only if all was read.
int nothing_found(const Problems& unread, Terminal terminal);

/// What `find_in_journal` has found for a text or a reference, as it is told.
struct Story {
  std::vector<Record> decisions;      ///< or the repeat, or the join, that alone is left
  std::uint64_t repeats = 0;          ///< how often the same was asked again
  bool without_decision = false;      ///< only others were found
  bool has_equal_references = false;  ///< they are different decisions of the same reference
};
Story story_of(std::vector<Record> records, const JournalQuery& query, Voice voice);
/// What there is to say about it besides.
void tell_notes(const Story& story, Terminal terminal);

/// The decisions on what a text names, as far as they fit `filter`.
int explain_text(const Options& options, const std::string& text, const RecordFilter& filter,
                 Terminal terminal);
/// Those that fit one of the filters, in a list if there are several.
int explain_search(const Options& options, std::vector<RecordFilter> wanted, Terminal terminal);
/// A mail that came back.
int explain_mail(const Options& options, std::string_view mail, Terminal terminal);

}  // namespace postern::cli
