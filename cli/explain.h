// The parts of `postern explain`: by a text, by a search, by a bounce. For explain*.cc alone.
#pragma once

#include "cli/commands.h"
#include "cli/options.h"
#include "journal/explain.h"
#include "journal/search.h"
#include "postern/policy.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

/// Where the journal is and what the records' policy says of itself. A story must be told also
/// while somebody has the configuration open in an editor.
struct JournalSource {
  std::shared_ptr<const Policy> policy;  ///< none: it cannot be loaded
  std::string journal;                   ///< empty: the policy keeps none
  std::string address_key;               ///< file of the key of hashed addresses
};
JournalSource journal_source(const Options& options, Terminal terminal);

ExplainOptions explain_options(const Options& options, Terminal terminal);
/// nullopt, and told on standard error, where a word of the command line is none of its kind.
std::optional<RecordFilter> filter_of(const ExplainRequest& request, Terminal terminal);

/// Lets `filter` find records of hashed addresses too, by the hashes of those it looks for, where
/// the key is at hand.
void look_for_hidden_too(RecordFilter& filter, const JournalSource& source, Terminal terminal);

/// Tells each decision in turn.
void tell_all(std::vector<Record>& decisions, const JournalSource& source, const Options& options,
              const ExplainOptions& how, Terminal terminal);
void tell_counts(const ReadCounts& counts, Terminal terminal);

/// The decisions on what a text names, as far as they fit `filter`.
int explain_text(const Options& options, const std::string& text, const RecordFilter& filter,
                 Terminal terminal);
/// Those that fit, in a list if there are several.
int explain_search(const Options& options, const RecordFilter& filter, Terminal terminal);
/// A mail that came back.
int explain_mail(const Options& options, std::string_view mail, Terminal terminal);

}  // namespace postern::cli
