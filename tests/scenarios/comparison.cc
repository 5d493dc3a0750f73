#include "scenarios/comparison.h"

#include "journal/replay.h"
#include "rules/rule.h"
#include "rules/settings.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

namespace postern::scenarios {
namespace {

/// Collects differences of one place.
class Findings {
 public:
  Findings(std::vector<std::string>& all, std::string where)
      : all_(all), where_(std::move(where)) {}
  void add(const std::string& what) { all_.push_back(where_ + ": " + what); }
  void expect(const std::string& what, const std::string& expected, const std::string& found) {
    if (expected != found) add(what + " is \"" + found + "\", not \"" + expected + "\"");
  }

 private:
  std::vector<std::string>& all_;
  std::string where_;
};

std::string form_of(const Decision& decision) {
  return decision.reply ? decision.reply->form().text() : "";
}

/// References differ each time.
std::string without_reference(std::string text) {
  constexpr std::string_view begin = " (ref ";
  const auto at = text.find(begin);
  if (at != std::string::npos) text.erase(at, text.find(')', at) + 1 - at);
  return text;
}

void expect_trail(Findings& findings, const Expected& expected, const Decision& decision) {
  for (const auto& [rule, note] : expected.trail) {
    const auto entry =
        std::find_if(decision.trail.begin(), decision.trail.end(),
                     [&name = rule](const TrailEntry& each) { return each.rule.name == name; });
    if (entry == decision.trail.end()) {
      findings.add("the trail has no rule \"" + rule + "\"");
      continue;
    }
    const auto found =
        entry->note == TrailNote::none ? to_text(entry->truth) : to_text(entry->note);
    findings.expect("the trail's \"" + rule + "\"", note, std::string(found));
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void expect_decision(Findings& findings, const Expected& expected, const Decision& decision) {
  findings.expect("verdict", expected.verdict, std::string(to_text(decision.verdict)));
  findings.expect("scope", expected.scope,
                  decision.scope ? std::string(to_text(*decision.scope)) : "");
  findings.expect("rule", expected.rule, decision.rule ? decision.rule->name : "");
  findings.expect("reason", expected.reason,
                  decision.reason != nullptr ? std::string(decision.reason->id) : "");
  findings.expect("reply", expected.reply, form_of(decision));
  findings.expect("softened by", expected.softened_by, decision.softened_by);
  findings.expect("softened from", expected.softened_from, decision.softened_from);
  if (!expected.text.empty() && (!decision.reply || decision.reply->text().sentence.find(
                                                        expected.text) == std::string::npos)) {
    findings.add("the reply does not say \"" + expected.text + "\"");
  }
  findings.expect("note", expected.note, decision.note);
  std::vector<std::string> effects;
  for (const auto& effect : decision.effects) effects.push_back(describe(effect));
  findings.expect("effects", joined(expected.effects), joined(effects));
  expect_trail(findings, expected, decision);
}

template <typename T>
std::string shown(const Told<T>& told) {
  if (!told.is_told()) return told.is_absent() ? "(none)" : "(not told)";
  if constexpr (std::is_same_v<T, std::string>) {
    return told.value();
  } else if constexpr (std::is_same_v<T, MailAddress>) {
    return "<" + told.value().text() + ">";
  } else if constexpr (std::is_same_v<T, std::vector<AcceptedRecipient>>) {
    std::string text;
    for (const auto& each : told.value()) {
      text += "<" + each.address.text() + ">" + (each.settled ? " settled by " : " ") +
              each.settled_by + ' ';
    }
    return text;
  } else {
    return std::to_string(told.value());
  }
}

/// What both doors must bring into one spelling (semantics 15).
void compare_transactions(Findings& findings, const Transaction& ours, const Transaction& theirs) {
  const auto expect = [&](const char* what, const auto& expected, const auto& found) {
    findings.expect(std::string("transaction, ") + what, shown(expected), shown(found));
  };
  const auto ip = [](const Transaction& transaction) {
    const auto& address = transaction.client.address;
    return address ? address->text() : std::string("(none)");
  };
  findings.expect("transaction, client.ip", ip(ours), ip(theirs));
  findings.expect("transaction, client.port", std::to_string(ours.client.port),
                  std::to_string(theirs.client.port));
  expect("client.name", ours.client.name, theirs.client.name);
  expect("client.reverse_name", ours.client.reverse_name, theirs.client.reverse_name);
  expect("helo", ours.helo, theirs.helo);
  expect("sender", ours.sender, theirs.sender);
  // Postfix has one attribute for both sizes, and at the end of the message it holds the real one.
  if (theirs.door != Door::policy || theirs.stage != Stage::end_of_message) {
    expect("declared_size", ours.declared_size, theirs.declared_size);
  }
  expect("recipient", ours.recipient, theirs.recipient);
  expect("recipients", ours.recipients, theirs.recipients);
  expect("recipient_count", ours.recipient_count, theirs.recipient_count);
  if (ours.stage < Stage::mail) return;
  expect("tls.version", ours.tls.version, theirs.tls.version);
  expect("tls.cipher", ours.tls.cipher, theirs.tls.cipher);
  expect("tls.bits", ours.tls.bits, theirs.tls.bits);
  expect("client.user", ours.authentication.user, theirs.authentication.user);
  expect("client.auth_method", ours.authentication.mechanism, theirs.authentication.mechanism);
}

class DoorComparison {
 public:
  DoorComparison(const Scenario& scenario, const Library& library, Door door,
                 const std::vector<Record>& records)
      : scenario_(scenario), library_(library), door_(door) {
    for (const auto& record : records) {
      if (record.transaction.door == door && record.kind != RecordKind::join) {
        records_.push_back(&record);
      }
    }
  }

  std::vector<std::string> run(const std::vector<Observed>& observed) {
    expect_whole_dialogue(observed);
    for (const auto& seen : observed) compare(seen);
    for (; next_ < records_.size(); ++next_) {
      all_.push_back(std::string(to_text(door_)) + ": a record too many, " +
                     records_[next_]->transaction.reference.text() + " at " +
                     std::string(to_text(records_[next_]->transaction.stage)));
    }
    return std::move(all_);
  }

 private:
  bool at_milter() const { return door_ == Door::milter; }

  /// Every recipient of which the file speaks must have been asked for, unless the door refused the
  /// sender; otherwise a dialogue that breaks off would pass for agreement.
  void expect_whole_dialogue(const std::vector<Observed>& observed) {
    for (const auto& moment : moments_with_expectation(scenario_)) {
      if (moment.stage != Stage::rcpt) continue;
      const bool seen = std::any_of(observed.begin(), observed.end(), [&](const Observed& each) {
        const auto& at = each.moment;
        if (at == moment) return true;
        const bool whole_session =
            at.stage == Stage::connect || (at.stage == Stage::helo && at_milter());
        return each.refused && at.session == moment.session &&
               (whole_session || (at.message == moment.message && at.stage == Stage::mail));
      });
      if (!seen) {
        all_.push_back(std::string(to_text(door_)) + ", " + label(scenario_, moment) +
                       ": was never asked");
      }
    }
  }

  /// Semantics 5: the milter speaks of connect and HELO rules at RCPT unless told otherwise.
  bool is_spoken(const Decision& decision, Stage stage) const {
    if (!decision.reply) return false;
    if (!at_milter() || stage >= Stage::rcpt) return true;
    return decision.rule->stage > Stage::helo ||
           library_.policy().settings().listen.speak == Speak::stage;
  }

  void compare(const Observed& seen) {
    Findings findings(all_, std::string(to_text(door_)) + ", " + label(scenario_, seen.moment));
    const auto decision = library_.decide(seen.moment);
    const auto* expectation = expectation_at(scenario_, seen.moment);
    const Expected* own = nullptr;
    if (expectation != nullptr && expectation->own(at_milter())) {
      own = &*expectation->own(at_milter());
    }

    const bool refused = own != nullptr ? own->verdict == "reject" || own->verdict == "defer"
                                        : is_spoken(decision, seen.moment.stage);
    findings.expect("the answer", refused ? "a refusal" : "no refusal",
                    seen.refused ? "a refusal" : "no refusal");
    compare_changes(findings, seen, expectation);
    if (seen.refused && refused) compare_reply(findings, seen, decision, expectation, own);

    if (seen.refused || is_recorded_pass(seen.moment.stage)) compare_record(findings, seen, own);
  }

  /// What an answer does besides, which must be in the file where there is anything.
  void compare_changes(Findings& findings, const Observed& seen,
                       const Expectation* expectation) const {
    static const Expected nothing;
    const auto& expected = expectation != nullptr ? expectation->everywhere : nothing;
    if (at_milter()) {
      const bool at_end = seen.moment.stage == Stage::end_of_message;
      findings.expect("the changes", at_end ? joined(expected.edits) : "",
                      without_reference(joined(seen.edits)));
    } else if (!seen.refused) {
      const auto action =
          seen.list < expected.actions.size() ? expected.actions[seen.list] : std::string("DUNNO");
      findings.expect("the action", "action=" + action, without_reference(seen.wire));
    }
  }

  void compare_reply(Findings& findings, const Observed& seen, const Decision& decision,
                     const Expectation* expectation, const Expected* own) const {
    auto form = own != nullptr ? own->reply : form_of(decision);
    const auto* stated = own != nullptr           ? own
                         : expectation != nullptr ? &expectation->everywhere
                                                  : nullptr;
    if (!at_milter() && stated != nullptr && !stated->policy_reply.empty()) {
      form = stated->policy_reply;
    }
    findings.expect("the client's reply", form, seen.form);
    if (own == nullptr && decision.reply &&
        seen.first_line.find(decision.reply->text().sentence) == std::string::npos) {
      findings.add("the client reads \"" + seen.first_line + "\", not \"" +
                   decision.reply->text().sentence + "\"");
    }
    if (stated != nullptr && seen.first_line.find(stated->text) == std::string::npos) {
      findings.add("the client reads \"" + seen.first_line + "\", not \"" + stated->text + "\"");
    }
  }

  /// Without one the milter need not be asked about recipients.
  bool has_rule_up_to_rcpt() const {
    const auto& rules = library_.policy().rules();
    return std::any_of(rules.begin(), rules.end(),
                       [](const Rule& rule) { return rule.place.stage <= Stage::rcpt; });
  }

  /// Postfix may ask at DATA alone; the milter always has the end of the message.
  bool is_recorded_pass(Stage stage) const {
    if (stage == Stage::rcpt && at_milter()) return has_rule_up_to_rcpt();
    return stage == Stage::rcpt || stage == Stage::end_of_message ||
           (stage == Stage::data && !at_milter());
  }

  void compare_record(Findings& findings, const Observed& seen, const Expected* own) {
    if (next_ == records_.size()) {
      findings.add("no record was written");
      return;
    }
    Record record = *records_[next_++];
    const auto& transaction = record.transaction;
    findings.expect("the record's stage", std::string(to_text(seen.moment.stage)),
                    std::string(to_text(transaction.stage)));
    findings.expect("the record's answer", seen.wire, record.sent ? record.sent->answer : "");
    if (seen.refused && seen.first_line.find(transaction.reference.text()) == std::string::npos) {
      findings.add("the client cannot read the record's reference " + transaction.reference.text());
    }
    findings.expect("the record's kind", seen.repeat ? "repeat" : "decision",
                    std::string(to_text(record.kind)));
    if (seen.repeat) {
      compare_repeat(findings, record);
      return;
    }
    answered_.emplace_back(question_of(record), transaction.reference);
    expect_facts_of_the_file(findings, record);
    replay_record(findings, record);
    if (record.detail == RecordDetail::compact && !expand(record, library_.policy())) {
      findings.add("the compact record cannot be made whole again");
    }
    if (own != nullptr) {
      Findings in_record(
          all_, std::string(to_text(door_)) + ", " + label(scenario_, seen.moment) + ", record");
      expect_decision(in_record, *own, record.decision);
    } else {
      compare_transactions(findings, library_.transaction(seen.moment), transaction);
      // With the record's reference the library must write the very same reply.
      const auto ours = library_.decide(seen.moment, transaction.reference, record.facts);
      for (const auto& each : differences(ours, record.decision)) {
        findings.expect("the record's " + each.what, each.recorded, each.replayed);
      }
    }
  }

  void expect_facts_of_the_file(Findings& findings, const Record& record) const {
    for (const auto& [question, answer] : record.facts.all()) {
      // What the policy's own tables said is no answer of the file.
      if (question.kind == QuestionKind::table) continue;
      const auto stated = answer_to(scenario_.facts, question);
      findings.expect("the recorded cause of " + question.subject, stated.cause, answer.cause);
      if (stated.state != answer.state || stated.values != answer.values) {
        findings.add("the recorded answer about " + question.subject + " is not the file's");
      }
    }
  }

  static std::string question_of(const Record& record) {
    const auto& transaction = record.transaction;
    return transaction.instance + ' ' + std::string(to_text(transaction.stage)) + ' ' +
           transaction.recipient.value().text();
  }

  void compare_repeat(Findings& findings, const Record& record) const {
    const auto found = std::find_if(answered_.begin(), answered_.end(), [&](const auto& each) {
      return each.first == question_of(record);
    });
    if (found == answered_.end()) {
      findings.add("a repeat of nothing");
      return;
    }
    findings.expect("the repeat's reference", found->second.text(),
                    record.transaction.reference.text());
  }

  void replay_record(Findings& findings, const Record& record) const {
    findings.expect("the record's policy", library_.policy().digest(), record.policy_digest);
    std::vector<Question> missing;
    const auto replayed = replay(library_.policy(), record, &missing);
    for (const auto& question : missing) {
      findings.add("the replay has no answer about " + question.subject);
    }
    for (const auto& each : differences(record.decision, replayed)) {
      findings.expect("the replay's " + each.what, each.recorded, each.replayed);
    }
  }

  const Scenario& scenario_;
  const Library& library_;
  Door door_;
  std::vector<const Record*> records_;
  std::size_t next_ = 0;
  std::vector<std::pair<std::string, Reference>> answered_;  // what a repeat repeats
  std::vector<std::string> all_;
};

}  // namespace

std::vector<std::string> compare_library(const Scenario& scenario, const Library& library) {
  std::vector<std::string> all;
  for (const auto& moment : moments_with_expectation(scenario)) {
    Findings findings(all, "library, " + label(scenario, moment));
    expect_decision(findings, expectation_at(scenario, moment)->everywhere, library.decide(moment));
  }
  return all;
}

std::vector<std::string> compare_door(const Scenario& scenario, const Library& library, Door door,
                                      const std::vector<Observed>& observed,
                                      const std::vector<Record>& records) {
  return DoorComparison(scenario, library, door, records).run(observed);
}

}  // namespace postern::scenarios
