#include "journal/search.h"

#include "journal/journal_parts.h"
#include "journal/json_writer.h"
#include "journal/line_sieve.h"
#include "journal/record_parser.h"
#include "journal/segment_index.h"
#include "model/text.h"

#include <algorithm>
#include <unistd.h>
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

namespace {

using Time = std::chrono::system_clock::time_point;

/// Clocks that are set, and files whose time was touched on a copy: better to look in vain.
constexpr std::chrono::hours slack{1};

/// Lines in a row that are too old before what is older is not looked at: a clock that was wrong
/// for a moment leaves some among younger ones.
constexpr std::size_t old_enough = 1'000;

/// An address as it stands in the line of a record. Among those of one's own domain, of which every
/// line has one, this saves parsing nearly all.
class WholeAddress {
 public:
  explicit WholeAddress(const AddressFilter& filter) {
    append_json_string(end_, '@' + filter.address.domain());
    end_.erase(0, 1);
    locals_.push_back(spelled(filter.address.local()));
    if (!filter.hidden_local.empty()) locals_.push_back(spelled(filter.hidden_local));
  }
  bool stands_in(std::string_view line) const {
    for (auto at = line.find(end_); at != std::string_view::npos; at = line.find(end_, at + 1)) {
      const auto before = line.substr(0, at);
      const bool fits = std::any_of(locals_.begin(), locals_.end(), [&](const std::string& local) {
        return before.size() > local.size() && before[before.size() - local.size() - 1] == '"' &&
               lower(before.substr(before.size() - local.size())) == local;
      });
      if (fits) return true;
    }
    return false;
  }

 private:
  /// As a line has it. Case of a local part does not count.
  static std::string spelled(const std::string& local) {
    std::string text;
    append_json_string(text, local);
    return lower(text.substr(1, text.size() - 2));
  }

  std::vector<std::string> locals_;  ///< it, and what may stand for it
  std::string end_;
};

/// One search, from the newest record on.
class Search {
 public:
  Search(const RecordFilter& filter, std::size_t most)
      : filter_(filter), most_(most), sieve_(filter), keys_(sieve_.keys()) {
    for (const auto* each : {&filter.sender, &filter.recipient}) {
      if (!*each || (*each)->whole_domain || (*each)->address.domain().empty()) continue;
      addresses_.emplace_back(**each);
    }
  }

  Result<SearchedJournal> run(const std::string& path) {
    std::size_t files = 0;
    std::size_t files_read = 0;
    for (auto& part : parts_of(path)) {
      if (done_) break;
      const bool is_active = part.until == Time::max();
      // What has not been made yet, or just been closed, is no trouble.
      if (is_active && !part.opened && ::access(path.c_str(), F_OK) != 0) continue;
      if (filter_.since && part.until < Time::max() - slack &&
          part.until + slack < *filter_.since) {
        continue;
      }
      ++files;
      const bool read = look_into(part);
      if (read) ++files_read;
      if (read && !is_active) ++found_.older;
    }
    if (files == 0) {
      if (const auto opened = JournalReader::open(path, ReadOrder::newest_first); !opened) {
        return opened.problems();
      }
    }
    if (files_read == 0 && !found_.unread.empty()) return found_.unread;
    return std::move(found_);
  }

 private:
  /// Each is false if nothing of the file could be read, or it is gone.
  bool look_into(JournalPart& part) {
    if (!part.segment) {
      auto reader = part.opened ? JournalReader::of(std::move(part.opened), part.path,
                                                    ReadOrder::newest_first)
                                : JournalReader::open(part.path, ReadOrder::newest_first);
      return look_into(std::move(reader));
    }
    // It may be compressed, or lose records, between two looks.
    constexpr int most_looks = 3;
    std::optional<Segment> now;
    for (int i = 0; i < most_looks; ++i) {
      now = as_it_is_now(*part.segment);
      // Deleted when its time was over: as if it had not been listed.
      if (!now) return false;
      if (const auto index = SegmentIndex::open(*now)) {
        look_into(*index, now->file());
        return true;
      }
    }
    return look_into(JournalReader::open(now->file(), ReadOrder::newest_first));
  }

  bool look_into(Result<JournalReader> opened) {
    if (!opened) {
      for (auto& problem : opened.problems()) found_.unread.push_back(problem);
      return false;
    }
    auto reader = std::move(opened).value();
    std::size_t too_old = 0;
    while (const auto line = reader.next_line()) {
      const auto answer = sieve_.look(line->text);
      too_old = answer == LineSieve::Answer::too_old ? too_old + 1 : 0;
      if (answer == LineSieve::Answer::parse && has_addresses(line->text)) {
        if (auto record = reader.parse(*line)) take(std::move(*record));
      }
      if (done_ || too_old == old_enough) break;
    }
    count(reader.counts());
    if (!reader.read_error().empty()) found_.unread.push_back(plain_problem(reader.read_error()));
    return true;
  }

  void look_into(const SegmentIndex& index, const std::string& file) {
    const auto& blocks = index.blocks();
    for (auto block = blocks.rbegin(); block != blocks.rend() && !done_; ++block) {
      if (filter_.since && block->times.last < index_time(*filter_.since)) continue;
      if (filter_.until && block->times.first >= index_time(*filter_.until)) continue;
      // Where the index is damaged, everything may be anywhere.
      if (!may_hold(index, *block)) continue;
      const auto lines = index.read_block(*block);
      if (lines) {
        look_into_lines(*lines, file, block->text_offset);
      } else {
        for (const auto& problem : lines.problems()) found_.unread.push_back(problem);
      }
    }
  }

  bool may_hold(const SegmentIndex& index, const IndexBlock& block) const {
    return std::all_of(keys_.begin(), keys_.end(), [&](const std::vector<std::uint64_t>& any) {
      return index.may_hold_any(block, any) != SegmentIndex::Answer::no;
    });
  }

  /// From the last one on.
  void look_into_lines(std::string_view lines, const std::string& file, std::uint64_t offset) {
    ReadCounts counts;
    auto end = lines.size();
    while (end > 0 && !done_) {
      if (lines[end - 1] == '\n') --end;
      const auto feed = end == 0 ? std::string_view::npos : lines.rfind('\n', end - 1);
      const auto begin = feed == std::string_view::npos ? 0 : feed + 1;
      const auto line = lines.substr(begin, end - begin);
      end = begin;
      if (line.empty()) continue;
      ++counts.lines;
      if (sieve_.look(line) != LineSieve::Answer::parse || !has_addresses(line)) continue;
      auto record = parser_.parse(line);
      if (record) {
        take(std::move(record).value());
        continue;
      }
      ++counts.unreadable;
      counts.first_fault = file + ", octet " + std::to_string(offset + begin) + ": " +
                           record.problems().front().message;
    }
    count(counts);
  }

  bool has_addresses(std::string_view line) const {
    return std::all_of(addresses_.begin(), addresses_.end(),
                       [line](const WholeAddress& address) { return address.stands_in(line); });
  }

  void take(Record&& record) {
    if (!filter_.fits(record)) return;
    if (found_.records.size() == most_) {
      found_.cut = true;
      done_ = true;
      return;
    }
    found_.records.push_back(std::move(record));
  }

  void count(const ReadCounts& more) {
    found_.counts.lines += more.lines;
    found_.counts.unreadable += more.unreadable;
    if (found_.counts.first_fault.empty()) found_.counts.first_fault = more.first_fault;
  }

  const RecordFilter& filter_;
  std::size_t most_;
  LineSieve sieve_;
  std::vector<std::vector<std::uint64_t>> keys_;
  std::vector<WholeAddress> addresses_;
  RecordParser parser_;
  SearchedJournal found_;
  bool done_ = false;
};

}  // namespace

Result<SearchedJournal> search_journal(const std::string& path, const RecordFilter& filter,
                                       std::size_t most) {
  return Search(filter, most).run(path);
}

}  // namespace postern
