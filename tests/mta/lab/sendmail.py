"""A private sendmail: its own root, configuration made by its own m4 files, queue and log."""

from __future__ import annotations

from . import packages
from .place import PrivateRoot, User
from .process import Child, GrowingFile, can_connect, free_port
from .syslog import SyslogSocket

_PROGRAM = "/usr/libexec/sendmail/sendmail"
_CF = "/usr/share/sendmail/cf"

_MC = """\
divert(-1)
include(`{cf}/m4/cf.m4')
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx1.example.org')dnl
define(`confCW_FILE', `-o /etc/mail/local-host-names')dnl
define(`STATUS_FILE', `/var/lib/sendmail.st')dnl
define(`QUEUE_DIR', `/var/spool/mqueue')dnl
define(`confPID_FILE', `/run/sendmail.pid')dnl
define(`confDEF_USER_ID', `mail:mail')dnl
define(`ALIAS_FILE', `')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
dnl Every recipient is relayed to a host nobody is asked for: mail stays in the queue.
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`confDELIVERY_MODE', `queueonly')dnl
FEATURE(`nocanonify')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={port}')dnl
define(`confREFUSE_LA', `0')dnl
define(`confQUEUE_LA', `0')dnl
define(`confDELAY_LA', `0')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
define(`confDONT_PROBE_INTERFACES', `true')dnl
define(`confTO_IDENT', `0')dnl
define(`confPRIVACY_FLAGS', `')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confMILTER_LOG_LEVEL', `14')dnl
{filter}{tls}MAILER(`local')dnl
MAILER(`smtp')dnl
"""

_TLS = """\
define(`confSERVER_CERT', `/etc/mail/cert.pem')dnl
define(`confSERVER_KEY', `/etc/mail/key.pem')dnl
define(`confCACERT_PATH', `/etc/mail')dnl
define(`confCACERT', `/etc/mail/cert.pem')dnl
define(`confTLS_SRV_OPTIONS', `V')dnl
"""


def filter_line(address: str, failure: str) -> str:
    """How the laboratory plugs a milter in; `failure` is "", "T" or "R"."""
    flags = f", F={failure}" if failure else ""
    return f"INPUT_MAIL_FILTER(`postern', `S={address}{flags}, T=C:10s;S:20s;R:20s;E:30s')dnl\n"


class Sendmail:
    """A running sendmail with one milter. `address` in sendmail's notation: local:/path or
    inet:port@host; `failure` is the F= letter: "T" tempfails when the milter is broken, "R"
    rejects, "" lets mail pass. With `certificate` (PEM texts of certificate and key) it offers
    STARTTLS."""

    def __init__(self, address: str, failure: str = "T",
                 certificate: tuple[str, str] | None = None) -> None:
        self.root = PrivateRoot("sendmail", packages.SENDMAIL,
                                [User("smmta", 60111, 60111), User("smmsp", 60112, 60112)])
        self.port = free_port()
        self.log = GrowingFile(self.root.outside("/var/log/mail.log"))
        self._filter = filter_line(address, failure)
        self._certificate = certificate
        self._syslog: SyslogSocket | None = None
        self._child: Child | None = None

    def __enter__(self) -> Sendmail:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def plug_in(self, line: str) -> None:
        """Before the start: `line` of sendmail.mc instead of the laboratory's own."""
        self._filter = line

    def start(self) -> None:
        """Returns when the server can be connected to."""
        self._write_configuration()
        self._syslog = SyslogSocket(self.root.outside("/dev/log"), self.log.path)
        self._child = Child(["chroot", str(self.root.path), _PROGRAM, "-bD",
                             "-C/etc/mail/sendmail.cf"], self.root.outside("/var/log/sendmail.out"),
                            {"PATH": "/usr/sbin:/usr/bin"}, self.log.path)
        self._child.wait_for(lambda: can_connect("127.0.0.1", self.port),
                             f"sendmail listens on {self.port}")

    def close(self) -> None:
        if self._child is not None:
            self._child.stop()
        if self._syslog is not None:
            self._syslog.close()
        self.root.close()

    def version(self) -> str:
        return self.root.run([_PROGRAM, "-C/etc/mail/sendmail.cf", "-d0.1", "-bv", "root"]
                             ).splitlines()[0].removeprefix("Version ")

    def _write_configuration(self) -> None:
        root = self.root
        root.folder("/var/spool/mqueue", 0, 0, 0o700)
        root.write("/etc/mail/service.switch", "hosts files\naliases files\npasswd files\n")
        root.write("/etc/mail/local-host-names", "localhost\n")
        root.write("/var/lib/sendmail.st", "")
        tls = ""
        if self._certificate is not None:
            tls = _TLS
            for name, text in zip(("cert", "key"), self._certificate):
                root.write(f"/etc/mail/{name}.pem", text, 0o600)
        root.write("/etc/mail/sendmail.mc", _MC.format(cf=_CF, port=self.port, tls=tls,
                                                       filter=self._filter))
        made = root.run(["/usr/bin/m4", f"-D_CF_DIR_={_CF}/", "/etc/mail/sendmail.mc"])
        root.write("/etc/mail/sendmail.cf", made)
