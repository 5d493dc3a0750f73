#include "rules/names.h"

#include <algorithm>
#include <array>

namespace postern::expression {
namespace {

constexpr Subjects nothing{};
constexpr Subjects of_sender{.sender = true};
constexpr Subjects of_recipient{.recipient = true};
constexpr Subjects of_size{.size = true};
constexpr Subjects of_octets{.size = true, .octets = true};

constexpr auto upstream = QuestionKind::upstream;
constexpr auto recipients = QuestionKind::recipients;
constexpr auto reverse_dns = QuestionKind::reverse_dns;
constexpr auto last = Stage::end_of_message;

// TLS and AUTH are asked at MAIL at the earliest: before, a client can still begin either, and
// "not tls" at HELO would turn away everybody who uses STARTTLS.
constexpr std::array rows{
    NameRow{Name::client_ip, "client.ip", ValueType::ip, Stage::connect, last, nothing, upstream,
            unlimited, "IP address of the client; none for a local submission"},
    NameRow{Name::client_port, "client.port", ValueType::number, Stage::connect, last, nothing,
            upstream, 65'535, "TCP port of the client"},
    NameRow{
        Name::client_name, "client.name", ValueType::domain, Stage::connect, last, nothing,
        reverse_dns, unlimited,
        "host name of the client whose address leads back to it; empty without one; DNS is asked "
        "when the mail server does not tell"},
    NameRow{
        Name::client_reverse_name, "client.reverse_name", ValueType::domain, Stage::connect, last,
        nothing, reverse_dns, unlimited,
        "host name that reverse DNS gives, unconfirmed; empty without one; DNS is asked when the "
        "mail server does not tell"},
    NameRow{Name::client_org_domain, "client.name.org_domain", ValueType::domain, Stage::connect,
            last, nothing, reverse_dns, unlimited, "organisational domain of client.name"},
    NameRow{Name::client_authenticated, "client.authenticated", ValueType::boolean, Stage::mail,
            last, nothing, upstream, unlimited, "the client has logged in (RFC 4954)"},
    NameRow{Name::client_user, "client.user", ValueType::text, Stage::mail, last, nothing, upstream,
            unlimited, "name the client logged in with; empty when it did not"},
    NameRow{Name::client_auth_method, "client.auth_method", ValueType::text, Stage::mail, last,
            nothing, upstream, unlimited, "SASL mechanism of the login, such as PLAIN"},
    NameRow{Name::server_ip, "server.ip", ValueType::ip, Stage::connect, last, nothing, upstream,
            unlimited, "our IP address that the client connected to"},
    NameRow{Name::server_port, "server.port", ValueType::number, Stage::connect, last, nothing,
            upstream, 65'535, "our TCP port that the client connected to"},
    NameRow{Name::tls, "tls", ValueType::boolean, Stage::mail, last, nothing, upstream, unlimited,
            "the session is encrypted"},
    NameRow{Name::tls_version, "tls.version", ValueType::text, Stage::mail, last, nothing, upstream,
            unlimited, "protocol of the encryption, such as TLSv1.3; empty without TLS"},
    NameRow{Name::tls_cipher, "tls.cipher", ValueType::text, Stage::mail, last, nothing, upstream,
            unlimited, "cipher of the encryption; empty without TLS"},
    NameRow{Name::tls_bits, "tls.bits", ValueType::number, Stage::mail, last, nothing, upstream,
            unlimited, "effective key length of the cipher in bits; none without TLS"},
    NameRow{Name::helo, "helo", ValueType::domain, Stage::helo, last, nothing, upstream, unlimited,
            "name the client gave with HELO or EHLO; empty when it gave none"},
    NameRow{Name::helo_org_domain, "helo.org_domain", ValueType::domain, Stage::helo, last, nothing,
            upstream, unlimited, "organisational domain of helo"},
    NameRow{Name::helo_extended, "helo.extended", ValueType::boolean, Stage::helo, last, nothing,
            upstream, unlimited, "the client said EHLO rather than HELO"},
    NameRow{Name::sender, "sender", ValueType::address, Stage::mail, last, of_sender, upstream,
            unlimited, "envelope sender; \"<>\" or \"\" is the null path of bounces"},
    NameRow{Name::sender_local, "sender.local", ValueType::local, Stage::mail, last, of_sender,
            upstream, unlimited, "part of the envelope sender before the @"},
    NameRow{Name::sender_domain, "sender.domain", ValueType::domain, Stage::mail, last, of_sender,
            upstream, unlimited, "domain of the envelope sender; empty for the null path"},
    NameRow{Name::sender_org_domain, "sender.org_domain", ValueType::domain, Stage::mail, last,
            of_sender, upstream, unlimited, "organisational domain of sender.domain"},
    NameRow{Name::declared_size, "declared_size", ValueType::size, Stage::mail, last, of_size,
            upstream, unlimited, "size the client announced with MAIL (RFC 1870); none without"},
    NameRow{Name::recipient, "recipient", ValueType::address, Stage::rcpt, Stage::rcpt,
            of_recipient, recipients, unlimited, "the recipient in question"},
    NameRow{Name::recipient_local, "recipient.local", ValueType::local, Stage::rcpt, Stage::rcpt,
            of_recipient, recipients, unlimited, "part of the recipient before the @"},
    NameRow{Name::recipient_domain, "recipient.domain", ValueType::domain, Stage::rcpt, Stage::rcpt,
            of_recipient, recipients, unlimited, "domain of the recipient"},
    NameRow{Name::recipient_org_domain, "recipient.org_domain", ValueType::domain, Stage::rcpt,
            Stage::rcpt, of_recipient, recipients, unlimited,
            "organisational domain of recipient.domain"},
    NameRow{Name::recipients, "recipients", ValueType::addresses, Stage::data, last, of_recipient,
            recipients, unlimited, "the recipients that were not refused"},
    NameRow{Name::recipient_count, "recipient_count", ValueType::number, Stage::data, last, of_size,
            upstream, unlimited, "number of recipients as the mail server counts them"},
    NameRow{Name::size, "size", ValueType::size, Stage::end_of_message, last, of_octets, upstream,
            unlimited, "size of the message in octets"},
    NameRow{Name::queue_id, "queue_id", ValueType::text, Stage::data, last, of_size, upstream,
            unlimited, "the mail server's queue id of the message; empty before it has one"},
    NameRow{Name::stage, "stage", ValueType::choice, Stage::connect, last, nothing, upstream,
            unlimited, "stage of the session at which the mail server asks"},
    NameRow{Name::door, "door", ValueType::choice, Stage::connect, last, nothing, upstream,
            unlimited, "protocol through which the mail server asks"},
    NameRow{Name::time, "time", ValueType::time_of_day, Stage::connect, last, nothing, upstream,
            unlimited, "when the mail server asks, on the clock of our host, in its local time"},
    NameRow{Name::weekday, "weekday", ValueType::choice, Stage::connect, last, nothing, upstream,
            unlimited, "the day of the week then: mon, tue, wed, thu, fri, sat or sun"},
    NameRow{Name::date, "date", ValueType::date, Stage::connect, last, nothing, upstream, unlimited,
            "the day then, such as \"2026-12-24\""},
    NameRow{Name::macro, "macro", ValueType::text, Stage::connect, last, nothing, upstream,
            unlimited, "a milter macro, named without braces"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order(), "row_of() finds a row by its number");

// The names of checks that need no section, of the kinds of the others, and of what rules will look
// at besides; parts behind a dot (`spf.domain`) are not listed.
constexpr std::array<std::string_view, 14> names_to_come{
    "dkim",    "dmarc",    "arc",   "greylist", "rate",   "quota",   "reputation",
    "harvest", "upstream", "score", "tag",      "header", "headers", "body",
};

struct MacroStage {
  std::string_view prefix;
  Stage earliest;
  Stage latest = last;
};
// The stages at which sendmail and Postfix give the macros (measured; libmilter's documentation
// lists the same).
constexpr std::array macro_stages{
    MacroStage{"tls_", Stage::mail},
    MacroStage{"cipher", Stage::mail},
    MacroStage{"cert_", Stage::mail},
    MacroStage{"cn_", Stage::mail},
    MacroStage{"auth_", Stage::mail},
    MacroStage{"mail_", Stage::mail},
    MacroStage{"rcpt_", Stage::rcpt, Stage::rcpt},
    MacroStage{"msg_id", Stage::end_of_message},
};

const MacroStage* stages_of_macro(std::string_view macro) noexcept {
  const auto* found =
      std::find_if(macro_stages.begin(), macro_stages.end(),
                   [&](const MacroStage& row) { return macro.starts_with(row.prefix); });
  return found == macro_stages.end() ? nullptr : found;
}

}  // namespace

std::string_view to_text(ValueType type) noexcept {
  switch (type) {
    case ValueType::boolean:
      return "yes or no";
    case ValueType::number:
      return "a number";
    case ValueType::size:
      return "a size";
    case ValueType::text:
      return "a text";
    case ValueType::local:
      return "a local part";
    case ValueType::domain:
      return "a domain name";
    case ValueType::address:
      return "a mail address";
    case ValueType::addresses:
      return "a list of mail addresses";
    case ValueType::ip:
      return "an IP address";
    case ValueType::time_of_day:
      return "a time of day";
    case ValueType::date:
      return "a date";
    case ValueType::choice:
      return "a word of a fixed set";
    case ValueType::texts:
      return "a list of texts";
  }
  return "";
}

std::span<const NameRow> all_names() noexcept { return rows; }

const NameRow* find_name(std::string_view name) noexcept {
  const auto* found =
      std::find_if(rows.begin(), rows.end(), [&](const NameRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : found;
}

bool is_name_to_come(std::string_view name) noexcept {
  const auto listed = [](std::string_view part) {
    return std::find(names_to_come.begin(), names_to_come.end(), part) != names_to_come.end();
  };
  return listed(name) || listed(name.substr(0, name.find('.')));
}

const NameRow& row_of(Name name) noexcept { return rows[static_cast<std::size_t>(name)]; }

const std::vector<std::string>& words_of(Name name) {
  static const std::vector<std::string> none;
  static const auto stages = [] {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < stage_count; ++i) {
      words.emplace_back(postern::to_text(static_cast<Stage>(i)));
    }
    return words;
  }();
  static const std::vector<std::string> doors{std::string(postern::to_text(Door::milter)),
                                              std::string(postern::to_text(Door::policy)),
                                              std::string(postern::to_text(Door::library))};
  // ISO 8601 begins the week with Monday.
  static const std::vector<std::string> weekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  if (name == Name::weekday) return weekdays;
  if (name == Name::stage) return stages;
  if (name == Name::door) return doors;
  return none;
}

Stage earliest_of_macro(std::string_view macro) noexcept {
  // Postfix has no queue id before the first recipient is accepted.
  if (macro == "i") return Stage::data;
  const auto* stages = stages_of_macro(macro);
  return stages == nullptr ? Stage::connect : stages->earliest;
}

Stage latest_of_macro(std::string_view macro) noexcept {
  const auto* stages = stages_of_macro(macro);
  return stages == nullptr ? last : stages->latest;
}

}  // namespace postern::expression
