"""A private Postfix: its own root, users, queue and log, several smtpd services on loopback."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import packages
from .place import PrivateRoot, User
from .process import Child, GrowingFile, can_connect, free_ports

# Any number that owns nothing on the machine will do; the names exist only in the private root.
_OWNER = 60101
_DROP = 60102
_PROGRAMS = 60103  # default_privs, which must not share a number with the owner
_QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
          "private", "saved", "trace")

_MAIN = {
    "compatibility_level": "3.6",
    "myhostname": "mx1.example.org",
    "mydomain": "example.org",
    "mydestination": "",
    "mynetworks": "192.0.2.255",  # nobody: every client is a stranger
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "all",
    # Every domain is ours and every user exists, unless the plugin says otherwise.
    "virtual_mailbox_domains": "static:ok",
    "virtual_mailbox_maps": "static:ok",
    "virtual_transport": "discard:",
    "allow_percent_hack": "no",
    "allow_untrusted_routing": "yes",  # a "%" in a local part is nothing special
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "smtp_host_lookup": "native",
    "smtp_dns_support_level": "disabled",
    "maillog_file": "/var/log/mail.log",
    "mail_owner": "postfix",
    "setgid_group": "postdrop",
    "default_privs": "programs",
    "smtpd_authorized_xclient_hosts": "127.0.0.1",
    "smtpd_relay_restrictions": "reject_unauth_destination",
    "smtpd_recipient_restrictions": "reject_unauth_destination",
    # Many refusals in a row are the point here.
    "smtpd_error_sleep_time": "0s",
    "smtpd_soft_error_limit": "100000",
    "smtpd_hard_error_limit": "100000",
    "smtpd_junk_command_limit": "100000",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_client_connection_rate_limit": "0",
    "smtpd_peername_lookup": "no",
    "smtpd_tls_security_level": "none",
    "message_size_limit": "0",
    "mailbox_size_limit": "0",
    "default_process_limit": "150",
    "notify_classes": "",
    "in_flow_delay": "0",
}

_SERVICES = """\
pickup    unix  n - n 60   1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
verify    unix  - - n -    1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -    - proxymap
showq     unix  n - n -    - showq
error     unix  - - n -    - error
retry     unix  - - n -    - error
discard   unix  - - n -    - discard
anvil     unix  - - n -    1 anvil
scache    unix  - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

# The restriction list of each policy_context.
LISTS = {
    "client": "smtpd_client_restrictions",
    "helo": "smtpd_helo_restrictions",
    "sender": "smtpd_sender_restrictions",
    "recipient": "smtpd_recipient_restrictions",
    "data": "smtpd_data_restrictions",
    "end": "smtpd_end_of_data_restrictions",
}


@dataclass
class Smtpd:
    """One smtpd service and what its settings differ in from main.cf."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    chroot: bool = False  # into the queue directory, as Debian does by default
    port: int = 0  # chosen at start


def milter_service(name: str, address: str, **settings: str) -> Smtpd:
    """Postern as milter only. `address` in Postfix's notation: unix:/path or inet:host:port."""
    return Smtpd(name, {"smtpd_milters": address, "milter_default_action": "tempfail",
                        "milter_protocol": "6", **settings})


def policy_service(name: str, address: str, contexts: Sequence[str] = ("recipient",),
                   delay_reject: bool = True, **settings: str) -> Smtpd:
    """Postern as policy server only, asked by the restriction lists of `contexts`."""
    lists = {}
    for context in contexts:
        before = "reject_unauth_destination, " if context == "recipient" else ""
        lists[LISTS[context]] = (f"{before}check_policy_service "
                                 f"{{ {address}, policy_context={context} }}")
    return Smtpd(name, {"smtpd_delay_reject": "yes" if delay_reject else "no",
                        "smtpd_policy_service_timeout": "20s", **lists, **settings})


class Postfix:
    """A running Postfix. `group` is the group number of its user, so that sockets of mode 0660
    made for that group can be reached as on a Debian machine. With `certificate` (PEM texts of
    certificate and key) it offers STARTTLS."""

    def __init__(self, services: Sequence[Smtpd], group: int = _OWNER,
                 settings: Mapping[str, str] | None = None,
                 certificate: tuple[str, str] | None = None) -> None:
        self.services = {service.name: service for service in services}
        self.root = PrivateRoot("postfix", packages.POSTFIX,
                                [User("postfix", _OWNER, group), User("postdrop", _DROP, _DROP),
                                 User("programs", _PROGRAMS, _PROGRAMS)])
        self.log = GrowingFile(self.root.outside("/var/log/mail.log"))
        self._more_services = ""
        self._group = group
        self._settings = {**_MAIN, **(settings or {})}
        if certificate is not None:
            for name, text in zip(("cert", "key"), certificate):
                self.root.write(f"/etc/postfix/{name}.pem", text, 0o600)
                self._settings[f"smtpd_tls_{name}_file"] = f"/etc/postfix/{name}.pem"
            self._settings["smtpd_tls_security_level"] = "may"
        self._child: Child | None = None

    def __enter__(self) -> Postfix:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def port(self, service: str) -> int:
        return self.services[service].port

    def add_to_master(self, lines: str) -> None:
        """Before the start: further lines of master.cf."""
        self._more_services += lines

    def start(self) -> None:
        """Returns when every smtpd service can be connected to."""
        for service, port in zip(self.services.values(), free_ports(len(self.services))):
            service.port = port
        self._make_queue()
        self.root.write("/etc/postfix/main.cf",
                        "".join(f"{key} = {value}\n" for key, value in self._settings.items()))
        self.root.write("/etc/postfix/dynamicmaps.cf", "")
        self.root.write("/etc/postfix/master.cf",
                        _SERVICES + self._more_services + "".join(map(_master_entry, self.services.values())))
        self._child = Child(["chroot", str(self.root.path), "/usr/lib/postfix/sbin/master", "-d",
                             "-c", "/etc/postfix"], self.root.outside("/var/log/master.out"),
                            {"PATH": "/usr/sbin:/usr/bin", "MAIL_CONFIG": "/etc/postfix"},
                            self.log.path)
        for service in self.services.values():
            self._child.wait_for(functools.partial(can_connect, "127.0.0.1", service.port),
                                 f"Postfix listens for {service.name}")

    def close(self) -> None:
        if self._child is not None:
            self._child.stop()
        self.root.close()

    def version(self) -> str:
        return self.root.run(["/usr/sbin/postconf", "-d", "-h", "mail_version"]).strip()

    def _make_queue(self) -> None:
        spool = "/var/spool/postfix"
        self.root.folder(spool)
        for name in _QUEUE:
            self.root.folder(f"{spool}/{name}", _OWNER, 0, 0o700)
        self.root.folder(f"{spool}/maildrop", _OWNER, _DROP, 0o1730)
        self.root.folder(f"{spool}/public", _OWNER, _DROP, 0o2710)
        self.root.folder(f"{spool}/pid")
        self.root.folder("/var/lib/postfix", _OWNER, self._group, 0o700)


def _master_entry(service: Smtpd) -> str:
    options = {"syslog_name": f"postfix/{service.name}", **service.settings}
    return (f"127.0.0.1:{service.port} inet n - {'y' if service.chroot else 'n'} - - smtpd\n"
            + "".join(f"  -o {{ {key} = {value} }}\n" for key, value in options.items()))
