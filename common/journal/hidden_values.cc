#include "journal/hidden_values.h"

#include "journal/address_in_text.h"
#include "rules/program.h"
#include "rules/rule.h"
#include "rules/share.h"
#include "tables/table.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace postern {
namespace {

using expression::Comparison;
using expression::Name;
using expression::Program;
using expression::Step;
using expression::Test;
using expression::ValueType;

/// "~0123456789abcdef@example.org", or a name that is hidden as a whole.
bool is_hidden_name(std::string_view text) {
  return is_hidden_local(text.substr(0, std::min(text.rfind('@'), text.size())));
}
bool is_hidden(const MailAddress& address) { return is_hidden_local(address.local()); }

bool any_hidden(const std::vector<AcceptedRecipient>& recipients) {
  return std::any_of(recipients.begin(), recipients.end(),
                     [](const AcceptedRecipient& each) { return is_hidden(each.address); });
}

std::vector<std::string> domains_of(Name name, const Transaction& transaction) {
  if (name == Name::sender) return {transaction.sender.value().domain()};
  if (name == Name::recipient) return {transaction.recipient.value().domain()};
  std::vector<std::string> domains;
  for (const auto& each : transaction.recipients.value()) domains.push_back(each.address.domain());
  return domains;
}

/// Whether the name stands for something that is hidden in this transaction.
bool reads_hidden(std::optional<Name> name, const std::string& macro,
                  const Transaction& transaction) {
  if (!name) return false;
  switch (*name) {
    case Name::sender:
    case Name::sender_local:
      return is_hidden(transaction.sender.value());
    case Name::recipient:
    case Name::recipient_local:
      return is_hidden(transaction.recipient.value());
    case Name::recipients:
      return any_hidden(transaction.recipients.value());
    case Name::client_user:
      return is_hidden_name(transaction.authentication.user.value());
    case Name::macro: {
      const auto found = transaction.macros.find(macro);
      return found != transaction.macros.end() && is_hidden_name(found->second);
    }
    default:
      return false;
  }
}

/// One record.
class Gaps {
 public:
  Gaps(const Transaction& transaction, const AddressMask& mask)
      : transaction_(transaction), has_key_(mask.form() == AddressForm::hashed) {}

  /// Whether a test comes to nothing that can be relied on.
  bool is_open(const Test& test) const {
    if (test.comparison == Comparison::same_as) return is_open_between_names(test);
    if (!reads_hidden(test.name, test.macro, transaction_)) return false;
    switch (test.comparison) {
      case Comparison::equal:
        return is_open_equality(test);
      case Comparison::ends_with:
        return is_open_end(test);
      case Comparison::in_table:
        return !test.table || test.table->kind() != TableKind::domain;
      case Comparison::holds:
        return false;
      default:
        return true;
    }
  }

 private:
  /// Hashes are equal when what they are of is.
  bool is_open_between_names(const Test& test) const {
    const bool one = reads_hidden(test.name, test.macro, transaction_);
    const bool other = reads_hidden(test.other, test.other_macro, transaction_);
    return one != other || (one && !has_key_);
  }

  /// With the key, what the policy names has been put in place of its hash: the rest is not equal.
  bool is_open_equality(const Test& test) const {
    if (has_key_) return false;
    if (test.type != ValueType::address && test.type != ValueType::addresses) return true;
    const auto domains = domains_of(*test.name, transaction_);
    return std::any_of(test.addresses.begin(), test.addresses.end(), [&](const auto& address) {
      return std::find(domains.begin(), domains.end(), address.domain()) != domains.end();
    });
  }

  /// The domain is there to be looked at.
  bool is_open_end(const Test& test) const {
    if (test.type != ValueType::address && test.type != ValueType::addresses) return true;
    const auto domains = domains_of(*test.name, transaction_);
    return std::any_of(test.texts.begin(), test.texts.end(), [&](const std::string& text) {
      if (text.find('@') != std::string::npos) return text.front() != '@';
      return std::any_of(domains.begin(), domains.end(),
                         [&](const std::string& domain) { return text.size() > domain.size(); });
    });
  }

  const Transaction& transaction_;
  bool has_key_;
};

std::string name_of(const Test& test) {
  if (!test.name) return "a calculation";
  if (*test.name == Name::macro) return "macro " + test.macro;
  return std::string(expression::row_of(*test.name).name);
}

bool hangs_on_share(const Rule& rule, const Transaction& transaction) {
  if (rule.share == 0 || rule.place.stage < Stage::mail) return false;
  return is_hidden(transaction.sender.value()) ||
         (rule.place.stage == Stage::rcpt && is_hidden(transaction.recipient.value()));
}

/// What keeps the rule from saying yes or no; empty: nothing.
std::string gap_of(const Rule& rule, const Record& record, const Gaps& gaps) {
  const auto& program = rule.condition.program();
  Program open;
  std::string name;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const auto& step = program.steps[i];
    if (step.kind != Step::Kind::test || !gaps.is_open(program.tests[step.first])) continue;
    if (name.empty()) {
      open = program;
      name = name_of(program.tests[step.first]);
    }
    open.steps[i] = {Step::Kind::constant, Truth::unknown, 0, 0};
  }
  const auto truth = run(name.empty() ? program : open, record.transaction, record.facts, nullptr);
  if (!name.empty() && truth == Truth::unknown) return name;
  if (truth != Truth::no && hangs_on_share(rule, record.transaction)) return "its share";
  return {};
}

void replace_each(std::string& text, const std::map<std::string, std::string>& named) {
  for (auto at = text.find(hidden_local); at != std::string::npos;
       at = text.find(hidden_local, at + 1)) {
    const auto found = named.find(text.substr(at, hidden_local.size() + hash_digits));
    if (found == named.end()) continue;
    text.replace(at, found->first.size(), found->second);
    at += found->second.size() - 1;
  }
}

}  // namespace

bool has_hidden(const Record& record) {
  const auto& transaction = record.transaction;
  return is_hidden(transaction.sender.value()) || is_hidden(transaction.recipient.value()) ||
         any_hidden(transaction.recipients.value()) ||
         is_hidden_name(transaction.authentication.user.value()) ||
         std::any_of(transaction.macros.begin(), transaction.macros.end(),
                     [](const auto& macro) { return is_hidden_name(macro.second); });
}

Record HiddenValues::revealed(const Policy& policy, const Record& record) {
  if (mask_.form() != AddressForm::hashed) return record;
  if (digest_ != policy.digest()) {
    digest_ = policy.digest();
    named_.clear();
    const auto name = [this](const std::string& local) {
      if (!local.empty()) named_.emplace(mask_.local(local), local);
    };
    for (const auto& rule : policy.rules()) {
      for (const auto& test : rule.condition.program().tests) {
        for (const auto& address : test.addresses) name(address.local());
        for (const auto& text : test.texts) name(text.substr(0, text.find('@')));
      }
    }
  }
  auto result = record;
  auto& transaction = result.transaction;
  const auto reveal = [this](MailAddress address) {
    const auto found = named_.find(address.local());
    if (found == named_.end()) return address;
    return MailAddress::from_unquoted(found->second +
                                      (address.domain().empty() ? "" : '@' + address.domain()));
  };
  if (transaction.sender.is_told()) transaction.sender = reveal(transaction.sender.value());
  if (transaction.recipient.is_told()) {
    transaction.recipient = reveal(transaction.recipient.value());
  }
  if (transaction.recipients.is_told()) {
    auto recipients = transaction.recipients.value();
    for (auto& each : recipients) each.address = reveal(each.address);
    transaction.recipients = std::move(recipients);
  }
  auto& user = transaction.authentication.user;
  if (user.is_told()) {
    auto text = user.value();
    replace_each(text, named_);
    user = std::move(text);
  }
  for (auto& [macro, value] : transaction.macros) replace_each(value, named_);
  Facts facts;
  for (const auto& [asked, answered] : record.facts.all()) {
    auto question = asked;
    auto answer = answered;
    replace_each(question.key, named_);
    for (auto& value : answer.values) replace_each(value, named_);
    facts.add(std::move(question), std::move(answer));
  }
  result.facts = std::move(facts);
  return result;
}

std::vector<std::string> HiddenValues::lacking(const Policy& policy, const Record& record,
                                               const Decision& after) const {
  std::vector<std::string> found;
  const Gaps gaps(record.transaction, mask_);
  for (const auto& rule : policy.rules()) {
    if (rule.place.stage > record.transaction.stage) break;
    if (rule.mode == RuleMode::enforce) {
      const auto gap = gap_of(rule, record, gaps);
      if (!gap.empty()) found.push_back(gap + " (rule \"" + rule.place.name + "\")");
    }
    if (after.rule && rule.place == *after.rule) break;
  }
  return found;
}

}  // namespace postern
