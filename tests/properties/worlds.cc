#include "worlds.h"

#include "model/dns_name.h"
#include "postern/reason.h"
#include "rules/check_weights.h"
#include "support/sample_check.h"
#include "support/transactions.h"
#include "tables/table.h"

#include <algorithm>
#include <ostream>

namespace postern::test {
namespace {

using rc::Gen;
namespace gen = rc::gen;

struct Leaf {
  Stage earliest;
  Stage latest;
  const char* text;
};
constexpr auto to_end = Stage::end_of_message;
const std::vector<Leaf> leaves{
    {Stage::connect, to_end, "sample_a == 'bad'"},
    {Stage::connect, to_end, "sample_a in ['good', 'odd']"},
    {Stage::connect, to_end, "sample_b != 'good'"},
    {Stage::connect, to_end, "sample_b == 'temperror'"},
    {Stage::connect, to_end, "sample_spf == 'bad'"},
    {Stage::connect, to_end, "sample_a.weight >= 1"},
    {Stage::connect, to_end, "sample_b.weight < 0.5"},
    {Stage::connect, to_end, "sample_dns == 'odd'"},
    {Stage::connect, to_end, "sample_costly == 'high'"},
    {Stage::connect, to_end, "sample_costly == 'high'"},  // as often as it used to be among fewer
    {Stage::connect, to_end, "sample_count != 'low'"},
    {Stage::connect, to_end, "client.ip in '192.0.2.0/24'"},
    {Stage::connect, to_end, "client.ip == '198.51.100.9'"},
    {Stage::connect, to_end, "client.name ends_with '.example.net'"},
    {Stage::connect, to_end, "true"},
    {Stage::connect, to_end, "false"},
    {Stage::helo, to_end, "helo == client.name"},
    {Stage::helo, to_end, "not helo.extended"},
    {Stage::mail, to_end, "tls"},
    {Stage::mail, to_end, "client.authenticated"},
    {Stage::mail, to_end, "sender == '<>'"},
    {Stage::mail, to_end, "sender.domain == 'example.net'"},
    {Stage::mail, to_end, "declared_size > 1kB"},
    {Stage::rcpt, Stage::rcpt, "recipient.domain == 'example.org'"},
    {Stage::data, to_end, "recipient_count > 1"},
    {Stage::data, to_end, "recipients contains 'bob@example.org'"},
    {Stage::end_of_message, to_end, "size > 1kB"},
};

Gen<std::string> leaf_at(Stage stage) {
  std::vector<std::string> texts;
  for (const auto& leaf : leaves) {
    if (leaf.earliest <= stage && stage <= leaf.latest) texts.emplace_back(leaf.text);
  }
  return gen::elementOf(texts);
}

enum class Scores { untested, tested };

Gen<std::string> test_of_a_score() {
  return gen::element<std::string>("score.a >= 2", "score.a > -0.5", "score.a < 1",
                                   "score.b >= 1.5", "score.b in [0, 3]", "score.b != 1.5");
}

Gen<std::string> leaf_at(Stage stage, Scores scores) {
  if (scores == Scores::untested) return leaf_at(stage);
  return gen::weightedOneOf<std::string>({{3, leaf_at(stage)}, {2, test_of_a_score()}});
}

Gen<std::string> condition_at(Stage stage, int depth, Scores scores) {
  if (depth == 0) return leaf_at(stage, scores);
  const auto joined = [=](const char* word) {
    return gen::apply([word](const std::string& a,
                             const std::string& b) { return "(" + a + " " + word + " " + b + ")"; },
                      condition_at(stage, depth - 1, scores),
                      condition_at(stage, depth - 1, scores));
  };
  const auto negated = gen::map(condition_at(stage, depth - 1, scores),
                                [](const std::string& a) { return "not " + a; });
  return gen::weightedOneOf<std::string>(
      {{4, leaf_at(stage, scores)}, {2, joined("and")}, {2, joined("or")}, {1, negated}});
}

Gen<std::string> reason_at(Stage stage, ReasonClass kind) {
  std::vector<std::string> ids;
  for (const auto& reason : all_reasons()) {
    if (reason.kind == kind && usable_in_rule(reason) && may_stand_at(reason, stage)) {
      ids.emplace_back(reason.id);
    }
  }
  return gen::elementOf(ids);
}

/// As the loader allows them.
Gen<std::vector<EffectKind>> effects_of(Verdict verdict, Stage stage) {
  using Kinds = std::vector<EffectKind>;
  const Kinds tag{EffectKind::tag};
  const bool touches =
      stage != Stage::rcpt && (verdict == Verdict::pass || verdict == Verdict::accept);
  if (!touches) return verdict == Verdict::pass ? gen::just(tag) : gen::element(Kinds{}, tag);
  const Kinds header{EffectKind::add_header};
  const Kinds redirect{EffectKind::redirect, EffectKind::bcc};
  return gen::element(verdict == Verdict::pass ? tag : Kinds{}, header, redirect);
}

Gen<std::vector<ScorePoints>> points() {
  const auto one =
      gen::construct<ScorePoints>(gen::element<std::string>("a", "a", "b"),
                                  gen::element<std::int64_t>(2000, 1500, 3000, -1000, -2500));
  return gen::container<std::vector<ScorePoints>>(1, one);
}

/// A rule that adds to a score, and perhaps does something else besides.
Gen<RulePlan> adding_at(Stage stage) {
  return gen::build<RulePlan>(
      gen::set(&RulePlan::stage, gen::just(stage)),
      gen::set(&RulePlan::condition, condition_at(stage, 1, Scores::untested)),
      gen::set(&RulePlan::verdict, gen::just(Verdict::pass)),
      gen::set(&RulePlan::mode, gen::element(RuleMode::enforce, RuleMode::enforce,
                                             RuleMode::enforce, RuleMode::shadow)),
      gen::set(&RulePlan::effects, gen::weightedOneOf<std::vector<EffectKind>>(
                                       {{3, gen::just(std::vector<EffectKind>())},
                                        {1, effects_of(Verdict::pass, stage)}})),
      gen::set(&RulePlan::scores, points()),
      gen::set(&RulePlan::from_map, gen::element(false, false, false, true)),
      gen::set(&RulePlan::weighed,
               gen::element<std::string>("", "", "", "sample_a", "sample_b", "sample_b")));
}

Gen<RulePlan> deciding_at(Stage stage) {
  const auto verdict =
      gen::element(Verdict::accept, Verdict::reject, Verdict::reject, Verdict::defer, Verdict::pass,
                   stage == Stage::rcpt ? Verdict::reject : Verdict::discard,
                   stage == Stage::rcpt ? Verdict::defer : Verdict::quarantine);
  return gen::mapcat(verdict, [stage](Verdict chosen) {
    const bool speaks = chosen == Verdict::reject || chosen == Verdict::defer;
    const auto kind = chosen == Verdict::defer ? ReasonClass::temporary : ReasonClass::permanent;
    const auto reason = speaks ? reason_at(stage, kind) : gen::just(std::string());
    const auto unavailable =
        chosen == Verdict::accept
            ? gen::element(WhenUnavailable::skip, WhenUnavailable::skip, WhenUnavailable::defer,
                           WhenUnavailable::match)
            : gen::element(WhenUnavailable::skip, WhenUnavailable::skip, WhenUnavailable::defer);
    return gen::build<RulePlan>(
        gen::set(&RulePlan::stage, gen::just(stage)),
        gen::set(&RulePlan::condition, condition_at(stage, 3, Scores::tested)),
        gen::set(&RulePlan::verdict, gen::just(chosen)),
        gen::set(&RulePlan::scope,
                 gen::element(AcceptScope::stage, AcceptScope::message, AcceptScope::session)),
        gen::set(&RulePlan::mode, gen::element(RuleMode::enforce, RuleMode::enforce,
                                               RuleMode::enforce, RuleMode::shadow)),
        gen::set(&RulePlan::share, gen::element(0U, 0U, 0U, 50U)),
        gen::set(&RulePlan::expired, gen::element(false, false, false, false, false, true)),
        gen::set(&RulePlan::unavailable, unavailable), gen::set(&RulePlan::reason, reason),
        gen::set(&RulePlan::effects, effects_of(chosen, stage)));
  });
}

/// What may go wrong with scores: an accept for its stage alone before rules that add at it, with
/// answers that may be missing, and in the end a rule that tests the sum.
Gen<std::vector<RulePlan>> scored_plans() {
  const auto fact = gen::element<std::string>(
      "sample_a == 'bad'", "sample_b != 'good'", "sample_spf == 'bad'", "sample_costly == 'high'",
      "client.name == 'mail.example.net'", "score.b >= 1.5", "true");
  const auto settling = [fact](Stage stage) {
    return gen::build<RulePlan>(
        gen::set(&RulePlan::stage, gen::just(stage)), gen::set(&RulePlan::condition, fact),
        gen::set(&RulePlan::verdict, gen::just(Verdict::accept)),
        gen::set(&RulePlan::scope, gen::just(AcceptScope::stage)),
        gen::set(&RulePlan::share, gen::element(0U, 0U, 0U, 0U, 50U)),
        gen::set(&RulePlan::unavailable, gen::element(WhenUnavailable::skip, WhenUnavailable::skip,
                                                      WhenUnavailable::match)));
  };
  const auto testing = [](Stage stage) {
    return gen::apply(
        [stage](std::string condition, Verdict verdict) {
          RulePlan plan;
          plan.stage = stage;
          plan.condition = std::move(condition);
          plan.verdict = verdict;
          if (verdict == Verdict::reject) plan.reason = "policy-reject";
          if (verdict == Verdict::defer) plan.reason = "policy-defer";
          return plan;
        },
        gen::weightedOneOf<std::string>(
            {{3, test_of_a_score()}, {1, condition_at(stage, 1, Scores::tested)}}),
        gen::element(Verdict::reject, Verdict::reject, Verdict::accept, Verdict::defer));
  };
  const auto at_stages = [=](Stage first, Stage second, Stage last) {
    return gen::apply(
        [](RulePlan a, RulePlan b, RulePlan c, RulePlan d, RulePlan e, RulePlan f, RulePlan g) {
          return std::vector<RulePlan>{std::move(a), std::move(b), std::move(c), std::move(d),
                                       std::move(e), std::move(f), std::move(g)};
        },
        gen::oneOf(settling(first), adding_at(first)), settling(first), adding_at(first),
        settling(second), adding_at(second), gen::oneOf(testing(last), adding_at(second)),
        testing(last));
  };
  return gen::oneOf(at_stages(Stage::connect, Stage::connect, Stage::rcpt),
                    at_stages(Stage::helo, Stage::mail, Stage::rcpt),
                    at_stages(Stage::mail, Stage::rcpt, Stage::end_of_message),
                    at_stages(Stage::rcpt, Stage::rcpt, Stage::end_of_message));
}

Gen<RulePlan> plan_at(Stage stage) {
  return gen::weightedOneOf<RulePlan>({{2, deciding_at(stage)}, {1, adding_at(stage)}});
}

Gen<std::string> message_condition_at(Stage stage) {
  const auto fact = gen::element<std::string>("sample_a == 'bad'", "sample_a != 'bad'",
                                              "sample_b == 'bad'", "true", "true");
  const auto about =
      stage == Stage::rcpt
          ? gen::element<std::string>("recipient.domain == 'example.org'", "true", "true")
          : gen::element<std::string>("recipient_count > 1", "recipient_count == 1",
                                      "recipients contains 'bob@example.org'",
                                      "not (recipients contains 'bob@example.org')", "true",
                                      "true");
  return gen::apply([](const std::string& a, const std::string& b) { return a + " and " + b; },
                    fact, about);
}

struct MessageRule {
  Stage stage;
  Verdict verdict;
  WhenUnavailable unavailable;
};

Gen<RulePlan> message_plan(MessageRule rule) {
  return gen::apply(
      [rule](std::string condition, AcceptScope scope, unsigned share) {
        RulePlan plan;
        plan.stage = rule.stage;
        plan.condition = std::move(condition);
        plan.verdict = rule.verdict;
        plan.scope = scope;
        plan.unavailable = rule.unavailable;
        plan.share = share;
        if (rule.verdict == Verdict::reject) plan.reason = "policy-reject";
        if (rule.verdict == Verdict::defer) plan.reason = "policy-defer";
        return plan;
      },
      message_condition_at(rule.stage), gen::element(AcceptScope::stage, AcceptScope::message),
      gen::element(0U, 0U, 0U, 0U, 50U));
}

/// What goes wrong between RCPT and the end of a message: short conditions on few facts and on the
/// recipients, accepts that act unanswered before rules that refuse, and a refusal in the end.
Gen<std::vector<RulePlan>> message_plans() {
  constexpr auto skip = WhenUnavailable::skip;
  const MessageRule matching{Stage::rcpt, Verdict::accept, WhenUnavailable::match};
  const MessageRule accepting{Stage::rcpt, Verdict::accept, skip};
  const MessageRule refusing{Stage::rcpt, Verdict::reject, skip};
  const MessageRule putting_off{Stage::rcpt, Verdict::defer, skip};
  const MessageRule waiting{Stage::rcpt, Verdict::reject, WhenUnavailable::defer};
  const MessageRule accepting_late{Stage::end_of_message, Verdict::accept, skip};
  const MessageRule putting_off_late{Stage::end_of_message, Verdict::defer, skip};
  const MessageRule refusing_late{Stage::end_of_message, Verdict::reject, skip};
  const auto plans = [](Gen<MessageRule> rules) {
    return gen::mapcat(std::move(rules), message_plan);
  };
  return gen::apply(
      [](RulePlan first, RulePlan second, RulePlan third, RulePlan late, RulePlan last) {
        return std::vector<RulePlan>{std::move(first), std::move(second), std::move(third),
                                     std::move(late), std::move(last)};
      },
      plans(gen::element(matching, accepting, refusing)),
      plans(gen::element(matching, accepting, refusing, putting_off, waiting)),
      plans(gen::element(refusing, putting_off)),
      plans(gen::element(accepting_late, putting_off_late, refusing_late)),
      message_plan(refusing_late));
}

Gen<Answer> answer_among(std::vector<std::string> words) {
  const auto one = gen::map(gen::elementOf(words),
                            [](std::string word) { return Answer::found({std::move(word)}); });
  const auto two = gen::map(gen::pair(gen::elementOf(words), gen::elementOf(words)), [](auto both) {
    return Answer::found({both.first, both.second});
  });
  return gen::weightedOneOf<Answer>(
      {{6, one}, {1, two}, {1, gen::just(Answer::unavailable("timeout"))}});
}

Gen<std::map<Question, Answer>> answers() {
  auto all = gen::just(std::map<Question, Answer>());
  static const auto checks = sample_checks();
  for (const auto& [name, check] : checks.all()) {
    const auto& description = check->description();
    const auto question = sample_question(name, description.kind, description.cost);
    all = gen::apply(
        [question](std::map<Question, Answer> before, Answer answer) {
          before.emplace(question, std::move(answer));
          return before;
        },
        std::move(all), answer_among(description.values));
  }
  const auto add = [&all](std::string type, std::string name, Gen<Answer> answer) {
    const Question question{QuestionKind::reverse_dns, std::move(type), std::move(name),
                            QuestionCost::free};
    all = gen::apply(
        [question](std::map<Question, Answer> before, Answer given) {
          before.emplace(question, std::move(given));
          return before;
        },
        std::move(all), std::move(answer));
  };
  // The transactions' client, and the two names of the map.
  const auto silence = Answer::unavailable("timeout");
  for (const char* client : {"192.0.2.7", "198.51.100.9", "2001:db8::1"}) {
    add("PTR", reverse_dns_name(*IpAddress::parse(client)),
        gen::element(Answer::found({"mail.example.net"}), Answer::found({"other.example.net"}),
                     Answer::found({"other.example.net", "mail.example.net"}), Answer::nothing(),
                     silence));
  }
  for (const char* name : {"mail.example.net", "other.example.net"}) {
    add("A", name,
        gen::element(Answer::found({"192.0.2.7", "198.51.100.9"}), Answer::nothing(), silence));
    add("AAAA", name, gen::element(Answer::found({"2001:db8::1"}), Answer::nothing(), silence));
  }
  return all;
}

template <typename T>
Gen<Told<T>> told(T value) {
  return gen::element(Told<T>(value), Told<T>(value), Told<T>::absent(), Told<T>());
}

Gen<Transaction> transaction_at(Stage stage) {
  auto all = gen::just(ordinary_transaction(stage));
  const auto change = [&all](auto values, auto set) {
    all = gen::apply(
        [set](Transaction transaction, auto value) {
          set(transaction, value);
          return transaction;
        },
        std::move(all), std::move(values));
  };
  change(gen::element("192.0.2.7", "198.51.100.9", "2001:db8::1", ""),
         [](Transaction& t, const char* text) { t.client.address = IpAddress::parse(text); });
  change(gen::element(Door::milter, Door::policy, Door::library),
         [](Transaction& t, Door door) { t.door = door; });
  change(told<std::string>("mail.example.net"),
         [](Transaction& t, const Told<std::string>& name) { t.client.name = name; });
  change(told<std::string>("TLSv1.3"),
         [](Transaction& t, const Told<std::string>& version) { t.tls.version = version; });
  change(told<std::string>("alice"),
         [](Transaction& t, const Told<std::string>& user) { t.authentication.user = user; });
  if (stage >= Stage::helo) {
    change(gen::oneOf(told<std::string>("mail.example.net"),
                      gen::map(gen::arbitrary<std::string>(),
                               [](std::string text) { return Told<std::string>(text); })),
           [](Transaction& t, const Told<std::string>& helo) { t.helo = helo; });
  }
  if (stage >= Stage::mail) {
    change(gen::oneOf(gen::element<std::string>("<>", "a@example.net", "\"a;b:c\"@example.com"),
                      gen::arbitrary<std::string>()),
           [](Transaction& t, const std::string& s) { t.sender = MailAddress::from_envelope(s); });
  }
  if (stage >= Stage::data) {
    change(gen::inRange(0, 6), [](Transaction& t, int shape) {
      if (shape == 0) return;
      AcceptedRecipient first{
          MailAddress::from_envelope("bob@example.org"), shape > 2, "rule 0", {}};
      AcceptedRecipient second{
          MailAddress::from_envelope("eve@example.org"), shape > 3, "rule 1", {}};
      t.recipient = Told<MailAddress>();
      t.recipient_count = std::int64_t{2};
      t.recipients = std::vector<AcceptedRecipient>{std::move(first), std::move(second)};
    });
  }
  return all;
}

/// What a map of client names gives; the transactions' name is in it.
std::shared_ptr<const MapPoints> points_of_names() {
  static const auto made = [] {
    EntryList entries;
    entries.add("mail.example.net", 1, 1);
    entries.set_value("-1.5");
    entries.add("other.example.net", 2, 1);
    entries.set_value("3");
    const auto map = *Table::build("names", TableKind::map, std::move(entries));
    const Tables tables{{"names", map}};
    const auto found = std::get<Condition>(
        Condition::compile("client.name in names", {nullptr, &tables, Stage::connect}));
    return std::make_shared<const MapPoints>(
        MapPoints{"names", found.look_up("names"), -1500, 3000});
  }();
  return made;
}

/// One that is often named by conditions, and one that is not.
std::shared_ptr<const FieldOfChecks> found_field() {
  static const auto made = [] {
    const auto checks = sample_checks();
    return std::make_shared<const FieldOfChecks>(FieldOfChecks{
        FieldForm::authentication_results, {checks.find("sample_a"), checks.find("sample_spf")}});
  }();
  return made;
}

}  // namespace

std::shared_ptr<const std::vector<Rule>> compile(const std::vector<RulePlan>& plans) {
  auto rules = std::make_shared<std::vector<Rule>>();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto& plan = plans[i];
    auto made = rule("rule " + std::to_string(i), plan.stage, plan.condition);
    made.verdict = plan.verdict;
    made.mode = plan.mode;
    if (plan.mode == RuleMode::enforce) made.share = plan.share;
    // At the very time of our transactions.
    if (plan.expired) made.expires = ordinary_transaction(Stage::connect).time;
    made.unavailable = plan.unavailable;
    if (plan.verdict == Verdict::accept) made.scope = plan.scope;
    if (!plan.reason.empty()) made.reason = find_reason(plan.reason);
    if (plan.verdict == Verdict::discard || plan.verdict == Verdict::quarantine) {
      made.note = "because";
    }
    for (const auto kind : plan.effects) {
      made.effects.push_back({kind, "X-Name", "word", {}});
      // Of every second rule the field tells what checks have found.
      if (kind == EffectKind::add_header && i % 2 == 0) made.effects.back().field = found_field();
    }
    made.scores = plan.scores;
    for (auto& added : made.scores) {
      if (plan.from_map) added.from = points_of_names();
      if (!plan.weighed.empty()) {
        static const auto checks = sample_checks();
        added.from = points_of_weight(checks.find(plan.weighed));
      }
    }
    rules->push_back(std::move(made));
  }
  bind_scores(*rules);
  return rules;
}

Facts World::all_facts() const {
  Facts facts;
  for (const auto& [question, answer] : answers) facts.add(question, answer);
  return facts;
}

namespace {

/// Leaves of the answers about host names those that this client leads to: P6 looks at each set of
/// what may be missing.
void leave_own_names(std::map<Question, Answer>& answers, const Transaction& transaction) {
  const auto& client = transaction.client;
  std::string pointer;
  std::vector<std::string> names;
  if (client.address && client.name.state() == Told<std::string>::State::not_told) {
    pointer = reverse_dns_name(*client.address);
    const auto found =
        answers.find({QuestionKind::reverse_dns, "PTR", pointer, QuestionCost::free});
    if (found != answers.end()) names = found->second.values;
  }
  const auto* type =
      client.address && client.address->family() == IpAddress::Family::v4 ? "A" : "AAAA";
  std::erase_if(answers, [&](const auto& each) {
    const auto& question = each.first;
    const bool of_sample = question == sample_question(question.subject, question.kind);
    return question.kind == QuestionKind::reverse_dns && !of_sample && question.key != pointer &&
           !(question.subject == type &&
             std::find(names.begin(), names.end(), question.key) != names.end());
  });
}

Gen<World> world_of(Gen<std::vector<RulePlan>> plans, Gen<Stage> stages) {
  return gen::apply(
      [](std::vector<RulePlan> all, Transaction transaction, std::map<Question, Answer> answered,
         std::vector<unsigned> order) {
        std::stable_sort(all.begin(), all.end(),
                         [](const auto& a, const auto& b) { return a.stage < b.stage; });
        World world;
        world.rules = compile(all);
        world.plans = std::move(all);
        world.transaction = std::move(transaction);
        leave_own_names(answered, world.transaction);
        world.answers = std::move(answered);
        world.order = std::move(order);
        return world;
      },
      std::move(plans), gen::mapcat(std::move(stages), transaction_at), answers(),
      gen::container<std::vector<unsigned>>(8, gen::inRange(0U, 100U)));
}

}  // namespace

Gen<World> any_world() {
  const auto stages = gen::element(Stage::connect, Stage::helo, Stage::mail, Stage::rcpt,
                                   Stage::rcpt, Stage::data, Stage::end_of_message);
  const auto rule_stages = gen::element(Stage::connect, Stage::helo, Stage::mail, Stage::rcpt,
                                        Stage::rcpt, Stage::rcpt, Stage::end_of_message);
  return world_of(
      gen::scale(0.12, gen::container<std::vector<RulePlan>>(gen::mapcat(rule_stages, plan_at))),
      stages);
}

Gen<World> scored_world() {
  return world_of(scored_plans(),
                  gen::element(Stage::mail, Stage::rcpt, Stage::rcpt, Stage::end_of_message));
}

Gen<World> message_world() { return world_of(message_plans(), gen::just(Stage::rcpt)); }

World without(World world, const std::vector<bool>& gone) {
  std::size_t at = 0;
  for (auto& [question, answer] : world.answers) {
    if (at < gone.size() && gone[at]) answer = Answer::unavailable("deadline");
    ++at;
  }
  return world;
}

void showValue(const World& world, std::ostream& out) {
  out << "at " << to_text(world.transaction.stage) << ", door " << to_text(world.transaction.door)
      << (world.transaction.client.address ? "" : ", local submission") << "\n";
  for (const auto& plan : world.plans) {
    for (const auto& added : plan.scores) out << words_of(added) << ", ";
    if (plan.from_map) out << "from a map, ";
    out << to_text(plan.stage) << ": " << to_text(plan.verdict) << " " << plan.reason;
    for (const auto kind : plan.effects) out << " " << to_text(kind);
    out << " (" << to_text(plan.mode) << ", share " << plan.share
        << (plan.expired ? ", expired" : "") << ", scope " << to_text(plan.scope)
        << ", unavailable " << static_cast<int>(plan.unavailable) << ") when " << plan.condition
        << "\n";
  }
  for (const auto& [question, answer] : world.answers) {
    out << question.subject << " =";
    for (const auto& value : answer.values) out << " " << value;
    out << (answer.state == Answer::State::unavailable ? " unavailable" : "") << "\n";
  }
}

}  // namespace postern::test
