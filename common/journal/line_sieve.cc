#include "journal/line_sieve.h"

#include "journal/json_writer.h"
#include "journal/timestamp.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postern {
namespace {

/// Records are written when their answer is out, so those of a long decision stand behind younger
/// ones. Ours: longer than any deadline (postern.toml: limits.deadline, at most minutes).
constexpr std::chrono::minutes disorder{10};

}  // namespace

std::string json_member_text(std::string_view name, std::string_view value) {
  std::string text;
  append_json_string(text, name);
  text += ':';
  append_json_string(text, value);
  return text;
}

LineSieve::LineSieve(const RecordFilter& filter, std::vector<LineClue> more)
    : clues_(std::move(more)) {
  clues_.push_back({{json_member_text("kind", to_text(RecordKind::decision))}});
  if (filter.client && filter.client->prefix() == filter.client->address().bits()) {
    const auto address = filter.client->address().text();
    clues_.push_back(
        {{json_member_text("address", address)}, {key_number_of_text(IndexKey::client, address)}});
  }
  if (filter.sender) add(*filter.sender, IndexKey::sender, IndexKey::sender_domain);
  if (filter.recipient) add(*filter.recipient, IndexKey::recipient, IndexKey::recipient_domain);
  if (filter.since) oldest_ = timestamp(*filter.since - disorder);
  if (filter.until) newest_ = timestamp(*filter.until);
}

void LineSieve::add(const AddressFilter& filter, IndexKey whole, IndexKey domain_alone) {
  const auto& domain = filter.address.domain();
  if (domain.empty()) return;
  // Addresses stand as one text: "bob@example.org".
  std::string end;
  append_json_string(end, '@' + domain);
  LineClue clue{{end.substr(1)}};
  clue.keys.push_back(filter.whole_domain ? key_number_of_text(domain_alone, domain)
                                          : key_number_of_text(whole, filter.address.text()));
  if (!filter.whole_domain && !filter.hidden_local.empty()) {
    clue.keys.push_back(key_number_of_text(whole, filter.hidden_local + '@' + domain));
  }
  clues_.push_back(std::move(clue));
}

std::vector<std::vector<std::uint64_t>> LineSieve::keys() const {
  std::vector<std::vector<std::uint64_t>> keys;
  for (const auto& clue : clues_) {
    if (!clue.keys.empty()) keys.push_back(clue.keys);
  }
  return keys;
}

LineSieve::Answer LineSieve::look(std::string_view line) const {
  if (!oldest_.empty() || !newest_.empty()) {
    constexpr std::string_view before_time = "\"time\":\"";
    // Timestamps of one form sort as texts.
    const auto at = line.find(before_time);
    if (at != std::string_view::npos) {
      const auto time = line.substr(at + before_time.size());
      if (!oldest_.empty() && time.substr(0, oldest_.size()) < oldest_) return Answer::too_old;
      if (!newest_.empty() && time.substr(0, newest_.size()) >= newest_) return Answer::pass_over;
    }
  }
  for (const auto& [octets, keys] : clues_) {
    if (std::none_of(octets.begin(), octets.end(), [line](const std::string& each) {
          return line.find(each) != std::string_view::npos;
        })) {
      return Answer::pass_over;
    }
  }
  return Answer::parse;
}

}  // namespace postern
