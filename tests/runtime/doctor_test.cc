#include "runtime/doctor.h"

#include "runtime/control.h"
#include "runtime/files.h"
#include "runtime/sockets.h"
#include "support/golden.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <pwd.h>
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
    // The journal closes its segments there. Whoever is not root looks as himself.
    if (const auto* nobody = ::getpwnam("nobody"); nobody != nullptr && ::geteuid() == 0) {
      EXPECT_EQ(::chown(dir_.path().c_str(), nobody->pw_uid, nobody->pw_gid), 0);
    }
    ::mkdir((dir_ / "queue").c_str(), 0755);
    ::mkdir((dir_ / "queue/postern").c_str(), 0755);
    settings_.listen.milter = at("queue/postern/milter.sock");
    settings_.listen.policy = {at("queue/postern/policy.sock")};
    settings_.journal.path = dir_ / "decisions.jsonl";
    settings_.run.user = "nobody";
    dir_.write("decisions.jsonl", "");
    ::chmod((dir_ / "decisions.jsonl").c_str(), 0666);
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
                     const std::string& before =
                         "reject_unauth_destination, "
                         "reject_unlisted_recipient,",
                     const std::string& behind = "") const {
    dir_.write("etc/main.cf", "compatibility_level = 3.6\nqueue_directory = " + (dir_ / "queue") +
                                  "\nsmtpd_milters = " + milter +
                                  "\nsmtpd_recipient_restrictions = permit_mynetworks, " + before +
                                  "\n  check_policy_service { " + policy + ", timeout=" + timeout +
                                  " }" + behind + "\n");
    dir_.write("etc/master.cf", "smtp inet n - " + chroot + " - - smtpd\n");
  }
  void append(const std::string& lines) const {
    const auto main_cf = read_file(dir_ / "etc/main.cf");
    ASSERT_TRUE(main_cf);
    dir_.write("etc/main.cf", *main_cf + lines);
  }
  void ask_late(const std::string& list, const std::string& before) const {
    append(list + " = " + before +
           "check_policy_service { unix:postern/policy.sock, timeout=15s }\n");
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

TEST_F(Doctor, DoesNotAdviseToOpenAFolderThatIsNotOurs) {
  ::chmod((dir_ / "queue").c_str(), 0700);
  const auto text = examined();
  EXPECT_THAT(text, HasSubstr("may not enter DIR/queue (mode 0700"));
  EXPECT_THAT(text, Not(HasSubstr("chgrp nobody DIR/queue ")));
  ::chmod((dir_ / "queue").c_str(), 0755);
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
  dir_.write("etc/main.cf",
             read_file(dir_ / "etc/main.cf").value() + "smtpd_relay_restrictions =\n");
  EXPECT_THAT(examined(), HasSubstr("stands before reject_unauth_destination"));
}

TEST_F(Doctor, WantsPostfixToLookForUnlistedRecipientsInFrontOfUs) {
  const auto write = [&](const std::string& before) {
    write_postfix("y", "unix:postern/milter.sock", "unix:postern/policy.sock", "15s", before);
  };
  write("reject_unauth_destination,");
  EXPECT_THAT(examined(), HasSubstr("note     service smtp: check_policy_service stands before "
                                    "reject_unlisted_recipient"));
  ask_late("smtpd_end_of_data_restrictions", "permit_mynetworks, ");
  const auto text = examined();
  EXPECT_THAT(text, HasSubstr("WARNING  service smtp: check_policy_service stands before "
                              "reject_unlisted_recipient, so we are asked about recipients that "
                              "Postfix refuses afterwards: after one unknown address the rules at "
                              "data and at the end do not know the recipients"));
  EXPECT_THAT(text, HasSubstr("what to do: put reject_unlisted_recipient in front of it"));

  write("reject_unauth_destination, reject_unlisted_recipient,");
  ask_late("smtpd_end_of_data_restrictions", "permit_mynetworks, ");
  EXPECT_THAT(examined(), Not(HasSubstr("unlisted")));
  write("reject_unauth_destination,");
  append("smtpd_reject_unlisted_recipient = no\n");
  EXPECT_THAT(examined(), Not(HasSubstr("unlisted")));
}

TEST_F(Doctor, NamesWhatRefusesRecipientsBehindUs) {
  const auto write = [&](const std::string& behind) {
    write_postfix("y", "unix:postern/milter.sock", "unix:postern/policy.sock", "15s",
                  "reject_unauth_destination, reject_unlisted_recipient,", behind);
    ask_late("smtpd_end_of_data_restrictions", "permit_mynetworks, ");
  };
  write(", permit_dnswl_client list.example, check_policy_service inet:127.0.0.1:10023");
  EXPECT_THAT(examined(), HasSubstr("note     service smtp: check_policy_service stands before "
                                    "check_policy_service: of what that refuses, the rules at "
                                    "data and at the end do not know"));
  write(" reject_rbl_client bl.example");
  EXPECT_THAT(examined(), HasSubstr("stands before reject_rbl_client: "));
  write(", permit");
  EXPECT_THAT(examined(), Not(HasSubstr("stands before")));
}

TEST_F(Doctor, AnotherPolicyServiceInFrontUsedToBeTakenForUs) {
  write_postfix("y", "unix:postern/milter.sock", "unix:postern/policy.sock", "15s",
                "check_policy_service inet:127.0.0.1:10023, reject_unauth_destination, "
                "reject_unlisted_recipient,");
  EXPECT_THAT(examined(), Not(HasSubstr("stands before")));
}

TEST_F(Doctor, NamesALateListThatRefusesOwnUsers) {
  ask_late("smtpd_data_restrictions", "permit_mynetworks, ");
  EXPECT_THAT(examined(), Not(HasSubstr("PROBLEM")));
  ask_late("smtpd_end_of_data_restrictions", "");
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
                              "Permission denied (mode 0600, root:root) (asked as user nobody)\n"
                              "         what to do: set listen.mode = \"0660\" and listen.group = "
                              "\"nogroup\""));
  EXPECT_THAT(text, HasSubstr("ok       policy service on unix:DIR/queue/postern/policy.sock "
                              "answers (asked as user nobody)\n"));
}

TEST_F(Doctor, TellsOneStoppedServerAsOneProblem) {
  { const OneAnswer milter(settings_.listen.milter->path, negotiated); }
  // The milter's socket is a file of a server that was killed, the other one is not there.
  const auto findings = examine(settings_, place_);
  EXPECT_EQ(std::count_if(findings.begin(), findings.end(),
                          [](const Finding& f) { return f.state == Finding::State::problem; }),
            1);
  const auto text = without_directory(render(findings));
  EXPECT_THAT(text, HasSubstr("PROBLEM  no server runs: none of its 2 sockets takes connections"));
  EXPECT_THAT(text, HasSubstr("\n1 problem found.\n"));
}

TEST_F(Doctor, WarnsOfSettingsThatLetMailPastWhileWeAreDown) {
  const auto main_cf = [&] { return read_file(dir_ / "etc/main.cf").value(); };
  const auto before = main_cf();
  dir_.write("etc/main.cf", before +
                                "smtpd_policy_service_default_action = DUNNO\n"
                                "milter_default_action = accept\n");
  const auto text = examined();
  EXPECT_THAT(text, HasSubstr("WARNING  service smtp: smtpd_policy_service_default_action = DUNNO, "
                              "which lets all mail past while we are down\n"));
  EXPECT_THAT(text, HasSubstr("WARNING  service smtp: milter_default_action = accept, which lets"));
  EXPECT_THAT(text, HasSubstr("\nNo problem found, 2 warnings.\n"));
  dir_.write("etc/main.cf", before + "smtpd_policy_service_default_action = 451 4.3.5 later\n");
  EXPECT_THAT(examined(), Not(HasSubstr("WARNING")));
}

TEST_F(Doctor, SeesTheDefaultActionThatStandsAtTheService) {
  write_postfix("y", "unix:postern/milter.sock",
                "unix:postern/policy.sock, default_action={REJECT not now}", "15s");
  EXPECT_THAT(examined(), HasSubstr("WARNING  service smtp: smtpd_policy_service_default_action = "
                                    "REJECT not now, which bounces good mail"));
}

TEST_F(Doctor, WarnsOfPostfixsDefaultTimeOut) {
  const auto text = read_file(dir_ / "etc/main.cf").value();
  const auto at = text.find(", timeout=15s");
  dir_.write("etc/main.cf", text.substr(0, at) + text.substr(at + 13));
  EXPECT_THAT(
      examined(),
      HasSubstr("WARNING  service smtp: timeout of check_policy_service is 100 s, Postfix's "
                "default: if we hang, each recipient waits 201 s\n"
                "         what to do: timeout=15s in check_policy_service"));
}

TEST_F(Doctor, LooksWhetherTheJournalCanBeWritten) {
  ::chmod((dir_ / "decisions.jsonl").c_str(), 0444);
  EXPECT_THAT(
      examined(),
      HasSubstr("PROBLEM  journal: user nobody may not write to DIR/decisions.jsonl (mode"));
  settings_.journal.path = dir_ / "missing/decisions.jsonl";
  EXPECT_THAT(examined(), HasSubstr("PROBLEM  journal: DIR/missing: No such file or directory"));
  // A file system that is always full.
  settings_.journal.path = "/proc/decisions.jsonl";
  settings_.run.user = "root";
  EXPECT_THAT(examined(), HasSubstr("PROBLEM  journal: 0 MiB are free where /proc lies"));
  settings_.journal.path.clear();
  EXPECT_THAT(examined(), HasSubstr("note     the policy keeps no journal"));
}

TEST_F(Doctor, AsksTheServerForTheRecordsItHasLost) {
  settings_.listen.control = at("control.sock");
  StatusText status;
  status.add("journal.lost_queue_full", 5);
  status.add("journal.lost_write_failed", 280);
  status.add("journal.last_error", "cannot write x: No space left on device");
  const auto told = [&] {
    const OneAnswer control(dir_ / "control.sock", "0\n" + status.encode());
    return examined();
  };
  EXPECT_THAT(told(),
              HasSubstr("PROBLEM  journal: 285 records lost (5 by a full queue, 280 by failed "
                        "writes); last error: cannot write x: No space left on device\n"));
  status = {};
  status.add("journal.lost_write_failed", 280);
  EXPECT_THAT(told(), HasSubstr("WARNING  journal: 280 records lost"));
  status = {};
  EXPECT_THAT(told(), HasSubstr("ok       journal: DIR/decisions.jsonl\n"));
}

TEST_F(Doctor, KnowsWhichPostfixIsTooOld) {
  place_.mail_version = "3.0.15";
  EXPECT_THAT(examined(), HasSubstr("does not know policy_context"));
}

}  // namespace
}  // namespace postern
