#include "policy/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace postern::policy_door {

namespace {

struct StateRow {
  std::string_view name;
  Stage stage;
};
constexpr std::array<StateRow, 7> states{{
    {"RCPT", Stage::rcpt},
    {"DATA", Stage::data},
    {"END-OF-MESSAGE", Stage::end_of_message},
    {"CONNECT", Stage::connect},
    {"EHLO", Stage::helo},
    {"HELO", Stage::helo},
    {"MAIL", Stage::mail},
}};

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto* end = text.data() + text.size();
  const auto [stopped, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc() || stopped != end || text.empty() || value < 0) return std::nullopt;
  return value;
}

std::uint16_t port(std::string_view text) {
  const auto value = number<int>(text);
  return value && *value <= 65'535 ? static_cast<std::uint16_t>(*value) : std::uint16_t{0};
}

/// `unknown` hides a temporary failure as well as a missing name: it tells nothing (semantics 16).
Told<std::string> host_name(std::string_view text) {
  if (text.empty() || text == "unknown") return {};
  return normal_domain(text);
}

/// An attribute that Postfix sends empty when there is nothing, and not at all when it was built
/// without TLS or SASL: both mean that there is none. Read as "not told", a rule about strangers
/// ("not client.authenticated") would never refuse anybody there.
Told<std::string> value_or_absent(const Request& request, Attribute attribute) {
  const auto text = request.get(attribute);
  if (text.empty()) return Told<std::string>::absent();
  return std::string(text);
}

void read_tls(const Request& request, Tls& tls) {
  tls.version = value_or_absent(request, Attribute::encryption_protocol);
  if (tls.version.is_absent()) {
    // The key size is 0 on a plain session, which must not look like a weak cipher.
    tls.cipher = Told<std::string>::absent();
    tls.bits = Told<std::int64_t>::absent();
    return;
  }
  tls.cipher = value_or_absent(request, Attribute::encryption_cipher);
  if (const auto bits = number<std::int64_t>(request.get(Attribute::encryption_keysize))) {
    tls.bits = *bits;
  }
}

void read_sizes(const Request& request, Transaction& transaction) {
  const auto text = request.get(Attribute::size);
  const auto size = text.empty() ? std::optional<std::int64_t>(0) : number<std::int64_t>(text);
  if (transaction.stage == Stage::end_of_message) {
    if (size && !text.empty()) transaction.size = *size;
  } else if (size) {
    // 0 is what Postfix sends when MAIL had no SIZE=.
    transaction.declared_size = *size == 0 ? Told<std::int64_t>::absent() : *size;
  }
}

void read_envelope(const Request& request, Transaction& transaction) {
  if (request.has(Attribute::sender)) {
    transaction.sender = MailAddress::from_unquoted(request.get(Attribute::sender));
  }
  read_sizes(request, transaction);
  if (transaction.stage == Stage::mail) return;

  const auto recipient = request.get(Attribute::recipient);
  if (transaction.stage == Stage::rcpt) {
    if (!recipient.empty()) transaction.recipient = MailAddress::from_unquoted(recipient);
    return;
  }
  const auto count = number<std::int64_t>(request.get(Attribute::recipient_count));
  if (!count) return;
  transaction.recipient_count = *count;
  if (*count == 1 && !recipient.empty()) {
    transaction.recipient = MailAddress::from_unquoted(recipient);
  }
}

}  // namespace

std::optional<Stage> stage_of(const Request& request) noexcept {
  const auto state = request.get(Attribute::protocol_state);
  const auto* found = std::find_if(states.begin(), states.end(),
                                   [&](const auto& row) { return row.name == state; });
  if (found == states.end()) return std::nullopt;
  return found->stage;
}

Transaction transaction_of(const Request& request, Stage stage) {
  Transaction transaction;
  transaction.stage = stage;
  transaction.door = Door::policy;

  transaction.client.address = IpAddress::parse(request.get(Attribute::client_address));
  transaction.client.port = port(request.get(Attribute::client_port));
  transaction.client.name = host_name(request.get(Attribute::client_name));
  transaction.client.reverse_name = host_name(request.get(Attribute::reverse_client_name));
  transaction.server_address = request.get(Attribute::server_address);
  transaction.server_port = port(request.get(Attribute::server_port));
  read_tls(request, transaction.tls);
  transaction.authentication.user = value_or_absent(request, Attribute::sasl_username);
  transaction.authentication.mechanism = value_or_absent(request, Attribute::sasl_method);

  if (stage >= Stage::helo) {
    transaction.helo = value_or_absent(request, Attribute::helo_name);
    transaction.extended_smtp = request.get(Attribute::protocol_name) == "ESMTP";
  }
  if (stage >= Stage::mail) read_envelope(request, transaction);

  transaction.queue_id = request.get(Attribute::queue_id);
  transaction.instance = request.get(Attribute::instance);
  transaction.policy_context = request.get(Attribute::policy_context);
  return transaction;
}

PolicyContext context_of(const Request& request, Stage stage) noexcept {
  const auto attribute = request.get(Attribute::policy_context);
  const auto told = policy_context(attribute, reply_stage(stage));
  if (to_text(told) == attribute) return told;
  if (stage == Stage::connect) return PolicyContext::client;
  if (stage == Stage::helo) return PolicyContext::helo;
  if (stage == Stage::mail) return PolicyContext::sender;
  return told;
}

std::string named_by_postfix(const Request& request, PolicyContext context) {
  switch (context) {
    case PolicyContext::client: {
      std::string name(request.get(Attribute::client_name));
      name += '[';
      name += request.get(Attribute::client_address);
      name += ']';
      return name;
    }
    case PolicyContext::helo:
      return std::string(request.get(Attribute::helo_name));
    case PolicyContext::sender:
      return std::string(request.get(Attribute::sender));
    case PolicyContext::recipient:
      return std::string(request.get(Attribute::recipient));
    case PolicyContext::data:
      return "DATA";
    case PolicyContext::end:
      return "END-OF-MESSAGE";
  }
  return {};
}

}  // namespace postern::policy_door
