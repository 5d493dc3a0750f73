// FakeLink: libmilter as a Session sees it, without libmilter.
#pragma once

#include "milter/session.h"

#include <map>
#include <optional>
#include <string>

namespace postern::test {

class FakeLink final : public milter_door::Link {
 public:
  std::map<std::string, std::string> macros;  ///< as the protocol spells them: "i", "{client_addr}"
  std::optional<MilterReply> reply;           ///< the last one set
  bool refuses_replies = false;

  const char* macro(const char* name) override {
    const auto found = macros.find(name);
    return found == macros.end() ? nullptr : found->second.c_str();
  }
  bool set_reply(const MilterReply& set) noexcept override {
    if (refuses_replies) return false;
    reply = set;
    return true;
  }

  /// The reply's code and enhanced code, once: "" when none was set since the last call.
  std::string take_codes() {
    if (!reply) return {};
    auto codes = reply->code + " " + reply->enhanced;
    reply.reset();
    return codes;
  }
};

}  // namespace postern::test
