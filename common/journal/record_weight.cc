#include "journal/record_weight.h"

namespace postern {
namespace {

// What the allocator and a tree's links add to each piece; ours, measured with glibc.
constexpr std::size_t around_each = 48;

std::size_t weight_of(const std::string& text) noexcept {
  // Short ones lie in the string itself.
  constexpr std::size_t inside = 15;
  return text.capacity() > inside ? text.capacity() + around_each / 2 : 0;
}

std::size_t weight_of(const std::vector<std::string>& texts) noexcept {
  std::size_t sum = texts.capacity() * sizeof(std::string);
  for (const auto& text : texts) sum += weight_of(text);
  return sum;
}

std::size_t weight_of(const MailAddress& address) noexcept {
  return weight_of(address.local()) + weight_of(address.domain());
}

}  // namespace

std::size_t weight_of(const Record& record) noexcept {
  const auto& transaction = record.transaction;
  // The names and addresses of one client, sender and recipient.
  constexpr std::size_t ordinary_texts = 512;
  std::size_t sum = sizeof(Record) + ordinary_texts;
  if (const auto& recipients = transaction.recipients; recipients.is_told()) {
    sum += recipients.value().capacity() * sizeof(AcceptedRecipient);
    for (const auto& each : recipients.value()) {
      sum += weight_of(each.address) + weight_of(each.settled_by);
    }
  }
  for (const auto& [name, value] : transaction.macros) {
    sum += around_each + sizeof(name) + sizeof(value) + weight_of(name) + weight_of(value);
  }
  for (const auto& [question, answer] : record.facts.all()) {
    sum += around_each + sizeof(question) + sizeof(answer) + weight_of(question.subject) +
           weight_of(question.key) + weight_of(answer.values) + weight_of(answer.source.note);
  }
  const auto& decision = record.decision;
  for (const auto& entry : decision.trail) {
    sum += sizeof(entry) + weight_of(entry.rule.name) + weight_of(entry.rule.file) +
           entry.evidence.capacity() * sizeof(Evidence) + weight_of(entry.effects);
  }
  for (const auto& effect : decision.effects) {
    sum += sizeof(effect) + weight_of(effect.name) + weight_of(effect.value);
  }
  if (record.sent) sum += weight_of(record.sent->answer) + weight_of(record.sent->expected);
  return sum;
}

}  // namespace postern
