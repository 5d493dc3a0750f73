"""The lines that Postern prints for main.cf and sendmail.mc are pasted as they are, and work: with
unix sockets, mode 0660, and an smtpd chrooted as Debian does it."""

from __future__ import annotations

import grp
import pwd
import unittest

from lab.place import Folder
from lab.postern import CONFIG, Postern
from lab.postfix import Postfix, Smtpd
from lab.process import free_port
from lab.sendmail import Sendmail
from lab.smtp import SmtpSession

_CONFIG = """\
[identity]
host = "mx1.example.org"

[listen]
milter = "unix:{folder}/milter.sock"
policy = ["{policy}"]
mode = "0660"
group = "{group}"
control = "unix:/run/postern/control.sock"

[journal]
path = "/var/log/postern/decisions.jsonl"

[[rule]]
name = "unknown"
stage = "rcpt"
when = 'recipient.local == "unknown"'
reject = "rcpt-unknown"
"""
_LATE_RULES = """
[[rule]]
name = "late at data"
stage = "data"
when = 'helo == "data.example"'
reject = "pipelining-abuse"

[[rule]]
name = "late at the end"
stage = "end-of-message"
when = 'helo == "end.example"'
reject = "policy-reject"
"""
# The first says "no" when it is not known to whom the message goes, the second is only softened
# then, because the third might have put one of them off.
_RULES_THAT_NEED_THE_RECIPIENTS = """
[table.trap]
kind = "address"
entries = ["good@test.example"]

[[rule]]
name = "not to all of them"
stage = "end-of-message"
when = 'recipients in trap and helo == "bulk.example"'
reject = "policy-reject"

[[rule]]
name = "unwanted sender"
stage = "end-of-message"
when = 'helo == "end.example"'
reject = "policy-reject"

[[rule]]
name = "slow"
stage = "rcpt"
when = 'recipient.local == "slow"'
defer = "policy-defer"
"""
_USER = "nobody"


def install(root: Folder, folder: str, policy: str = "") -> None:
    """Postern's files below `root`, its sockets in `folder`."""
    user = pwd.getpwnam(_USER)
    group = grp.getgrgid(user.pw_gid).gr_name
    root.write(CONFIG, _CONFIG.format(
        folder=folder, group=group, policy=policy or f"unix:{folder}/policy.sock"))
    root.folder(folder, user.pw_uid, user.pw_gid, 0o750)


def settings_of(lines: str) -> dict[str, str]:
    """main.cf's logical lines: continued by white space at the start, comments left out."""
    settings: dict[str, str] = {}
    name = ""
    for line in lines.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace() and name:
            settings[name] = f"{settings[name]} {line.strip()}".strip()
        elif "=" in line:
            name, _, value = (part.strip() for part in line.partition("="))
            settings[name] = value
    return settings


class PrintedLines(unittest.TestCase):
    def test_of_main_cf_work_in_a_chrooted_smtpd(self) -> None:
        milter, policy = Smtpd("milter", chroot=True), Smtpd("policy", chroot=True)
        postfix = Postfix([milter, policy], pwd.getpwnam(_USER).pw_gid)
        self.addCleanup(postfix.close)
        install(postfix.root, "/var/spool/postfix/postern")
        postern = self.enterContext(Postern(postfix.root, _USER))
        printed = postern.ask("lines")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        main_cf = printed.stdout.partition("main.cf:\n")[2].partition("\n\n")[0]
        self.assertNotIn(str(postfix.root.path), main_cf)
        settings = settings_of(main_cf)
        self.assertEqual(settings["milter_default_action"], "tempfail")
        milter.settings = {name: value for name, value in settings.items() if "milter" in name}
        policy.settings = {name: value for name, value in settings.items() if "milter" not in name}
        self.assertIn("smtpd_recipient_restrictions", policy.settings)
        postfix.start()
        for service in ("milter", "policy"):
            with self.subTest(service=service), SmtpSession(postfix.port(service)) as session:
                session.hello()
                replies = session.transaction("a@example.org", ["unknown@test.example",
                                                                "b@test.example"])
                self.assertEqual(replies[1].verdict, "550 5.1.1", replies[1].text)
                self.assertEqual([reply.code for reply in replies[2:]], [250, 354, 250])
        postern.close()
        default = settings["smtpd_policy_service_default_action"].removeprefix("451 4.3.5 ")
        for service, words in (("milter", "451 4.7.1 Service unavailable - try again later"),
                               ("policy", "451 4.3.5 <b@test.example>: Recipient address "
                                          f"rejected: {default}")):
            with self.subTest(stopped=service), SmtpSession(postfix.port(service)) as session:
                session.hello()
                refused = session.transaction("a@example.org", ["b@test.example"])[-1]
                self.assertEqual(refused.text, words)

    def test_of_main_cf_do_not_refuse_our_own_users_at_a_late_list(self) -> None:
        # Asked at the end of the data as well, we are asked about the recipient again, whom the
        # recipient list has let own users write to without us.
        stranger, client = "127.9.0.1", "127.0.0.1"
        policy = Smtpd("policy")
        postfix = Postfix([policy], settings={"mynetworks": f"{client}/32"})
        self.addCleanup(postfix.close)
        install(postfix.root, "/run/postern", f"inet:127.0.0.1:{free_port()}")
        postfix.root.write(CONFIG, postfix.root.outside(CONFIG).read_text("utf-8") + _LATE_RULES)
        with Postern(postfix.root, _USER) as postern:
            printed = postern.ask("lines").stdout
            settings = settings_of(printed.partition("main.cf:\n")[2].partition("\n\n")[0])
            policy.settings = {name: value for name, value in settings.items()
                               if "milter" not in name}
            for name in ("recipient", "data", "end_of_data"):
                self.assertIn(f"smtpd_{name}_restrictions", policy.settings)
            postfix.start()
            for helo in ("mail.example.org", "data.example", "end.example"):
                with self.subTest(own=helo), SmtpSession(postfix.port("policy"),
                                                         source=client) as session:
                    session.hello(helo)
                    replies = session.transaction("a@example.org", ["unknown@test.example"])
                    self.assertEqual([reply.code for reply in replies], [250, 250, 354, 250],
                                     [reply.text for reply in replies])
            # The very same lists do ask us about everybody else, each at its stage.
            for helo, recipient, place in (("mail.example.org", "unknown@test.example", 1),
                                           ("data.example", "b@test.example", 2),
                                           ("end.example", "b@test.example", 3)):
                with self.subTest(stranger=helo), SmtpSession(postfix.port("policy"),
                                                              source=stranger) as session:
                    session.hello(helo)
                    replies = session.transaction("a@example.org", [recipient])
                    self.assertEqual([reply.code // 100 for reply in replies[:place]],
                                     [2, 2, 3][:place])
                    self.assertEqual(replies[place].code // 100, 5, replies[place].text)

    def test_of_main_cf_let_late_rules_know_the_recipients_beside_an_unknown_one(self) -> None:
        # Postfix refuses an unknown recipient behind the recipient list unless told to do it in
        # front of us. We were asked about it, let it pass, and knew of one more than Postfix: one
        # unknown recipient let a message past the first rule and made of the second's 550 a 451.
        policy = Smtpd("policy")
        postfix = Postfix([policy], settings={
            "virtual_mailbox_maps": "inline:{good@test.example=1, other@test.example=1}"})
        self.addCleanup(postfix.close)
        install(postfix.root, "/run/postern", f"inet:127.0.0.1:{free_port()}")
        postfix.root.write(CONFIG, postfix.root.outside(CONFIG).read_text("utf-8")
                           + _RULES_THAT_NEED_THE_RECIPIENTS)
        with Postern(postfix.root, _USER) as postern:
            printed = postern.ask("lines").stdout
            settings = settings_of(printed.partition("main.cf:\n")[2].partition("\n\n")[0])
            policy.settings = {name: value for name, value in settings.items()
                               if "milter" not in name}
            postfix.start()
            to_both = ["good@test.example", "other@test.example"]
            for helo in ("bulk.example", "end.example"):
                for recipients in (to_both, [*to_both, "nobody@test.example"]):
                    with (self.subTest(helo=helo, recipients=recipients),
                          SmtpSession(postfix.port("policy")) as session):
                        session.hello(helo)
                        session.command("MAIL FROM:<a@example.org>")
                        for recipient in recipients:
                            answer = session.command(f"RCPT TO:<{recipient}>").verdict
                            self.assertEqual(answer, "550 5.1.1" if recipient not in to_both
                                             else "250 2.1.5")
                        self.assertEqual(session.command("DATA").code, 354)
                        last = session.command("Subject: test\r\n\r\ntest\r\n.")
                        self.assertEqual(last.verdict, "550 5.7.1", last.text)

    def test_of_master_cf_relay_through_spawn_and_defer_without_a_server(self) -> None:
        policy = Smtpd("policy", {"smtpd_recipient_restrictions":
                                  "reject_unauth_destination, check_policy_service "
                                  "{ unix:private/policy-postern, policy_context=recipient }"})
        postfix = Postfix([policy])
        self.addCleanup(postfix.close)
        install(postfix.root, "/run/postern", f"inet:127.0.0.1:{free_port()}")
        with Postern(postfix.root, _USER) as postern:
            printed = postern.ask("lines").stdout.splitlines(keepends=True)
            first = next(number for number, line in enumerate(printed)
                         if line.startswith("policy-postern"))
            # What differs in here: the private root, and the users that it has.
            entry = "".join(printed[first:first + 2]).replace(str(postfix.root.path), "")
            entry = entry.replace("user=postern", "user=programs")
            self.assertIn(str(postern.program), entry)
            postfix.add_to_master(entry)
            postfix.root.install_program(postern.program, str(postern.program))
            postfix.start()
            for _ in range(2):  # one relay serves session after session
                with SmtpSession(postfix.port("policy")) as session:
                    session.hello()
                    replies = session.transaction("a@example.org", ["unknown@test.example",
                                                                    "b@test.example"])
                    self.assertEqual(replies[1].verdict, "550 5.1.1", replies[1].text)
                    self.assertEqual([reply.code for reply in replies[2:]], [250, 354, 250])
        with SmtpSession(postfix.port("policy")) as session:
            session.hello()
            refused = session.transaction("a@example.org", ["b@test.example"])[-1]
            self.assertEqual(refused.verdict, "451 4.3.5", refused.text)

    def test_of_sendmail_mc_work_and_tempfail_without_us(self) -> None:
        sendmail = Sendmail("")
        self.addCleanup(sendmail.close)
        install(sendmail.root, "/run/postern")
        with Postern(sendmail.root, _USER) as postern:
            printed = postern.ask("lines").stdout
            line = next(line for line in printed.splitlines() if "INPUT_MAIL_FILTER" in line)
            self.assertIn("F=T", line)
            # The server sees its own root only.
            sendmail.plug_in(line.replace(str(sendmail.root.path), "") + "\n")
            sendmail.start()
            with SmtpSession(sendmail.port) as session:
                session.hello()
                replies = session.transaction("a@example.org", ["unknown@test.example"])
                self.assertEqual(replies[1].verdict, "550 5.1.1", replies[1].text)
        with SmtpSession(sendmail.port) as session:
            session.hello()
            self.assertEqual(session.command("MAIL FROM:<a@example.org>").verdict, "451 4.3.2")


if __name__ == "__main__":
    unittest.main()
