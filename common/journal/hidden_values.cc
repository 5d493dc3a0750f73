#include "journal/hidden_values.h"

#include "journal/address_in_text.h"
#include "model/text.h"
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

/// How much of a name is left.
enum class Left : std::uint8_t {
  all,
  hash,    ///< equality
  domain,  ///< its local part was cut
  nothing,
};

Left left_of(std::string_view local, std::string_view domain) {
  if (!is_hidden_local(local)) return Left::all;
  const bool erased = local == erased_local || domain == erased_domain;
  if (erased) return Left::nothing;
  return local == hidden_local ? Left::domain : Left::hash;
}
Left left_of(const MailAddress& address) { return left_of(address.local(), address.domain()); }

/// Of "~0123456789abcdef@example.org", or a name that is hidden as a whole.
Left left_of(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return left_of(text, {});
  return left_of(text.substr(0, at), text.substr(at + 1));
}

Left left_of(const std::vector<AcceptedRecipient>& recipients) {
  auto left = Left::all;
  for (const auto& each : recipients) left = std::max(left, left_of(each.address));
  return left;
}

Left left_of(const Transaction& transaction) {
  auto left = std::max({left_of(transaction.sender.value()), left_of(transaction.recipient.value()),
                        left_of(transaction.recipients.value()),
                        left_of(transaction.authentication.user.value()),
                        left_of(transaction.helo.value())});
  for (const auto& [macro, value] : transaction.macros) left = std::max(left, left_of(value));
  return left;
}

std::vector<std::string> domains_of(Name name, const Transaction& transaction) {
  if (name == Name::sender) return {transaction.sender.value().domain()};
  if (name == Name::recipient) return {transaction.recipient.value().domain()};
  std::vector<std::string> domains;
  for (const auto& each : transaction.recipients.value()) domains.push_back(each.address.domain());
  return domains;
}

/// What is left of what the name stands for in this transaction.
Left left_of(std::optional<Name> name, const std::string& macro, const Transaction& transaction) {
  if (!name) return Left::all;
  const auto only_if_erased = [](Left left) { return left == Left::nothing ? left : Left::all; };
  switch (*name) {
    case Name::sender:
    case Name::sender_local:
      return left_of(transaction.sender.value());
    case Name::sender_domain:
    case Name::sender_org_domain:
      return only_if_erased(left_of(transaction.sender.value()));
    case Name::recipient:
    case Name::recipient_local:
      return left_of(transaction.recipient.value());
    case Name::recipient_domain:
    case Name::recipient_org_domain:
      return only_if_erased(left_of(transaction.recipient.value()));
    case Name::recipients:
      return left_of(transaction.recipients.value());
    case Name::client_user:
      return left_of(transaction.authentication.user.value());
    case Name::helo:
    case Name::helo_org_domain:
      return left_of(transaction.helo.value());
    case Name::macro: {
      const auto found = transaction.macros.find(macro);
      return found == transaction.macros.end() ? Left::all : left_of(found->second);
    }
    default:
      return Left::all;
  }
}

/// With the key, an entry has been put in place of its hash: the rest is none. But not where it
/// counts how a local part was written, or only a part of it is looked up.
bool is_of_names(const Table& table) {
  return (table.keys() == TableKind::address || table.keys() == TableKind::string) &&
         table.options().delimiter.empty() &&
         table.options().local_part_case == LocalPartCase::ignore;
}

/// One record.
class Gaps {
 public:
  Gaps(const Transaction& transaction, const AddressMask& mask)
      : transaction_(transaction), has_key_(mask.form() == AddressForm::hashed) {}

  /// Whether a test comes to nothing that can be relied on.
  bool is_open(const Test& test) const {
    if (test.comparison == Comparison::same_as) return is_open_between_names(test);
    const auto left = left_of(test.name, test.macro, transaction_);
    if (left == Left::all) return false;
    switch (test.comparison) {
      case Comparison::equal:
        return is_open_equality(test, left);
      case Comparison::ends_with:
        return left == Left::nothing || is_open_end(test);
      case Comparison::in_table:
        return is_open_table(test, left);
      case Comparison::holds:
        return false;
      default:
        return true;
    }
  }

 private:
  /// Hashes are equal when what they are of is.
  bool is_open_between_names(const Test& test) const {
    const auto one = left_of(test.name, test.macro, transaction_);
    const auto other = left_of(test.other, test.other_macro, transaction_);
    if (one == Left::all && other == Left::all) return false;
    return one != other || one != Left::hash || !has_key_;
  }

  bool is_open_table(const Test& test, Left left) const {
    if (!test.table || left == Left::nothing) return true;
    if (test.table->keys() == TableKind::domain) return false;
    return left != Left::hash || !has_key_ || !is_of_names(*test.table);
  }

  /// Whoever writes a hash, or what stands where an address was, means that.
  bool names_what_stands_there(const Test& test) const {
    const auto hidden = [](const auto& each) { return left_of(each) != Left::all; };
    return std::all_of(test.addresses.begin(), test.addresses.end(), hidden) &&
           std::all_of(test.texts.begin(), test.texts.end(), hidden);
  }

  /// With the key, what the policy names has been put in place of its hash: the rest is not equal.
  bool is_open_equality(const Test& test, Left left) const {
    if (names_what_stands_there(test)) return false;
    if (left == Left::nothing) return true;
    if (has_key_ && left == Left::hash) return false;
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

bool is_of_domain(char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; }

/// How many octets at `at` are a hidden address or name; 0: none. A tilde may stand anywhere else.
std::size_t hidden_length(std::string_view text, std::size_t at) {
  if (text[at] != hidden_local.front()) return 0;
  if (at > 0 && is_of_domain(text[at - 1])) return 0;
  auto end = at + 1;
  while (end < text.size() && is_letter_or_digit(text[end])) ++end;
  if (!is_hidden_local(text.substr(at, end - at))) return 0;
  if (end == text.size() || text[end] != '@') return end - at == 1 ? 0 : end - at;
  ++end;
  if (end < text.size() && text[end] == '[') {
    const auto close = text.find(']', end);
    return (close == std::string_view::npos ? text.size() : close + 1) - at;
  }
  while (end < text.size() && is_of_domain(text[end])) ++end;
  // What ends a sentence is no part of it.
  while (text[end - 1] == '.') --end;
  return end - at;
}

bool hangs_on_share(const Rule& rule, const Transaction& transaction) {
  if (rule.share == 0 || rule.place.stage < Stage::mail) return false;
  const auto is_hidden = [](const MailAddress& each) { return left_of(each) != Left::all; };
  return is_hidden(transaction.sender.value()) ||
         (rule.place.stage == Stage::rcpt && is_hidden(transaction.recipient.value()));
}

/// What keeps the rule from saying yes or no; empty: nothing.
std::string gap_of(const Rule& rule, const Record& record, const AddressMask& mask) {
  std::string name;
  const auto truth = truth_of_hidden(rule.condition.program(), record.transaction, record.facts,
                                     mask, nullptr, &name);
  if (!name.empty() && truth == Truth::unknown) return name;
  if (truth != Truth::no && hangs_on_share(rule, record.transaction)) return "its share";
  return {};
}

void replace_each(std::string& text, const NamedLocals& named) {
  for (auto at = text.find(hidden_local); at != std::string::npos;
       at = text.find(hidden_local, at + 1)) {
    const auto found = named.find(text.substr(at, hidden_local.size() + hash_digits));
    if (found == named.end()) continue;
    text.replace(at, found->first.size(), found->second);
    at += found->second.size() - 1;
  }
}

}  // namespace

bool has_hidden(const Record& record) { return left_of(record.transaction) != Left::all; }

std::string without_hidden(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = hidden_length(text, at);
    if (length == 0) {
      result += text[at++];
      continue;
    }
    const auto hidden = text.substr(at, length);
    result += hidden.find('@') == std::string_view::npos ? "(a name)" : "(an address)";
    at += length;
  }
  return result;
}

bool holds_erased(const Record& record) {
  return to_json(record).find(erased_local) != std::string::npos;
}

void add_named(NamedLocals& named, const Program& program, const AddressMask& mask) {
  if (mask.form() != AddressForm::hashed) return;
  const auto name = [&](std::string_view local) {
    if (!local.empty()) named.emplace(mask.local(local), local);
  };
  for (const auto& test : program.tests) {
    for (const auto& address : test.addresses) name(address.local());
    for (const auto& text : test.texts) name(text.substr(0, text.find('@')));
    if (test.comparison != Comparison::in_table || !test.table || !is_of_names(*test.table)) {
      continue;
    }
    const auto& entries = test.table->entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto text = entries.text(i);
      name(MailAddress::from_unquoted(text).local());
      name(text.substr(0, text.rfind('@')));
    }
  }
}

Truth truth_of_hidden(const Program& program, const Transaction& transaction, const Facts& facts,
                      const AddressMask& mask, const expression::FurtherValues* further,
                      std::string* open) {
  const Gaps gaps(transaction, mask);
  Program opened;
  std::string name;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const auto& step = program.steps[i];
    if (step.kind != Step::Kind::test || !gaps.is_open(program.tests[step.first])) continue;
    if (name.empty()) {
      opened = program;
      name = name_of(program.tests[step.first]);
    }
    opened.steps[i] = {Step::Kind::constant, Truth::unknown, 0, 0};
  }
  const auto truth = run(name.empty() ? program : opened, transaction, facts, nullptr,
                         expression::Unanswered::open, nullptr, further);
  if (open != nullptr) *open = std::move(name);
  return truth;
}

Record revealed(const NamedLocals& named, const Record& record) {
  if (named.empty()) return record;
  auto result = record;
  auto& transaction = result.transaction;
  const auto reveal = [&named](MailAddress address) {
    const auto found = named.find(address.local());
    if (found == named.end()) return address;
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
  for (auto* const told : {&transaction.authentication.user, &transaction.helo}) {
    if (!told->is_told()) continue;
    auto text = told->value();
    replace_each(text, named);
    *told = std::move(text);
  }
  for (auto& [macro, value] : transaction.macros) replace_each(value, named);
  Facts facts;
  for (const auto& [asked, answered] : record.facts.all()) {
    auto question = asked;
    auto answer = answered;
    replace_each(question.key, named);
    for (auto& value : answer.values) replace_each(value, named);
    facts.add(std::move(question), std::move(answer));
  }
  result.facts = std::move(facts);
  return result;
}

Record HiddenValues::revealed(const Policy& policy, const Record& record) {
  if (digest_ != policy.digest()) {
    digest_ = policy.digest();
    named_.clear();
    for (const auto& rule : policy.rules()) add_named(named_, rule.condition.program(), mask_);
  }
  return postern::revealed(named_, record);
}

std::vector<std::string> HiddenValues::lacking(const Policy& policy, const Record& record,
                                               const Decision& after) const {
  std::vector<std::string> found;
  for (const auto& rule : policy.rules()) {
    if (rule.place.stage > record.transaction.stage) break;
    if (rule.mode == RuleMode::enforce) {
      const auto gap = gap_of(rule, record, mask_);
      if (!gap.empty()) found.push_back(gap + " (rule \"" + rule.place.name + "\")");
    }
    if (after.rule && rule.place == *after.rule) break;
  }
  return found;
}

}  // namespace postern
