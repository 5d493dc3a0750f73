#include "journal/search.h"

#include "journal/journal_walk.h"
#include "journal/json_writer.h"
#include "journal/timestamp.h"
#include "model/text.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Records are written when their answer is out, so those of a long decision stand behind younger
/// ones. Ours: longer than any deadline (postern.toml: limits.deadline, at most minutes).
constexpr std::chrono::minutes disorder{10};

std::string json_member(std::string_view name, std::string_view value) {
  std::string text;
  append_json_string(text, name);
  text += ':';
  append_json_string(text, value);
  return text;
}

/// Octets that the line of a record that fits must hold: a line that is not parsed costs a
/// hundredth of one that is.
class Sieve {
 public:
  explicit Sieve(const RecordFilter& filter) {
    wanted_.push_back(json_member("kind", to_text(RecordKind::decision)));
    if (filter.client && filter.client->prefix() == filter.client->address().bits()) {
      wanted_.push_back(json_member("address", filter.client->address().text()));
    }
    for (const auto* each : {&filter.sender, &filter.recipient}) {
      if (!*each || (*each)->address.domain().empty()) continue;
      // Addresses stand as one text: "bob@example.org".
      std::string end;
      append_json_string(end, '@' + (*each)->address.domain());
      wanted_.push_back(end.substr(1));
    }
    if (filter.since) oldest_ = timestamp(*filter.since - disorder);
    if (filter.until) newest_ = timestamp(*filter.until);
  }

  enum class Answer : std::uint8_t { parse, pass_over, stop };
  Answer look(std::string_view line) const {
    if (!oldest_.empty() || !newest_.empty()) {
      constexpr std::string_view before_time = "\"time\":\"";
      // Timestamps of one form sort as texts.
      const auto at = line.find(before_time);
      if (at != std::string_view::npos) {
        const auto time = line.substr(at + before_time.size());
        if (!oldest_.empty() && time.substr(0, oldest_.size()) < oldest_) return Answer::stop;
        if (!newest_.empty() && time.substr(0, newest_.size()) >= newest_) return Answer::pass_over;
      }
    }
    for (const auto& octets : wanted_) {
      if (line.find(octets) == std::string_view::npos) return Answer::pass_over;
    }
    return Answer::parse;
  }

 private:
  std::vector<std::string> wanted_;
  std::string oldest_;
  std::string newest_;
};

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
  return whole_domain || same_local(address.local(), other.local()) ||
         (!hidden_local.empty() && hidden_local == other.local());
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
  const Sieve sieve(filter);
  JournalWalk walk(path, ReadOrder::newest_first, {filter.since, filter.until});
  SearchedJournal found;
  while (const auto line = walk.next_line()) {
    const auto answer = sieve.look(line->text);
    if (answer == Sieve::Answer::stop) break;
    if (answer == Sieve::Answer::pass_over) continue;
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
