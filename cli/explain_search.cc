#include "cli/explain.h"
#include "cli/explain_limits.h"
#include "cli/record_line.h"
#include "journal/address_key.h"
#include "journal/address_mask.h"
#include "model/text.h"
#include "model/time_text.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sysexits.h>
#include <utility>
#include <vector>

namespace postern::cli {
namespace {

template <typename T>
bool read_into(std::optional<T>& place, const std::string& text, std::optional<T> value,
               const char* option, const char* form, Terminal terminal) {
  if (text.empty()) return true;
  if (!value) {
    terminal.err << "postern: " << option << ' ' << clean_for_terminal(text) << ": " << form
                 << '\n';
    return false;
  }
  place = std::move(value);
  return true;
}

}  // namespace

namespace {

/// Somebody's, whose local part may be hidden; nobody hides that of a postmaster.
bool is_of_one(const std::optional<AddressFilter>& filter) {
  return filter && !filter->whole_domain && !filter->address.local().empty() &&
         lower(filter->address.local()) != "postmaster";
}

}  // namespace

void look_for_hidden_too(std::vector<RecordFilter>& filters, const JournalSource& source,
                         Terminal terminal) {
  const auto asked = std::find_if(filters.begin(), filters.end(), [](const RecordFilter& each) {
    return is_of_one(each.sender) || is_of_one(each.recipient);
  });
  if (asked == filters.end()) return;
  if (source.addresses == AddressForm::cut) {
    const auto& one = is_of_one(asked->recipient) ? *asked->recipient : *asked->sender;
    terminal.err
        << "postern: addresses are cut (journal.addresses), so whom a record is about is known by "
           "domain only\n  (--from or --to "
        << clean_for_terminal(one.address.domain()) << ")\n";
  }
  struct stat status {};
  if (::stat(source.address_key.c_str(), &status) != 0) {
    if (source.addresses == AddressForm::hashed) {
      terminal.err << "postern: addresses are hashed, and without their key, which is not at "
                   << clean_for_terminal(source.address_key)
                   << ",\n  nobody is found by an address\n";
    }
    return;
  }
  const auto key = read_address_key(source.address_key);
  if (!key) {
    terminal.err << render(key.problems());
    return;
  }
  const auto mask = AddressMask::hashed(*key);
  for (auto& filter : filters) {
    for (auto* each : {&filter.sender, &filter.recipient}) {
      if (*each) (*each)->hidden_local = mask.local((*each)->address.local());
    }
  }
}

std::optional<RecordFilter> filter_of(const ExplainRequest& request, Terminal terminal) {
  constexpr const char* time_form =
      "a time is a length such as 2d, 36h or 90m before now, a day, or as in 2026-11-21T14:00:00Z; "
      "without a zone it is UTC";
  constexpr const char* address_form =
      "an address is as in bob@example.org, a domain as in example.org";
  const auto now = std::chrono::system_clock::now();
  RecordFilter filter;
  const bool fits =
      read_into(filter.client, request.client, Network::parse(request.client), "--client",
                "an address or network is as in 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32",
                terminal) &&
      read_into(filter.sender, request.sender, AddressFilter::parse(request.sender), "--from",
                address_form, terminal) &&
      read_into(filter.recipient, request.recipient, AddressFilter::parse(request.recipient),
                "--to", address_form, terminal) &&
      read_into(filter.since, request.since, past_time_from_text(request.since, now), "--since",
                time_form, terminal) &&
      read_into(filter.until, request.until, past_time_from_text(request.until, now), "--until",
                time_form, terminal);
  if (!fits) return std::nullopt;
  if (filter.since && filter.until && *filter.since >= *filter.until) {
    terminal.err << "postern: there is no time between --since "
                 << clean_for_terminal(request.since) << " (" << utc_text(*filter.since)
                 << ") and --until " << clean_for_terminal(request.until) << " ("
                 << utc_text(*filter.until) << ")\n";
    return std::nullopt;
  }
  if (filter.since && *filter.since > now) {
    terminal.err << "postern: --since " << clean_for_terminal(request.since)
                 << " is in the future; without a zone a time is UTC, and now it is "
                 << utc_text(now) << '\n';
  }
  return filter;
}

namespace {

/// What fits one of the filters, the newest first.
Result<SearchedJournal> search_any(const std::string& journal,
                                   const std::vector<RecordFilter>& filters, std::size_t most) {
  SearchedJournal all;
  std::set<std::string> unread;
  std::set<std::string> known;
  for (const auto& filter : filters) {
    auto searched = search_journal(journal, filter, most);
    if (!searched) return searched.problems();
    all.older = std::max(all.older, searched->older);
    all.cut = all.cut || searched->cut;
    // They have read the same lines.
    if (searched->counts.lines > all.counts.lines) all.counts = searched->counts;
    for (auto& problem : searched->unread) {
      if (unread.insert(problem.message).second) all.unread.push_back(std::move(problem));
    }
    for (auto& record : searched->records) {
      if (filters.size() > 1 && !known.insert(to_json(record)).second) continue;
      all.records.push_back(std::move(record));
    }
  }
  std::stable_sort(all.records.begin(), all.records.end(), [&](const Record& a, const Record& b) {
    return filters.size() > 1 && a.transaction.time > b.transaction.time;
  });
  if (all.records.size() > most) {
    all.records.erase(all.records.begin() + static_cast<std::ptrdiff_t>(most), all.records.end());
    all.cut = true;
  }
  return all;
}

}  // namespace

int explain_search(const Options& options, std::vector<RecordFilter> wanted, Terminal terminal) {
  const auto source = journal_source(options, terminal);
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  look_for_hidden_too(wanted, source, terminal);
  auto searched = search_any(source.journal, wanted, options.explain.most);
  if (!searched) {
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  terminal.err << render(searched->unread);
  auto& records = searched->records;
  const auto how = explain_options(options, terminal);
  // The help desk has to find the right one first; who asks for more gets it of each.
  const bool lists =
      records.size() > 1 && how.format == ExplainFormat::text && how.voice == Voice::help_desk;
  if (lists) {
    for (const auto& record : records) terminal.out << record_line(record, how.paint) << '\n';
  } else {
    tell_all(records, source, options, how, terminal);
  }
  tell_counts(searched->counts, terminal);
  if (searched->cut && options.explain.most < most_explained) {
    terminal.err << "postern: there are more; -n shows more than the newest "
                 << options.explain.most << '\n';
  } else if (searched->cut) {
    terminal.err << "postern: there are more than the newest " << most_explained
                 << ", which is the most that is shown; --since, --until, --client, --from and "
                    "--to narrow it down, and \"postern log\" shows all\n";
  }
  if (!records.empty()) return EX_OK;
  terminal.err << "postern: no decision in " << looked_into(source, searched->older) << " fits\n";
  return nothing_found(searched->unread, terminal);
}

}  // namespace postern::cli
