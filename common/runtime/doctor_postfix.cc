#include "runtime/doctor_parts.h"
#include "runtime/doctor_patience.h"
#include "runtime/doctor_relays.h"
#include "runtime/mta_lines.h"
#include "runtime/postfix_endpoint.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <string_view>

namespace postern {
namespace {

/// A class may name another one; a circle must not run for ever.
constexpr int deepest_class = 10;
/// From level 1 on the relay list checks relaying where main.cf does not set it (postconf(5)).
constexpr int level_with_relay_default = 100;

struct List {
  const char* name;
  std::string_view context;  ///< the policy_context that fits it; empty: any
};
constexpr std::array<List, 8> lists{{
    {"smtpd_client_restrictions", "client"},
    {"smtpd_helo_restrictions", "helo"},
    {"smtpd_sender_restrictions", "sender"},
    {"smtpd_relay_restrictions", "recipient"},
    {"smtpd_recipient_restrictions", "recipient"},
    {"smtpd_data_restrictions", "data"},
    {"smtpd_end_of_data_restrictions", "end"},
    {"smtpd_etrn_restrictions", ""},
}};

using Items = std::vector<std::string>;

bool has(const Items& items, std::string_view item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

/// The first of them that may refuse somebody; empty: none.
std::string first_refusing(const Items& items) {
  const auto found = std::find_if(items.begin(), items.end(), [](const std::string& item) {
    const auto begins = [&](std::string_view word) {
      return item.compare(0, word.size(), word) == 0;
    };
    return begins("reject") || begins("defer") || begins("check_");
  });
  return found == items.end() ? std::string() : *found;
}

bool checks_relay(const Items& items) {
  return has(items, "reject_unauth_destination") || has(items, "defer_unauth_destination");
}

/// One check_policy_service that asks us.
struct Asked {
  PostfixServer server;
  Items before;  ///< what stands before it in the list
  Items behind;
  const ListenAddress* address = nullptr;
  Leads leads = Leads::to_us;
};

class PostfixExamination {
 public:
  PostfixExamination(const Settings& settings, const DoctorPlace& place,
                     const PostfixConfig& postfix, Findings& findings)
      : settings_(settings),
        place_(place),
        postfix_(postfix),
        findings_(findings),
        relays_(settings, place, postfix),
        patience_(settings, place.delay, postfix, findings) {
    for (auto& name : postfix_items(postfix.value("smtpd_restriction_classes"))) {
      classes_.insert(std::move(name));
    }
  }

  void run() {
    version();
    bool anybody = false;
    for (const auto& service : postfix_.smtpd) {
      const bool milter = settings_.listen.milter && milter_in(service);
      const bool policy = policy_in(service);
      if (milter && policy) {
        findings_.note("service " + service.name +
                           " asks us as a milter and as a policy service, so that we decide "
                           "everything twice",
                       "keep one of the two");
      }
      anybody = anybody || milter || policy;
    }
    for (const auto* service : used_relays_) relays_.examine(*service, findings_);
    if (!anybody) {
      findings_.problem("no smtpd of " + place_.postfix_directory + " asks us",
                        "paste the lines that `postern lines` prints into main.cf, then postfix "
                        "reload");
    }
  }

 private:
  void version() {
    if (place_.mail_version.empty()) return;
    int major = 0;
    int minor = 0;
    if (std::sscanf(place_.mail_version.c_str(), "%d.%d", &major, &minor) != 2) return;
    if (major < 3 || (major == 3 && minor < 1)) {
      findings_.problem("Postfix " + place_.mail_version + " does not know policy_context",
                        "use Postfix 3.1 or newer, or the milter");
    } else {
      findings_.well("Postfix " + place_.mail_version);
    }
  }

  // ---- Through which socket

  PostfixView view(const SmtpdService& service) const {
    return {place_.queue_directory, postfix_.chrooted(service)};
  }

  void find_goal(const SmtpdService& service, Asked& asked) {
    for (const auto& address : settings_.listen.policy) {
      asked.leads = leads_to(asked.server.endpoint, address, view(service));
      if (asked.leads == Leads::elsewhere) continue;
      asked.address = &address;
      return;
    }
    for (const auto& relay : postfix_.spawn) {
      if (!relays_.is_named_by(asked.server.endpoint, relay)) continue;
      used_relays_.insert(&relay);
      asked.address = relays_.goal(relay);
      asked.leads = Leads::to_us;
      return;
    }
  }

  void reach(const SmtpdService& service, const ListenAddress& address, Leads leads,
             const std::string& parameter) {
    if (leads != Leads::past_chroot) return;
    const bool inside = from_chroot(address, place_.queue_directory) == Chroot::reachable;
    findings_.problem(
        "service " + service.name + " of master.cf is chrooted to " + place_.queue_directory +
            ", where " + parameter + " cannot find " + address.path,
        inside ? "write " + postfix_name(address, place_.queue_directory) + " instead"
               : "let it listen inside " + place_.queue_directory +
                     "/postern (README, \"Plug it in\": copy postern-postfix.conf to "
                     "/etc/tmpfiles.d), or set the chroot column of that service to n");
  }

  // ---- As a milter

  bool milter_in(const SmtpdService& service) {
    const auto& address = *settings_.listen.milter;
    for (const auto& item : postfix_items(postfix_.value(service, "smtpd_milters"))) {
      const auto server = read_postfix_server(item);
      const auto leads = leads_to(server.endpoint, address, view(service));
      if (leads == Leads::elsewhere) continue;
      findings_.well("service " + service.name + " uses the milter");
      reach(service, address, leads, "smtpd_milters");
      patience_.of_milter(service, server);
      return true;
    }
    return false;
  }

  // ---- As a policy service

  /// The items of a list, or of a class, with those of the classes it names in their place.
  void spread(const SmtpdService& service, const std::string& list, int depth, Items& all) {
    for (auto& item : postfix_items(postfix_.value(service, list))) {
      if (depth < deepest_class && classes_.count(item) > 0) {
        named_classes_.insert(item);
        spread(service, item, depth + 1, all);
      } else {
        all.push_back(std::move(item));
      }
    }
  }

  /// The checks of a list that ask us.
  std::vector<Asked> asked_in(const SmtpdService& service, const std::string& list) {
    Items items;
    spread(service, list, 0, items);
    std::vector<Asked> found;
    for (auto at = items.begin(); at != items.end(); ++at) {
      if (*at != "check_policy_service" || std::next(at) == items.end()) continue;
      Asked asked{read_postfix_server(*std::next(at)), Items(items.begin(), at),
                  Items(at + 2, items.end())};
      find_goal(service, asked);
      if (asked.address != nullptr) found.push_back(std::move(asked));
    }
    return found;
  }

  bool policy_in(const SmtpdService& service) {
    bool any = false;
    named_classes_.clear();
    for (const auto& list : lists) {
      for (const auto& asked : asked_in(service, list.name)) {
        any = true;
        findings_.well("service " + service.name + " asks the policy service in " + list.name);
        examine_check(service, list, asked);
      }
    }
    // What a table answers, a class among others, cannot be seen from here.
    for (const auto& name : std::set<std::string>(classes_)) {
      if (named_classes_.count(name) > 0) continue;
      for (const auto& asked : asked_in(service, name)) {
        any = true;
        findings_.well("service " + service.name + " asks the policy service in " + name +
                       ", where an access table says so");
        examine_server(service, name, asked);
      }
    }
    return any;
  }

  void examine_check(const SmtpdService& service, const List& list, const Asked& asked) {
    const std::string_view name = list.name;
    if (name == "smtpd_recipient_restrictions") {
      relay_control(service, asked);
      unlisted_recipients(service, asked);
    }
    if (name == "smtpd_data_restrictions" || name == "smtpd_end_of_data_restrictions") {
      own_users(service, list.name, asked.before);
    }
    context_of(service, list, asked.server.setting("policy_context"));
    if (!asked.before.empty() && asked.before.back() == "warn_if_reject") {
      findings_.warning("service " + service.name + ": warn_if_reject stands before us in " +
                            list.name + ", so that our refusals are only logged",
                        "take it out, or use mode = \"shadow\" for single rules");
    }
    examine_server(service, list.name, asked);
  }

  void examine_server(const SmtpdService& service, const std::string& list, const Asked& asked) {
    reach(service, *asked.address, asked.leads, list);
    patience_.of_policy(service, asked.server);
  }

  /// Asking about mail that is refused anyway is a waste, and whoever tries to relay would learn
  /// what else we have against him.
  void relay_control(const SmtpdService& service, const Asked& asked) {
    if (checks_relay(asked.before)) return;
    const bool set = service.overrides.count("smtpd_relay_restrictions") > 0 ||
                     postfix_.parameters.count("smtpd_relay_restrictions") > 0;
    if (set ? checks_relay(postfix_items(postfix_.value(service, "smtpd_relay_restrictions")))
            : postfix_.compatibility() >= level_with_relay_default) {
      return;
    }
    // "reject" ends a list for everybody who was not permitted, as for submission.
    if (has(postfix_items(postfix_.value(service, "smtpd_recipient_restrictions")), "reject")) {
      return;
    }
    findings_.problem("service " + service.name +
                          ": check_policy_service stands before reject_unauth_destination",
                      "put reject_unauth_destination in front of it in "
                      "smtpd_recipient_restrictions, or into smtpd_relay_restrictions");
  }

  /// A recipient that we let pass and that is refused behind us leaves us with one too many.
  void unlisted_recipients(const SmtpdService& service, const Asked& asked) {
    const bool asked_late = !asked_in(service, "smtpd_data_restrictions").empty() ||
                            !asked_in(service, "smtpd_end_of_data_restrictions").empty();
    const std::string what = "service " + service.name + ": check_policy_service stands before ";
    const std::string place = " in smtpd_recipient_restrictions";
    if (!has(asked.before, "reject_unlisted_recipient") &&
        postfix_.value(service, "smtpd_reject_unlisted_recipient") != "no") {
      const auto unlisted = what + "reject_unlisted_recipient, so we are asked about recipients " +
                            "that Postfix refuses afterwards";
      const auto remedy = "put reject_unlisted_recipient in front of it" + place;
      if (asked_late) {
        findings_.warning(
            unlisted +
                ": after one unknown address the rules at data and at the end do not know the "
                "recipients, and let mail pass or only put it off",
            remedy);
      } else {
        findings_.note(unlisted + ", and record that they pass", remedy);
      }
      return;
    }
    if (!asked_late) return;
    const auto refusing = first_refusing(asked.behind);
    if (refusing.empty()) return;
    findings_.note(
        what + refusing + ": of what that refuses, the rules at data and at the end do not know",
        "put it in front of check_policy_service" + place);
  }

  /// A late list asks about all of the message: whom the recipient list lets in without asking us
  /// would be refused there after all.
  void own_users(const SmtpdService& service, const std::string& list, const Items& before) {
    const std::string recipients = "smtpd_recipient_restrictions";
    const auto asked = asked_in(service, recipients);
    const auto in_front =
        asked.empty() ? postfix_items(postfix_.value(service, recipients)) : asked.front().before;
    for (const char* permit : {"permit_mynetworks", "permit_sasl_authenticated"}) {
      if (!has(in_front, permit) || has(before, permit)) continue;
      findings_.problem("service " + service.name + ": " + list + " asks us without " + permit +
                            " in front, and refuses own users for what the recipient list let pass",
                        "put the permits of smtpd_recipient_restrictions in front there too");
      return;
    }
  }

  void context_of(const SmtpdService& service, const List& list, const std::string& context) {
    if (context.empty() || list.context.empty() || context == list.context) return;
    const bool known = std::any_of(lists.begin(), lists.end(),
                                   [&](const List& other) { return other.context == context; });
    const auto what =
        "service " + service.name + ": policy_context=" + context + " in " + std::string(list.name);
    const auto remedy = "write policy_context=" + std::string(list.context);
    if (known) {
      findings_.warning(what + " makes us answer as if another list had asked", remedy);
    } else {
      findings_.note(what + " means nothing to us", remedy);
    }
  }

  const Settings& settings_;
  const DoctorPlace& place_;
  const PostfixConfig& postfix_;
  Findings& findings_;
  std::set<std::string> classes_;
  const DoctorRelays relays_;
  DoctorPatience patience_;
  std::set<const SpawnService*> used_relays_;  ///< of us, that a list names
  std::set<std::string> named_classes_;        ///< in the lists of the service that is looked at
};

}  // namespace

void examine_postfix(const Settings& settings, const DoctorPlace& place,
                     const PostfixConfig& postfix, Findings& findings) {
  PostfixExamination(settings, place, postfix, findings).run();
}

}  // namespace postern
