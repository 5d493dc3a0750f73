#include "journal/record_parts.h"

namespace postern {
namespace {

std::string as_quoted_string(const std::string& local) {
  std::string text = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

// from_envelope() is the only way to an address, so we hand it a spelling that gives back exactly
// these parts. The odd spellings are for what an MTA lets through although it is no address.
std::optional<MailAddress> address_of(const std::string& local, const std::string& domain) {
  const auto exact = [&](const std::string& text) -> std::optional<MailAddress> {
    auto address = MailAddress::from_envelope(text);
    if (address.local() == local && address.domain() == domain) return address;
    return std::nullopt;
  };
  if (domain.empty()) {
    if (local.empty()) return MailAddress();
    return exact(as_quoted_string(local));
  }
  for (const std::string_view end : {"", "."}) {
    for (const auto& spelling : {as_quoted_string(local), local, "@x:" + local}) {
      std::string text = "<";
      text.append(spelling).append("@").append(domain).append(end).append(">");
      if (auto address = exact(text)) return address;
    }
  }
  return std::nullopt;
}

MailAddress read_address(const JsonValue& value, const char* name, const JsonObject& parent) {
  std::optional<MailAddress> address;
  if (value.is_object()) {
    address = address_of(JsonObject(value, name, parent.faults()).text("local"), {});
  } else {
    const std::string text = parent.as_text(value, name);
    const auto at = text.rfind('@');
    address = at == std::string::npos ? address_of(text, {})
                                      : address_of(text.substr(0, at), text.substr(at + 1));
  }
  if (address) return *address;
  parent.faults().add(name, "is not an address in normal form");
  return {};
}

// Missing: not told. null: the MTA said that there is none.
template <typename T, typename Read>
Told<T> read_told(const JsonObject& parent, const char* name, Read read) {
  const auto value = parent.find(name);
  if (!value) return {};
  if (value->is_null()) return Told<T>::absent();
  return Told<T>(read(*value));
}

Told<std::string> told_text(const JsonObject& parent, const char* name) {
  return read_told<std::string>(
      parent, name, [&](const JsonValue& value) { return parent.as_text(value, name); });
}

Told<std::int64_t> told_number(const JsonObject& parent, const char* name) {
  return read_told<std::int64_t>(parent, name, [&](const JsonValue& value) {
    return parent.as_number<std::int64_t>(value, name);
  });
}

Told<bool> told_flag(const JsonObject& parent, const char* name) {
  return read_told<bool>(parent, name, [&](const JsonValue&) { return parent.flag(name); });
}

Told<MailAddress> told_address(const JsonObject& parent, const char* name) {
  return read_told<MailAddress>(
      parent, name, [&](const JsonValue& value) { return read_address(value, name, parent); });
}

std::vector<AcceptedRecipient> read_recipients(const JsonObject& parent) {
  std::vector<AcceptedRecipient> recipients;
  parent.list("recipients", [&](const JsonValue& element) {
    const JsonObject object(element, "recipients", parent.faults());
    AcceptedRecipient recipient;
    if (const auto address = object.find("address")) {
      recipient.address = read_address(*address, "address", object);
    }
    recipient.settled = object.flag("settled");
    recipient.settled_by = object.text("settled_by");
    recipient.held_back = read_held_back(object);
    recipients.push_back(std::move(recipient));
  });
  return recipients;
}

}  // namespace

void read_transaction(const JsonObject& from, Transaction& transaction) {
  const JsonObject client = from.object("client");
  if (const std::string address = client.text("address"); !address.empty()) {
    transaction.client.address = IpAddress::parse(address);
    if (!transaction.client.address) from.faults().add("client.address", "is no IP address");
  }
  transaction.client.port = client.number<std::uint16_t>("port");
  transaction.client.name = told_text(client, "name");
  transaction.client.reverse_name = told_text(client, "reverse_name");
  const JsonObject server = from.object("server");
  transaction.server_address = server.text("address");
  transaction.server_port = server.number<std::uint16_t>("port");
  const JsonObject tls = from.object("tls");
  transaction.tls.version = told_text(tls, "version");
  transaction.tls.cipher = told_text(tls, "cipher");
  transaction.tls.bits = told_number(tls, "bits");
  const JsonObject authentication = from.object("authentication");
  transaction.authentication.user = told_text(authentication, "user");
  transaction.authentication.mechanism = told_text(authentication, "mechanism");
  transaction.helo = told_text(from, "helo");
  transaction.extended_smtp = told_flag(from, "extended_smtp");
  transaction.sender = told_address(from, "sender");
  transaction.declared_size = told_number(from, "declared_size");
  transaction.recipient = told_address(from, "recipient");
  transaction.recipients = read_told<std::vector<AcceptedRecipient>>(
      from, "recipients", [&](const JsonValue&) { return read_recipients(from); });
  transaction.recipient_count = told_number(from, "recipient_count");
  transaction.size = told_number(from, "size");
  transaction.utc_offset = std::chrono::seconds(from.number<std::int32_t>("utc_offset"));
  transaction.queue_id = from.text("queue_id");
  transaction.instance = from.text("instance");
  transaction.session = from.text("session");
  transaction.policy_context = from.text("policy_context");
  from.object("macros").members([&](std::string name, const JsonValue& value) {
    transaction.macros.emplace(std::move(name), from.as_text(value, "macros"));
  });
}

}  // namespace postern
