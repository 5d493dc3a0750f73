#include "journal/replay.h"

#include "journal/sent_reply.h"
#include "reply/limits.h"
#include "reply/render.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

// A rule asked again after its answer came may ask one more question; a policy that never comes to
// an end would be a bug of evaluate(), and a replay must not hang on it.
constexpr int most_rounds = 1000;

constexpr const char* not_recorded = "not recorded";

std::string text_of(const std::optional<RulePlace>& rule) {
  if (!rule) return "none";
  return '"' + rule->name + "\" (line " + std::to_string(rule->line) + ", " +
         std::string(to_text(rule->stage)) + ')';
}

std::string text_of(const std::optional<QuestionKind>& missing) {
  return missing ? std::string(to_text(*missing)) : "none";
}

std::string text_of(const std::optional<HeldBack>& held_back) {
  if (!held_back) return "none";
  return held_back->rule + ", would " + std::string(to_text(held_back->would)) + ", missing " +
         std::string(to_text(held_back->missing));
}

std::string text_of(const Reason* reason) {
  return reason == nullptr ? "none" : std::string(reason->id);
}

std::string text_of(const std::optional<Reply>& reply) {
  if (!reply) return "none";
  std::string text(to_text(reply->stage()));
  text += ' ' + reply->form().text();
  const ReplyText& parts = reply->text();
  for (const auto* part : {&parts.host, &parts.sentence, &parts.reference, &parts.advice,
                           &parts.quote, &parts.contact, &parts.help}) {
    if (!part->empty()) text += " | " + *part;
  }
  return text;
}

std::string text_of(const std::vector<Effect>& effects) {
  std::string text;
  for (const auto& effect : effects) {
    if (!text.empty()) text += ", ";
    text += describe(effect) + " (" + effect.rule + ')';
  }
  return text.empty() ? "none" : text;
}

std::string text_of(const TrailEntry& entry) {
  std::string text = text_of(std::optional<RulePlace>(entry.rule)) + ": ";
  text += to_text(entry.truth);
  if (entry.note != TrailNote::none) text += ", " + std::string(to_text(entry.note));
  if (entry.mode != RuleMode::enforce) text += ", " + std::string(to_text(entry.mode));
  if (entry.share != 0) text += ", " + std::to_string(entry.share) + '%';
  text += ", " + std::string(to_text(entry.verdict));
  if (!entry.reason.empty()) text += ' ' + entry.reason;
  if (!entry.cause.empty()) text += ", cause " + entry.cause;
  for (const auto& evidence : entry.evidence) text += ", " + evidence.name + '=' + evidence.value;
  for (const auto& effect : entry.effects) text += ", " + effect;
  return text;
}

/// The same policy may be read from another place: a copy, or a path that begins elsewhere.
Decision without_files(Decision decision) {
  if (decision.rule) decision.rule->file.clear();
  for (auto& entry : decision.trail) entry.rule.file.clear();
  return decision;
}

void compare_trails(const std::vector<TrailEntry>& recorded,
                    const std::vector<TrailEntry>& replayed, std::vector<Difference>& found) {
  const std::string missing = "no such entry";
  for (std::size_t i = 0; i < std::max(recorded.size(), replayed.size()); ++i) {
    const TrailEntry* before = i < recorded.size() ? &recorded[i] : nullptr;
    const TrailEntry* after = i < replayed.size() ? &replayed[i] : nullptr;
    if (before != nullptr && after != nullptr && *before == *after) continue;
    found.push_back({"trail, entry " + std::to_string(i + 1),
                     before != nullptr ? text_of(*before) : missing,
                     after != nullptr ? text_of(*after) : missing});
  }
}

}  // namespace

namespace {

/// Answers questions that the record does not; as replay() of the header wants it.
using Answering = std::function<void(const std::vector<Question>&, Facts&)>;

bool is_of_table(const std::pair<const Question, Answer>& fact) {
  return fact.first.kind == QuestionKind::table;
}

/// Those of a record that count: nearly always all of them, and then they are not copied.
class FactsThatCount {
 public:
  FactsThatCount(const Policy& policy, const Record& record, RecordedTables tables)
      : facts_(&record.facts) {
    const auto& all = record.facts.all();
    const bool used = tables == RecordedTables::used || (tables == RecordedTables::of_same_policy &&
                                                         policy.digest() == record.policy_digest);
    // Tables sort first.
    if (used || all.empty() || !is_of_table(*all.begin())) return;
    for (auto at = std::find_if_not(all.begin(), all.end(), is_of_table); at != all.end(); ++at) {
      others_.add(at->first, at->second);
    }
    facts_ = &others_;
  }
  const Facts& operator*() const noexcept { return *facts_; }
  FactsThatCount(const FactsThatCount&) = delete;
  FactsThatCount& operator=(const FactsThatCount&) = delete;

 private:
  Facts others_;
  const Facts* facts_;
};

Decision decide(const Policy& policy, const Record& record, const Facts& known, Detail detail,
                const Answering& answer) {
  // Nearly always they tell all: then they are not copied.
  auto outcome = evaluate(policy, record.transaction, known, detail);
  if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
  Facts facts = known;
  for (int round = 0; round < most_rounds; ++round) {
    answer(std::get<NeedsMore>(outcome).questions, facts);
    outcome = evaluate(policy, record.transaction, facts, detail);
    if (auto* decision = std::get_if<Decision>(&outcome)) return std::move(*decision);
  }
  return {};
}

/// The trail that the record of such a decision has.
void make_trail(Decision& decision, const Policy& policy, const Record& record,
                const Facts& facts) {
  if (decision.trail_state == TrailState::left_out) {
    decision.trail = trail_of(policy, record.transaction, facts, TrailDetail::remarkable);
  }
  decision.trail_state = TrailState::made;
}

}  // namespace

Decision replay(const Policy& policy, const Record& record, std::vector<Question>* missing,
                Detail detail, RecordedTables tables) {
  const FactsThatCount known(policy, record, tables);
  bool complete = true;
  const auto unanswered = [&](const std::vector<Question>& questions, Facts& facts) {
    complete = false;
    for (const auto& question : questions) {
      if (missing != nullptr) missing->push_back(question);
      facts.add(question, Answer::unavailable(not_recorded));
    }
  };
  if (record.detail == RecordDetail::full || detail == Detail::verdict) {
    return decide(policy, record, *known, detail, unanswered);
  }
  // A trail of which most is thrown away is not made.
  auto decision = decide(policy, record, *known, Detail::verdict, unanswered);
  if (complete) {
    make_trail(decision, policy, record, *known);
  } else {
    if (missing != nullptr) missing->clear();
    decision = decide(policy, record, *known, Detail::full, unanswered);
    leave_remarkable(decision.trail);
  }
  return decision;
}

Decision replay(const Policy& policy, const Record& record, Lacking& lacking, const AskNow& ask_now,
                RecordedTables tables) {
  const FactsThatCount known(policy, record, tables);
  return decide(policy, record, *known, Detail::verdict,
                [&](const std::vector<Question>& questions, Facts& facts) {
                  std::vector<Question> free;
                  for (const auto& question : questions) {
                    const bool askable = ask_now && question.cost == QuestionCost::free &&
                                         question.kind != QuestionKind::recipients;
                    if (askable) {
                      free.push_back(question);
                    } else {
                      lacking.missing.push_back(question);
                      facts.add(question, Answer::unavailable(not_recorded));
                    }
                  }
                  if (free.empty()) return;
                  auto answers = ask_now(free);
                  answers.resize(free.size(), Answer::unavailable("no answer"));
                  for (std::size_t i = 0; i < free.size(); ++i) {
                    const bool answered = answers[i].state != Answer::State::unavailable;
                    (answered ? lacking.asked_now : lacking.missing).push_back(free[i]);
                    facts.add(std::move(free[i]), std::move(answers[i]));
                  }
                });
}

bool is_own_trouble(const Decision& decision) noexcept {
  return !decision.rule && decision.reason != nullptr && decision.reason->id == "internal-error";
}

namespace {

/// At least as long as whatever the mail server may put before our text: it names one of these.
std::size_t longest_prefix(const Transaction& transaction) {
  constexpr std::size_t frame = 64;  // "<[]:65535>: Recipient address rejected: ", and then some
  const auto& client = transaction.client;
  const auto address = client.address ? client.address->text().size() : std::size_t{0};
  return frame + address + address +  // a client without a name may be named by its address
         std::max({client.name.value().size(), client.reverse_name.value().size(),
                   transaction.helo.value().size(), transaction.sender.value().text().size() + 2,
                   transaction.recipient.value().text().size() + 2});
}

/// The reply as the client sees it if nothing is put before it, and the codes that it has for sure.
struct Following {
  std::vector<std::string> lines;
  std::string codes;
};

Following following_from(const Record& record) {
  const auto& reply = *record.decision.reply;
  if (record.transaction.door == Door::policy) {
    const auto context = policy_context(record.transaction.policy_context, reply.stage());
    const auto answer = render_for_policy(reply, *record.decision.reason, context, 0);
    return {{answer.expected}, answer.sent.text()};
  }
  auto lines = render_for_milter(reply, 0).expected;
  // libmilter takes one line without an enhanced code.
  if (!reply.enhanced() && lines.size() > 1) {
    lines.resize(1);
    lines.front()[3] = ' ';
  }
  return {std::move(lines), reply.form().text()};
}

std::string as_one(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : "\r\n") + line;
  return text;
}

/// What the mail server was told, as far as it is a reply.
std::string told_for(const SentReply& sent, Door door) {
  const auto reply = as_one(sent.expected);
  if (door == Door::policy) {
    // 450 is what DEFER_IF_PERMIT answers by itself.
    return sent.condition.empty()
               ? "action=" + reply
               : "action=DEFER_IF_PERMIT " + reply.substr(std::min<std::size_t>(4, reply.size()));
  }
  std::string doubled;
  for (const char c : reply) doubled.append(c == '%' ? 2 : 1, c);
  return doubled;
}

}  // namespace

std::vector<Difference> sent_differences(const Record& record) {
  const auto door = record.transaction.door;
  std::vector<Difference> found;
  if (!record.sent || door == Door::library) return found;
  const auto& sent = *record.sent;
  const auto compare = [&found](std::string what, std::string recorded, std::string follows) {
    if (recorded != follows) {
      found.push_back({std::move(what), std::move(recorded), std::move(follows)});
    }
  };
  if (door == Door::policy) {
    compare("sent, stage", std::string(to_text(sent.spoken)),
            std::string(to_text(record.transaction.stage)));
  }
  if (sent.expected.empty()) return found;
  const auto& decision = record.decision;
  const bool refused = decision.verdict == Verdict::reject || decision.verdict == Verdict::defer;
  if (!refused || !decision.reply || decision.reason == nullptr) {
    found.push_back({"sent, reply", as_one(sent.expected), "none"});
    return found;
  }
  compare("sent, answer", sent.answer, told_for(sent, door));
  const auto follows = following_from(record);
  const auto& whole = follows.lines;
  const auto longest = std::max_element(
      whole.begin(), whole.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (longest->size() + longest_prefix(record.transaction) <= longest_line) {
    compare("sent, reply", as_one(sent.expected), as_one(whole));
  } else {
    compare("sent, codes", code_as_sent(record), follows.codes);
  }
  return found;
}

std::vector<Difference> differences(const Decision& first, const Decision& second) {
  std::vector<Difference> found;
  if (first == second) return found;
  const auto recorded = without_files(first);
  const auto replayed = without_files(second);
  if (recorded == replayed) return found;
  const auto compare = [&found](std::string what, std::string before, std::string after) {
    if (before != after) {
      found.push_back({std::move(what), std::move(before), std::move(after)});
    }
  };
  const auto scope = [](const Decision& decision) {
    return decision.scope ? std::string(to_text(*decision.scope)) : std::string("none");
  };
  compare("verdict", std::string(to_text(recorded.verdict)),
          std::string(to_text(replayed.verdict)));
  compare("scope", scope(recorded), scope(replayed));
  compare("rule", text_of(recorded.rule), text_of(replayed.rule));
  compare("reason", text_of(recorded.reason), text_of(replayed.reason));
  compare("reply", text_of(recorded.reply), text_of(replayed.reply));
  compare("softened by", recorded.softened_by, replayed.softened_by);
  compare("softened from", recorded.softened_from, replayed.softened_from);
  compare("missing", text_of(recorded.missing), text_of(replayed.missing));
  compare("held back", text_of(recorded.held_back), text_of(replayed.held_back));
  compare("note", recorded.note, replayed.note);
  compare("effects", text_of(recorded.effects), text_of(replayed.effects));
  compare_trails(recorded.trail, replayed.trail, found);
  // Whatever the texts above do not show must not pass for equality.
  if (found.empty() && recorded != replayed) found.push_back({"decision", "differs", "differs"});
  return found;
}

}  // namespace postern
