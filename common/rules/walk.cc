#include "rules/walk.h"

#include "reply/compose.h"
#include "rules/map_values.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <utility>

namespace postern::walk {
namespace {

bool refuses(const Rule& rule) {
  return rule.verdict != Verdict::accept && rule.verdict != Verdict::pass;
}

AcceptScope scope_of(const Rule& rule) { return rule.scope.value_or(AcceptScope::message); }

void add(std::vector<Question>& all, const std::vector<Question>& more) {
  for (const auto& question : more) {
    if (std::find(all.begin(), all.end(), question) == all.end()) all.push_back(question);
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
  std::size_t at = 0;                 ///< number of rules up to this stage, if exhausted
  const Rule* softener = nullptr;     ///< earlier rule that a missing fact kept from acting
  const HeldBack* carried = nullptr;  ///< without a softener: one that was found at RCPT
  bool remarkable = false;  ///< a rule was asked and did not say no, or might have in shadow
  const Rule* held_back = nullptr;  ///< at RCPT: a rule about the recipient, for later stages
};

class Walk {
 public:
  Walk(const std::vector<Rule>& rules, const Transaction& transaction, const Facts& facts)
      : rules_(rules), transaction_(transaction), facts_(facts) {
    const auto& recipients = transaction.recipients;
    all_settled_ = transaction.stage >= Stage::data && recipients.is_told() &&
                   !recipients.value().empty() &&
                   std::all_of(recipients.value().begin(), recipients.value().end(),
                               [](const auto& recipient) { return recipient.settled; });
  }

  Course course() {
    Course course;
    settled_stage_.reset();
    const Rule* softener = nullptr;        // kept from deciding for all that follows
    const Rule* stage_softener = nullptr;  // kept from deciding for the rest of its stage
    const auto end = [&](Course::End how, std::size_t at) {
      course.end = how;
      course.at = at;
      const auto& stage = rules_[at].place.stage;
      if (stage_softener && stage_softener->place.stage != stage) stage_softener = nullptr;
      course.softener = first_of(softener, stage_softener);
      if (!course.softener && stage > Stage::rcpt) course.carried = carried();
      return course;
    };
    std::size_t at = 0;
    for (; at < rules_.size() && reached(rules_[at]); ++at) {
      const auto& rule = rules_[at];
      if (all_settled_ && rule.place.stage >= Stage::data) {
        return end(Course::End::recipients_settled, at);
      }
      if (rule.mode == RuleMode::shadow || !acts(rule)) {
        course.remarkable = true;
        continue;
      }
      if (const auto note = standing(rule); note != TrailNote::none) {
        if (note != TrailNote::no_recipient || !may_have_spared(rule)) continue;
        const auto truth = rule.condition.truth(transaction_, facts_);
        if (truth == Truth::unknown) return end(Course::End::open, at);
        if (truth != Truth::no && !softener) softener = &rule;
        continue;
      }
      const auto truth = rule.condition.truth(transaction_, facts_);
      course.remarkable = course.remarkable || truth != Truth::no;
      switch (truth) {
        case Truth::no:
          break;
        case Truth::unknown:
          return end(Course::End::open, at);
        case Truth::yes:
          if (!settles_stage(rule)) return end(Course::End::decided, at);
          settled_stage_ = rule.place.stage;
          break;
        case Truth::unavailable:
          // Mail of our own users cannot be put off here, but what the fact might have spared it
          // counts later as for everybody.
          if (rule.unavailable == WhenUnavailable::defer && !is_local_before_data(rule)) {
            return end(Course::End::missing_fact, at);
          }
          if (rule.unavailable == WhenUnavailable::match && rule.verdict == Verdict::accept) {
            if (!settles_stage(rule)) return end(Course::End::decided, at);
            // The rules it settles without knowing might have put the message off.
            settled_stage_ = rule.place.stage;
            if (!softener) softener = &rule;
          } else {
            const bool for_stage =
                rule.verdict == Verdict::accept && scope_of(rule) == AcceptScope::stage;
            if (rule.place.stage == Stage::rcpt && !for_stage) hold_back(course, rule);
            if (is_permanent(rule)) break;
            // Had the fact come, this rule might have spared the message a permanent refusal
            // (semantics 6; for refusals that are temporary, 8).
            auto& first = for_stage ? stage_softener : softener;
            if (!first || (for_stage && first->place.stage != rule.place.stage)) first = &rule;
          }
          break;
      }
    }
    course.at = at;
    return course;
  }

  /// What an open walk asks: the first open rule everything it is ready for, later rules what is
  /// free.
  std::vector<Question> questions(const Course& course) {
    auto questions = rules_[course.at].condition.evaluate(transaction_, facts_).questions;
    for (auto at = course.at + 1; at < rules_.size() && reached(rules_[at]); ++at) {
      const auto& rule = rules_[at];
      if (rule.mode == RuleMode::shadow || standing(rule) != TrailNote::none || !acts(rule)) {
        continue;
      }
      const auto outcome = rule.condition.evaluate(transaction_, facts_);
      add(questions, outcome.free_questions);
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
      if (rule.mode == RuleMode::shadow) {
        const auto outcome = rule.condition.evaluate(transaction_, facts_);
        add(questions, open ? outcome.free_questions : outcome.questions);
        open = open || outcome.truth == Truth::unknown;
      } else if (settles_stage(rule)) {
        ends_here(rule, rule.condition.truth(transaction_, facts_));
      }
    }
    return questions;
  }

  std::vector<Question> questions_ahead() {
    std::vector<Question> questions;
    settled_stage_.reset();
    for (const auto& rule : rules_) {
      if (all_settled_ && rule.place.stage >= Stage::data) break;
      if (reached(rule) && standing(rule) != TrailNote::none) continue;
      const bool acting = rule.mode == RuleMode::enforce && acts(rule);
      if (rule.mode == RuleMode::enforce && !acting) continue;
      const auto outcome = rule.condition.evaluate(transaction_, facts_);
      add(questions, outcome.free_questions);
      if (acting && ends_here(rule, outcome.truth)) break;
    }
    return questions;
  }

  std::vector<TrailEntry> trail(const Course& course, TrailDetail detail) {
    std::vector<TrailEntry> trail;
    if (detail == TrailDetail::full) trail.reserve(rules_.size());
    settled_stage_.reset();
    for (std::size_t at = 0; at < rules_.size() && reached(rules_[at]); ++at) {
      if (detail == TrailDetail::remarkable && !may_be_remarkable(course, at)) continue;
      trail.push_back(entry(course, at));
    }
    return trail;
  }

  HeldBack::Would would(const Rule& rule) const {
    if (rule.verdict == Verdict::accept) return HeldBack::Would::accept;
    return is_permanent(rule) ? HeldBack::Would::reject : HeldBack::Would::defer;
  }

  bool is_permanent(const Rule& rule) const {
    if (rule.verdict == Verdict::discard) return true;
    if (rule.verdict != Verdict::reject || !rule.reason) return false;
    if (const auto form = form_at(*rule.reason, rule.form, reply_stage(transaction_.stage))) {
      return form->code.first_digit() == 5;
    }
    return rule.reason->kind == ReasonClass::permanent;
  }

 private:
  /// Of several, the one that counts most when the message is decided on: see carried().
  void hold_back(Course& course, const Rule& rule) const {
    const auto weight = [this](const Rule& each) {
      switch (would(each)) {
        case HeldBack::Would::defer:
          return 2;
        case HeldBack::Would::accept:
          return 1;
        case HeldBack::Would::reject:
          break;
      }
      return 0;
    };
    if (!course.held_back || weight(rule) > weight(*course.held_back)) course.held_back = &rule;
  }

  /// What was found about several recipients at RCPT and makes a permanent refusal of the message
  /// doubtful: one of them might have been put off; or some are settled, or might be, and all
  /// others might not be there. (If all might have been refused for good, each of them would have
  /// been.)
  const HeldBack* carried() const {
    if (transaction_.recipient.is_told() || !transaction_.recipients.is_told()) return nullptr;
    const HeldBack* first = nullptr;
    bool some_settled = false;
    bool all = true;
    for (const auto& recipient : transaction_.recipients.value()) {
      const auto& held_back = recipient.held_back;
      if (held_back && held_back->would == HeldBack::Would::defer) return &*held_back;
      if (held_back && !first) first = &*held_back;
      all = all && (recipient.settled || held_back);
      some_settled = some_settled || recipient.settled ||
                     (held_back && held_back->would == HeldBack::Would::accept);
    }
    return all && some_settled ? first : nullptr;
  }

  /// A rule about recipients of which we do not know (semantics 1): it may have settled each of
  /// them, or been held back from putting one off, and a refusal for good would be our own
  /// forgetfulness (semantics 6, 10).
  bool may_have_spared(const Rule& rule) const {
    if (transaction_.recipients.is_told() || is_permanent(rule)) return false;
    return rule.verdict != Verdict::accept || scope_of(rule) != AcceptScope::stage;
  }

  const Rule* first_of(const Rule* a, const Rule* b) const {
    if (!a || !b) return a ? a : b;
    return std::min(a, b);  // both point into rules_
  }

  bool reached(const Rule& rule) const { return rule.place.stage <= transaction_.stage; }

  /// Why a rule is not asked; `none` if it is.
  TrailNote standing(const Rule& rule) const {
    if (settled_stage_ == rule.place.stage) return TrailNote::settled;
    if (rule.place.stage == Stage::rcpt && transaction_.stage > Stage::rcpt &&
        !transaction_.recipient.is_told()) {
      return TrailNote::no_recipient;
    }
    if (transaction_.door == Door::policy && rule.condition.subjects().content) {
      return TrailNote::not_at_this_door;
    }
    return TrailNote::none;
  }

  /// A local submission has no client that could be told anything before the message is there; its
  /// sender would lose mail to a rule meant for strangers (semantics 15).
  /// The policy door is asked by smtpd alone: there an unreadable address is no local submission.
  bool is_local_before_data(const Rule& rule) const {
    return !transaction_.client.address && transaction_.door != Door::policy &&
           rule.place.stage <= Stage::rcpt;
  }
  bool acts(const Rule& rule) const { return !refuses(rule) || !is_local_before_data(rule); }

  /// An accept for its stage alone, found again at a later stage, settles only that stage's rest.
  bool settles_stage(const Rule& rule) const {
    return rule.verdict == Verdict::accept && scope_of(rule) == AcceptScope::stage &&
           rule.place.stage != transaction_.stage;
  }

  /// Whether an acting rule of this truth keeps later ones from being asked. Remembers a settled
  /// stage.
  bool ends_here(const Rule& rule, Truth truth) {
    const bool matches = truth == Truth::yes || (truth == Truth::unavailable &&
                                                 rule.unavailable == WhenUnavailable::match &&
                                                 rule.verdict == Verdict::accept);
    if (matches && settles_stage(rule)) {
      settled_stage_ = rule.place.stage;
      return false;
    }
    return matches || (truth == Truth::unavailable && rule.unavailable == WhenUnavailable::defer &&
                       !is_local_before_data(rule));
  }

  /// A rule that was asked and says no has no other consequence, so its entry need not be made,
  /// which takes several times as long as to see that.
  bool may_be_remarkable(const Course& course, std::size_t at) const {
    const bool asked = at < course.at || (at == course.at && course.end != Course::End::exhausted &&
                                          course.end != Course::End::recipients_settled);
    return asked && standing(rules_[at]) == TrailNote::none &&
           rules_[at].condition.truth(transaction_, facts_) != Truth::no;
  }

  TrailEntry entry(const Course& course, std::size_t at) {
    const auto& rule = rules_[at];
    TrailEntry entry;
    entry.rule = rule.place;
    entry.mode = rule.mode;
    entry.verdict = rule.verdict;
    if (rule.reason) entry.reason = rule.reason->id;
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
    if (entry.note != TrailNote::none) return entry;
    auto outcome = rule.condition.evaluate(transaction_, facts_);
    entry.truth = outcome.truth;
    entry.cause = std::move(outcome.cause);
    entry.evidence = std::move(outcome.evidence);
    if (rule.mode == RuleMode::shadow) {
      if (entry.truth == Truth::yes) entry.note = TrailNote::shadow;
    } else if (!acts(rule)) {
      if (entry.truth == Truth::yes) entry.note = TrailNote::local_submission;
    } else {
      ends_here(rule, entry.truth);
    }
    return entry;
  }

  const std::vector<Rule>& rules_;
  const Transaction& transaction_;
  const Facts& facts_;
  bool all_settled_ = false;
  std::optional<Stage> settled_stage_;
};

/// The form in which a refusal is spoken here. Without one at connect or HELO it is spoken later
/// (semantics 4, 5). From MAIL on there is always one: should neither the reason nor its
/// alternatives have a code for this command, that of a local rule is legal and of the same class,
/// whereas a front end without a reply would have to let the mail in or answer a bare code.
std::optional<ReplyForm> form_here(const Reason& reason, const std::optional<ReplyForm>& wish,
                                   Stage stage) {
  auto form = form_at(reason, wish, reply_stage(stage));
  if (form || stage < Stage::mail) return form;
  const auto* local_rule =
      find_reason(reason.kind == ReasonClass::temporary ? "policy-defer" : "policy-reject");
  return local_rule ? form_at(*local_rule, std::nullopt, reply_stage(stage)) : std::nullopt;
}

/// Fills in reason and reply of a refusal.
void refuse(Decision& decision, const Reason* reason, const std::optional<ReplyForm>& wish,
            std::string_view own_text, const std::string& limit, const IdentitySettings& identity,
            const Transaction& transaction, FieldValues mapped = {}) {
  decision.reason = reason;
  if (!reason) return;
  const auto form = form_here(*reason, wish, transaction.stage);
  if (!form) return;
  const auto stage = reply_stage(transaction.stage);
  auto values = field_values(transaction);
  if (!limit.empty()) values.emplace_back("limit", limit);
  std::move(mapped.begin(), mapped.end(), std::back_inserter(values));
  auto reply = compose(*reason, *form, stage, own_text, values,
                       {identity.host, identity.contact, identity.help}, transaction.reference);
  assert(reply.ok());
  if (reply.ok()) decision.reply = std::move(*reply);
}

QuestionKind missing_kind(const Rule& rule, const Transaction& transaction, const Facts& facts) {
  return rule.condition.evaluate(transaction, facts).cause_kind;
}

}  // namespace

const Reason* reason_for_missing(QuestionKind kind) noexcept {
  switch (kind) {
    case QuestionKind::spf:
      return find_reason("spf-temperror");
    case QuestionKind::reverse_dns:
      return find_reason("client-rdns-temp");
    case QuestionKind::helo_dns:
      return find_reason("helo-lookup-temp");
    case QuestionKind::sender_dns:
      return find_reason("sender-domain-temp");
    case QuestionKind::dns:
      return find_reason("dns-timeout");
    case QuestionKind::table:
    case QuestionKind::store:
    case QuestionKind::upstream:
    case QuestionKind::sample:
      break;
  }
  return find_reason("dependency-down");
}

std::variant<Decision, NeedsMore> evaluate(const std::vector<Rule>& rules,
                                           const IdentitySettings& identity,
                                           const Transaction& transaction, const Facts& facts,
                                           Detail detail) {
  Walk walk(rules, transaction, facts);
  const auto course = walk.course();
  if (course.end == Course::End::open) return NeedsMore{walk.questions(course)};

  Decision decision;
  if (detail == Detail::full) {
    decision.trail = walk.trail(course, TrailDetail::full);
  } else {
    decision.trail_state =
        course.remarkable ? TrailState::left_out : TrailState::left_out_unremarkable;
  }
  if (course.held_back && transaction.stage == Stage::rcpt) {
    const auto& rule = *course.held_back;
    decision.held_back =
        HeldBack{rule.place.name, walk.would(rule), missing_kind(rule, transaction, facts)};
  }
  if (course.end == Course::End::exhausted) return decision;

  const auto& rule = rules[course.at];
  if (course.end == Course::End::recipients_settled) {
    decision.verdict = Verdict::accept;
    decision.scope = AcceptScope::message;
    const auto& name = transaction.recipients.value().front().settled_by;
    const auto found = std::find_if(rules.begin(), rules.end(),
                                    [&](const Rule& each) { return each.place.name == name; });
    if (found != rules.end()) decision.rule = found->place;
    return decision;
  }

  decision.rule = rule.place;
  if (course.end == Course::End::missing_fact) {
    decision.verdict = Verdict::defer;
    refuse(decision, reason_for_missing(missing_kind(rule, transaction, facts)), {}, {}, {},
           identity, transaction);
    return decision;
  }
  decision.verdict = rule.verdict;
  if (!refuses(rule)) {
    if (rule.verdict == Verdict::accept) decision.scope = scope_of(rule);
    return decision;
  }
  if ((course.softener || course.carried) && walk.is_permanent(rule)) {
    decision.verdict = Verdict::defer;
    decision.softened_by = course.softener ? course.softener->place.name : course.carried->rule;
    if (rule.reason) decision.softened_from = rule.reason->id;
    const auto missing = course.softener ? missing_kind(*course.softener, transaction, facts)
                                         : course.carried->missing;
    refuse(decision, reason_for_missing(missing), {}, {}, {}, identity, transaction);
    return decision;
  }
  auto mapped = mapped_values(rule, transaction, facts);
  refuse(decision, rule.reason, mapped.form ? mapped.form : rule.form, rule.text, rule.limit,
         identity, transaction, std::move(mapped.fields));
  return decision;
}

std::vector<TrailEntry> trail_of(const std::vector<Rule>& rules, const Transaction& transaction,
                                 const Facts& facts, TrailDetail detail) {
  Walk walk(rules, transaction, facts);
  const auto course = walk.course();
  if (course.end == Course::End::open) return {};
  return walk.trail(course, detail);
}

std::vector<Question> shadow_questions(const std::vector<Rule>& rules,
                                       const Transaction& transaction, const Facts& facts) {
  const bool any_shadow = std::any_of(
      rules.begin(), rules.end(), [](const Rule& rule) { return rule.mode == RuleMode::shadow; });
  if (!any_shadow) return {};
  Walk walk(rules, transaction, facts);
  return walk.shadow_questions(walk.course());
}

std::vector<Question> questions_ahead(const std::vector<Rule>& rules,
                                      const Transaction& transaction, const Facts& facts) {
  return Walk(rules, transaction, facts).questions_ahead();
}

}  // namespace postern::walk
