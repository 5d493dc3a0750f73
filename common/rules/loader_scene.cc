#include "model/time_text.h"
#include "rules/loader_tests.h"

#include <array>
#include <utility>

namespace postern {
namespace {

/// The words of `not_told`, and what each blots out.
struct Untold {
  std::string_view name;
  void (*forget)(Transaction& transaction);
};
constexpr std::array untold{
    Untold{"tls", [](Transaction& transaction) { transaction.tls = {}; }},
    Untold{"user", [](Transaction& transaction) { transaction.authentication = {}; }},
    Untold{"helo", [](Transaction& transaction) { transaction.helo = {}; }},
    Untold{"extended", [](Transaction& transaction) { transaction.extended_smtp = {}; }},
    Untold{"declared_size", [](Transaction& transaction) { transaction.declared_size = {}; }},
    Untold{"size", [](Transaction& transaction) { transaction.size = {}; }},
};

class SceneReader {
 public:
  SceneReader(const Node& test, const ValueReader& values) : test_(test), values_(values) {}

  std::optional<Scene> read() {
    const auto errors_before = diagnostics().error_count();
    if (const auto stage = values_.text(test_, "test.stage")) {
      scene_.stage = stage_from_text(*stage);
    }
    if (const auto door = values_.text(test_, "test.door")) {
      told().door = door_from_text(*door).value_or(Door::milter);
    }
    read_time();
    read_client();
    read_server();
    read_session();
    read_envelope();
    read_macros();
    read_untold();
    if (diagnostics().error_count() != errors_before) return {};
    if (const auto fault = scene_.fault()) {
      const auto* culprit = test_.find("recipients");
      if (culprit == nullptr) culprit = test_.find("stage");
      diagnostics().error(culprit != nullptr ? culprit->value.span : test_.span, fault->message,
                          fault->hint);
      return {};
    }
    return std::move(scene_);
  }

 private:
  Diagnostics& diagnostics() { return values_.diagnostics(); }
  Transaction& told() { return scene_.told; }

  void read_time() {
    const auto* member = test_.find("time");
    if (member == nullptr) return;
    const auto& value = member->value;
    std::string text = value.string;
    if (value.kind == Node::Kind::date) {
      text = value.span.file->text().substr(value.span.begin, value.span.end - value.span.begin);
    } else if (value.kind != Node::Kind::string) {
      values_.text(test_, "test.time");  // says what it is and what it should be
      return;
    }
    if (const auto time = time_from_text(text)) {
      told().time = *time;
    } else {
      diagnostics().error(value.span, quoted(text) + " is not a time",
                          "as in 2026-11-21T12:00:00Z, with or without quotes");
    }
  }

  std::optional<IpAddress> address(const Node& section, std::string_view path) {
    const auto text = values_.text(section, path);
    if (!text) return {};
    auto parsed = IpAddress::parse(*text);
    if (!parsed) {
      diagnostics().error(ValueReader::member(section, path)->value.span,
                          quoted(*text) + " is not an IP address",
                          "as in \"192.0.2.1\" or \"2001:db8::1\"");
    }
    return parsed;
  }

  std::uint16_t port(const Node& section, std::string_view path) {
    return static_cast<std::uint16_t>(values_.count(section, path).value_or(0));
  }

  Told<std::string> text(const Node& section, std::string_view path) {
    auto value = values_.text(section, path);
    if (!value || value->empty()) return Told<std::string>::absent();
    return std::move(*value);
  }

  /// None that the mail server could tell of, if it is empty.
  Told<std::string> name(const Node& section, std::string_view path) {
    const auto value = values_.text(section, path);
    if (!value || value->empty()) return {};
    return normal_domain(*value);
  }

  void read_client() {
    const auto* section = values_.section(test_, "test.client");
    if (section == nullptr) {
      if (test_.find("client") == nullptr) {
        diagnostics().error(test_.span, "this test has no \"client\"",
                            "add client = { ip = \"192.0.2.1\" }, or { local = true } for mail "
                            "handed in on the mail server itself");
      }
      return;
    }
    values_.check_keys(*section, "test.client");
    auto& client = told().client;
    client.address = address(*section, "test.client.ip");
    const bool local = values_.boolean(*section, "test.client.local").value_or(false);
    const bool has_ip = section->find("ip") != nullptr;
    if (local == has_ip) {
      diagnostics().error(section->span,
                          has_ip ? "a local client has no address" : "the client has no \"ip\"",
                          "either ip = \"192.0.2.1\", or local = true for mail handed in on the "
                          "mail server itself");
    }
    client.port = port(*section, "test.client.port");
    client.name = name(*section, "test.client.name");
    client.reverse_name = section->find("reverse_name") != nullptr
                              ? name(*section, "test.client.reverse_name")
                              : client.name;
    if (local) scene_.set_local_client();
  }

  void read_server() {
    const auto* section = values_.section(test_, "test.server");
    if (section == nullptr) return;
    values_.check_keys(*section, "test.server");
    if (const auto ip = address(*section, "test.server.ip")) told().server_address = ip->text();
    told().server_port = port(*section, "test.server.port");
  }

  void read_session() {
    if (test_.find("helo") != nullptr) {
      told().helo = text(test_, "test.helo");
      told().extended_smtp = true;
    }
    if (const auto extended = values_.boolean(test_, "test.extended")) {
      told().extended_smtp = *extended;
    }
    read_tls();
    told().authentication.user = text(test_, "test.user");
    told().authentication.mechanism = text(test_, "test.auth_method");
  }

  void read_tls() {
    const auto* member = test_.find("tls");
    if (member == nullptr) return;
    auto& tls = told().tls;
    if (member->value.kind == Node::Kind::boolean) {
      if (member->value.boolean) tls.version = std::string("TLSv1.3");
      return;
    }
    const auto* section = values_.section(test_, "test.tls");
    if (section == nullptr) return;
    values_.check_keys(*section, "test.tls");
    tls.version = values_.text(*section, "test.tls.version").value_or("TLSv1.3");
    tls.cipher = text(*section, "test.tls.cipher");
    if (const auto bits = values_.count(*section, "test.tls.bits")) tls.bits = *bits;
  }

  void add_recipient(const Node& value, const std::string& text) {
    const auto recipient = MailAddress::from_envelope(text);
    if (recipient.empty()) {
      diagnostics().error(value.span, "a recipient cannot be empty", "as in \"bob@example.org\"");
    }
    scene_.recipients.push_back(recipient);
  }

  void read_envelope() {
    if (const auto sender = values_.text(test_, "test.sender")) {
      told().sender = MailAddress::from_envelope(*sender);
    }
    if (const auto recipient = values_.text(test_, "test.recipient")) {
      add_recipient(test_.find("recipient")->value, *recipient);
    }
    if (const auto* list = test_.find("recipients")) {
      if (test_.find("recipient") != nullptr) {
        diagnostics().error(list->key_span, "a test has either \"recipient\" or \"recipients\"");
      }
      for (const auto* each : values_.texts(test_, "test.recipients")) {
        add_recipient(*each, each->string);
      }
    }
    if (const auto size = values_.count(test_, "test.declared_size")) told().declared_size = *size;
    if (const auto size = values_.count(test_, "test.size")) told().size = *size;
    scene_.recipient_count = values_.count(test_, "test.recipient_count");
    told().queue_id = values_.text(test_, "test.queue_id").value_or("");
  }

  void read_macros() {
    const auto* section = values_.section(test_, "test.macros");
    if (section == nullptr) return;
    for (const auto& member : section->members) {
      if (member.value.kind != Node::Kind::string) {
        diagnostics().error(member.value.span, quoted(member.key) + " is a string, not " +
                                                   std::string(to_text(member.value.kind)));
        continue;
      }
      auto name = member.key;
      if (name.size() > 2 && name.front() == '{' && name.back() == '}') {
        name = name.substr(1, name.size() - 2);
      }
      told().macros[name] = member.value.string;
    }
  }

  void read_untold() {
    for (const auto* each : values_.texts(test_, "test.not_told")) {
      bool known = false;
      std::vector<std::string> names;
      for (const auto& [name, forget] : untold) {
        names.emplace_back(name);
        if (each->string != name) continue;
        forget(told());
        known = true;
      }
      if (known) continue;
      diagnostics().error(each->span, quoted(each->string) + " is nothing that can be left untold",
                          nearest_hint(each->string, names, "it is " + list_text(names)));
    }
  }

  const Node& test_;
  const ValueReader& values_;
  Scene scene_;
};

}  // namespace

std::optional<Scene> read_scene(const Node& test, const ValueReader& values) {
  return SceneReader(test, values).read();
}

}  // namespace postern
