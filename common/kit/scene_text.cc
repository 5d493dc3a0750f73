#include "kit/scene_text.h"

#include "model/text.h"
#include "model/time_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

using Takes = SceneWord::Takes;

constexpr std::array words{
    SceneWord{"client", "", Takes::value, "ADDRESS",
              "Address of the client; \"local\" for mail handed in on the mail server itself"},
    SceneWord{"client-name", "", Takes::value, "HOST",
              "Its host name as the mail server has confirmed it"},
    SceneWord{"reverse-name", "", Takes::value, "HOST",
              "The name that its address has (default: the confirmed one)"},
    SceneWord{"country", "", Takes::value, "CODE",
              "The country that the file of [geo] says its address is in (default: unknown)"},
    SceneWord{"asn", "", Takes::value, "NETWORK",
              "The network that it says announces it, as AS64496 (default: unknown)"},
    SceneWord{"helo", "ehlo lhlo h", Takes::value, "NAME", "What it greets with"},
    SceneWord{"tls", "", Takes::nothing, "", "The session is encrypted"},
    SceneWord{"user", "auth-user au", Takes::value, "NAME", "Who has logged in"},
    SceneWord{"auth-method", "auth a", Takes::value, "METHOD", "By which method"},
    SceneWord{"sender", "from f", Takes::value, "ADDRESS",
              "Envelope sender; \"<>\" is that of bounces"},
    SceneWord{"recipient", "to t", Takes::value, "ADDRESS",
              "Recipient; several with commas, or by naming the option again"},
    SceneWord{"declared-size", "", Takes::value, "OCTETS", "What the client announces with SIZE="},
    SceneWord{"size", "", Takes::value, "OCTETS", "Size of the message, at its end"},
    SceneWord{"queue-id", "", Takes::value, "ID", "The mail server's queue id"},
    SceneWord{"server", "s", Takes::value, "ADDRESS", "Our own address"},
    SceneWord{"stage", "", Takes::value, "STAGE",
              "Up to where rules are asked (default: where all that is told is known)"},
    SceneWord{"door", "", Takes::value, "DOOR", "milter, policy or library (default: milter)"},
    SceneWord{"time", "", Takes::value, "TIME", "When, as 2026-11-21T12:00:00Z (default: now)"},
    SceneWord{"macro", "", Takes::value, "NAME=VALUE", "A milter macro; may be repeated"},
    SceneWord{"dns", "", Takes::value, "\"NAME TYPE=ANSWER\"",
              "A record, or NXDOMAIN, SERVFAIL, TIMEOUT; may be repeated"},
    SceneWord{"counter", "", Takes::value, "\"CHECK KEY=NUMBER\"",
              "What a check has counted before; may be repeated"},
};

/// Of swaks: nothing that a rule could ask about, as long as content is none.
constexpr std::array ignored{
    "header",   "body",          "data", "quit-after", "quit",       "port",   "p", "timeout",
    "protocol", "auth-password", "ap",   "h-Subject",  "add-header", "attach", "d", "hide-all"};

/// The parts of `text` between `separator`s, trimmed.
std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  if (text.empty() || text.size() > 15) return {};
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return value;
}

KitFault not_a(std::string_view value, std::string_view what, std::string hint) {
  return {quoted(value) + " is not " + std::string(what), std::move(hint)};
}

Told<std::string> told(std::string_view value) {
  return value.empty() ? Told<std::string>::absent() : Told<std::string>(std::string(value));
}

/// Of the client; neither mail server tells that there is none.
Told<std::string> host(std::string_view value) {
  if (value.empty()) return {};
  return normal_domain(value);
}

}  // namespace

std::span<const SceneWord> scene_words() noexcept { return words; }

const SceneWord* find_scene_word(std::string_view name) {
  for (const auto& word : words) {
    if (word.name == name) return &word;
    for (const auto other : parts_of(word.other_names, ' ')) {
      if (!other.empty() && other == name) return &word;
    }
  }
  return nullptr;
}

std::optional<KitFault> SceneText::set(std::string_view name, std::string_view value) {
  const auto* word = find_scene_word(name);
  if (word == nullptr) {
    std::vector<std::string> known;
    known.reserve(words.size());
    for (const auto& each : words) known.emplace_back(each.name);
    const auto near = nearest_name(name, known);
    return KitFault{"there is no option " + quoted(name),
                    near.empty() ? "\"postern simulate --help\" lists them"
                                 : "did you mean " + quoted(near) + '?'};
  }
  const auto& known = word->name;
  if (const auto fact = geo_fact_from_text(known)) {
    auto said = geo_value(*fact, value);
    if (const auto* fault = std::get_if<KitFault>(&said)) return *fault;
    world_.geo[place_of(*fact)] = std::get<std::string>(std::move(said));
    return {};
  }
  if (known.starts_with("client") || known == "reverse-name" || known == "server") {
    return set_client(known, value);
  }
  if (known == "sender" || known == "recipient" || known.ends_with("size")) {
    return set_envelope(known, value);
  }
  return set_circumstance(known, value);
}

std::optional<KitFault> SceneText::set_client(std::string_view name, std::string_view value) {
  auto& client = scene_.told.client;
  const auto address = IpAddress::parse(value);
  if (name == "client") {
    if (!address && value != "local") {
      return not_a(value, "an IP address", "as in 192.0.2.1 or 2001:db8::1");
    }
    if (address) {
      client.address = address;
    } else {
      scene_.set_local_client();
    }
  } else if (name == "client-name") {
    client.name = host(value);
    if (!client.reverse_name.is_told()) client.reverse_name = client.name;
  } else if (name == "reverse-name") {
    client.reverse_name = host(value);
  } else if (address) {
    scene_.told.server_address = address->text();
  }
  return {};
}

std::optional<KitFault> SceneText::set_envelope(std::string_view name, std::string_view value) {
  if (name == "sender") {
    scene_.told.sender = MailAddress::from_envelope(value);
    return {};
  }
  if (name == "recipient") {
    for (const auto each : parts_of(value, ',')) {
      const auto recipient = MailAddress::from_envelope(each);
      if (recipient.empty()) return not_a(each, "a recipient", "as in bob@example.org");
      scene_.recipients.push_back(recipient);
    }
    return {};
  }
  const auto octets = number(value);
  if (!octets) return not_a(value, "a number of octets", "as in 5000");
  (name == "size" ? scene_.told.size : scene_.told.declared_size) = *octets;
  return {};
}

std::optional<KitFault> SceneText::set_circumstance(std::string_view name, std::string_view value) {
  auto& all = scene_.told;
  if (name == "helo") {
    all.helo = told(value);
    all.extended_smtp = true;
  } else if (name == "tls") {
    all.tls.version = std::string("TLSv1.3");
  } else if (name == "user") {
    all.authentication.user = told(value);
  } else if (name == "auth-method") {
    all.authentication.mechanism = told(value);
  } else if (name == "queue-id") {
    all.queue_id = value;
  } else if (name == "stage") {
    scene_.stage = stage_from_text(value);
    if (!scene_.stage) {
      return not_a(value, "a stage",
                   "connect, helo, mail, rcpt, data, end-of-headers or end-of-message");
    }
  } else if (name == "door") {
    const auto door = door_from_text(value);
    if (!door) return not_a(value, "a door", "milter, policy or library");
    all.door = *door;
  } else if (name == "time") {
    const auto time = time_from_text(value);
    if (!time) return not_a(value, "a time", "as in 2026-11-21T12:00:00Z");
    all.time = *time;
  } else if (name == "macro") {
    const auto equals = value.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return not_a(value, "a macro and its value", "as in daemon_name=smtp");
    }
    all.macros[std::string(value.substr(0, equals))] = value.substr(equals + 1);
  } else if (name == "counter") {
    const auto equals = value.rfind('=');
    const auto count =
        equals == std::string_view::npos ? std::nullopt : number(value.substr(equals + 1));
    if (!count) {
      return not_a(value, "a counter and its number", "as in \"per_client 192.0.2.1=41\"");
    }
    const auto key = counter_key(value.substr(0, equals));
    if (const auto* fault = std::get_if<KitFault>(&key)) return *fault;
    world_.counters[std::get<CounterKey>(key)] = *count;
  } else {
    return set_dns(value);
  }
  return {};
}

std::optional<KitFault> SceneText::set_dns(std::string_view value) {
  const auto equals = value.find('=');
  if (equals == std::string_view::npos) {
    return not_a(value, "a question and its answer",
                 "as in \"example.com MX=10 mail.example.com\"");
  }
  const auto question = dns_question(value.substr(0, equals));
  if (const auto* fault = std::get_if<KitFault>(&question)) return *fault;
  const auto& asked = std::get<DnsQuestion>(question);
  const auto answer = value.substr(equals + 1);
  const bool first = answers_.find(asked) == answers_.end();
  auto& result = answers_[asked];
  if (const auto trouble = dns_trouble_from_text(answer)) {
    if (!first) return KitFault{quoted(answer) + " cannot be one of several answers", ""};
    result = {*trouble, {}};
    return {};
  }
  auto record = dns_record(asked.type, answer);
  if (const auto* fault = std::get_if<KitFault>(&record)) return *fault;
  if (!first && result.kind != DnsResult::Kind::records) {
    return KitFault{quoted(value.substr(0, equals)) + " has an answer already", ""};
  }
  result.kind = DnsResult::Kind::records;
  result.records.push_back(std::move(std::get<std::string>(record)));
  return {};
}

std::optional<KitFault> SceneText::take_world(World& world) {
  for (auto& [question, result] : std::exchange(answers_, {})) {
    if (auto fault = world_.dns.add(question, std::move(result))) return fault;
  }
  world = std::move(world_);
  return {};
}

std::optional<KitFault> SceneText::describe_line(std::string_view line) {
  const auto tell = [this](std::string_view name, std::string_view value) {
    const bool pass_over =
        std::any_of(ignored.begin(), ignored.end(), [&](const char* each) { return name == each; });
    return pass_over ? std::nullopt : set(name, value);
  };
  constexpr std::string_view program = "swaks ";
  if (line.starts_with(program)) line = trimmed(line.substr(program.size()));
  if (!line.starts_with('-')) {
    const auto space = std::min(line.find_first_of(" \t"), line.size());
    return tell(line.substr(0, space), trimmed(line.substr(space)));
  }
  // Each word that begins with a hyphen is an option, and all up to the next one its value.
  std::string_view name;
  std::string value;
  for (const auto part : parts_of(line, ' ')) {
    if (part.empty()) continue;
    if (!part.starts_with('-')) {
      value += (value.empty() ? "" : " ") + std::string(part);
      continue;
    }
    if (!name.empty()) {
      if (auto fault = tell(name, value)) return fault;
    }
    name = part.substr(part.find_first_not_of('-') == std::string_view::npos
                           ? part.size()
                           : part.find_first_not_of('-'));
    value.clear();
    if (const auto equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
  }
  return tell(name, value);
}

std::optional<KitFault> SceneText::describe(std::string_view text) {
  std::size_t number = 0;
  for (const auto line : parts_of(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (auto fault = describe_line(line)) {
      fault->message = "line " + std::to_string(number) + ": " + fault->message;
      return fault;
    }
  }
  return {};
}

}  // namespace postern
