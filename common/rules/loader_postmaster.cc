// RFC 5321 4.5.1: mail for postmaster is to be accepted, at every domain of ours and without one.
// Whether rules do so is not read from their text but asked, as a mail server would ask them: of an
// ordinary message from strangers, small and for postmaster alone.

#include "model/text.h"
#include "rules/lexer.h"
#include "rules/loader.h"
#include "rules/program.h"
#include "tables/table.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

using expression::Name;
using expression::Program;
using expression::Step;

/// Postmaster or abuse at one domain, or at none, and whether a rule has accepted it so far. One
/// spelling is enough: conditions and tables compare local parts without regard to case.
struct Mailbox {
  std::string domain;
  std::string_view local = "postmaster";
  bool accepted = false;  ///< at RCPT
  bool settled = false;   ///< for the rest of the message too

  std::string address() const {
    return domain.empty() ? std::string(local) : std::string(local) + '@' + domain;
  }
};

/// Domains that conditions speak of in so many words.
void add_literals(const std::string& condition, std::set<std::string>& domains) {
  for (const auto& token : expression::lex(condition).tokens) {
    if (token.kind != expression::TokenKind::text) continue;
    const auto at = token.text.rfind('@');
    const auto domain = at == std::string::npos ? token.text : token.text.substr(at + 1);
    if (domain.find('.') != std::string::npos && is_host_name(domain)) {
      domains.insert(normal_domain(domain));
    }
  }
}

/// Which domains are ours is nowhere said, so every one that occurs is tried: mail for postmaster
/// is accepted if it is at one of them.
std::vector<Mailbox> mailboxes(const std::vector<DraftRule>& rules,
                               const IdentitySettings& identity, const TableSet& tables) {
  auto domains = tables.domains;
  const auto host = normal_domain(identity.host);
  domains.insert(host);
  if (const auto dot = host.find('.'); dot != std::string::npos) {
    domains.insert(host.substr(dot + 1));
  }
  if (const auto contact = MailAddress::from_envelope(identity.contact); !contact.empty()) {
    domains.insert(contact.domain());
  }
  for (const auto& draft : rules) {
    if (draft.rule.verdict == Verdict::accept) {
      add_literals(draft.rule.condition.source(), domains);
    }
  }
  domains.erase("");
  std::vector<Mailbox> result;
  result.reserve(domains.size());
  for (const auto& domain : domains) result.push_back({domain});
  return result;
}

/// What a stranger is that nobody knows.
enum class Unknown : std::uint8_t {
  times,        ///< the hour, what was added to a score by then, what macros say
  and_network,  ///< and where the client is
};

bool is_unknown(const expression::Test& test, Unknown unknown) {
  if (!test.score.empty()) return true;
  if (test.check || test.calculation) return false;
  return test.name == Name::time || test.name == Name::weekday || test.name == Name::date ||
         test.name == Name::macro || test.other == Name::macro ||
         (unknown == Unknown::and_network && test.name == Name::client_ip);
}

/// A condition in which what is unknown counts for nothing.
Program without(const Program& program, Unknown unknown) {
  auto rest = program;
  for (auto& step : rest.steps) {
    if (step.kind == Step::Kind::test && is_unknown(rest.tests[step.first], unknown)) {
      step = {Step::Kind::constant, Truth::unavailable, 0, 0};
    }
  }
  return rest;
}

/// Of one review. A policy of thousands of rules, each with a domain of its own, would need
/// millions in the square; beyond this nothing is taken to be wrong.
constexpr std::size_t most_questions = 2'000'000;

/// Transactions of which little more than the recipient is certain. What a rule says to all of them
/// it says, as far as can be told, to everybody.
class Strangers {
 public:
  Strangers(const ListenSettings& listen, const Tables& tables) {
    std::vector<Door> doors;
    if (listen.milter) doors.push_back(Door::milter);
    if (!listen.policy.empty()) doors.push_back(Door::policy);
    if (doors.empty()) doors.push_back(Door::library);
    for (const auto door : doors) {
      for (const auto* client : {"", "192.0.2.1", "2001:db8::1"}) {
        Transaction stranger;
        stranger.door = door;
        stranger.client.address = IpAddress::parse(client);
        // What is too large for anybody may be too large for postmaster.
        stranger.declared_size = Told<std::int64_t>::absent();
        strangers_.push_back(std::move(stranger));
        // Whether a client stands in a table is nothing to rely on.
        if (!strangers_.back().client.address) continue;
        for (const auto& [name, table] : tables) {
          facts_.add({QuestionKind::table, name, strangers_.back().client.address->text(),
                      QuestionCost::free},
                     Answer::unavailable("not asked"));
        }
      }
    }
  }

  /// Certainly yes, whoever it is.
  bool all_pass(const Program& condition, Stage stage, const std::string& recipient) {
    if (asked_ > most_questions) return true;
    return std::all_of(strangers_.begin(), strangers_.end(), [&](Transaction& stranger) {
      return ask(condition, stage, recipient, stranger) == Truth::yes;
    });
  }
  /// Not certainly no for all that have an address: nobody refuses local mail before DATA.
  bool any_may_pass(const Program& condition, Stage stage, const std::string& recipient) {
    if (asked_ > most_questions) return false;
    return std::any_of(strangers_.begin(), strangers_.end(), [&](Transaction& stranger) {
      return stranger.client.address && ask(condition, stage, recipient, stranger) != Truth::no;
    });
  }

 private:
  Truth ask(const Program& condition, Stage stage, const std::string& recipient,
            Transaction& stranger) {
    ++asked_;
    constexpr std::int64_t small = 1000;
    stranger.stage = stage;
    stranger.recipient = Told<MailAddress>();
    stranger.recipients = Told<std::vector<AcceptedRecipient>>();
    stranger.recipient_count = Told<std::int64_t>();
    stranger.size = Told<std::int64_t>();
    if (stage >= Stage::rcpt) stranger.recipient = MailAddress::from_envelope(recipient);
    if (stage > Stage::rcpt) {
      AcceptedRecipient accepted;
      accepted.address = MailAddress::from_envelope(recipient);
      stranger.recipients = std::vector<AcceptedRecipient>{std::move(accepted)};
      stranger.recipient_count = 1;
    }
    if (stage == Stage::end_of_message) stranger.size = small;
    return expression::run(condition, stranger, facts_, nullptr);
  }

  std::vector<Transaction> strangers_;
  Facts facts_;
  std::size_t asked_ = 0;
};

/// It keeps mail from postmaster. What is held can still be looked at.
bool turns_away(const Rule& rule) {
  return rule.mode == RuleMode::enforce &&
         (rule.verdict == Verdict::reject || rule.verdict == Verdict::defer ||
          rule.verdict == Verdict::discard);
}

class PostmasterReview {
 public:
  PostmasterReview(const std::vector<DraftRule>& rules, const Settings& settings,
                   const TableSet& tables, Diagnostics& diagnostics)
      : rules_(rules),
        diagnostics_(diagnostics),
        ours_(mailboxes(rules, settings.identity, tables)),
        abuse_(ours_),
        strangers_(settings.listen, tables.tables) {
    for (auto& mailbox : abuse_) mailbox.local = "abuse";
  }

  void review() {
    for (const auto& draft : rules_) {
      const auto& rule = draft.rule;
      // One that ends, or acts on some messages only, is not enough.
      if (rule.verdict == Verdict::accept && is_always_enforced(rule)) {
        note(rule, without(rule.condition.program(), Unknown::times));
      }
      if (!turns_away(rule)) continue;
      const auto condition = without(rule.condition.program(), Unknown::and_network);
      if (rule.place.stage < Stage::rcpt) {
        look_at_early(draft, condition);
      } else if (rule.place.stage == Stage::rcpt) {
        if (!said_at_rcpt_ || !said_abuse_) look_at_rcpt(draft, condition);
      } else if (!said_late_) {
        look_at_late(draft, condition);
      }
    }
    say_early();
  }

 private:
  /// What an accept settles.
  void note(const Rule& rule, const Program& condition) {
    const auto stage = rule.place.stage;
    const bool message = rule.scope != AcceptScope::stage;
    if (stage > Stage::rcpt || (stage < Stage::rcpt && !message)) return;
    const auto look = [&](Mailbox& mailbox) {
      if (mailbox.settled || (mailbox.accepted && !message)) return;
      if (!strangers_.all_pass(condition, stage, mailbox.address())) return;
      mailbox.accepted = true;
      mailbox.settled = message;
    };
    for (auto& mailbox : ours_) look(mailbox);
    for (auto& mailbox : abuse_) look(mailbox);
    look(bare_);
    if (stage < Stage::rcpt && bare_.settled) everything_settled_ = true;
  }

  bool any_accepted() const {
    return std::any_of(ours_.begin(), ours_.end(),
                       [](const Mailbox& mailbox) { return mailbox.accepted; });
  }
  bool any_settled() const {
    return std::any_of(ours_.begin(), ours_.end(),
                       [](const Mailbox& mailbox) { return mailbox.settled; });
  }

  /// Whether it may refuse postmaster at a domain of ours, those counted in that it names itself.
  bool may_refuse(const Rule& rule, const Program& condition) {
    const auto refused = [&](const std::string& domain) {
      return strangers_.any_may_pass(condition, rule.place.stage, Mailbox{domain}.address());
    };
    if (std::any_of(ours_.begin(), ours_.end(),
                    [&](const Mailbox& mailbox) { return refused(mailbox.domain); })) {
      return true;
    }
    std::set<std::string> named;
    add_literals(rule.condition.source(), named);
    return std::any_of(named.begin(), named.end(), refused);
  }

  void look_at_early(const DraftRule& draft, const Program& condition) {
    if (everything_settled_) return;
    if (!strangers_.any_may_pass(condition, draft.rule.place.stage, {})) return;
    if (first_early_ == nullptr) {
      first_early_ = &draft;
    } else {
      ++more_early_;
    }
  }

  void say_early() {
    if (first_early_ == nullptr) return;
    std::string hint = "give it stage = \"rcpt\", behind a rule that accepts postmaster";
    if (more_early_ > 0) {
      hint += "; so " + std::string(more_early_ == 1 ? "does" : "do") + " " +
              std::to_string(more_early_) + " more " + (more_early_ == 1 ? "rule" : "rules");
    }
    const bool drops = first_early_->rule.verdict == Verdict::discard;
    diagnostics_.warning(first_early_->name_span,
                         "this rule " + std::string(drops ? "drops" : "refuses") +
                             " before the recipient is known, and so mail for postmaster too (RFC "
                             "5321 4.5.1)",
                         std::move(hint));
  }

  void look_at_rcpt(const DraftRule& draft, const Program& condition) {
    if (!any_accepted()) {
      if (said_at_rcpt_) return;
      if (!may_refuse(draft.rule, condition)) return;
      said_at_rcpt_ = true;
      diagnostics_.warning(draft.name_span,
                           "no rule before this one accepts mail for postmaster (RFC 5321 4.5.1)",
                           "put a rule before it with accept = \"stage\" and when = "
                           "'(recipient.domain in local_domains or recipient.domain == \"\") and "
                           "recipient in always_reachable', a table of kind \"address\" that holds "
                           "\"postmaster@\"");
      return;
    }
    look_at_abuse(draft, condition);
    if (said_at_rcpt_ || bare_.accepted ||
        !strangers_.any_may_pass(condition, Stage::rcpt, bare_.address())) {
      return;
    }
    said_at_rcpt_ = true;
    diagnostics_.warning(
        draft.name_span,
        "no rule before this one accepts mail for <postmaster> without a domain (RFC "
        "5321 4.5.1)",
        "its domain is empty and in no table: write (recipient.domain in "
        "local_domains or recipient.domain == \"\") where postmaster is accepted");
  }

  /// No standard of the protocol wants it accepted, but whoever reports abuse is often refused for
  /// what he reports.
  void look_at_abuse(const DraftRule& draft, const Program& condition) {
    const auto accepted = [](const Mailbox& mailbox) { return mailbox.accepted; };
    if (said_abuse_ || std::any_of(abuse_.begin(), abuse_.end(), accepted)) return;
    if (std::none_of(abuse_.begin(), abuse_.end(), [&](const Mailbox& mailbox) {
          return strangers_.any_may_pass(condition, Stage::rcpt, mailbox.address());
        })) {
      return;
    }
    said_abuse_ = true;
    diagnostics_.note(draft.name_span,
                      "no rule before this one accepts mail for abuse, only for postmaster (RFC "
                      "2142 2)",
                      "accept \"abuse@\" of your domains where postmaster is accepted");
  }

  void look_at_late(const DraftRule& draft, const Program& condition) {
    if (any_settled() || !may_refuse(draft.rule, condition)) return;
    said_late_ = true;
    const bool drops = draft.rule.verdict == Verdict::discard;
    diagnostics_.warning(draft.name_span,
                         "this rule " + std::string(drops ? "drops" : "refuses") +
                             " mail for postmaster too (RFC 5321 4.5.1): no rule before it accepts "
                             "that for the whole message",
                         "write accept = \"message\" where postmaster is accepted");
  }

  const std::vector<DraftRule>& rules_;
  Diagnostics& diagnostics_;
  std::vector<Mailbox> ours_;
  std::vector<Mailbox> abuse_;
  Mailbox bare_;
  Strangers strangers_;
  const DraftRule* first_early_ = nullptr;
  std::size_t more_early_ = 0;
  bool everything_settled_ = false;
  bool said_at_rcpt_ = false;
  bool said_abuse_ = false;
  bool said_late_ = false;
};

}  // namespace

void warn_of_postmaster(const std::vector<DraftRule>& rules, const Settings& settings,
                        const TableSet& tables, Diagnostics& diagnostics) {
  PostmasterReview(rules, settings, tables, diagnostics).review();
}

}  // namespace postern
