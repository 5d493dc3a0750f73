#include "milter/symbols.h"

#include <array>
#include <string_view>

namespace postern::milter_door {
namespace {

constexpr std::array at_connect{
    "j",
    "_",
    "{daemon_name}",
    "{daemon_addr}",
    "{daemon_port}",
    "{if_addr}",
    "{client_addr}",
    "{client_port}",
    "{client_name}",
    "{client_ptr}",
    "{client_resolve}",
};
constexpr std::array at_helo{"{tls_version}", "{cipher}", "{cipher_bits}"};
// TLS again: a client may go on after STARTTLS without a new EHLO.
constexpr std::array at_mail{"i",
                             "r",
                             "{tls_version}",
                             "{cipher}",
                             "{cipher_bits}",
                             "{auth_type}",
                             "{auth_authen}",
                             "{mail_addr}",
                             "{mail_host}",
                             "{mail_mailer}"};
constexpr std::array at_rcpt{"i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"};
constexpr std::array at_data{"i", "{nrcpts}"};
constexpr std::array at_end_of_headers{"i", "{nrcpts}"};
constexpr std::array at_end_of_message{"i", "{nrcpts}", "{msg_size}", "{msg_id}"};

}  // namespace

std::span<const char* const> symbols_at(Stage stage) noexcept {
  switch (stage) {
    case Stage::connect:
      return at_connect;
    case Stage::helo:
      return at_helo;
    case Stage::mail:
      return at_mail;
    case Stage::rcpt:
      return at_rcpt;
    case Stage::data:
      return at_data;
    case Stage::end_of_headers:
      return at_end_of_headers;
    case Stage::end_of_message:
      return at_end_of_message;
  }
  return {};
}

std::string symbol_list(Stage stage) {
  std::string list;
  for (const char* name : symbols_at(stage)) {
    if (!list.empty()) list += ' ';
    list += name;
  }
  return list;
}

void read_macros(Stage stage, MacroSource& source, std::map<std::string, std::string>& macros) {
  for (const char* name : symbols_at(stage)) {
    std::string_view plain = name;
    const char* value = source.macro(name);
    if (value == nullptr) continue;
    if (plain.front() == '{') plain = plain.substr(1, plain.size() - 2);
    macros.insert_or_assign(std::string(plain), value);
  }
}

}  // namespace postern::milter_door
