#include "checks/list_check.h"

#include "checks/client_names.h"
#include "checks/field_text.h"
#include "checks/helo.h"
#include "checks/mail_domain.h"
#include "model/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array<std::string_view, 4> subjects{"client.ip", "client.name", "helo",
                                                   "sender.domain"};

Stage earliest_of(ListSubject subject) noexcept {
  switch (subject) {
    case ListSubject::client_ip:
    case ListSubject::client_name:
      return Stage::connect;
    case ListSubject::helo:
      return Stage::helo;
    case ListSubject::sender_domain:
      break;
  }
  return Stage::mail;
}

Question question_of(std::string_view type, std::string name) {
  return {QuestionKind::dns, std::string(type), std::move(name), QuestionCost::free};
}

/// For the path or query of a URL (RFC 3986 2.3).
std::string url_text(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == ':') {
      text += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    text += '%';
    text += digits[octet >> 4U];
    text += digits[octet & 0xfU];
  }
  return text;
}

}  // namespace

std::string_view to_text(ListSubject subject) noexcept {
  return subjects[static_cast<std::size_t>(subject)];
}

std::optional<ListSubject> list_subject_from_text(std::string_view text) noexcept {
  const auto* const found = std::find(subjects.begin(), subjects.end(), text);
  if (found == subjects.end()) return {};
  return static_cast<ListSubject>(found - subjects.begin());
}

ListCheck::ListCheck(std::string name, ListSettings settings) : settings_(std::move(settings)) {
  if (settings_.codes.empty()) settings_.codes.push_back(usual_dns_list_codes());
  if (settings_.title.empty()) settings_.title = settings_.zone;
  description_.name = std::move(name);
  for (const auto& each : settings_.codes) {
    auto& values = description_.values;
    if (std::find(values.begin(), values.end(), each.meaning) == values.end()) {
      values.push_back(each.meaning);
    }
  }
  description_.values.emplace_back("clear");
  description_.weights = settings_.weights;
  description_.earliest = earliest_of(settings_.subject);
  description_.kind = QuestionKind::dns;
  description_.meaning =
      "what the list " + settings_.title + " says of " + std::string(to_text(settings_.subject));
}

bool ListCheck::asks_for_words(const Transaction& transaction) const noexcept {
  // A policy service has no line for them.
  return settings_.kind == ListSettings::Kind::block && transaction.door != Door::policy &&
         settings_.words == ListSettings::Words::quoted;
}

ListCheck::Key ListCheck::domain_key(const std::string& domain) const {
  Key key;
  const auto name = domain.empty() ? std::nullopt : dns_list_name(domain, settings_.zone);
  if (!name) return key;
  key.state = Key::State::value;
  key.domain = domain;
  key.name = *name;
  return key;
}

std::string ListCheck::looked_up(const Key& key, const Transaction& transaction) const {
  if (settings_.subject == ListSubject::client_ip) return transaction.client.address->text();
  return key.domain;
}

ListCheck::Key ListCheck::key(const Transaction& transaction, const Facts& facts) const {
  Key key;
  const auto& client = transaction.client;
  const auto not_told = [&] {
    key.state = Key::State::unavailable;
    key.cause = "the mail server did not tell " + std::string(to_text(settings_.subject));
    return std::move(key);
  };
  if (!client.address) return key;
  switch (settings_.subject) {
    case ListSubject::client_ip:
      if (!is_routable(*client.address) || (settings_.families == ListSettings::Families::v4 &&
                                            client.address->family() == IpAddress::Family::v6)) {
        return key;
      }
      key.state = Key::State::value;
      key.name = dns_list_name(*client.address, settings_.zone);
      return key;
    case ListSubject::helo: {
      if (transaction.helo.state() == Told<std::string>::State::not_told) return not_told();
      const auto form = helo_form(transaction.helo.value());
      if (form != HeloForm::name && form != HeloForm::unusual) return key;
      return domain_key(normal_domain(transaction.helo.value()));
    }
    case ListSubject::sender_domain: {
      if (!transaction.sender.is_told()) return not_told();
      const auto& domain = transaction.sender.value().domain();
      if (!domain.empty() && domain.front() == '[') return key;
      return domain_key(domain);
    }
    case ListSubject::client_name:
      break;
  }
  auto name = confirmed_client_name(transaction, facts);
  if (name.state == ClientName::State::open) {
    key.state = Key::State::open;
    key.questions = std::move(name.questions);
  } else if (name.state == ClientName::State::unavailable) {
    key.state = Key::State::unavailable;
    key.cause = "client.name: " + name.cause;
  } else if (name.state == ClientName::State::found) {
    return domain_key(name.name);
  }
  return key;
}

CheckOutcome ListCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome result;
  auto key = this->key(transaction, facts);
  switch (key.state) {
    case Key::State::nothing:
      if (transaction.client.address) result.values.emplace_back("clear");
      return result;
    case Key::State::open:
      result.state = CheckOutcome::State::open;
      result.questions = std::move(key.questions);
      return result;
    case Key::State::unavailable:
      result.state = CheckOutcome::State::unavailable;
      result.cause = std::move(key.cause);
      return result;
    case Key::State::value:
      break;
  }
  auto question = question_of("A", std::move(key.name));
  const auto* answer = facts.find(question);
  if (answer == nullptr) {
    result.state = CheckOutcome::State::open;
    result.questions.push_back(std::move(question));
    return result;
  }
  auto reading = read_dns_list(*answer, settings_.codes);
  switch (reading.state) {
    case DnsListReading::State::error:
      result.state = CheckOutcome::State::unavailable;
      result.cause = std::move(reading.cause);
      return result;
    case DnsListReading::State::clear:
      // Lists that let in say with a code of their own that we may not ask (127.0.0.255 of one).
      // Taken for "does not have him", it would have refused whom the list speaks for.
      if (settings_.kind == ListSettings::Kind::allow && !reading.values.empty()) {
        result.state = CheckOutcome::State::unavailable;
        result.cause = "no meaning is known for " + joined(reading.values, ", ");
        return result;
      }
      result.values.emplace_back("clear");
      result.source.name = answer->source.name;
      return result;
    case DnsListReading::State::listed:
      break;
  }
  if (asks_for_words(transaction)) {
    question.subject = "TXT";
    if (facts.find(question) == nullptr) {
      result.state = CheckOutcome::State::open;
      result.questions.push_back(std::move(question));
      return result;
    }
  }
  result.values = std::move(reading.meanings);
  result.source = answer->source;
  result.source.note =
      looked_up(key, transaction) + " in " + settings_.zone + ": " + joined(reading.values, ", ");
  return result;
}

CheckWords ListCheck::words(const Transaction& transaction, const Facts& facts) const {
  // Whom it has, it speaks for; a refusal never rests on that.
  if (settings_.kind == ListSettings::Kind::allow) return {};
  const auto key = this->key(transaction, facts);
  if (key.state != Key::State::value) return {};
  const auto* answer = facts.find(question_of("A", key.name));
  if (answer == nullptr ||
      read_dns_list(*answer, settings_.codes).state != DnsListReading::State::listed) {
    return {};
  }
  const auto value = looked_up(key, transaction);
  CheckWords words{{"list", settings_.title}, {"listed_value", value}};
  const auto* text =
      asks_for_words(transaction) ? facts.find(question_of("TXT", key.name)) : nullptr;
  if (text != nullptr && text->state == Answer::State::value) {
    words.emplace_back("quote", joined(text->values, " "));
    words.emplace_back("quote_from", settings_.title);
  }
  if (!settings_.lookup.empty()) {
    constexpr std::string_view place = "{value}";
    auto url = settings_.lookup;
    for (auto at = url.find(place); at != std::string::npos; at = url.find(place)) {
      url.replace(at, place.size(), url_text(value));
    }
    words.emplace_back("see", std::move(url));
  }
  return words;
}

bool ListCheck::speaks(FieldForm form) const noexcept {
  // RFC 8904 has a word for lists that speak for a client; for block lists nobody has one.
  return form == FieldForm::authentication_results && settings_.kind == ListSettings::Kind::allow &&
         settings_.subject == ListSubject::client_ip;
}

FieldText ListCheck::field_text(FieldForm form, const Transaction& transaction,
                                const Facts& facts) const {
  // Codes of an entry that are told; a list with more says the same many times.
  constexpr std::size_t most_codes = 4;
  FieldText result;
  if (!speaks(form)) return result;
  const auto key = this->key(transaction, facts);
  if (key.state != Key::State::value) return result;
  auto question = question_of("A", key.name);
  const auto* answer = facts.find(question);
  if (answer == nullptr) {
    result.state = FieldText::State::open;
    result.questions.push_back(std::move(question));
    return result;
  }
  const auto reading = read_dns_list(*answer, settings_.codes);
  const bool odd = reading.state == DnsListReading::State::clear && !reading.values.empty();
  result.state = FieldText::State::told;
  result.text = "dnswl=";
  if (answer->state == Answer::State::unavailable) {
    result.text += "temperror";
  } else if (reading.state == DnsListReading::State::error || odd) {
    result.text += "permerror";
  } else {
    result.text += reading.state == DnsListReading::State::listed ? "pass" : "none";
  }
  // A zone that a title stands for may hold a key of ours, and everybody reads the message.
  result.text += settings_.title == settings_.zone ? " dns.zone=" + field_value(settings_.zone)
                                                   : ' ' + field_comment(settings_.title);
  if (reading.state == DnsListReading::State::listed) {
    auto codes = reading.values;
    codes.resize(std::min(codes.size(), most_codes));
    result.text += " policy.ip=" + field_value(joined(codes, ","));
  }
  return result;
}

}  // namespace postern
