#include "rules/walk.h"

#include "rules/check_weights.h"
#include "rules/check_words.h"
#include "rules/effects.h"
#include "rules/map_values.h"
#include "rules/refusal.h"
#include "rules/situation.h"
#include "rules/softening.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace postern::walk {
namespace {

/// Those that are not there yet.
void add(std::vector<Question>& all, std::vector<Question>&& more) {
  for (auto& question : more) {
    if (std::find(all.begin(), all.end(), question) == all.end()) {
      all.push_back(std::move(question));
    }
  }
}

/// Where the walk ends.
struct Course {
  enum class End {
    exhausted,           ///< no rule decided
    decided,             ///< the rule at `at` did
    missing_fact,        ///< the rule at `at` defers because a fact of it is unavailable
    recipients_settled,  ///< every recipient was accepted for good; the rule at `at` and all later
                         ///< ones are not asked (semantics 2)
    open,                ///< the rule at `at` waits for answers
  };
  End end = End::exhausted;
  std::size_t at = 0;       ///< number of rules up to this stage, if exhausted
  bool remarkable = false;  ///< a rule was asked and did not say no, or might have in shadow
  Softeners softeners;
  Suspect suspect;                 ///< at RCPT: about the recipient, for later stages
  std::vector<const Rule*> acted;  ///< said yes, and have effects
};

class Walk {
 public:
  Walk(const RuleList& list, const Situation& situation)
      : rules_(list.rules), index_(list.index), situation_(situation) {}

  Course course() {
    Course course;
    settled_stage_.reset();
    const auto end = reached_end();
    auto finds = this->finds();
    for (course.at = std::min(finds.next(0), end); course.at < end;
         course.at = std::min(finds.next(course.at + 1), end)) {
      course.end = ask(course);
      if (course.end != Course::End::exhausted) break;
    }
    return course;
  }

  /// What an open walk asks: the first open rule everything it is ready for, later rules what is
  /// free.
  std::vector<Question> questions(const Course& course) {
    auto questions = situation_.outcome(rules_[course.at]).questions;
    for (const auto* rule : course.acted) add(questions, fields(*rule));
    for (auto at = course.at + 1; at < rules_.size() && situation_.reached(rules_[at]); ++at) {
      const auto& rule = rules_[at];
      if (standing(rule) != TrailNote::none || situation_.watches(rule) || !situation_.acts(rule)) {
        continue;
      }
      auto outcome = situation_.outcome(rule);
      add(questions, std::move(outcome.free_questions));
      if (ends_here(rule, outcome.truth)) break;
    }
    return questions;
  }

  std::vector<Question> shadow_questions(const Course& course) {
    std::vector<Question> questions;
    if (course.end == Course::End::open) return questions;
    settled_stage_.reset();
    // One rule's costly answer may settle an earlier rule before that has asked its own, so they
    // wait for each other; otherwise what is counted would depend on the order of answers.
    bool open = false;
    for (std::size_t at = 0; at < course.at; ++at) {
      const auto& rule = rules_[at];
      if (standing(rule) != TrailNote::none) continue;
      if (situation_.watches(rule) || only_adds(rule)) {
        auto outcome = situation_.outcome(rule);
        add(questions, std::move(open ? outcome.free_questions : outcome.questions));
        open = open || outcome.truth == Truth::unknown;
        if (outcome.truth == Truth::yes) add(questions, besides(rule));
      } else if (situation_.settles_stage(rule)) {
        ends_here(rule, situation_.truth(rule));
      }
    }
    return questions;
  }

  std::vector<Question> questions_ahead() {
    std::vector<Question> questions;
    settled_stage_.reset();
    for (const auto& rule : rules_) {
      if (situation_.all_settled() && rule.place.stage >= Stage::data) break;
      if (situation_.reached(rule) && standing(rule) != TrailNote::none) continue;
      const bool enforced = !situation_.watches(rule);
      const bool acting = enforced && situation_.acts(rule);
      if (enforced && !acting) continue;
      auto outcome = situation_.outcome(rule);
      add(questions, std::move(outcome.free_questions));
      if (outcome.truth != Truth::no) add(questions, besides(rule));
      if (acting && ends_here(rule, outcome.truth)) break;
    }
    return questions;
  }

  std::vector<Question> questions_to_come(const std::vector<std::size_t>& asking) {
    const auto course = this->course();
    if (course.end == Course::End::decided) {
      const auto& rule = rules_[course.at];
      if (rule.verdict != Verdict::accept || scope_of(rule) != AcceptScope::stage) return {};
    }
    std::vector<Question> questions;
    settled_stage_.reset();
    auto finds = this->finds();
    auto before = finds.next(reached_end());
    for (const auto at : asking) {
      bool ended = false;
      for (; before < at && !ended; before = finds.next(before + 1)) {
        ended = is_certain(rules_[before]) && ends_here(rules_[before], Truth::yes);
      }
      if (ended) break;
      const auto& rule = rules_[at];
      if (situation_.is_off(rule) || !situation_.acts(rule)) continue;
      if (settled_stage_ == rule.place.stage) continue;
      auto outcome = situation_.outcome(rule);
      std::erase_if(outcome.free_questions,
                    [](const Question& question) { return !is_dns(question.kind); });
      add(questions, std::move(outcome.free_questions));
      if (outcome.truth == Truth::no) continue;
      add(questions, fields(rule));
      for (const auto& check : checks_of(rule.scores)) {
        add(questions, check->evaluate(situation_.transaction(), situation_.facts()).questions);
      }
    }
    return questions;
  }

  /// What header fields of the rules that acted still wait for.
  std::vector<Question> field_questions(const Course& course) const {
    std::vector<Question> questions;
    for (const auto* rule : course.acted) add(questions, fields(*rule));
    return questions;
  }

  std::vector<TrailEntry> trail(const Course& course, TrailDetail detail) {
    std::vector<TrailEntry> trail;
    if (detail == TrailDetail::full) trail.reserve(rules_.size());
    settled_stage_.reset();
    const auto end = reached_end();
    if (detail == TrailDetail::full) {
      for (std::size_t at = 0; at < end; ++at) trail.push_back(entry(course, at));
      return trail;
    }
    auto finds = this->finds();
    for (auto at = finds.next(0); at < end; at = finds.next(at + 1)) {
      if (may_be_remarkable(course, at)) trail.push_back(entry(course, at));
    }
    return trail;
  }

 private:
  /// Of a rule of a later stage: it will act there, by what is known already.
  bool is_certain(const Rule& rule) const {
    const auto stage = situation_.transaction().stage;
    return !situation_.is_off(rule) && situation_.acts(rule) && rule.mode != RuleMode::shadow &&
           rule.share == 0 && rule.condition.earliest_stage() <= stage &&
           rule.condition.scores().empty() && situation_.truth(rule) == Truth::yes;
  }
  std::vector<Question> fields(const Rule& rule) const {
    if (rule.effects.empty()) return {};
    return postern::field_questions(rule, situation_.transaction(), situation_.facts());
  }
  /// What it does besides its verdict, and adds, still has to know of checks.
  std::vector<Question> besides(const Rule& rule) const {
    auto questions = fields(rule);
    for (const auto& added : rule.scores) {
      if (!added.from || added.from->of != MapPoints::Of::check) continue;
      add(questions, std::move(situation_.outcome(*added.from->look_up).free_questions));
    }
    return questions;
  }

  /// Behind the last rule that is reached.
  std::size_t reached_end() const {
    const auto end = std::partition_point(rules_.begin(), rules_.end(), [this](const Rule& rule) {
      return situation_.reached(rule);
    });
    return static_cast<std::size_t>(end - rules_.begin());
  }

  /// The rules worth a look. All of them where a rule counts that says no: for mail that was handed
  /// in locally it is remarkable, and with all recipients settled it is where the walk ends.
  RuleIndex::Finds finds() const {
    if (index_ == nullptr || !situation_.transaction().client.address || situation_.all_settled()) {
      return RuleIndex::Finds::every(rules_.size());
    }
    return index_->finds(situation_.transaction());
  }

  /// Goes by the rule at `course.at`; `exhausted`: the walk goes on.
  Course::End ask(Course& course) {
    using End = Course::End;
    const auto& rule = rules_[course.at];
    if (situation_.all_settled() && rule.place.stage >= Stage::data) return End::recipients_settled;
    if (situation_.is_off(rule)) return End::exhausted;
    if (situation_.watches(rule) || !situation_.acts(rule)) {
      course.remarkable = true;
      return End::exhausted;
    }
    const auto note = standing(rule);
    if (note != TrailNote::none && !is_missed(course, note)) return End::exhausted;
    const auto truth = situation_.truth(rule);
    if (truth == Truth::unknown && only_adds(rule)) {
      course.remarkable = true;
      return End::exhausted;
    }
    if (truth == Truth::unknown) return End::open;
    if (truth == Truth::no) return End::exhausted;
    if (note != TrailNote::none) {
      const bool may_have_decided =
          truth == Truth::unavailable && situation_.defers_unanswered(rule);
      if (only_modifies(rule) && !may_have_decided) return End::exhausted;
      // One that acted unanswered at RCPT may have spared a recipient a temporary refusal.
      const bool matched = truth == Truth::unavailable && situation_.matches_unanswered(rule);
      course.softeners.add(rule, matched ? Softeners::Reach::all : reach(rule));
      return End::exhausted;
    }
    course.remarkable = true;
    if (truth == Truth::unavailable) return go_on_unanswered(course);
    if (takes_away(rule) && softening(rules_, course.at, situation_, course.softeners)) {
      if (!situation_.is_local_before_data(rule)) return End::decided;
    } else if (!rule.effects.empty()) {
      course.acted.push_back(&rule);
    }
    if (only_modifies(rule)) return End::exhausted;
    if (!situation_.settles_stage(rule)) return End::decided;
    settled_stage_ = rule.place.stage;
    return End::exhausted;
  }

  Course::End go_on_unanswered(Course& course) {
    using End = Course::End;
    const auto& rule = rules_[course.at];
    if (situation_.defers_unanswered(rule)) return End::missing_fact;
    if (only_modifies(rule)) {
      // Answered, it would have put the message off instead of taking it away.
      if (takes_away(rule) && softening(rules_, course.at, situation_, course.softeners)) {
        course.softeners.add(rule, Softeners::Reach::all);
      }
      return End::exhausted;
    }
    if (situation_.matches_unanswered(rule)) {
      if (situation_.settles_stage(rule)) {
        // The rules it settles without knowing might have put the message off, or let it in.
        const auto spared =
            spared_unanswered(rules_, course.at, rule.place.stage, situation_, course.softeners);
        settled_stage_ = rule.place.stage;
        if (spared && *spared != HeldBack::Would::reject) {
          course.softeners.add(rule, Softeners::Reach::all);
        }
        return End::exhausted;
      }
      suspect_spared(course);
      return End::decided;
    }
    const bool permanent = stays_permanent(course);
    if (rule.place.stage == Stage::rcpt && reach(rule) == Softeners::Reach::all) {
      course.suspect.add(rule, rule.verdict == Verdict::accept ? HeldBack::Would::accept
                               : permanent                     ? HeldBack::Would::reject
                                                               : HeldBack::Would::defer);
    }
    // Had the fact come, this rule might have spared the message a permanent refusal (semantics 6;
    // for refusals that are temporary, 8). That counts for mail of our own users too, which cannot
    // be put off here.
    if (permanent) {
      course.softeners.add_refusal(rule);
    } else {
      course.softeners.add(rule, reach(rule));
    }
    return End::exhausted;
  }

  /// The rule at `course.at` refuses for good, and not softened, which is as good as temporary. One
  /// that drops or holds the message would have spared its sender a later refusal.
  bool stays_permanent(const Course& course) const {
    const auto& rule = rules_[course.at];
    return situation_.refuses_for_good(rule) && course.softeners.first(rule.place.stage) == nullptr;
  }

  /// An accept that acts without its answer may spare the recipient a rule behind it.
  void suspect_spared(Course& course) const {
    if (situation_.transaction().stage != Stage::rcpt) return;
    const auto would =
        spared_unanswered(rules_, course.at, Stage::rcpt, situation_, course.softeners);
    if (would) course.suspect.add(rules_[course.at], *would);
  }

  /// The rule at `course.at` is not asked for want of a recipient, and we do not know what it said
  /// of those that were accepted (semantics 1). It may have settled each of them, or been held back
  /// from putting one off, and a refusal for good would be our own forgetfulness (semantics 6, 10).
  bool is_missed(const Course& course, TrailNote note) const {
    return note == TrailNote::no_recipient && !situation_.transaction().recipients.is_told() &&
           !stays_permanent(course);
  }

  /// Why a rule is not asked; `none` if it is.
  TrailNote standing(const Rule& rule) const {
    if (situation_.is_off(rule)) return TrailNote::expired;
    if (settled_stage_ == rule.place.stage) return TrailNote::settled;
    if (situation_.lacks_recipient(rule)) return TrailNote::no_recipient;
    if (situation_.transaction().door == Door::policy && rule.condition.subjects().content) {
      return TrailNote::not_at_this_door;
    }
    return TrailNote::none;
  }

  /// Whether an acting rule of this truth keeps later ones from being asked. Remembers a settled
  /// stage.
  bool ends_here(const Rule& rule, Truth truth) {
    const bool unanswered = truth == Truth::unavailable;
    if (only_modifies(rule)) return unanswered && situation_.defers_unanswered(rule);
    const bool matches = truth == Truth::yes || (unanswered && situation_.matches_unanswered(rule));
    if (matches && situation_.settles_stage(rule)) {
      settled_stage_ = rule.place.stage;
      return false;
    }
    return matches || (unanswered && situation_.defers_unanswered(rule));
  }

  /// A rule that was asked and says no has no other consequence, so its entry need not be made,
  /// which takes several times as long as to see that.
  bool may_be_remarkable(const Course& course, std::size_t at) const {
    const bool asked = at < course.at || (at == course.at && course.end != Course::End::exhausted &&
                                          course.end != Course::End::recipients_settled);
    return asked && standing(rules_[at]) == TrailNote::none &&
           situation_.truth(rules_[at]) != Truth::no;
  }

  TrailEntry entry(const Course& course, std::size_t at) {
    const auto& rule = rules_[at];
    TrailEntry entry;
    entry.rule = rule.place;
    entry.mode = situation_.watches(rule) ? RuleMode::shadow : RuleMode::enforce;
    entry.share = rule.share;
    entry.verdict = rule.verdict;
    if (rule.reason) entry.reason = rule.reason->id;
    entry.effects = effect_words(rule);
    for (const auto& added : rule.scores) entry.effects.push_back(words_of(added));
    if (situation_.is_off(rule)) {
      entry.note = TrailNote::expired;
      return entry;
    }
    if (at >= course.at && course.end == Course::End::recipients_settled) {
      entry.note = TrailNote::settled;
      return entry;
    }
    if (at > course.at) {
      const bool accepted =
          course.end == Course::End::decided && rules_[course.at].verdict == Verdict::accept;
      entry.note = accepted ? TrailNote::settled : TrailNote::not_reached;
      return entry;
    }
    entry.note = standing(rule);
    if (entry.note == TrailNote::no_recipient && course.softeners.holds(rule)) {
      entry.note = TrailNote::recipients_unknown;
    }
    if (entry.note != TrailNote::none) return entry;
    auto outcome = situation_.outcome(rule);
    entry.truth = outcome.truth;
    entry.cause = std::move(outcome.cause);
    entry.evidence = std::move(outcome.evidence);
    if (entry.truth == Truth::yes) {
      add_points_of_maps(entry, rule, situation_.transaction(), situation_.facts());
    }
    if (entry.mode == RuleMode::shadow) {
      if (entry.truth == Truth::yes) entry.note = TrailNote::shadow;
    } else if (!situation_.acts(rule)) {
      if (entry.truth == Truth::yes) entry.note = TrailNote::local_submission;
    } else {
      ends_here(rule, entry.truth);
    }
    return entry;
  }

  const std::vector<Rule>& rules_;
  const RuleIndex* index_;
  const Situation& situation_;
  std::optional<Stage> settled_stage_;
};

/// Every recipient was accepted for the message.
void accept_settled(Decision& decision, const std::vector<Rule>& rules,
                    const Transaction& transaction) {
  decision.verdict = Verdict::accept;
  decision.scope = AcceptScope::message;
  const auto& name = transaction.recipients.value().front().settled_by;
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&](const Rule& each) { return each.place.name == name; });
  if (found != rules.end()) decision.rule = found->place;
}

/// The verdict of the rule that decided.
void decide(Decision& decision, const std::vector<Rule>& rules, const Course& course,
            const IdentitySettings& identity, const Situation& situation) {
  const auto& rule = rules[course.at];
  decision.verdict = rule.verdict;
  // An accept that acts without its answer does nothing besides.
  const bool takes = takes_away(rule) && situation.truth(rule) == Truth::yes &&
                     !situation.is_local_before_data(rule);
  if (!refuses(rule) && !takes) {
    if (rule.verdict == Verdict::accept) decision.scope = scope_of(rule);
    return;
  }
  if (takes || situation.is_permanent(rule)) {
    if (const auto softer = softening(rules, course.at, situation, course.softeners)) {
      decision.softened_by = softer->rule;
      if (rule.reason) decision.softened_from = rule.reason->id;
      put_off(decision, softer->missing, identity, situation.transaction());
      return;
    }
  }
  decision.note = rule.note;
  if (rule.verdict == Verdict::accept) decision.scope = scope_of(rule);
  if (rule.reason == nullptr) return;
  auto mapped = mapped_values(rule, situation.transaction(), situation.facts());
  auto words =
      words_of_checks(rule.condition, *rule.reason, situation.transaction(), situation.facts());
  mapped.fields.insert(mapped.fields.end(), std::make_move_iterator(words.begin()),
                       std::make_move_iterator(words.end()));
  refuse(decision, rule.reason, mapped.form ? mapped.form : rule.form, rule.text, rule.limit,
         identity, situation.transaction(), mapped.fields);
}

}  // namespace

std::variant<Decision, NeedsMore> evaluate(const RuleList& list, const IdentitySettings& identity,
                                           const Transaction& transaction, const Facts& facts,
                                           Detail detail, CheckMemo* checks) {
  const Situation situation(transaction, facts, checks);
  const auto& rules = list.rules;
  Walk walk(list, situation);
  const auto course = walk.course();
  if (course.end == Course::End::open) return NeedsMore{walk.questions(course)};

  Decision decision;
  if (const auto* rule = course.suspect.rule(); rule && transaction.stage == Stage::rcpt) {
    decision.held_back =
        HeldBack{rule->place.name, course.suspect.would(), missing_kind(situation, *rule)};
  }
  switch (course.end) {
    case Course::End::exhausted:
    case Course::End::open:
      break;
    case Course::End::recipients_settled:
      accept_settled(decision, rules, transaction);
      break;
    case Course::End::missing_fact:
      decision.rule = rules[course.at].place;
      put_off(decision, missing_kind(situation, rules[course.at]), identity, transaction);
      decision.softened_by = situation.refuses_but_for(rules[course.at]);
      if (!decision.softened_by.empty() && rules[course.at].reason != nullptr) {
        decision.softened_from = rules[course.at].reason->id;
      }
      break;
    case Course::End::decided:
      decision.rule = rules[course.at].place;
      decide(decision, rules, course, identity, situation);
      break;
  }
  if (keeps_message(decision)) {
    if (auto questions = walk.field_questions(course); !questions.empty()) {
      return NeedsMore{std::move(questions)};
    }
  }
  add_effects(decision, course.acted, identity, transaction, facts);
  if (detail == Detail::full) {
    decision.trail = walk.trail(course, TrailDetail::full);
  } else {
    decision.trail_state =
        course.remarkable ? TrailState::left_out : TrailState::left_out_unremarkable;
  }
  return decision;
}

std::vector<TrailEntry> trail_of(const RuleList& list, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail) {
  const Situation situation(transaction, facts);
  Walk walk(list, situation);
  const auto course = walk.course();
  if (course.end == Course::End::open) return {};
  return walk.trail(course, detail);
}

std::vector<Question> shadow_questions(const RuleList& list, const Transaction& transaction,
                                       const Facts& facts, CheckMemo* checks) {
  const auto afterwards = [](const Rule& rule) { return asked_afterwards(rule); };
  const bool any = list.index != nullptr
                       ? list.index->any_afterwards()
                       : std::any_of(list.rules.begin(), list.rules.end(), afterwards);
  if (!any) return {};
  const Situation situation(transaction, facts, checks);
  Walk walk(list, situation);
  return walk.shadow_questions(walk.course());
}

std::vector<Question> questions_to_come(const RuleList& list,
                                        const std::vector<std::size_t>& asking,
                                        const Transaction& transaction, const Facts& facts,
                                        CheckMemo* checks) {
  const Situation situation(transaction, facts, checks);
  return Walk(list, situation).questions_to_come(asking);
}

std::vector<Question> questions_ahead(const RuleList& list, const Transaction& transaction,
                                      const Facts& facts, CheckMemo* checks) {
  return Walk(list, Situation(transaction, facts, checks)).questions_ahead();
}

}  // namespace postern::walk
