#include "scenarios/dialogue.h"
#include "support/policy_client.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace postern::scenarios {
namespace {

using postern::test::Attributes;
using postern::test::PolicyClient;

/// An address without pointed brackets and quotes, as Postfix hands it on.
std::string as_postfix_writes(std::string_view address) {
  if (address.size() >= 2 && address.front() == '<')
    address = address.substr(1, address.size() - 2);
  if (address.empty() || address.front() != '"') return std::string(address);
  std::string text;
  bool quoted = true;
  for (std::size_t i = 1; i < address.size(); ++i) {
    if (quoted && address[i] == '\\' && i + 1 < address.size()) {
      text += address[++i];
    } else if (quoted && address[i] == '"') {
      quoted = false;
    } else {
      text += address[i];
    }
  }
  return text;
}

/// A restriction list that asks, and the protocol state in which it does.
struct List {
  std::string name;
  std::string state;
};

List list_of(const std::string& text) {
  const std::string_view between = " at ";
  const auto at = text.find(between);
  if (at == std::string::npos) return {text, "RCPT"};
  return {text.substr(0, at), text.substr(at + between.size())};
}

/// "action=550 5.1.1 text"
void read_refusal(std::string_view action, Observed& seen) {
  constexpr std::string_view defer_if_permit = "DEFER_IF_PERMIT ";
  const auto word_end = [](std::string_view text) { return std::min(text.find(' '), text.size()); };
  if (action.substr(0, defer_if_permit.size()) == defer_if_permit) {
    action.remove_prefix(defer_if_permit.size());
    seen.form = "450";
  } else {
    seen.form = std::string(action.substr(0, word_end(action)));
    action.remove_prefix(std::min(word_end(action) + 1, action.size()));
  }
  seen.form += ' ' + std::string(action.substr(0, word_end(action)));
  action.remove_prefix(std::min(word_end(action) + 1, action.size()));
  seen.first_line = std::string(action);
}

class Dialogue {
 public:
  Dialogue(const Scenario& scenario, const std::string& socket)
      : scenario_(scenario), client_(PolicyClient::to_path(socket)) {
    for (const auto& text : scenario.lists) lists_.push_back(list_of(text));
  }

  std::vector<Observed> play() {
    for (std::size_t i = 0; i < scenario_.sessions.size(); ++i) play_session(i);
    return std::move(seen_);
  }

 private:
  void play_session(std::size_t number) {
    const auto& session = scenario_.sessions[number];
    if (ask({number, 0, Stage::connect, 0}, {"CONNECT"})) return;
    // A refusal at HELO does not hold: whoever goes on is let in.
    if (!session.helo.empty()) say_helo({number, 0, Stage::helo, 0});
    for (std::size_t i = 0; i < session.messages.size(); ++i) {
      play_message({number, i, Stage::mail, 0});
    }
  }

  void say_helo(const Moment& moment) {
    ask(moment, {scenario_.sessions[moment.session].extended ? "EHLO" : "HELO"});
  }

  void play_message(Moment moment) {
    const auto& message = scenario_.sessions[moment.session].messages[moment.message];
    accepted_.clear();
    if (message.before != Before::nothing) {
      say_helo({moment.session, moment.message, Stage::helo, 0});
    }
    if (ask(moment, {"MAIL"})) return;
    moment.stage = Stage::rcpt;
    for (std::size_t i = 0; i < message.recipients.size(); ++i) {
      moment.recipient = i;
      if (!ask(moment, {"RCPT"})) accepted_.push_back(message.recipients[i].to);
    }
    moment.recipient = 0;
    if (accepted_.empty() || message.ending == Ending::rset) return;
    moment.stage = Stage::data;
    if (ask(moment, {"DATA"})) return;
    moment.stage = Stage::end_of_message;
    ask(moment, {"END-OF-MESSAGE"});
  }

  /// Asks for every list of the state; a refusal ends it, and is returned as true.
  bool ask(const Moment& moment, const std::string& state) {
    bool repeat = state == "RCPT" && was_asked_before(moment);
    std::size_t asked = 0;
    for (const auto& list : lists_) {
      if (list.state != state) continue;
      Observed seen;
      seen.moment = moment;
      seen.repeat = std::exchange(repeat, true);
      const auto answer =
          client_.ask(postern::test::policy_request(state, attributes(moment, list)));
      if (answer.size() < 2) throw std::runtime_error("the policy service closed unanswered");
      seen.wire = answer.substr(0, answer.size() - 2);
      const auto action = seen.wire.substr(std::min(seen.wire.find('=') + 1, seen.wire.size()));
      seen.refused = !action.empty() && (action.starts_with("DEFER_IF_PERMIT ") ||
                                         (action[0] >= '0' && action[0] <= '9'));
      seen.list = asked++;
      if (seen.refused) read_refusal(action, seen);
      seen_.push_back(seen);
      if (seen.refused) return true;
    }
    return false;
  }

  /// A client may name one recipient twice.
  bool was_asked_before(const Moment& moment) const {
    const auto& recipients = scenario_.sessions[moment.session].messages[moment.message].recipients;
    const auto here = recipients.begin() + static_cast<std::ptrdiff_t>(moment.recipient);
    return std::any_of(recipients.begin(), here,
                       [&](const RecipientSpec& each) { return each.to == here->to; });
  }

  Attributes attributes(const Moment& moment, const List& list) const {
    const auto& session = scenario_.sessions[moment.session];
    const auto& message = session.messages[moment.message];
    const auto& client = session.client;
    const auto name_of = [](const std::string& name) { return name.empty() ? "unknown" : name; };
    Attributes all{{"client_address", client.ip},
                   {"client_port", std::to_string(client.port)},
                   {"client_name", name_of(client.name)},
                   {"reverse_client_name", name_of(client.reverse_name)},
                   {"server_address", server_address},
                   {"server_port", std::to_string(server_port)},
                   {"policy_context", list.name}};
    if (moment.stage >= Stage::helo) {
      all.emplace_back("helo_name", message.helo);
      all.emplace_back("protocol_name", session.extended ? "ESMTP" : "SMTP");
    }
    if (moment.stage < Stage::mail) return all;

    if (message.tls) {
      all.emplace_back("encryption_protocol", message.tls->version);
      all.emplace_back("encryption_cipher", message.tls->cipher);
      all.emplace_back("encryption_keysize", std::to_string(message.tls->bits));
    }
    if (message.auth) {
      all.emplace_back("sasl_method", message.auth->method);
      all.emplace_back("sasl_username", message.auth->user);
    }
    all.emplace_back("sender", as_postfix_writes(message.sender));
    const auto size =
        moment.stage == Stage::end_of_message ? message.size : message.declared_size.value_or(0);
    all.emplace_back("size", std::to_string(size));
    if (moment.stage < Stage::rcpt) return all;

    all.emplace_back("instance", "437b.6b009e9b." + std::to_string(moment.session) + "." +
                                     std::to_string(moment.message));
    all.emplace_back("queue_id", accepted_.empty() ? "" : queue_id(moment));
    const bool at_rcpt = moment.stage == Stage::rcpt;
    all.emplace_back("recipient_count", at_rcpt ? "0" : std::to_string(accepted_.size()));
    std::string recipient;
    if (at_rcpt) recipient = message.recipients[moment.recipient].to;
    if (!at_rcpt && accepted_.size() == 1) recipient = accepted_.front();
    all.emplace_back("recipient", as_postfix_writes(recipient));
    return all;
  }

  const Scenario& scenario_;
  PolicyClient client_;
  std::vector<List> lists_;
  std::vector<std::string> accepted_;  // of the message under way, as in RCPT TO
  std::vector<Observed> seen_;
};

}  // namespace

std::vector<Observed> play_through_policy(const Scenario& scenario, const std::string& socket) {
  return Dialogue(scenario, socket).play();
}

}  // namespace postern::scenarios
