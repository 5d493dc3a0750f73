#include "rules/loader.h"

#include <utility>

namespace postern {
namespace {

void read_identity(const Node& root, const ValueReader& values, Unread unread,
                   IdentitySettings& identity) {
  const auto* section = values.section(root, "identity");
  if (section == nullptr) {
    if (root.find("identity") == nullptr && unread != Unread::part_of_main_file) {
      values.diagnostics().error({root.span.file, 0, 1}, "the policy does not say who we are",
                                 "add [identity] with host = \"mx1.example.org\"");
    }
    return;
  }
  values.check_keys(*section, "identity");
  if (section->find("host") == nullptr) {
    values.diagnostics().error(section->span, "[identity] has no \"host\"",
                               "add host = \"mx1.example.org\": how replies name this server");
  }
  identity.host = values.text(*section, "identity.host").value_or("");
  if (!identity.host.empty() && identity.host.find('.') == std::string::npos) {
    values.diagnostics().warning(
        section->find("host")->value.span,
        quoted(identity.host) + " has no domain; senders elsewhere cannot tell who that is",
        "a mail server calls itself by its fully qualified name, as in "
        "\"" +
            identity.host + ".example.org\" (RFC 5321 2.3.5)");
  }
  identity.contact = values.text(*section, "identity.contact").value_or("");
  identity.help = values.text(*section, "identity.help").value_or("");
}

/// Two sockets at one address: the second could not be opened.
void check_distinct(const Node& section, const ValueReader& values) {
  std::vector<std::pair<ListenAddress, Span>> seen;
  const auto look = [&](const Node& value) {
    const auto address = ListenAddress::parse(value.string);
    if (!address) return;
    const bool chosen_by_system =
        address->family != ListenAddress::Family::unix_socket && address->port == 0;
    if (chosen_by_system) return;
    for (const auto& [other, span] : seen) {
      if (other == *address) {
        values.diagnostics().error(value.span,
                                   "this address is taken already: " + quoted(value.string),
                                   "the first use is at " + place_text(span));
        return;
      }
    }
    seen.emplace_back(*address, value.span);
  };
  for (const auto& member : section.members) {
    if (member.key != "milter" && member.key != "policy" && member.key != "control") continue;
    if (member.value.kind == Node::Kind::string) look(member.value);
    for (const auto& item : member.value.items) {
      if (item.kind == Node::Kind::string) look(item);
    }
  }
}

void read_listen(const Node& root, const ValueReader& values, ListenSettings& listen) {
  const auto* section = values.section(root, "listen");
  if (section == nullptr) return;
  values.check_keys(*section, "listen");
  if (auto milter = values.sockets(*section, "listen.milter"); !milter.empty()) {
    listen.milter = std::move(milter.front());
  }
  listen.policy = values.sockets(*section, "listen.policy");
  if (auto control = values.sockets(*section, "listen.control"); !control.empty()) {
    listen.control = std::move(control.front());
  }
  check_distinct(*section, values);
  listen.mode = values.file_mode(*section, "listen.mode").value_or(listen.mode);
  listen.owner = values.text(*section, "listen.owner").value_or("");
  listen.group = values.text(*section, "listen.group").value_or("");
  if (values.text(*section, "listen.speak") == "stage") listen.speak = Speak::stage;
}

void read_limits(const Node& root, const ValueReader& values, LimitSettings& limits) {
  const auto* section = values.section(root, "limits");
  if (section == nullptr) return;
  values.check_keys(*section, "limits");
  limits.deadline = values.duration(*section, "limits.deadline").value_or(limits.deadline);
  limits.policy_connections = static_cast<unsigned>(
      values.count(*section, "limits.policy_connections").value_or(limits.policy_connections));
  limits.policy_idle = values.duration(*section, "limits.policy_idle").value_or(limits.policy_idle);
  limits.journal_queue = static_cast<unsigned>(
      values.count(*section, "limits.journal_queue").value_or(limits.journal_queue));
}

void read_journal(const Node& root, const ValueReader& values, JournalSettings& journal) {
  const auto* section = values.section(root, "journal");
  if (section == nullptr) return;
  values.check_keys(*section, "journal");
  journal.path = values.text(*section, "journal.path").value_or(journal.path);
  if (const auto word = values.text(*section, "journal.accepts")) {
    journal.accepts = accept_records_from_text(*word).value_or(journal.accepts);
  }
  // The service leaves the folder it was started in, so a relative name would lead anywhere.
  if (const auto* path = section->find("path");
      path != nullptr && !journal.path.empty() && journal.path.front() != '/') {
    values.diagnostics().error(path->value.span, "\"path\" of the journal must be absolute",
                               "as in \"/var/log/postern/decisions.jsonl\"");
  }
}

void read_log(const Node& root, const ValueReader& values, LogSettings& log) {
  const auto* section = values.section(root, "log");
  if (section == nullptr) return;
  values.check_keys(*section, "log");
  const auto to = values.text(*section, "log.to").value_or("auto");
  if (to == "syslog") log.to = LogTarget::syslog;
  if (to == "stderr") log.to = LogTarget::standard_error;
  log.accepts = values.boolean(*section, "log.accepts").value_or(log.accepts);
}

void read_run(const Node& root, const ValueReader& values, RunSettings& run) {
  const auto* section = values.section(root, "run");
  if (section == nullptr) return;
  values.check_keys(*section, "run");
  run.user = values.text(*section, "run.user").value_or("");
  run.group = values.text(*section, "run.group").value_or("");
}

}  // namespace

Settings read_settings(const Node& root, const ValueReader& values, Unread unread) {
  Settings settings;
  read_identity(root, values, unread, settings.identity);
  read_listen(root, values, settings.listen);
  read_limits(root, values, settings.limits);
  read_journal(root, values, settings.journal);
  read_log(root, values, settings.log);
  read_run(root, values, settings.run);
  return settings;
}

}  // namespace postern
