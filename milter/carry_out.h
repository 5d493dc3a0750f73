// CarryOut: does to a message what a decision says, at its end, when libmilter lets it be changed.
#pragma once

#include "postern/decision.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::milter_door {

/// What may be asked of the MTA at the end of a message. False: it refused.
class MessageEditor {
 public:
  virtual ~MessageEditor() = default;
  /// Above all others, as Postfix does for policy services. `value` as it is to stand behind the
  /// colon.
  virtual bool insert_header(const std::string& name, const std::string& value) noexcept = 0;
  /// The field of that name which is number `index` of them, counted from 1.
  virtual bool delete_header(const std::string& name, int index) noexcept = 0;
  virtual bool add_recipient(const std::string& address) noexcept = 0;
  /// `address` as it came with RCPT.
  virtual bool remove_recipient(const std::string& address) noexcept = 0;
  virtual bool hold(const std::string& why) noexcept = 0;
};

/// What a session knows of the message.
struct MessageFacts {
  const std::vector<std::string>& recipients;  ///< accepted ones, as they came with RCPT
  const std::map<std::string, int>& headers;   ///< by name in small letters: how many
  const std::vector<int>& forged_results;      ///< which Authentication-Results, counted from 1
  std::string_view before_value;               ///< what stands between colon and value
  const Reference& reference;                  ///< of the decision, for the mail server's log
};

struct CarriedOut {
  std::vector<EffectFate> fates;  ///< of the decision's effects, one each
  unsigned forged_removed = 0;    ///< fields that claimed to be results of ours
  unsigned forged_left = 0;       ///< such that the MTA did not let us remove
};

/// Carries out the effects and the hold of `decision`, and takes forged results out. Throws
/// std::runtime_error if the message cannot be held or redirected: it must not go on then, and is
/// to be put off. Any other trouble is in the fates.
CarriedOut carry_out(const Decision& decision, const MessageFacts& message, MessageEditor& editor);

/// The fates with an answer before the end of the message.
std::vector<EffectFate> wait_for_end(const Decision& decision);

}  // namespace postern::milter_door
