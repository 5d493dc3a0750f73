#include "model/dns_servers.h"
#include "model/text.h"
#include "rules/loader.h"
#include "rules/share.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Names that share one field of every message that comes in.
constexpr std::size_t most_authserv_ids = 20;

void read_authserv_ids(const Node& section, const ValueReader& values, IdentitySettings& identity) {
  const auto* member = section.find("authserv_id");
  if (member == nullptr) return;
  auto& diagnostics = values.diagnostics();
  const bool list = member->value.kind == Node::Kind::array;
  const auto take = [&](const Node& value) {
    if (value.kind != Node::Kind::string || !is_host_name(value.string)) {
      diagnostics.error(value.span,
                        "\"authserv_id\" is our name in Authentication-Results, a host name",
                        "as in \"mx1.example.org\", or a list of such names");
      return;
    }
    identity.authserv_ids.push_back(normal_domain(value.string));
  };
  if (!list) return take(member->value);
  if (member->value.items.empty() || member->value.items.size() > most_authserv_ids) {
    diagnostics.error(member->value.span,
                      "\"authserv_id\" has 1 to " + std::to_string(most_authserv_ids) + " names");
  }
  for (const auto& item : member->value.items) take(item);
}

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
  read_authserv_ids(*section, values, identity);
  identity.contact = values.text(*section, "identity.contact").value_or("");
  identity.help = values.text(*section, "identity.help").value_or("");
}

bool is_socket_file(const ListenAddress& address) {
  return address.family == ListenAddress::Family::unix_socket;
}

/// On every address of the machine.
bool is_wildcard(const ListenAddress& address) {
  return address.host.empty() || address.host == "0.0.0.0" || address.host == "::";
}

/// "/run/../run/x" is "/run/x".
std::string plain_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  std::string plain;
  for (const auto part : parts) plain += "/" + std::string(part);
  return plain;
}

/// Whether only one of the two could be opened.
bool collide(const ListenAddress& a, const ListenAddress& b) {
  if (a.family != b.family) return false;
  if (is_socket_file(a)) return plain_path(a.path) == plain_path(b.path);
  const auto host = [](const ListenAddress& address) {
    if (lower(address.host) != "localhost") return lower(address.host);
    return std::string(address.family == ListenAddress::Family::inet6 ? "::1" : "127.0.0.1");
  };
  return a.port == b.port && (is_wildcard(a) || is_wildcard(b) || host(a) == host(b));
}

/// Two sockets at one address: the second could not be opened.
void check_distinct(const Node& section, const ValueReader& values) {
  std::vector<std::pair<ListenAddress, Span>> seen;
  const auto look = [&](const Node& value) {
    const auto address = ListenAddress::parse(value.string);
    if (!address) return;
    const bool chosen_by_system = !is_socket_file(*address) && address->port == 0;
    if (chosen_by_system) return;
    for (const auto& [other, span] : seen) {
      if (collide(other, *address)) {
        values.diagnostics().error(value.span,
                                   "this address is taken already: " + quoted(value.string),
                                   "the first use is at " + place_text(span));
        return;
      }
    }
    seen.emplace_back(*address, value.span);
  };
  for (const auto& member : section.members) {
    if (member.key != "milter" && member.key != "policy" && member.key != "control" &&
        member.key != "metrics") {
      continue;
    }
    if (member.value.kind == Node::Kind::string) look(member.value);
    for (const auto& item : member.value.items) {
      if (item.kind == Node::Kind::string) look(item);
    }
  }
}

bool is_loopback_host(const ListenAddress& address) {
  if (lower(address.host) == "localhost") return true;
  const auto ip = IpAddress::parse(address.host);
  return ip && is_loopback(*ip);
}

/// HTTP without a password, in the clear: how much mail comes, and what the rules are called.
void check_who_may_look(const Node& section, const ValueReader& values,
                        const ListenSettings& listen) {
  const auto* metrics = section.find("metrics");
  if (metrics == nullptr || !listen.metrics || is_socket_file(*listen.metrics) ||
      is_loopback_host(*listen.metrics)) {
    return;
  }
  values.diagnostics().warning(
      metrics->value.span,
      quoted(metrics->value.string) +
          " is not the loopback: whoever reaches it reads the counts, and what rules are called",
      "listen on 127.0.0.1 or on a unix socket, or let a firewall keep others out");
}

/// Neither door asks for a password: whoever may connect can ask for verdicts, and fill the
/// journal with mail that never was.
void check_who_may_connect(const Node& section, const ValueReader& values,
                           const ListenSettings& listen) {
  const auto look = [&](const Node& value) {
    const auto address = ListenAddress::parse(value.string);
    if (!address || is_socket_file(*address) || !is_wildcard(*address)) return;
    values.diagnostics().warning(
        value.span, quoted(value.string) + " listens on every address of this machine, to anybody",
        "name the loopback, or the one address that the mail server connects to, and let a "
        "firewall keep others out");
  };
  for (const auto& member : section.members) {
    if (member.key != "milter" && member.key != "policy") continue;
    if (member.value.kind == Node::Kind::string) look(member.value);
    for (const auto& item : member.value.items) {
      if (item.kind == Node::Kind::string) look(item);
    }
  }
  if (const auto* mode = section.find("mode"); mode != nullptr && (listen.mode & 0222U) == 0) {
    values.diagnostics().warning(mode->value.span,
                                 "nobody but root may connect to sockets of this mode",
                                 "connecting is writing: \"0660\" lets the owner and the group");
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
  if (auto metrics = values.sockets(*section, "listen.metrics"); !metrics.empty()) {
    listen.metrics = std::move(metrics.front());
  }
  check_distinct(*section, values);
  check_who_may_look(*section, values, listen);
  listen.mode = values.file_mode(*section, "listen.mode").value_or(listen.mode);
  check_who_may_connect(*section, values, listen);
  listen.owner = values.text(*section, "listen.owner").value_or("");
  listen.group = values.text(*section, "listen.group").value_or("");
  if (values.text(*section, "listen.speak") == "stage") listen.speak = Speak::stage;
  if (values.text(*section, "listen.accept_answer") == "OK") {
    listen.accept_answer = AcceptAnswer::ok;
    values.diagnostics().warning(
        section->find("accept_answer")->value.span,
        "with OK an accept ends Postfix's restriction list: in front of reject_unauth_destination "
        "whoever is accepted may send to anybody through you (an open relay)",
        "keep \"DUNNO\"; with \"OK\", put the service behind reject_unauth_destination");
  }
}

/// sendmail waits 10s for a milter when the T= of its line has no R: (its op.me, "Xfilter"). What
/// Postfix waits for, the deadline alone cannot reach.
void note_patience_of_sendmail(const Node& section, const ValueReader& values,
                               const Settings& settings) {
  constexpr std::chrono::milliseconds most{9'000};
  const auto* deadline = section.find("deadline");
  if (deadline == nullptr || !settings.listen.milter || settings.limits.deadline <= most) return;
  values.diagnostics().note(deadline->value.span,
                            "sendmail waits 10s for a milter unless its line says more",
                            "the line that \"postern lines\" prints has an R: that is long enough");
}

void read_limits(const Node& root, const ValueReader& values, Settings& settings) {
  auto& limits = settings.limits;
  const auto* section = values.section(root, "limits");
  if (section == nullptr) return;
  values.check_keys(*section, "limits");
  limits.deadline = values.duration(*section, "limits.deadline").value_or(limits.deadline);
  note_patience_of_sendmail(*section, values, settings);
  limits.delayed_answers = static_cast<unsigned>(
      values.count(*section, "limits.delayed_answers").value_or(limits.delayed_answers));
  limits.policy_connections = static_cast<unsigned>(
      values.count(*section, "limits.policy_connections").value_or(limits.policy_connections));
  limits.policy_idle = values.duration(*section, "limits.policy_idle").value_or(limits.policy_idle);
  limits.journal_queue = static_cast<unsigned>(
      values.count(*section, "limits.journal_queue").value_or(limits.journal_queue));
}

/// The listener whose socket has this path; empty: none.
std::string_view socket_at(const std::string& path, const ListenSettings& listen) {
  const auto same = [&](const ListenAddress& address) {
    return is_socket_file(address) && plain_path(address.path) == plain_path(path);
  };
  if (listen.milter && same(*listen.milter)) return "listen.milter";
  if (listen.control && same(*listen.control)) return "listen.control";
  if (listen.metrics && same(*listen.metrics)) return "listen.metrics";
  const bool policy = std::any_of(listen.policy.begin(), listen.policy.end(), same);
  return policy ? "listen.policy" : "";
}

void read_accepts_share(const Node& section, const ValueReader& values, const std::string& text,
                        JournalSettings& journal) {
  const auto share = share_from_text(text);
  if (share) {
    journal.accepts_share = *share;
    return;
  }
  values.diagnostics().error(section.find("accepts_share")->value.span,
                             quoted(text) + " is no share of the messages",
                             "a whole number of percent from \"1%\" to \"99%\"; without the key "
                             "all are recorded, and accepts = \"none\" records none");
}

void read_addresses_key(const Node& section, const ValueReader& values, JournalSettings& journal) {
  const auto file = values.text(section, "journal.addresses_key");
  if (!file) return;
  journal.addresses_key = *file;
  if (!file->empty() && file->front() == '/' && file->back() != '/') return;
  values.diagnostics().error(section.find("addresses_key")->value.span,
                             "\"addresses_key\" of the journal must name a file, from the root on",
                             "as in \"/var/log/postern/decisions.jsonl.key\"");
}

void read_journal(const Node& root, const ValueReader& values, const ListenSettings& listen,
                  JournalSettings& journal) {
  const auto* section = values.section(root, "journal");
  if (section == nullptr) return;
  values.check_keys(*section, "journal");
  journal.path = values.text(*section, "journal.path").value_or(journal.path);
  if (const auto word = values.text(*section, "journal.accepts")) {
    journal.accepts = accept_records_from_text(*word).value_or(journal.accepts);
  }
  if (const auto share = values.text(*section, "journal.accepts_share")) {
    read_accepts_share(*section, values, *share, journal);
  }
  if (const auto word = values.text(*section, "journal.addresses")) {
    journal.addresses = address_form_from_text(*word).value_or(journal.addresses);
  }
  read_addresses_key(*section, values, journal);
  journal.keep = values.keep_time(*section, "journal.keep").value_or(journal.keep);
  journal.keep_accepts =
      values.keep_time(*section, "journal.keep_accepts").value_or(journal.keep_accepts);
  journal.total_size = values.size(*section, "journal.total_size").value_or(journal.total_size);
  journal.segment_size =
      values.size(*section, "journal.segment_size").value_or(journal.segment_size);
  journal.segment_age =
      values.duration(*section, "journal.segment_age").value_or(journal.segment_age);
  journal.compress = values.boolean(*section, "journal.compress").value_or(journal.compress);
  // The service leaves the folder it was started in, so a relative name would lead anywhere.
  const auto* path = section->find("path");
  if (path == nullptr || journal.path.empty()) return;
  const char* const example = "as in \"/var/log/postern/decisions.jsonl\"";
  const auto taken = socket_at(journal.path, listen);
  if (journal.path.front() != '/') {
    values.diagnostics().error(path->value.span, "\"path\" of the journal must be absolute",
                               example);
  } else if (journal.path.back() == '/') {
    values.diagnostics().error(path->value.span, "\"path\" of the journal names a folder",
                               std::string("name a file, ") + example);
  } else if (!taken.empty()) {
    values.diagnostics().error(path->value.span,
                               "this is the path of a socket, " + std::string(taken), example);
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
  read_limits(root, values, settings);
  read_journal(root, values, settings.listen, settings.journal);
  read_log(root, values, settings.log);
  read_run(root, values, settings.run);
  read_dns(root, values, settings.dns);
  read_geo(root, values, settings.geo);
  read_reasons(root, values, settings);
  return settings;
}

}  // namespace postern
