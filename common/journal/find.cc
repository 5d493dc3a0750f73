#include "journal/json_writer.h"
#include "journal/reader.h"
#include "model/reference_in_text.h"

#include <algorithm>
#include <set>

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

bool contains(std::string_view line, std::string_view octets) {
  return line.find(octets) != std::string_view::npos;
}

enum class Match : std::uint8_t { take, pass_over, take_and_stop };

// A finder sees the lines of a journal, newest first.
class FinderByReference {
 public:
  explicit FinderByReference(const ByReference& query)
      : reference_(query.reference), member_(json_member("ref", query.reference.text())) {}
  bool may_match(std::string_view line) const { return contains(line, member_); }
  // Repeats of a decision stand behind it, so nothing of interest stands before it.
  Match match(const Record& record) const {
    if (record.transaction.reference != reference_) return Match::pass_over;
    return record.kind == RecordKind::decision ? Match::take_and_stop : Match::take;
  }

 private:
  Reference reference_;
  std::string member_;
};

class FinderByInstance {
 public:
  explicit FinderByInstance(const ByInstance& query)
      : instance_(query.instance), member_(json_member("instance", query.instance)) {}
  bool may_match(std::string_view line) const { return contains(line, member_); }
  Match match(const Record& record) const {
    return record.transaction.instance == instance_ ? Match::take : Match::pass_over;
  }

 private:
  std::string instance_;
  std::string member_;
};

// Refusals before the first accepted recipient carry no queue id in Postfix. A record that has both
// queue id and session tag, a join at the latest, leads from one to the other; going back in time,
// the session's records without queue id belong to the same message until another queue id turns
// up.
class FinderByQueueId {
 public:
  explicit FinderByQueueId(const ByQueueId& query)
      : queue_id_(query.queue_id), member_(json_member("queue_id", query.queue_id)) {}
  bool may_match(std::string_view line) const {
    return contains(line, member_) ||
           std::any_of(sessions_.begin(), sessions_.end(),
                       [&](const std::string& session) {
                         return contains(line, json_member("session", session));
                       }) ||
           std::any_of(instances_.begin(), instances_.end(), [&](const std::string& instance) {
             return contains(line, json_member("instance", instance));
           });
  }
  Match match(const Record& record) {
    const Transaction& transaction = record.transaction;
    if (transaction.queue_id == queue_id_) {
      if (!transaction.session.empty()) sessions_.insert(transaction.session);
      if (!transaction.instance.empty()) instances_.insert(transaction.instance);
      return Match::take;
    }
    // An instance is one message, so whatever else carries it belongs here.
    if (instances_.count(transaction.instance) != 0) return Match::take;
    const auto session = sessions_.find(transaction.session);
    if (session == sessions_.end()) return Match::pass_over;
    if (transaction.queue_id.empty()) return Match::take;
    sessions_.erase(session);
    return Match::pass_over;
  }

 private:
  std::string queue_id_;
  std::string member_;
  std::set<std::string> sessions_;
  std::set<std::string> instances_;
};

template <typename Finder>
Result<FoundRecords> search(const std::string& path, Finder finder, ReadOrder order,
                            std::size_t limit) {
  auto opened = JournalReader::open(path, ReadOrder::newest_first);
  if (!opened) return opened.problems();
  JournalReader& reader = *opened;
  FoundRecords found;
  while (found.records.size() < limit) {
    const auto line = reader.next_line();
    if (!line) break;
    if (!finder.may_match(line->text)) continue;
    auto record = reader.parse(*line);
    if (!record) continue;
    const Match answer = finder.match(*record);
    if (answer != Match::pass_over) found.records.push_back(std::move(*record));
    if (answer == Match::take_and_stop) break;
  }
  if (!reader.read_error().empty()) return plain_problem(reader.read_error());
  found.counts = reader.counts();
  if (order == ReadOrder::oldest_first) {
    std::reverse(found.records.begin(), found.records.end());
  }
  return found;
}

}  // namespace

JournalQuery query_from_text(std::string_view text) {
  const std::string trimmed(text.substr(std::min(text.find_first_not_of(' '), text.size())));
  if (const auto reference = find_reference(trimmed)) return ByReference{*reference};
  if (contains(trimmed, ".")) return ByInstance{trimmed};
  return ByQueueId{trimmed};
}

Result<FoundRecords> find_records(const std::string& path, const JournalQuery& query,
                                  ReadOrder order, std::size_t limit) {
  if (const auto* reference = std::get_if<ByReference>(&query)) {
    return search(path, FinderByReference(*reference), order, limit);
  }
  if (const auto* instance = std::get_if<ByInstance>(&query)) {
    return search(path, FinderByInstance(*instance), order, limit);
  }
  return search(path, FinderByQueueId(std::get<ByQueueId>(query)), order, limit);
}

}  // namespace postern
