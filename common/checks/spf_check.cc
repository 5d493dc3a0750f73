#include "checks/spf_check.h"

#include "checks/helo.h"
#include "checks/spf_text.h"

#include <utility>

namespace postern {
namespace {

/// An address in place of a name has no SPF record: RFC 7208 2.3, 4.3.
std::string name_or_none(std::string domain) {
  if (!domain.empty() && domain.front() == '[') return {};
  return domain;
}

SpfLookup lookup_in(const Facts& facts) {
  return [&facts](const Question& question) { return facts.find(question); };
}

/// For a field, in quotes of its own. Of a local part with quotes nothing is told: nobody who hides
/// addresses afterwards would find it in there.
std::string envelope_text(const MailAddress& sender) {
  if (sender.local().find_first_of("\"\\") == std::string::npos) return sender.text();
  return "?@" + sender.domain();
}

/// For evidence: "-all of example.com, 3 of 10 lookups".
std::string note_of(const SpfOutcome& outcome, const SpfRequest& request, const SpfLimits& limits) {
  if (!outcome.problem.empty()) return outcome.problem;
  std::string note = outcome.mechanism;
  note += " of ";
  note += request.domain;
  note += ", ";
  note += std::to_string(outcome.lookups);
  note += " of ";
  note += std::to_string(limits.lookups);
  note += " lookups";
  return note;
}

}  // namespace

std::optional<SpfRequest> spf_request(const Transaction& transaction,
                                      const SpfCheckSettings& settings) {
  const auto& client = transaction.client.address;
  if (!client) return {};
  std::optional<SpfRequest> request;
  auto helo = name_or_none(transaction.helo.value());
  if (settings.identity == SpfIdentity::helo) {
    if (transaction.helo.state() == Told<std::string>::State::not_told) return {};
    request = SpfRequest::of_helo(*client, std::move(helo));
  } else {
    if (!transaction.sender.is_told()) return {};
    const auto& sender = transaction.sender.value();
    const bool by_helo = sender.empty();
    if (by_helo && transaction.helo.state() == Told<std::string>::State::not_told) return {};
    request = SpfRequest::of_sender(*client, sender, std::move(helo));
    request->domain = name_or_none(std::move(request->domain));
  }
  request->receiver = settings.receiver;
  request->time = transaction.time;
  return request;
}

SpfCheck::SpfCheck(std::string name, SpfCheckSettings settings) : settings_(std::move(settings)) {
  const bool helo = settings_.identity == SpfIdentity::helo;
  description_.name = std::move(name);
  description_.values = {"none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"};
  description_.earliest = helo ? Stage::helo : Stage::mail;
  description_.kind = QuestionKind::spf;
  description_.meaning = helo ? "whether the client may call itself by its HELO name (SPF)"
                              : "whether the client may send for the sender's domain (SPF)";
}

CheckOutcome SpfCheck::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome result;
  const auto request = spf_request(transaction, settings_);
  if (!request) {
    if (!transaction.client.address) return result;
    result.state = CheckOutcome::State::unavailable;
    result.cause = "the mail server did not tell";
    return result;
  }
  auto outcome = spf(*request, settings_.limits, lookup_in(facts));
  // A policy service has no line for them.
  const bool words_are_open = transaction.door != Door::policy &&
                              outcome.result == SpfResult::fail &&
                              outcome.words == SpfOutcome::Words::open;
  if (outcome.state == SpfOutcome::State::open || words_are_open) {
    result.state = CheckOutcome::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  result.values.emplace_back(to_text(outcome.result));
  result.source.note = note_of(outcome, *request, settings_.limits);
  return result;
}

CheckWords SpfCheck::words(const Transaction& transaction, const Facts& facts) const {
  const auto request = spf_request(transaction, settings_);
  if (!request || request->domain.empty()) return {};
  CheckWords words{{"spf_domain", request->domain}};
  auto outcome = spf(*request, settings_.limits, lookup_in(facts));
  if (outcome.state == SpfOutcome::State::open) return words;
  if (!outcome.problem.empty()) words.emplace_back("detail", outcome.problem);
  if (outcome.result == SpfResult::fail && !outcome.explanation.empty()) {
    words.emplace_back("quote", std::move(outcome.explanation));
    words.emplace_back("quote_from", request->domain);
  }
  return words;
}

bool SpfCheck::speaks(FieldForm /*form*/) const noexcept { return true; }

FieldText SpfCheck::field_text(FieldForm form, const Transaction& transaction,
                               const Facts& facts) const {
  FieldText result;
  const auto request = spf_request(transaction, settings_);
  if (!request) return result;
  // A client that has greeted without a name has no HELO identity (RFC 7208 2.3).
  if (settings_.identity == SpfIdentity::helo && transaction.helo.value().empty()) return result;
  auto outcome = spf(*request, settings_.limits, lookup_in(facts));
  if (outcome.state == SpfOutcome::State::open) {
    result.state = FieldText::State::open;
    result.questions = std::move(outcome.questions);
    return result;
  }
  result.state = FieldText::State::told;
  if (form == FieldForm::authentication_results) {
    result.text = spf_authentication_result(*request, outcome);
    return result;
  }
  // As the client said it, an address too, which is no domain to SPF.
  auto told = *request;
  told.helo = transaction.helo.value();
  result.text = received_spf(told, envelope_text(transaction.sender.value()), outcome);
  return result;
}

}  // namespace postern
