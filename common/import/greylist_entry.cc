#include "import/greylist_entry.h"

#include "import/conditions.h"
#include "model/text.h"

namespace postern::importer {

std::optional<GreylistEntry> GreylistEntryReader::read(const Statement& statement, Stage stage,
                                                       std::string& why) {
  at_ = 1;
  if (!done() && tokens_[at_].kind == GreylistToken::Kind::text) ++at_;  // its id
  const auto* action = take();
  GreylistEntry entry;
  entry.statement = statement;
  entry.stage = stage;
  entry.word = action == nullptr ? std::string() : lower(action->value);
  if (entry.word == "continue") {
    why = "an entry that decides nothing has no counterpart";
    return {};
  }
  if (entry.word != "whitelist" && entry.word != "greylist" && entry.word != "blacklist") {
    why = "this is neither whitelist, greylist nor blacklist";
    return {};
  }
  while (!done() && why.empty()) {
    why = clause(entry);
    if (trials_.size() < parts_.size()) trials_.push_back(parts_.back());
  }
  entry.condition = all_of(parts_);
  entry.subject = subject_.value_or(Subject::mixed);
  if (why.empty() && !trials_.empty()) why = condition_fault(all_of(trials_), entry.stage);
  if (why.empty()) return entry;
  return {};
}

void GreylistEntryReader::add(const std::string& part, bool negated, Subject about) {
  parts_.push_back(negated ? negation(part) : part);
  subject_ = !subject_ || *subject_ == about ? about : Subject::mixed;
}

std::string GreylistEntryReader::clause(GreylistEntry& entry) {
  auto word = lower(take()->value);
  const bool negated = word == "not";
  if (negated) {
    const auto* next = take();
    if (next == nullptr) return "nothing stands behind \"not\"";
    word = lower(next->value);
  }
  if (word == "default") return {};
  if (auto why = greylist_why_not(word); !why.empty()) return why;
  if (const auto values = ignored_values(word)) {
    for (unsigned i = 0; i < *values; ++i) take();
    return {};
  }
  if (word == "addheader" || word == "addfooter") {
    return "rules made by the importer do not change messages";
  }
  if (word == "rcptcount") return count(entry, negated);
  if (word == "msgsize") return size(entry, negated);
  const auto* value = take();
  if (value == nullptr) return "nothing stands behind \"" + word + "\"";
  if (word == "code") entry.code = value->value;
  if (word == "ecode") entry.enhanced = value->value;
  if (word == "msg") entry.text = value->value;
  if (word == "code" || word == "ecode" || word == "msg") return {};
  if (word != "list") {
    auto made = greylist_clause(word, *value, entry.stage, reading_);
    if (made.why.empty() && made.partial && negated) {
      return "behind \"not\" it would have to fit all that it did, and this fits addresses without "
             "their angle brackets alone";
    }
    entry.partial = entry.partial || made.partial;
    if (made.why.empty()) add(made.condition, negated, subject_of_kind(word));
    return made.why;
  }
  const auto found = lists_.find(value->value);
  if (found == lists_.end()) return "there is no list \"" + value->value + "\" before it";
  const auto& list = found->second;
  if (!list.why.empty()) return list.why;
  if (list.partial && negated) {
    return "entries of its list \"" + value->value +
           "\" were left out or fit less than they did, and behind \"not\" it would refuse, or let "
           "pass, what they fitted";
  }
  entry.partial = entry.partial || list.partial;
  const auto name = name_of_kind(list.kind, entry.stage);
  trials_.push_back(name + (list.kind == "addr" ? " in [\"192.0.2.1\"]" : " matches \"x\""));
  add(name + " in " + list.table, negated, list.subject);
  return {};
}

std::string GreylistEntryReader::number(std::string& comparison, std::string& value) {
  const auto* op = take();
  const auto* count = take();
  if (op == nullptr || count == nullptr) return "an operator and a number are missing";
  comparison = op->value == "=" ? "==" : op->value;
  value = count->value;
  const bool known = comparison == "==" || comparison == "!=" || comparison == "<" ||
                     comparison == ">" || comparison == "<=" || comparison == ">=";
  return known ? std::string() : "\"" + comparison + "\" is no comparison of numbers";
}

std::string GreylistEntryReader::count(GreylistEntry& entry, bool negated) {
  std::string comparison;
  std::string value;
  if (auto why = number(comparison, value); !why.empty()) return why;
  if (entry.stage < Stage::data) entry.stage = Stage::data;
  add("recipient_count " + comparison + " " + value, negated, Subject::count);
  return {};
}

std::string GreylistEntryReader::size(GreylistEntry& entry, bool negated) {
  std::string comparison;
  std::string value;
  if (auto why = number(comparison, value); !why.empty()) return why;
  entry.stage = Stage::end_of_message;
  if (!value.empty() && (value.back() == 'k' || value.back() == 'K')) {
    value.back() = 'K';
    value += "iB";
  } else if (!value.empty() && value.back() == 'M') {
    value += "iB";
  }
  add("size " + comparison + " " + value, negated, Subject::size);
  return {};
}

}  // namespace postern::importer
