// Scenario: one SMTP client's sessions under one policy, with the decision expected of every door.
// Read from a TOML file (README.md tells its keys). Plain values.
#pragma once

#include "postern/facts.h"

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace postern::scenarios {

/// The file is no scenario: an unknown key, a value of a wrong kind, something missing.
class ScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A decision as a scenario file states it. What is not stated must be absent from the decision:
/// no rule, no reason, no reply.
struct Expected {
  std::string verdict;
  std::string scope;
  std::string rule;
  std::string reason;
  std::string reply;         ///< "550 5.1.1": at the library and, on the milter, at the client
  std::string policy_reply;  ///< at the policy service, where Postfix would remap; empty: the same
  std::string text;          ///< words that the reply holds; empty: not looked at
  std::string softened_by;
  std::string softened_from;
  std::map<std::string, std::string> trail;  ///< by rule: its note, else its truth
  std::string note;                          ///< of a discard or quarantine
  std::vector<std::string> effects;          ///< in words
  std::vector<std::string> edits;    ///< what the milter asks the MTA to change, in its order
  std::vector<std::string> actions;  ///< answers of the policy service that refuse nothing, one for
                                     ///< each list that asks; DUNNO where there are no more
};

/// The same for every door, or with a reason of its own for one of them.
struct Expectation {
  Expected everywhere;
  std::optional<Expected> milter;
  std::optional<Expected> policy;
  std::string why;  ///< the doors differ; required when they do

  const std::optional<Expected>& own(bool at_milter) const { return at_milter ? milter : policy; }
};

struct ClientSpec {
  /// How the client comes to the MTA: over the network, or as a local user of either MTA.
  enum class Kind : std::uint8_t { network, local_postfix, local_sendmail };
  Kind kind = Kind::network;
  std::string ip;
  std::uint16_t port = 40'000;
  std::string name;          ///< confirmed by the MTA; empty: `unknown`
  std::string reverse_name;  ///< empty: `unknown`
};

struct TlsSpec {
  std::string version;
  std::string cipher;
  std::int64_t bits = 0;
};

struct AuthSpec {
  std::string user;
  std::string method;
};

/// What the client does before MAIL. Everything but `nothing` says EHLO again.
enum class Before : std::uint8_t { nothing, starttls, helo };
/// How the message ends when some recipient was accepted.
enum class Ending : std::uint8_t { sent, rset };

struct RecipientSpec {
  std::string to;  ///< as in RCPT TO, with its brackets
  Expectation expect;
};

struct MessageSpec {
  Before before = Before::nothing;
  std::string helo;              ///< in force for this message, by now
  std::optional<TlsSpec> tls;    ///< likewise
  std::optional<AuthSpec> auth;  ///< likewise
  std::string sender;            ///< as in MAIL FROM, with its brackets
  std::optional<std::int64_t> declared_size;
  std::int64_t size = 200;  ///< octets of header and body, with CRLF line ends
  std::optional<Expectation> mail;
  std::vector<RecipientSpec> recipients;
  std::optional<Expectation> data;
  std::optional<Expectation> end;
  Ending ending = Ending::sent;
};

struct SessionSpec {
  ClientSpec client;
  std::string helo;
  bool extended = true;  ///< EHLO
  std::vector<MessageSpec> messages;
};

struct Scenario {
  std::string name;   ///< of the file, without ".toml"
  std::string about;  ///< what it shows
  std::string policy_text;
  std::string policy_file;  ///< instead of the text: a path
  bool at_milter = true;
  bool at_policy = true;
  std::map<std::string, Answer> facts;  ///< by name of a sample check
  /// Postfix's restriction lists in the order in which they ask: "recipient", "client at CONNECT".
  std::vector<std::string> lists;
  std::vector<SessionSpec> sessions;
};

/// Throws ScenarioError. `directory`: what a policy's file name is relative to.
Scenario read_scenario(std::string_view text, const std::string& name,
                       const std::string& directory);
Scenario read_scenario_file(const std::string& path);

}  // namespace postern::scenarios
