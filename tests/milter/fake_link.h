// FakeLink: libmilter as a Session sees it, without libmilter.
#pragma once

#include "milter/session.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

  std::vector<std::string> edits;  ///< what was asked of the message, in order
  std::string refused_edit;        ///< an edit that begins so is refused

  bool insert_header(const std::string& name, const std::string& value) noexcept override {
    return edit("insert " + name + ":" + value);
  }
  bool delete_header(const std::string& name, int index) noexcept override {
    return edit("delete " + name + " " + std::to_string(index));
  }
  bool add_recipient(const std::string& address) noexcept override {
    return edit("add " + address);
  }
  bool remove_recipient(const std::string& address) noexcept override {
    return edit("remove " + address);
  }
  bool hold(const std::string& why) noexcept override { return edit("hold " + why); }

  bool edit(std::string words) {
    const bool refused = !refused_edit.empty() && words.starts_with(refused_edit);
    edits.push_back(std::move(words));
    return !refused;
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
