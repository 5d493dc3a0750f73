#include "scenarios/scenario.h"

#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace postern::scenarios {
namespace {

/// A table whose every key must be known, so that a slip of the pen cannot switch a check off.
class Section {
 public:
  Section(const toml::table& table, std::string where, std::initializer_list<const char*> keys)
      : table_(table), where_(std::move(where)) {
    for (const auto& [key, value] : table) {
      bool known = false;
      for (const char* each : keys) known = known || key.str() == each;
      if (!known) fail("unknown key \"" + std::string(key.str()) + "\"");
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw ScenarioError(where_ + ": " + what);
  }
  const std::string& where() const noexcept { return where_; }
  bool has(const char* key) const { return table_.contains(key); }

  /// Octets that UTF-8 does not have are written \xNN.
  std::string text(const char* key, std::string otherwise = {}) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<std::string>();
    if (!value) fail(std::string(key) + " must be a text");
    return decoded(*value);
  }
  std::int64_t number(const char* key, std::int64_t otherwise) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<std::int64_t>();
    if (!value) fail(std::string(key) + " must be a whole number");
    return *value;
  }
  bool flag(const char* key, bool otherwise) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<bool>();
    if (!value) fail(std::string(key) + " must be true or false");
    return *value;
  }
  const toml::table* table(const char* key) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) fail(std::string(key) + " must be a table");
    return node->as_table();
  }
  std::vector<const toml::table*> tables(const char* key) const {
    std::vector<const toml::table*> all;
    const auto* node = table_.get(key);
    if (node == nullptr) return all;
    const auto* array = node->as_array();
    if (array == nullptr) fail(std::string(key) + " must be a list of tables");
    for (const auto& each : *array) {
      if (!each.is_table()) fail(std::string(key) + " must be a list of tables");
      all.push_back(each.as_table());
    }
    return all;
  }
  std::vector<std::string> texts(const char* key, std::vector<std::string> otherwise) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return otherwise;
    const auto* array = node->as_array();
    if (array == nullptr) fail(std::string(key) + " must be a list of texts");
    std::vector<std::string> all;
    for (const auto& each : *array) {
      const auto value = each.value_exact<std::string>();
      if (!value) fail(std::string(key) + " must be a list of texts");
      all.push_back(*value);
    }
    return all;
  }

 private:
  std::string decoded(const std::string& text) const {
    std::string octets;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size() || text[i + 1] != 'x') {
        octets += text[i];
        continue;
      }
      const auto digits = text.substr(i + 2, 2);
      if (digits.find_first_not_of("0123456789abcdef") != std::string::npos || digits.size() != 2) {
        fail("an octet is written \\x and two small hexadecimal digits");
      }
      octets += static_cast<char>(std::stoi(digits, nullptr, 16));
      i += 3;
    }
    return octets;
  }

  const toml::table& table_;
  std::string where_;
};

template <typename Choice>
Choice one_of(const Section& section, const char* key, Choice otherwise,
              std::initializer_list<std::pair<const char*, Choice>> choices) {
  if (!section.has(key)) return otherwise;
  const auto text = section.text(key);
  for (const auto& [word, choice] : choices) {
    if (text == word) return choice;
  }
  section.fail("\"" + text + "\" is no " + key);
}

constexpr std::initializer_list<const char*> expected_keys{
    "verdict",     "scope",         "rule",  "reason", "reply",   "policy_reply", "text",
    "softened_by", "softened_from", "trail", "note",   "effects", "edits",        "actions"};

void read_expected(const Section& section, Expected& expected) {
  if (!section.has("verdict")) section.fail("verdict is missing");
  expected.verdict = section.text("verdict");
  expected.scope = section.text("scope");
  expected.rule = section.text("rule");
  expected.reason = section.text("reason");
  expected.reply = section.text("reply");
  expected.policy_reply = section.text("policy_reply");
  expected.text = section.text("text");
  expected.softened_by = section.text("softened_by");
  expected.softened_from = section.text("softened_from");
  expected.note = section.text("note");
  expected.effects = section.texts("effects", {});
  expected.edits = section.texts("edits", {});
  expected.actions = section.texts("actions", {});
  if (const auto* trail = section.table("trail")) {
    for (const auto& [rule, note] : *trail) {
      const auto text = note.value_exact<std::string>();
      if (!text) section.fail("trail holds texts");
      expected.trail[std::string(rule.str())] = *text;
    }
  }
}

Expectation read_expectation(const toml::table& table, const std::string& where,
                             bool with_address) {
  const Section section =
      with_address ? Section(table, where,
                             {"to", "why", "milter", "policy", "verdict", "scope", "rule", "reason",
                              "reply", "policy_reply", "text", "softened_by", "softened_from",
                              "trail", "note", "effects", "edits", "actions"})
                   : Section(table, where,
                             {"why", "milter", "policy", "verdict", "scope", "rule", "reason",
                              "reply", "policy_reply", "text", "softened_by", "softened_from",
                              "trail", "note", "effects", "edits", "actions"});
  Expectation expectation;
  read_expected(section, expectation.everywhere);
  expectation.why = section.text("why");
  const auto own = [&](const char* door, std::optional<Expected>& expected) {
    const auto* own_table = section.table(door);
    if (own_table == nullptr) return;
    if (expectation.why.empty()) section.fail("doors that differ need a \"why\"");
    read_expected(Section(*own_table, where + ", " + door, expected_keys), expected.emplace());
  };
  own("milter", expectation.milter);
  own("policy", expectation.policy);
  return expectation;
}

std::optional<Expectation> read_optional(const Section& section, const char* key) {
  const auto* table = section.table(key);
  if (table == nullptr) return std::nullopt;
  return read_expectation(*table, section.where() + ", " + key, false);
}

std::optional<TlsSpec> read_tls(const Section& section) {
  const auto* table = section.table("tls");
  if (table == nullptr) return std::nullopt;
  const Section tls(*table, section.where() + ", tls", {"version", "cipher", "bits"});
  return TlsSpec{tls.text("version", "TLSv1.3"), tls.text("cipher", "TLS_AES_256_GCM_SHA384"),
                 tls.number("bits", 256)};
}

std::optional<AuthSpec> read_auth(const Section& section) {
  const auto* table = section.table("auth");
  if (table == nullptr) return std::nullopt;
  const Section auth(*table, section.where() + ", auth", {"user", "method"});
  return AuthSpec{auth.text("user"), auth.text("method", "PLAIN")};
}

ClientSpec read_client(const Section& session) {
  const auto* table = session.table("client");
  if (table == nullptr) session.fail("client is missing");
  const Section section(*table, session.where() + ", client",
                        {"ip", "port", "name", "reverse_name", "local"});
  ClientSpec client;
  client.kind = one_of(section, "local", ClientSpec::Kind::network,
                       {{"postfix", ClientSpec::Kind::local_postfix},
                        {"sendmail", ClientSpec::Kind::local_sendmail}});
  client.ip = section.text("ip");
  if (client.ip.empty() == (client.kind == ClientSpec::Kind::network)) {
    section.fail("either ip or local");
  }
  client.port = static_cast<std::uint16_t>(section.number("port", client.port));
  client.name = section.text("name");
  client.reverse_name = section.text("reverse_name", client.name);
  return client;
}

/// `state`: what the messages before have left: HELO name, TLS, log-in.
MessageSpec read_message(const toml::table& table, const std::string& where, MessageSpec state) {
  const Section section(table, where,
                        {"before", "helo", "tls", "auth", "sender", "declared_size", "size", "mail",
                         "rcpt", "data", "end", "ending"});
  MessageSpec message;
  message.helo = section.text("helo", state.helo);
  message.before = one_of(section, "before", Before::nothing,
                          {{"starttls", Before::starttls}, {"helo", Before::helo}});
  if (section.has("helo") && message.before == Before::nothing) {
    section.fail("helo needs before = \"helo\" or \"starttls\"");
  }
  message.tls = section.has("tls") ? read_tls(section) : state.tls;
  // RFC 3207 4.2: what was known before STARTTLS is void.
  if (message.before != Before::starttls) message.auth = state.auth;
  if (section.has("auth")) message.auth = read_auth(section);
  if (!section.has("sender")) section.fail("sender is missing");
  message.sender = section.text("sender");
  if (section.has("declared_size")) message.declared_size = section.number("declared_size", 0);
  message.size = section.number("size", message.size);
  message.mail = read_optional(section, "mail");
  for (const auto* each : section.tables("rcpt")) {
    const auto place = where + ", recipient " + std::to_string(message.recipients.size() + 1);
    RecipientSpec recipient;
    recipient.expect = read_expectation(*each, place, true);
    const auto to = each->get("to");
    if (to == nullptr || !to->is_string()) throw ScenarioError(place + ": to is missing");
    toml::table only_to;
    only_to.insert("to", to->value_exact<std::string>().value());
    recipient.to = Section(only_to, place, {"to"}).text("to");
    message.recipients.push_back(std::move(recipient));
  }
  message.data = read_optional(section, "data");
  message.end = read_optional(section, "end");
  message.ending =
      one_of(section, "ending", Ending::sent, {{"sent", Ending::sent}, {"rset", Ending::rset}});
  return message;
}

SessionSpec read_session(const toml::table& table, const std::string& where) {
  const Section section(table, where, {"client", "helo", "extended", "tls", "auth", "message"});
  SessionSpec session;
  session.client = read_client(section);
  session.helo = section.text("helo", "mail.example.net");
  session.extended = section.flag("extended", true);
  MessageSpec state;
  state.helo = session.helo;
  state.tls = read_tls(section);
  state.auth = read_auth(section);
  for (const auto* each : section.tables("message")) {
    state = read_message(*each, where + ", message " + std::to_string(session.messages.size() + 1),
                         state);
    session.messages.push_back(state);
  }
  if (session.messages.empty()) section.fail("a session without a message shows nothing");
  return session;
}

std::map<std::string, Answer> read_facts(const toml::table& table) {
  std::map<std::string, Answer> facts;
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    if (const auto text = value.value_exact<std::string>()) {
      facts.emplace(name, Answer::found({*text}));
    } else if (const auto* own = value.as_table()) {
      const Section section(*own, "facts, " + name, {"unavailable"});
      facts.emplace(name, Answer::unavailable(section.text("unavailable")));
    } else {
      throw ScenarioError("facts: " + name + " is a text or { unavailable = \"cause\" }");
    }
  }
  return facts;
}

}  // namespace

Scenario read_scenario(std::string_view text, const std::string& name,
                       const std::string& directory) {
  Scenario scenario;
  scenario.name = name;
  try {
    const toml::table document = toml::parse(text, name + ".toml");
    const Section section(document, name,
                          {"about", "doors", "policy", "facts", "lists", "session"});
    scenario.about = section.text("about");
    if (scenario.about.empty()) section.fail("about is missing");
    const auto doors = section.texts("doors", {"milter", "policy"});
    scenario.at_milter = scenario.at_policy = false;
    for (const auto& door : doors) {
      if (door != "milter" && door != "policy") section.fail("\"" + door + "\" is no door");
      (door == "milter" ? scenario.at_milter : scenario.at_policy) = true;
    }
    const auto* policy_table = section.table("policy");
    if (policy_table == nullptr) section.fail("policy is missing");
    const Section policy(*policy_table, name + ", policy", {"text", "file"});
    if (policy.has("text") == policy.has("file")) policy.fail("either text or file");
    // Not decoded: a policy has backslashes of its own.
    if (policy.has("text")) scenario.policy_text = policy_table->get("text")->value_or("");
    if (policy.has("file")) {
      scenario.policy_file =
          (std::filesystem::path(directory) / policy.text("file")).lexically_normal().string();
    }
    if (const auto* facts = section.table("facts")) scenario.facts = read_facts(*facts);
    scenario.lists = section.texts("lists", {"recipient", "data at DATA", "end at END-OF-MESSAGE"});
    for (const auto* each : section.tables("session")) {
      scenario.sessions.push_back(
          read_session(*each, name + ", session " + std::to_string(scenario.sessions.size() + 1)));
    }
    if (scenario.sessions.empty()) section.fail("a scenario without a session shows nothing");
  } catch (const toml::parse_error& error) {
    throw ScenarioError(name + ".toml:" + std::to_string(error.source().begin.line) + ": " +
                        std::string(error.description()));
  }
  return scenario;
}

Scenario read_scenario_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ScenarioError("cannot read " + path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::filesystem::path place(path);
  return read_scenario(text, place.stem().string(), place.parent_path().string());
}

}  // namespace postern::scenarios
