#include "rules/loader_effects.h"

#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array<std::string_view, 9> effect_keys{
    "add_header",   "remove_header", "authentication_results",
    "received_spf", "redirect",      "bcc",
    "tag",          "delay",         "warn"};

/// Octets of a header field's name; longer ones exist nowhere. Ours.
constexpr std::size_t longest_header_name = 64;
/// Octets of the words of a discard or quarantine: they stand in one line of the mail log with the
/// addresses of the message, and in sendmail's queue file.
constexpr std::size_t longest_note = 120;
/// Octets of a tag, which stands in each log line of the decision.
constexpr std::size_t longest_tag = 32;
/// Further recipients of one rule.
constexpr std::size_t most_addresses = 10;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Why no policy may add a field of that name (lower case); empty: it may.
std::string_view why_not_added(std::string_view name) {
  if (is_one_of(name, {"received", "return-path"})) {
    return "it is written by mail servers on the way (RFC 5321 4.4)";
  }
  if (name == "dkim-signature" || name.starts_with("arc-")) {
    return "it is a signature, which a fixed text cannot be";
  }
  if (is_one_of(name, {"from", "sender", "reply-to", "to", "cc", "bcc", "date", "message-id",
                       "in-reply-to", "references", "subject"}) ||
      name.starts_with("resent-")) {
    return "a message has one of it at most, from its sender (RFC 5322 3.6)";
  }
  if (name == "mime-version" || name.starts_with("content-")) {
    return "it says how the message is to be read (RFC 2045)";
  }
  return {};
}

/// Why no policy may take out fields of that name; empty: it may.
std::string_view why_not_removed(std::string_view name) {
  if (is_one_of(name, {"received", "return-path"})) {
    return "it is how loops are found (RFC 5321 6.3)";
  }
  if (name == "dkim-signature" || name.starts_with("arc-")) {
    return "others check it (RFC 6376)";
  }
  if (is_one_of(name, {"from", "date"})) return "a message must have it (RFC 5322 3.6)";
  if (name == "mime-version" || name.starts_with("content-")) {
    return "it says how the message is to be read (RFC 2045)";
  }
  return {};
}

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_header_name &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::optional<FieldForm> field_form(std::string_view key) {
  if (key == "authentication_results") return FieldForm::authentication_results;
  if (key == "received_spf") return FieldForm::received_spf;
  return std::nullopt;
}

/// Fit for a log line of any mail server. ';' ends the text there for programs that read it.
bool is_plain_text(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != ';'; });
}

}  // namespace

bool is_effect_key(std::string_view key) noexcept {
  return std::find(effect_keys.begin(), effect_keys.end(), key) != effect_keys.end();
}

const Member* first_effect(const Node& rule) noexcept {
  const auto found = std::find_if(rule.members.begin(), rule.members.end(),
                                  [](const Member& member) { return is_effect_key(member.key); });
  return found == rule.members.end() ? nullptr : &*found;
}

std::vector<RuleEffect> EffectLoader::read(
    const Node& rule, const std::function<bool(std::string_view)>& may_stand_elsewhere) const {
  std::vector<RuleEffect> effects;
  for (const auto& member : rule.members) {
    const auto* key = find_key("rule." + member.key);
    if (key != nullptr && key->availability == Availability::later) continue;
    if (const auto form = field_form(member.key)) {
      read_field(member, *form, effects, may_stand_elsewhere);
      continue;
    }
    const auto kind = effect_kind_from_text(member.key);
    if (!kind) continue;
    if (member.value.kind == Node::Kind::array && member.value.items.empty()) {
      values_.diagnostics().error(member.value.span, quoted(member.key) + " is an empty list",
                                  "take it out");
    }
    switch (*kind) {
      case EffectKind::add_header:
        if (member.value.kind == Node::Kind::array) {
          for (const auto& item : member.value.items) {
            if (auto header = read_header(item)) effects.push_back(std::move(*header));
          }
        } else if (auto header = read_header(member.value)) {
          effects.push_back(std::move(*header));
        }
        break;
      case EffectKind::remove_header:
        read_names(member, effects);
        break;
      case EffectKind::redirect:
      case EffectKind::bcc:
        read_addresses(member, *kind, effects);
        break;
      case EffectKind::tag:
      case EffectKind::warn:
        read_words(rule, member, *kind, effects);
        break;
      case EffectKind::delay:
        if (const auto delay = values_.duration(rule, "rule.delay")) {
          effects.push_back({EffectKind::delay, {}, {}, *delay});
        }
        break;
    }
  }
  return effects;
}

std::string EffectLoader::read_note(const Node& rule, const Member& action) const {
  auto& diagnostics = values_.diagnostics();
  const bool discards = action.key == "discard";
  if (discards) {
    const bool acknowledged = values_.boolean(rule, "rule.acknowledge_loss").value_or(false);
    const auto* member = rule.find("acknowledge_loss");
    const bool wrong_type = member != nullptr && member->value.kind != Node::Kind::boolean;
    if (!acknowledged && !wrong_type) {
      diagnostics.error(member != nullptr ? member->value.span : action.key_span,
                        "a discard loses mail: the sender is told that it was taken, and nobody "
                        "gets it or hears of it",
                        "use reject, which tells the sender, or quarantine, which keeps it; if "
                        "loss is wanted, say acknowledge_loss = true");
    }
  }
  const auto note = values_.text(rule, "rule." + action.key);
  if (!note) return {};
  if (!is_plain_text(*note) || note->size() > longest_note) {
    diagnostics.error(action.value.span,
                      quoted(action.key) + " says why, for the log, in 1 to " +
                          std::to_string(longest_note) +
                          " printable ASCII characters without ';', no space at either end");
  }
  return *note;
}

// ---- The actions -----------------------------------------------------------------------------

std::optional<RuleEffect> EffectLoader::read_header(const Node& value) const {
  auto& diagnostics = values_.diagnostics();
  const auto* const shape = "write \"X-Name: value\", or { name = \"X-Name\", value = \"value\" }";
  RuleEffect header{EffectKind::add_header, {}, {}, {}};
  const Node* name = &value;
  const Node* text = &value;
  if (value.kind == Node::Kind::string) {
    const auto colon = value.string.find(':');
    if (colon == std::string::npos) {
      diagnostics.error(value.span, quoted(value.string) + " is not a header field", shape);
      return {};
    }
    header.name = value.string.substr(0, colon);
    const auto begin = value.string.find_first_not_of(' ', colon + 1);
    if (begin != std::string::npos) header.text = value.string.substr(begin);
  } else if (value.kind == Node::Kind::table) {
    for (const auto& member : value.members) {
      if (member.key == "name" || member.key == "value") continue;
      diagnostics.error(member.key_span, "unknown key " + quoted(member.key), shape);
      return {};
    }
    const auto* name_member = value.find("name");
    const auto* text_member = value.find("value");
    if (name_member == nullptr || text_member == nullptr ||
        name_member->value.kind != Node::Kind::string ||
        text_member->value.kind != Node::Kind::string) {
      diagnostics.error(value.span, "a header field has a name and a value, both strings", shape);
      return {};
    }
    name = &name_member->value;
    text = &text_member->value;
    header.name = name->string;
    header.text = text->string;
  } else {
    diagnostics.error(value.span,
                      "\"add_header\" is a header field, not " + std::string(to_text(value.kind)),
                      shape);
    return {};
  }
  if (!check_name(*name, header.name, true) || !check_value(*text, header)) return {};
  return header;
}

bool EffectLoader::check_name(const Node& value, const std::string& name, bool adds) const {
  auto& diagnostics = values_.diagnostics();
  if (!is_header_name(name)) {
    diagnostics.error(value.span, quoted(name) + " is not the name of a header field",
                      "1 to " + std::to_string(longest_header_name) +
                          " letters, digits and hyphens, as in \"X-Spam-Flag\"");
    return false;
  }
  const auto why = adds ? why_not_added(lower(name)) : why_not_removed(lower(name));
  if (why.empty()) return true;
  diagnostics.error(
      value.span,
      quoted(name) + " is not ours to " + (adds ? "add" : "remove") + ": " + std::string(why),
      adds ? "choose a name of your own, such as \"X-" + name + "\"" : "take it out");
  return false;
}

bool EffectLoader::check_value(const Node& value, const RuleEffect& header) const {
  auto& diagnostics = values_.diagnostics();
  if (header.text.empty() || header.text.back() == ' ' || header.text.front() == ' ' ||
      header.text.size() > longest_header_value / 2) {
    diagnostics.error(value.span, "the value of " + quoted(header.name) + " has 1 to " +
                                      std::to_string(longest_header_value / 2) +
                                      " characters and no space at either end");
    return false;
  }
  if (!adds_results(header)) return true;
  // RFC 8601 2.5, 5: who reads it trusts those that begin with the name of his own server.
  const auto& host = settings_.identity.authserv_id();
  if (!header.text.starts_with(host + ';') || has_fields(header.text)) {
    diagnostics.error(
        value.span,
        "\"Authentication-Results\" that we add must be ours, and of fixed words: "
        "what others say in it would be believed (RFC 8601 5)",
        "begin it with \"" + (host.empty() ? "identity.host" : host) +
            ";\" and name no {field}; authentication_results tells what checks have found");
    return false;
  }
  return true;
}

void EffectLoader::read_names(const Member& member, std::vector<RuleEffect>& effects) const {
  const auto take = [&](const Node& value) {
    if (value.kind != Node::Kind::string) {
      values_.diagnostics().error(value.span,
                                  "\"remove_header\" is the name of a header field, not " +
                                      std::string(to_text(value.kind)),
                                  "as in \"X-Spam-Flag\", or a list of names");
    } else if (check_name(value, value.string, false)) {
      effects.push_back({EffectKind::remove_header, value.string, {}, {}});
    }
  };
  if (member.value.kind != Node::Kind::array) return take(member.value);
  for (const auto& item : member.value.items) take(item);
}

void EffectLoader::read_addresses(const Member& member, EffectKind kind,
                                  std::vector<RuleEffect>& effects) const {
  auto& diagnostics = values_.diagnostics();
  const auto take = [&](const Node& value) {
    if (value.kind != Node::Kind::string) {
      diagnostics.error(value.span, quoted(member.key) + " is a mail address, not " +
                                        std::string(to_text(value.kind)));
      return;
    }
    const auto address = MailAddress::from_envelope(value.string);
    // Postfix cuts its answers at spaces, and neither mail server is to quote for us.
    const bool plain = std::all_of(value.string.begin(), value.string.end(), [](char c) {
      return c > ' ' && c <= '~' &&
             std::string_view("\"\\<>()[],;:").find(c) == std::string_view::npos;
    });
    if (!plain || address.local().empty() || !is_host_name(address.domain())) {
      diagnostics.error(value.span, quoted(value.string) + " is not an address mail can be sent to",
                        "as in \"archive@example.org\"");
      return;
    }
    effects.push_back({kind, {}, address.text(), {}});
  };
  if (kind == EffectKind::bcc && member.value.kind == Node::Kind::array) {
    if (member.value.items.size() > most_addresses) {
      diagnostics.error(member.value.span,
                        "one rule adds " + std::to_string(most_addresses) + " recipients at most",
                        "let a mailing list or an alias distribute the copies");
      return;
    }
    for (const auto& item : member.value.items) take(item);
  } else {
    take(member.value);
  }
}

void EffectLoader::read_words(const Node& rule, const Member& member, EffectKind kind,
                              std::vector<RuleEffect>& effects) const {
  auto& diagnostics = values_.diagnostics();
  const auto text = values_.text(rule, "rule." + member.key);
  if (!text) return;
  if (kind == EffectKind::tag) {
    const bool word =
        !text->empty() && text->size() <= longest_tag &&
        std::all_of(text->begin(), text->end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    if (!word) {
      diagnostics.error(member.value.span, quoted(*text) + " is not a tag",
                        "1 to " + std::to_string(longest_tag) +
                            " small letters, digits, hyphens and underscores");
      return;
    }
  } else if (!is_plain_text(*text) || text->size() > longest_warning / 2) {
    diagnostics.error(member.value.span,
                      "\"warn\" is a text of 1 to " + std::to_string(longest_warning / 2) +
                          " printable ASCII characters without ';', no space at either end");
    return;
  }
  effects.push_back({kind, {}, *text, {}});
}

}  // namespace postern
