#include "journal/search.h"

#include "journal/journal_walk.h"
#include "journal/line_sieve.h"
#include "model/text.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

bool same_local(const std::string& a, const std::string& b) { return lower(a) == lower(b); }

}  // namespace

std::optional<AddressFilter> AddressFilter::parse(std::string_view text) {
  AddressFilter filter;
  if (text == "<>") return filter;
  if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
  const auto at = text.rfind('@');
  if (at == std::string_view::npos && text.find('.') == std::string_view::npos) {
    filter.address = MailAddress::from_envelope(text);  // "postmaster"
    return filter;
  }
  if (at == std::string_view::npos || at == 0) {
    filter.whole_domain = true;
    filter.address = MailAddress::from_envelope(
        "x@" + std::string(text.substr(at == std::string_view::npos ? 0 : 1)));
    if (filter.address.domain().empty()) return std::nullopt;
    return filter;
  }
  filter.address = MailAddress::from_envelope(text);
  return filter;
}

bool AddressFilter::fits(const MailAddress& other) const {
  if (address.domain() != other.domain()) return false;
  return whole_domain || same_local(address.local(), other.local());
}

bool RecordFilter::empty() const noexcept {
  return !client && !sender && !recipient && !since && !until;
}

bool RecordFilter::fits(const Record& record) const {
  const Transaction& transaction = record.transaction;
  if (record.kind != RecordKind::decision) return false;
  if (since && transaction.time < *since) return false;
  if (until && transaction.time >= *until) return false;
  if (client && (!transaction.client.address || !client->contains(*transaction.client.address))) {
    return false;
  }
  if (sender && (!transaction.sender.is_told() || !sender->fits(transaction.sender.value()))) {
    return false;
  }
  if (!recipient) return true;
  if (transaction.recipient.is_told() && recipient->fits(transaction.recipient.value())) {
    return true;
  }
  const auto& recipients = transaction.recipients.value();
  return std::any_of(recipients.begin(), recipients.end(), [this](const AcceptedRecipient& each) {
    return recipient->fits(each.address);
  });
}

Result<SearchedJournal> search_journal(const std::string& path, const RecordFilter& filter,
                                       std::size_t most) {
  const LineSieve sieve(filter);
  JournalWalk walk(path, ReadOrder::newest_first, {filter.since, filter.until});
  SearchedJournal found;
  while (const auto line = walk.next_line()) {
    const auto answer = sieve.look(line->text);
    if (answer == LineSieve::Answer::too_old) break;
    if (answer == LineSieve::Answer::pass_over) continue;
    auto record = walk.parse(*line);
    if (!record || !filter.fits(*record)) continue;
    if (found.records.size() == most) {
      found.cut = true;
      break;
    }
    found.records.push_back(std::move(*record));
  }
  found.counts = walk.counts();
  found.unread = walk.unread();
  if (walk.files() == 0) {
    if (const auto opened = JournalReader::open(path, ReadOrder::newest_first); !opened) {
      return opened.problems();
    }
    return found;
  }
  found.older = std::min(walk.files_done() + 1, walk.files()) - 1;
  if (found.records.empty() && found.unread.size() == walk.files()) return found.unread;
  return found;
}

}  // namespace postern
