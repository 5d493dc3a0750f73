// SessionFixture: a Session on a toy policy, driven as an MTA drives it, without libmilter.
#pragma once

#include "milter/fake_link.h"
#include "milter/toy_policy.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <vector>

namespace postern::test {

class SessionFixture : public testing::Test {
 protected:
  using Status = milter_door::Status;

  /// The policy and setup may be changed before this.
  void begin() {
    auto made = toy_setup(policy, records, counters);
    if (decide) made.decide = decide;
    if (submit) made.submit = submit;
    if (pause) made.pause = pause;
    made.ask_ahead = ask_ahead;
    session = std::make_unique<milter_door::Session>(std::move(made));
    session->negotiate(0x1ff, 0x1fffff);
  }

  Status connect(const char* address = "192.0.2.7") {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(4711);
    inet_pton(AF_INET, address, &name.sin_addr);
    return session->connect("mail.example.org", reinterpret_cast<const sockaddr*>(&name), link);
  }
  Status helo(const char* name = "mail.example.org") { return session->helo(name, link); }
  Status mail(std::string_view address = "<a@example.org>") {
    const std::vector<std::string_view> arguments{address};
    return session->mail(arguments, link);
  }
  Status rcpt(std::string_view address) {
    const std::vector<std::string_view> arguments{address};
    return session->rcpt(arguments, link);
  }
  Status end() { return session->end_of_message(link); }
  /// connect, HELO, MAIL.
  void greet() {
    connect();
    helo();
    mail();
  }

  static bool is(const Told<MailAddress>& address, const char* text) {
    return address.is_told() && address.value().text() == text;
  }

  ToyPolicy policy;
  Records records;
  DoorCounters counters;
  decltype(milter_door::SessionSetup::decide) decide;
  decltype(milter_door::SessionSetup::submit) submit;
  decltype(milter_door::SessionSetup::pause) pause;
  decltype(milter_door::SessionSetup::ask_ahead) ask_ahead;
  FakeLink link;
  std::unique_ptr<milter_door::Session> session;
};

}  // namespace postern::test
