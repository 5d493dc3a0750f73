// RFC 5321 4.5.1: mail for postmaster is to be accepted, at every domain of ours and without one.
// Whether rules do so is not read from their text but asked, as a mail server would ask them.

#include "model/text.h"
#include "rules/lexer.h"
#include "rules/loader.h"
#include "tables/table.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Postmaster at one domain, or at none, and whether a rule has accepted it so far. One spelling is
/// enough: conditions and tables compare local parts without regard to case.
struct Mailbox {
  std::string domain;
  bool accepted = false;

  std::string address() const {
    return domain.empty() ? std::string("postmaster") : "postmaster@" + domain;
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

/// Transactions of which only the recipient is certain. What a rule says to all of them it says,
/// as far as can be told, to everybody.
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

  bool all_pass(const Rule& rule, const std::string& recipient) {
    return std::all_of(strangers_.begin(), strangers_.end(), [&](Transaction& stranger) {
      stranger.stage = rule.place.stage;
      stranger.recipient = MailAddress::from_envelope(recipient);
      return rule.condition.truth(stranger, facts_) == Truth::yes;
    });
  }

 private:
  std::vector<Transaction> strangers_;
  Facts facts_;
};

/// True if what the rule accepts is not asked about again at RCPT.
bool settles_recipients(const Rule& rule) {
  // One that ends, or acts on some messages only, is not enough.
  if (!is_always_enforced(rule) || rule.verdict != Verdict::accept) return false;
  return rule.place.stage == Stage::rcpt || rule.scope != AcceptScope::stage;
}

void mark_accepted(const Rule& rule, Strangers& strangers, Mailbox& mailbox) {
  mailbox.accepted = mailbox.accepted || strangers.all_pass(rule, mailbox.address());
}

void warn(const Span& span, const std::vector<Mailbox>& ours, const Mailbox& bare,
          Diagnostics& diagnostics) {
  if (std::none_of(ours.begin(), ours.end(),
                   [](const Mailbox& mailbox) { return mailbox.accepted; })) {
    diagnostics.warning(span,
                        "no rule before this one accepts mail for postmaster (RFC 5321 4.5.1)",
                        "put a rule before it with accept = \"stage\" and when = "
                        "'(recipient.domain in local_domains or recipient.domain == \"\") and "
                        "recipient in always_reachable', a table of kind \"address\" that holds "
                        "\"postmaster@\"");
    return;
  }
  if (bare.accepted) return;
  diagnostics.warning(span,
                      "no rule before this one accepts mail for <postmaster> without a domain (RFC "
                      "5321 4.5.1)",
                      "its domain is empty and in no table: write (recipient.domain in "
                      "local_domains or recipient.domain == \"\") where postmaster is accepted");
}

}  // namespace

void warn_of_postmaster(const std::vector<DraftRule>& rules, const Settings& settings,
                        const TableSet& tables, Diagnostics& diagnostics) {
  auto ours = mailboxes(rules, settings.identity, tables);
  Mailbox bare;
  Strangers strangers(settings.listen, tables.tables);
  for (const auto& draft : rules) {
    const auto& rule = draft.rule;
    if (rule.place.stage > Stage::rcpt) return;
    if (settles_recipients(rule)) {
      for (auto& mailbox : ours) mark_accepted(rule, strangers, mailbox);
      mark_accepted(rule, strangers, bare);
    } else if (rule.place.stage == Stage::rcpt && rule.mode == RuleMode::enforce &&
               (rule.verdict == Verdict::reject || rule.verdict == Verdict::defer)) {
      warn(draft.name_span, ours, bare, diagnostics);
      return;
    }
  }
}

}  // namespace postern
