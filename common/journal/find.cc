#include "journal/find.h"

#include "journal/json_writer.h"
#include "journal/line_skim.h"
#include "model/reference_in_text.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace postern {
namespace {

// Looking for octets is a hundred times faster than parsing; a line that merely mentions them
// elsewhere is parsed in vain and nothing worse.
std::string json_member(std::string_view name, std::string_view value) {
  std::string text;
  append_json_string(text, name);
  text += ':';
  append_json_string(text, value);
  return text;
}

// memmem() skips over what cannot match; std::string_view::find() stops at every quote.
bool contains(std::string_view line, std::string_view octets) {
  return ::memmem(line.data(), line.size(), octets.data(), octets.size()) != nullptr;
}

enum class Match : std::uint8_t { take, pass_over, take_and_stop };

// Lines before a decision in which another one of the same reference may stand: a reference has its
// time in it, and a server that does more than this in a moment does not exist.
constexpr std::size_t further_lines = 20'000;

}  // namespace

/// Sees the lines of a journal, newest first.
class RecordFinder::Query {
 public:
  virtual ~Query() = default;
  virtual bool may_match(std::string_view line) const = 0;
  virtual Match match(const Record& record) = 0;
  virtual std::vector<std::uint64_t> keys() const = 0;
};

namespace {

class QueryByReference : public RecordFinder::Query {
 public:
  explicit QueryByReference(const ByReference& query)
      : reference_(query.reference), member_(json_member("ref", query.reference.text())) {}
  bool may_match(std::string_view line) const override { return contains(line, member_); }
  // Repeats of a decision stand behind it, so nothing of it stands before it.
  Match match(const Record& record) override {
    if (record.transaction.reference != reference_) return Match::pass_over;
    return record.kind == RecordKind::decision ? Match::take_and_stop : Match::take;
  }
  std::vector<std::uint64_t> keys() const override {
    return {key_number_of_text(IndexKey::reference, reference_.text())};
  }

 private:
  Reference reference_;
  std::string member_;
};

class QueryByInstance : public RecordFinder::Query {
 public:
  explicit QueryByInstance(const ByInstance& query)
      : instance_(query.instance), member_(json_member("instance", query.instance)) {}
  bool may_match(std::string_view line) const override { return contains(line, member_); }
  Match match(const Record& record) override {
    return record.transaction.instance == instance_ ? Match::take : Match::pass_over;
  }
  std::vector<std::uint64_t> keys() const override {
    return {key_number_of_text(IndexKey::instance, instance_)};
  }

 private:
  std::string instance_;
  std::string member_;
};

// Refusals before the first accepted recipient carry no queue id in Postfix. A record that has both
// queue id and session tag, a join at the latest, leads from one to the other; going back in time,
// the session's records without queue id belong to the same message until another queue id or
// another sender turns up.
class QueryByQueueId : public RecordFinder::Query {
 public:
  explicit QueryByQueueId(const ByQueueId& query)
      : queue_id_(query.queue_id), member_(json_member("queue_id", query.queue_id)) {}
  bool may_match(std::string_view line) const override {
    return contains(line, member_) ||
           std::any_of(senders_.begin(), senders_.end(),
                       [&](const auto& session) {
                         return contains(line, json_member("session", session.first));
                       }) ||
           std::any_of(instances_.begin(), instances_.end(), [&](const std::string& instance) {
             return contains(line, json_member("instance", instance));
           });
  }
  Match match(const Record& record) override {
    const Transaction& transaction = record.transaction;
    if (transaction.queue_id == queue_id_) {
      if (!transaction.session.empty()) senders_[transaction.session] = transaction.sender;
      if (!transaction.instance.empty()) instances_.insert(transaction.instance);
      return Match::take;
    }
    // An instance is one message, so whatever else carries it belongs here.
    if (instances_.contains(transaction.instance)) return Match::take;
    const auto session = senders_.find(transaction.session);
    if (session == senders_.end()) return Match::pass_over;
    const auto& sender = session->second;
    const bool same_sender = !transaction.sender.is_told() || !sender.is_told() ||
                             transaction.sender.value() == sender.value();
    if (transaction.queue_id.empty() && same_sender) return Match::take;
    senders_.erase(session);
    return Match::pass_over;
  }
  std::vector<std::uint64_t> keys() const override {
    std::vector<std::uint64_t> all{key_number_of_text(IndexKey::queue_id, queue_id_)};
    for (const auto& [session, sender] : senders_) {
      all.push_back(key_number_of_text(IndexKey::session, session));
    }
    for (const auto& instance : instances_) {
      all.push_back(key_number_of_text(IndexKey::instance, instance));
    }
    return all;
  }

 private:
  std::string queue_id_;
  std::string member_;
  std::map<std::string, Told<MailAddress>> senders_;  // of the sessions that had the message
  std::set<std::string> instances_;
};

std::unique_ptr<RecordFinder::Query> made(const JournalQuery& query) {
  if (const auto* reference = std::get_if<ByReference>(&query)) {
    return std::make_unique<QueryByReference>(*reference);
  }
  if (const auto* instance = std::get_if<ByInstance>(&query)) {
    return std::make_unique<QueryByInstance>(*instance);
  }
  return std::make_unique<QueryByQueueId>(std::get<ByQueueId>(query));
}

void add(ReadCounts& sum, const ReadCounts& more) {
  sum.lines += more.lines;
  sum.unreadable += more.unreadable;
  if (sum.first_fault.empty()) sum.first_fault = more.first_fault;
}

}  // namespace

RecordFinder::RecordFinder(const JournalQuery& query, std::size_t limit)
    : query_(made(query)), limit_(limit) {}
RecordFinder::~RecordFinder() = default;
RecordFinder::RecordFinder(RecordFinder&&) noexcept = default;
RecordFinder& RecordFinder::operator=(RecordFinder&&) noexcept = default;

Problems RecordFinder::search(const std::string& path) {
  auto opened = JournalReader::open(path, ReadOrder::newest_first);
  if (!opened) return opened.problems();
  return search(*opened);
}

Problems RecordFinder::search(JournalReader& reader) {
  while (goes_on()) {
    const auto line = reader.next_line();
    if (!line) break;
    if (!query_->may_match(line->text)) continue;
    if (auto record = reader.parse(*line)) consider(std::move(*record));
  }
  add(found_.counts, reader.counts());
  if (!reader.read_error().empty()) return {plain_problem(reader.read_error())};
  return {};
}

void RecordFinder::search_lines(std::string_view lines, const std::string& path,
                                std::uint64_t offset) {
  ReadCounts counts;
  while (!lines.empty() && goes_on()) {
    if (lines.back() == '\n') lines.remove_suffix(1);
    const auto feed = lines.rfind('\n');
    const auto start = feed == std::string_view::npos ? 0 : feed + 1;
    const auto line = lines.substr(start);
    lines = lines.substr(0, start);
    if (line.empty()) continue;
    ++counts.lines;
    if (!query_->may_match(line)) continue;
    if (auto record = record_from_json(line)) {
      consider(std::move(*record));
    } else {
      ++counts.unreadable;
      counts.first_fault = path + ", octet " + std::to_string(offset + start) + ": " +
                           record.problems().front().message;
    }
  }
  add(found_.counts, counts);
}

void RecordFinder::consider(Record&& record) {
  const Match answer = query_->match(record);
  if (answer != Match::pass_over) found_.records.push_back(std::move(record));
  if (answer != Match::take_and_stop) return;
  if (!whole_) further_ = further_lines;
  whole_ = true;
}

/// Whether there is to be another line.
bool RecordFinder::goes_on() {
  if (progress() == Progress::all) return false;
  if (whole_) --further_;
  return true;
}

std::vector<std::uint64_t> RecordFinder::keys() const { return query_->keys(); }

RecordFinder::Progress RecordFinder::progress() const noexcept {
  if ((whole_ && further_ == 0) || found_.records.size() >= limit_) return Progress::all;
  return found_.records.empty() ? Progress::nothing : Progress::some;
}

FoundRecords RecordFinder::take(ReadOrder order) {
  if (order == ReadOrder::oldest_first) std::reverse(found_.records.begin(), found_.records.end());
  return std::exchange(found_, {});
}

JournalQuery query_from_text(std::string_view text) {
  const std::string trimmed(text.substr(std::min(text.find_first_not_of(' '), text.size())));
  if (const auto reference = find_reference(trimmed)) return ByReference{*reference};
  if (contains(trimmed, ".")) return ByInstance{trimmed};
  return ByQueueId{trimmed};
}

Result<FoundRecords> find_records(const std::string& path, const JournalQuery& query,
                                  ReadOrder order, std::size_t limit) {
  RecordFinder finder(query, limit);
  if (auto problems = finder.search(path); !problems.empty()) return problems;
  return finder.take(order);
}

}  // namespace postern
