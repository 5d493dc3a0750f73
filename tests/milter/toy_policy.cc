#include "milter/toy_policy.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>

namespace postern::test {
namespace {

const ReplyIdentity identity{"mx1.example.org", "postmaster@example.org", ""};
constexpr std::chrono::system_clock::time_point noon{std::chrono::hours(24 * 20'000 + 12)};

std::optional<Reply> reply_for(const ToyRule& rule, const Transaction& transaction) {
  const auto* reason = find_reason(rule.reason);
  if (reason == nullptr) throw std::logic_error("no reason " + rule.reason);
  const auto spoken = reply_stage(transaction.stage);
  const auto form = form_at(*reason, std::nullopt, spoken);
  if (!form) return std::nullopt;
  return compose(*reason, *form, spoken, rule.text, field_values(transaction), identity,
                 transaction.reference)
      .value();
}

}  // namespace

milter_door::Plan ToyPolicy::plan() const {
  milter_door::Plan plan;
  plan.speak = speak;
  plan.content = content;
  plan.authserv_ids = authserv_ids;
  for (const auto& rule : rules) {
    plan.rules[static_cast<std::size_t>(rule.stage)] = true;
    for (const auto& effect : rule.effects) {
      if (effect.kind == EffectKind::remove_header) plan.to_remove.push_back(remove);
    }
  }
  return plan;
}

Decision ToyPolicy::decide(const Transaction& transaction) const {
  Decision decision;
  for (const auto& rule : rules) {
    if (rule.stage > transaction.stage || !rule.when(transaction)) continue;
    decision.verdict = rule.verdict;
    decision.rule = RulePlace{rule.name, "toy", 1, rule.stage};
    decision.effects = rule.effects;
    decision.note = rule.note;
    if (rule.verdict == Verdict::accept) {
      decision.scope = rule.scope;
    } else if (rule.verdict == Verdict::reject || rule.verdict == Verdict::defer) {
      decision.reason = find_reason(rule.reason);
      decision.reply = reply_for(rule, transaction);
    }
    break;
  }
  return decision;
}

void Records::add(Record record) {
  complete(record);
  const std::lock_guard lock(mutex_);
  records_.push_back(std::move(record));
}

std::vector<Record> Records::all() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::size_t Records::count() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

milter_door::SessionSetup toy_setup(const ToyPolicy& policy, Records& records,
                                    DoorCounters& counters) {
  static std::atomic<unsigned> sequence{0};
  milter_door::SessionSetup setup;
  setup.plan = policy.plan();
  setup.identity = identity;
  setup.decide = [&policy](const Transaction& transaction, Facts facts,
                           const std::function<void(Outcome)>& closed) {
    auto decision = policy.decide(transaction);
    closed({decision, std::move(facts), {}, {}});
    return decision;
  };
  setup.submit = [&records](Record record) {
    records.add(std::move(record));
    return Kept::record;
  };
  setup.pause = [](std::chrono::milliseconds) { return true; };
  setup.next_reference = [] { return Reference::make(noon, 1, sequence++ & 0xffU); };
  setup.now = [] { return noon; };
  setup.utc_offset = [](auto) { return std::chrono::seconds(0); };
  setup.complain = [](std::string_view) {};
  setup.counters = &counters;
  return setup;
}

}  // namespace postern::test
