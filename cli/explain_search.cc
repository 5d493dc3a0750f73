#include "cli/explain.h"
#include "cli/record_line.h"
#include "journal/address_key.h"
#include "journal/address_mask.h"
#include "model/text.h"
#include "model/time_text.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <sys/stat.h>
#include <sysexits.h>

namespace postern::cli {
namespace {

/// "2026-11-21 12:55:39  XXXX-XXXX-XXXX  refused 550 5.1.1  192.0.2.7  <a@b> to <c@d>  (reason)".
std::string list_line(const Record& record) {
  const auto& transaction = record.transaction;
  auto line = moment_text(transaction);
  const auto column = [&line](std::size_t begins) {
    line.resize(std::max(line.size() + 2, begins), ' ');
  };
  column(21);
  line += transaction.reference.empty() ? std::string() : transaction.reference.text();
  column(37);
  line += verdict_text(record);
  column(57);
  line += transaction.client.address ? transaction.client.address->text() : std::string("local");
  column(74);
  line += '<' + transaction.sender.value().text() + "> to " + recipients_text(transaction);
  if (record.decision.reason != nullptr) {
    line += "  (" + std::string(record.decision.reason->id) + ')';
  }
  return clean_for_terminal(line);
}

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

void look_for_hidden_too(RecordFilter& filter, const JournalSource& source, Terminal terminal) {
  struct stat status {};
  if ((!filter.sender && !filter.recipient) || ::stat(source.address_key.c_str(), &status) != 0) {
    return;
  }
  const auto key = read_address_key(source.address_key);
  if (!key) {
    terminal.err << render(key.problems());
    return;
  }
  const auto mask = AddressMask::hashed(*key);
  for (auto* each : {&filter.sender, &filter.recipient}) {
    if (*each) (*each)->hidden_local = mask.local((*each)->address.local());
  }
}

std::optional<RecordFilter> filter_of(const ExplainRequest& request, Terminal terminal) {
  constexpr const char* time_form =
      "a time is a length such as 2d, 36h or 90m before now, a day, or as in 2026-11-21T14:00:00Z";
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
  return fits ? std::optional(filter) : std::nullopt;
}

int explain_search(const Options& options, const RecordFilter& wanted, Terminal terminal) {
  const auto source = journal_source(options, terminal);
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  auto filter = wanted;
  look_for_hidden_too(filter, source, terminal);
  auto searched = search_journal(source.journal, filter, options.explain.most);
  if (!searched) {
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  terminal.err << render(searched->unread);
  auto& records = searched->records;
  const auto how = explain_options(options, terminal);
  if (records.size() == 1 || how.format == ExplainFormat::json || how.voice == Voice::sender) {
    tell_all(records, source, options, how, terminal);
  } else {
    for (const auto& record : records) terminal.out << list_line(record) << '\n';
  }
  tell_counts(searched->counts, terminal);
  if (searched->cut) {
    terminal.err << "postern: there are more; -n shows more than the newest "
                 << options.explain.most << '\n';
  }
  if (!records.empty()) return EX_OK;
  terminal.err << "postern: no decision in " << source.journal;
  if (searched->older > 0) {
    terminal.err << " and " << searched->older << " older "
                 << (searched->older == 1 ? "file" : "files");
  }
  terminal.err << " fits\n";
  return EX_DATAERR;
}

}  // namespace postern::cli
