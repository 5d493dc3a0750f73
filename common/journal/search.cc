#include "journal/search.h"

#include "journal/journal_parts.h"
#include "journal/json_writer.h"
#include "journal/line_skim.h"
#include "journal/record_parser.h"
#include "journal/segment_index.h"
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

namespace {

using Time = std::chrono::system_clock::time_point;

/// Clocks that are set, and files whose time was touched on a copy: better to look in vain.
constexpr std::chrono::hours slack{1};

/// What the index of a block must hold for a record in it to fit.
std::vector<std::uint64_t> keys_of(const RecordFilter& filter) {
  std::vector<std::uint64_t> keys;
  if (filter.client && filter.client->prefix() == filter.client->address().bits()) {
    keys.push_back(key_number_of_text(IndexKey::client, filter.client->address().text()));
  }
  const auto add = [&keys](const std::optional<AddressFilter>& wanted, IndexKey whole,
                           IndexKey domain) {
    // Case of a local part does not count, in the index neither.
    if (!wanted || wanted->address.domain().empty()) return;
    keys.push_back(wanted->whole_domain ? key_number_of_text(domain, wanted->address.domain())
                                        : key_number_of_text(whole, wanted->address.text()));
  };
  add(filter.sender, IndexKey::sender, IndexKey::sender_domain);
  add(filter.recipient, IndexKey::recipient, IndexKey::recipient_domain);
  return keys;
}

/// One search, from the newest record on.
class Search {
 public:
  Search(const RecordFilter& filter, std::size_t most)
      : filter_(filter), most_(most), sieve_(filter), keys_(keys_of(filter)) {}

  Result<SearchedJournal> run(const std::string& path) {
    std::size_t files = 0;
    for (auto& part : parts_of(path)) {
      if (done_) break;
      const bool is_active = part.until == Time::max();
      // What has not been made yet, or just been closed, is no trouble.
      if (is_active && !part.opened) continue;
      if (filter_.since && part.until < Time::max() - slack &&
          part.until + slack < *filter_.since) {
        continue;
      }
      ++files;
      if (!is_active) ++found_.older;
      look_into(part);
    }
    if (files == 0) {
      if (const auto opened = JournalReader::open(path, ReadOrder::newest_first); !opened) {
        return opened.problems();
      }
    }
    const bool nothing = found_.records.empty() && files > 0;
    if (nothing && found_.unread.size() == files) return found_.unread;
    return std::move(found_);
  }

 private:
  void look_into(JournalPart& part) {
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
      if (!now) return;
      if (const auto index = SegmentIndex::open(*now)) return look_into(*index, now->file());
    }
    look_into(JournalReader::open(now->file(), ReadOrder::newest_first));
  }

  void look_into(Result<JournalReader> opened) {
    if (!opened) {
      for (auto& problem : opened.problems()) found_.unread.push_back(problem);
      return;
    }
    auto reader = std::move(opened).value();
    while (const auto line = reader.next_line()) {
      const auto answer = sieve_.look(line->text);
      if (answer == Sieve::Answer::stop) done_ = true;
      if (answer == Sieve::Answer::parse) {
        if (auto record = reader.parse(*line)) take(std::move(*record));
      }
      if (done_) break;
    }
    count(reader.counts());
    if (!reader.read_error().empty()) found_.unread.push_back(plain_problem(reader.read_error()));
  }

  void look_into(const SegmentIndex& index, const std::string& file) {
    const auto& blocks = index.blocks();
    for (auto block = blocks.rbegin(); block != blocks.rend() && !done_; ++block) {
      if (filter_.since && block->times.last < index_time(*filter_.since)) continue;
      if (filter_.until && block->times.first >= index_time(*filter_.until)) continue;
      // Where the index is damaged, everything may be anywhere.
      if (index.may_hold_all(*block, keys_) == SegmentIndex::Answer::no) continue;
      const auto lines = index.read_block(*block);
      if (lines) {
        look_into_lines(*lines, file, block->text_offset);
      } else {
        for (const auto& problem : lines.problems()) found_.unread.push_back(problem);
      }
    }
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
      if (sieve_.look(line) != Sieve::Answer::parse) continue;
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
  Sieve sieve_;
  std::vector<std::uint64_t> keys_;
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
