#include "scenarios/library.h"

#include <utility>

namespace postern::scenarios {
namespace {

Told<std::string> name_or_not_told(const std::string& name) {
  if (name.empty()) return {};
  return normal_domain(name);
}

const MessageSpec& message_of(const Scenario& scenario, const Moment& moment) {
  return scenario.sessions.at(moment.session).messages.at(moment.message);
}

Client client_of(const ClientSpec& spec) {
  Client client;
  if (spec.kind != ClientSpec::Kind::network) {
    client.name = Told<std::string>::absent();
    client.reverse_name = Told<std::string>::absent();
    return client;
  }
  client.address = IpAddress::parse(spec.ip);
  if (!client.address) throw ScenarioError("\"" + spec.ip + "\" is no IP address");
  client.port = spec.port;
  client.name = name_or_not_told(spec.name);
  client.reverse_name = name_or_not_told(spec.reverse_name);
  return client;
}

Tls tls_of(const std::optional<TlsSpec>& spec) {
  Tls tls;
  tls.version = spec ? Told<std::string>(spec->version) : Told<std::string>::absent();
  tls.cipher = spec ? Told<std::string>(spec->cipher) : Told<std::string>::absent();
  tls.bits = spec ? Told<std::int64_t>(spec->bits) : Told<std::int64_t>::absent();
  return tls;
}

}  // namespace

std::string label(const Scenario& scenario, const Moment& moment) {
  std::string text = "session " + std::to_string(moment.session + 1);
  if (moment.stage >= Stage::mail) text += ", message " + std::to_string(moment.message + 1);
  text += ", " + std::string(to_text(moment.stage));
  if (moment.stage == Stage::rcpt) {
    text += " " + message_of(scenario, moment).recipients.at(moment.recipient).to;
  }
  return text;
}

const Expectation* expectation_at(const Scenario& scenario, const Moment& moment) {
  const auto& message = message_of(scenario, moment);
  const auto pointer = [](const auto& optional) { return optional ? &*optional : nullptr; };
  switch (moment.stage) {
    case Stage::mail:
      return pointer(message.mail);
    case Stage::rcpt:
      return &message.recipients.at(moment.recipient).expect;
    case Stage::data:
      return pointer(message.data);
    case Stage::end_of_message:
      return pointer(message.end);
    default:
      return nullptr;
  }
}

std::vector<Moment> moments_with_expectation(const Scenario& scenario) {
  std::vector<Moment> moments;
  const auto add = [&](const Moment& moment) {
    if (expectation_at(scenario, moment) != nullptr) moments.push_back(moment);
  };
  for (std::size_t session = 0; session < scenario.sessions.size(); ++session) {
    const auto& messages = scenario.sessions[session].messages;
    for (std::size_t message = 0; message < messages.size(); ++message) {
      add({session, message, Stage::mail, 0});
      for (std::size_t i = 0; i < messages[message].recipients.size(); ++i) {
        add({session, message, Stage::rcpt, i});
      }
      add({session, message, Stage::data, 0});
      add({session, message, Stage::end_of_message, 0});
    }
  }
  return moments;
}

std::string queue_id(const Moment& moment) {
  return "4F1C22" + std::to_string(moment.session + 1) + std::to_string(moment.message + 1);
}

Answer answer_to(const std::map<std::string, Answer>& facts, const Question& question) {
  const auto found = facts.find(question.subject);
  return found == facts.end() ? Answer::unavailable("no such source") : found->second;
}

bool refuses(const Decision& decision) noexcept {
  return decision.verdict == Verdict::reject || decision.verdict == Verdict::defer;
}

std::vector<AcceptedRecipient> Library::accepted(const Moment& moment, std::size_t before) const {
  std::vector<AcceptedRecipient> recipients;
  for (std::size_t i = 0; i < before; ++i) {
    const Moment rcpt{moment.session, moment.message, Stage::rcpt, i};
    auto address = MailAddress::from_envelope(message_of(scenario_, moment).recipients[i].to);
    if (auto recipient = accepted_recipient(std::move(address), decide(rcpt))) {
      recipients.push_back(std::move(*recipient));
    }
  }
  return recipients;
}

Transaction Library::transaction(const Moment& moment) const {
  const auto& session = scenario_.sessions.at(moment.session);
  const auto& message = message_of(scenario_, moment);
  Transaction transaction;
  transaction.stage = moment.stage;
  transaction.door = Door::library;
  transaction.client = client_of(session.client);
  transaction.server_address = server_address;
  transaction.server_port = server_port;
  transaction.tls = tls_of(moment.stage >= Stage::mail ? message.tls : std::nullopt);
  transaction.authentication.user = Told<std::string>::absent();
  transaction.authentication.mechanism = Told<std::string>::absent();
  if (moment.stage < Stage::helo) return transaction;

  transaction.helo =
      message.helo.empty() ? Told<std::string>::absent() : Told<std::string>(message.helo);
  transaction.extended_smtp = session.extended;
  if (moment.stage < Stage::mail) return transaction;

  if (message.auth) {
    transaction.authentication.user = message.auth->user;
    transaction.authentication.mechanism = message.auth->method;
  }
  transaction.sender = MailAddress::from_envelope(message.sender);
  transaction.declared_size = message.declared_size ? Told<std::int64_t>(*message.declared_size)
                                                    : Told<std::int64_t>::absent();
  if (moment.stage < Stage::rcpt) return transaction;

  if (moment.stage == Stage::rcpt) {
    transaction.recipient = MailAddress::from_envelope(message.recipients.at(moment.recipient).to);
    if (!accepted(moment, moment.recipient).empty()) transaction.queue_id = queue_id(moment);
    return transaction;
  }
  const auto recipients = accepted(moment, message.recipients.size());
  if (recipients.size() == 1) transaction.recipient = recipients.front().address;
  transaction.recipient_count = static_cast<std::int64_t>(recipients.size());
  transaction.recipients = recipients;
  transaction.queue_id = queue_id(moment);
  if (moment.stage == Stage::end_of_message) transaction.size = message.size;
  return transaction;
}

Decision Library::decide(const Moment& moment, const Reference& reference, Facts known) const {
  auto asked = transaction(moment);
  asked.reference = reference;
  auto& facts = known;
  auto outcome = evaluate(*policy_, asked, facts);
  while (const auto* more = std::get_if<NeedsMore>(&outcome)) {
    for (const auto& question : more->questions) {
      facts.add(question, answer_to(scenario_.facts, question));
    }
    outcome = evaluate(*policy_, asked, facts);
  }
  // The driver goes on with shadow rules when the reply is out (semantics 17).
  for (auto open = shadow_questions(*policy_, asked, facts); !open.empty();
       open = shadow_questions(*policy_, asked, facts)) {
    for (const auto& question : open) facts.add(question, answer_to(scenario_.facts, question));
  }
  outcome = evaluate(*policy_, asked, facts);
  return std::get<Decision>(std::move(outcome));
}

}  // namespace postern::scenarios
