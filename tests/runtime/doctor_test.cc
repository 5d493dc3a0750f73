#include "runtime/doctor.h"

#include "runtime/files.h"
#include "runtime/sockets.h"
#include "support/golden.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDir;

/// A server that takes one connection, reads something and says `answer`.
class OneAnswer {
 public:
  OneAnswer(const std::string& path, std::string answer, unsigned mode = 0666) {
    ListenAddress address;
    address.path = path;
    auto opened = open_listener(address, {mode, {}, {}}, Blocking::yes);
    if (!opened) throw std::runtime_error(render(opened.problems()));
    socket_.emplace(std::move(*opened));
    thread_ = std::thread([fd = socket_->fd(), answer = std::move(answer)] {
      const UniqueFd client(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::array<char, 4096> buffer{};
      if (::recv(client.get(), buffer.data(), buffer.size(), 0) <= 0) return;
      ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    });
  }
  ~OneAnswer() {
    ::shutdown(socket_->fd(), SHUT_RDWR);
    thread_.join();
  }

 private:
  std::optional<ListeningSocket> socket_;
  std::thread thread_;
};

const std::string negotiated("\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 17);
const std::string dunno = "action=DUNNO\n\n";

class Doctor : public ::testing::Test {
 protected:
  Doctor() {
    ::chmod(dir_.path().c_str(), 0755);
    ::mkdir((dir_ / "queue").c_str(), 0755);
    ::mkdir((dir_ / "queue/postern").c_str(), 0755);
    settings_.listen.milter = at("queue/postern/milter.sock");
    settings_.listen.policy = {at("queue/postern/policy.sock")};
    place_.postfix_directory = dir_ / "etc";
    place_.mta_user = "nobody";
    place_.mail_version = "3.7.11";
    write_postfix("y", "unix:postern/milter.sock", "unix:postern/policy.sock", "15s");
  }

  ListenAddress at(const std::string& name) const {
    ListenAddress address;
    address.path = dir_ / name;
    return address;
  }
  void write_postfix(const std::string& chroot, const std::string& milter,
                     const std::string& policy, const std::string& timeout,
                     const std::string& before = "reject_unauth_destination,") const {
    dir_.write("etc/main.cf", "compatibility_level = 3.6\nqueue_directory = " + (dir_ / "queue") +
                                  "\nsmtpd_milters = " + milter +
                                  "\nsmtpd_recipient_restrictions = permit_mynetworks, " + before +
                                  "\n  check_policy_service { " + policy + ", timeout=" + timeout +
                                  " }\n");
    dir_.write("etc/master.cf", "smtp inet n - " + chroot + " - - smtpd\n");
  }
  /// With a server that answers as ours does; paths shown without the test's own directory.
  std::string examined() {
    const OneAnswer milter(settings_.listen.milter->path, negotiated);
    const OneAnswer policy(settings_.listen.policy.front().path, dunno);
    return without_directory(render(examine(settings_, place_)));
  }
  std::string without_directory(std::string text) const {
    for (auto found = text.find(dir_.path()); found != std::string::npos;
         found = text.find(dir_.path())) {
      text.replace(found, dir_.path().size(), "DIR");
    }
    return text;
  }

  TempDir dir_;
  Settings settings_;
  DoctorPlace place_;
};

TEST_F(Doctor, FindsNothingWrongWhereEverythingIsRight) {
  const auto text = examined();
  testing::expect_golden("cli/doctor_well.txt", text);
}

TEST_F(Doctor, SaysWhatToDoWhenNothingRuns) {
  testing::expect_golden("cli/doctor_not_running.txt",
                         without_directory(render(examine(settings_, place_))));
}

TEST_F(Doctor, NamesTheDirectoryThatKeepsTheMailServerOut) {
  ::chmod((dir_ / "queue/postern").c_str(), 0700);
  EXPECT_THAT(examined(),
              HasSubstr("PROBLEM  milter: user nobody may not enter DIR/queue/postern (mode 0700"));
}

TEST_F(Doctor, NamesTheSocketThatTheMailServerMayNotWriteTo) {
  const OneAnswer milter(settings_.listen.milter->path, negotiated, 0755);
  const auto text = without_directory(render(examine(settings_, place_)));
  EXPECT_THAT(text, HasSubstr("may not write to DIR/queue/postern/milter.sock (mode 0755"));
}

TEST_F(Doctor, KnowsThatAChrootedServiceCannotFindAnAbsolutePath) {
  write_postfix("y", "unix:" + (dir_ / "queue/postern/milter.sock"), "unix:postern/policy.sock",
                "15s");
  EXPECT_THAT(examined(), HasSubstr("write unix:postern/milter.sock instead"));
  write_postfix("n", "unix:" + (dir_ / "queue/postern/milter.sock"), "unix:postern/policy.sock",
                "15s");
  EXPECT_THAT(examined(), Not(HasSubstr("chrooted")));
}

TEST_F(Doctor, KnowsThatAChrootedServiceCannotFindASocketOutside) {
  ::mkdir((dir_ / "run").c_str(), 0755);
  settings_.listen.milter = at("run/milter.sock");
  write_postfix("y", "unix:" + (dir_ / "run/milter.sock"), "unix:postern/policy.sock", "15s");
  EXPECT_THAT(examined(), HasSubstr("set the chroot column of that service to n"));
}

TEST_F(Doctor, WarnsOfATimeoutBelowOurDeadline) {
  write_postfix("y", "unix:postern/milter.sock", "unix:postern/policy.sock", "8s");
  EXPECT_THAT(examined(), HasSubstr("timeout of check_policy_service is 8 s, not above"));
}

TEST_F(Doctor, WantsTheRelayCheckInFrontOfUs) {
  write_postfix("y", "unix:postern/milter.sock", "unix:postern/policy.sock", "15s", "");
  EXPECT_THAT(examined(), HasSubstr("stands before reject_unauth_destination"));
}

TEST_F(Doctor, NamesALateListThatRefusesOwnUsers) {
  const auto add = [&](const std::string& list, const std::string& before) {
    const auto main_cf = read_file(dir_ / "etc/main.cf");
    ASSERT_TRUE(main_cf);
    dir_.write("etc/main.cf",
               *main_cf + list + " = " + before +
                   "check_policy_service { unix:postern/policy.sock, timeout=15s }\n");
  };
  add("smtpd_data_restrictions", "permit_mynetworks, ");
  EXPECT_THAT(examined(), Not(HasSubstr("PROBLEM")));
  add("smtpd_end_of_data_restrictions", "");
  EXPECT_THAT(examined(), HasSubstr("smtpd_end_of_data_restrictions asks us without "
                                    "permit_mynetworks in front"));
}

TEST_F(Doctor, SaysSoWhenPostfixDoesNotAskUs) {
  write_postfix("y", "", "unix:postgrey/socket", "15s");
  EXPECT_THAT(examined(), HasSubstr("no smtpd of DIR/etc asks us"));
}

TEST_F(Doctor, NotesWhatSendmailWouldRefuse) {
  ::chmod((dir_ / "queue").c_str(), 01777);
  EXPECT_THAT(examined(), HasSubstr("sendmail refuses sockets below world-writable directories"));
}

TEST_F(Doctor, DoesNotTakeAnyServerForOurs) {
  const OneAnswer milter(settings_.listen.milter->path, "220 mail.example.org ESMTP\r\n");
  const OneAnswer policy(settings_.listen.policy.front().path, "action=OK\n\n");
  const auto text = without_directory(render(examine(settings_, place_)));
  EXPECT_THAT(text, HasSubstr("does not negotiate as a milter"));
  EXPECT_THAT(text, HasSubstr("something else than DUNNO"));
}

TEST_F(Doctor, TellsTheVersionsOfWhatWorksTogether) {
  place_.libmilter_version = "1.0.1";
  place_.sendmail_version = "8.17.1.9";
  const auto text = examined();
  EXPECT_THAT(text, HasSubstr("ok       libmilter 1.0.1\n"));
  EXPECT_THAT(text, HasSubstr("ok       sendmail 8.17.1.9\n"));
  EXPECT_THAT(text, HasSubstr("ok       Postfix 3.7.11\n"));
}

TEST_F(Doctor, KnowsWhichSendmailIsTooOld) {
  place_.sendmail_version = "8.13.8";
  EXPECT_THAT(examined(), HasSubstr("PROBLEM  sendmail 8.13.8 does not send the macros"));
}

TEST_F(Doctor, KnocksAsTheMailServersUserAndNotAsRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can change to another user";
  const auto knock = [this](DoctorPlace::ConnectAs who) {
    place_.connect_as = who;
    // Root gets in everywhere.
    const OneAnswer milter(settings_.listen.milter->path, negotiated, 0600);
    const OneAnswer policy(settings_.listen.policy.front().path, dunno, 0666);
    return without_directory(render(examine(settings_, place_)));
  };
  EXPECT_THAT(knock(DoctorPlace::ConnectAs::ourselves), HasSubstr("milter.sock negotiates\n"));
  const auto text = knock(DoctorPlace::ConnectAs::mta_user);
  EXPECT_THAT(text, HasSubstr("PROBLEM  cannot connect to unix:DIR/queue/postern/milter.sock: "
                              "Permission denied (asked as user nobody)\n"
                              "         what to do: see listen.mode and listen.group"));
  EXPECT_THAT(text, HasSubstr("ok       policy service on unix:DIR/queue/postern/policy.sock "
                              "answers (asked as user nobody)\n"));
}

TEST_F(Doctor, KnowsWhichPostfixIsTooOld) {
  place_.mail_version = "3.0.15";
  EXPECT_THAT(examined(), HasSubstr("does not know policy_context"));
}

}  // namespace
}  // namespace postern
