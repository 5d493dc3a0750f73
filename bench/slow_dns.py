#!/usr/bin/env python3
"""What a DNS server that never answers does to sessions that ask nothing of it, at both doors.

Forty sessions wait for it until the deadline, again and again. Another session, for which nothing has to be
asked, is timed with them and without them, and the two are compared. The milter door's library gives each waiting
session a thread of its pool, which costs whatever a filter does; so the same is measured at a filter that does
nothing but sleep as long in the callback. What the milter door takes more than that filter is told as a
difference: without sessions that wait it is what deciding and recording cost. Every figure is of runs made one
after the other, with its spread.
"""

import argparse
import os
import pathlib
import pwd
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLOW_SESSIONS = 40
DEADLINE_MILLISECONDS = 500
START_SECONDS = 20

POLICY = """
[identity]
host = "mx1.example.org"
[listen]
milter  = "unix:{root}/milter.sock"
policy  = "unix:{root}/policy.sock"
control = "unix:{root}/control.sock"
[limits]
deadline = "{deadline}ms"
[dns]
servers = ["127.0.0.1:{port}"]
[journal]
path = "{root}/decisions.jsonl"
[log]
accepts = false
[[rule]]
name  = "known"
stage = "rcpt"
when  = 'client.ip == "192.0.2.9"'
accept = "message"
[[rule]]
name   = "forged"
stage  = "rcpt"
when   = 'sender_domain == "nonexistent"'
reject = "sender-domain-bad"
unavailable = "defer"
"""


class OnlyTheRoot(threading.Thread):
    """A resolver that knows the root, so that it stays in service, and never answers anything else."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self) -> None:
        while True:
            packet, sender = self.socket.recvfrom(4096)
            if packet[12:17] != b"\0\0\2\0\1":  # . NS IN
                continue
            header = packet[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
            record = b"\0" + struct.pack("!HHIH", 2, 1, 60, 3) + b"\1a\0"
            self.socket.sendto(header + packet[12:17] + record, sender)


def connect(path: pathlib.Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(START_SECONDS)
    client.connect(str(path))
    return client


class PolicySession:
    """One connection of Postfix to a policy service."""

    def __init__(self, path: pathlib.Path, address: str):
        self.client = connect(path)
        self.address = address
        self.count = 0

    def ask(self, sender: str) -> float:
        self.count += 1
        request = (f"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                   f"client_address={self.address}\nclient_name=unknown\nhelo_name=mail.example.net\n"
                   f"sender={sender}\nrecipient=bob@example.org\n"
                   f"instance={id(self):x}.{self.count}.0\n\n")
        began = time.perf_counter()
        self.client.sendall(request.encode())
        answer = b""
        while not answer.endswith(b"\n\n"):
            more = self.client.recv(4096)
            if not more:
                raise SystemExit("the policy service has closed")
            answer += more
        return time.perf_counter() - began


class MilterSession:
    """One SMTP session of an MTA at a milter, protocol 6."""

    def __init__(self, path: pathlib.Path, address: str):
        self.client = connect(path)
        self.held = b""
        self.send(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF))
        self.steps = struct.unpack("!III", self.answer()[1:13])[2]
        text = address.encode()
        self.step(b"C", b"mail.example.net\0" + b"4" + struct.pack("!H", 41234) + text + b"\0",
                  0x1, 0x1000)
        self.step(b"H", b"mail.example.net\0", 0x2, 0x2000)

    def send(self, command: bytes, body: bytes) -> None:
        self.client.sendall(struct.pack("!I", len(body) + 1) + command + body)

    def answer(self) -> bytes:
        while True:
            if len(self.held) >= 4:
                length = struct.unpack("!I", self.held[:4])[0]
                if len(self.held) >= 4 + length:
                    answer, self.held = self.held[4:4 + length], self.held[4 + length:]
                    return answer
            more = self.client.recv(4096)
            if not more:
                raise SystemExit("the filter has closed")
            self.held += more

    def step(self, command: bytes, body: bytes, left_out: int, not_answered: int) -> None:
        if self.steps & left_out:
            return
        self.send(command, body)
        if not self.steps & not_answered:
            self.answer()

    def ask(self, sender: str) -> float:
        """The time that RCPT takes, in a message that is then given up."""
        self.step(b"M", f"<{sender}>\0".encode(), 0x4, 0x4000)
        began = time.perf_counter()
        self.step(b"R", b"<bob@example.org>\0", 0x8, 0x8000)
        spent = time.perf_counter() - began
        self.send(b"A", b"")
        return spent


def slow(session_of, path: pathlib.Path, number: int, stopping: threading.Event) -> None:
    session = session_of(path, f"198.51.100.{number + 1}")
    count = 0
    while not stopping.is_set():
        count += 1
        # A zone of its own each time: one that has failed before is not asked.
        session.ask(f"a@n{count}.z{number}x{time.monotonic_ns()}.example")


QUANTILES = (50, 90, 99)


def timed(session_of, path: pathlib.Path, count: int) -> dict[int, float]:
    """The quantiles of one session's times, in seconds."""
    session = session_of(path, "192.0.2.9")
    times = sorted(session.ask("alice@example.net") for _ in range(count))
    return {percent: times[len(times) * percent // 100] for percent in QUANTILES}


def with_slow_ones(session_of, path: pathlib.Path, count: int) -> dict[int, float]:
    stopping = threading.Event()
    threads = [threading.Thread(target=slow, args=(session_of, path, number, stopping))
               for number in range(SLOW_SESSIONS)]
    for thread in threads:
        thread.start()
    time.sleep(DEADLINE_MILLISECONDS / 2000)  # all of them wait by now
    try:
        return timed(session_of, path, count)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def both_ways(session_of, path: pathlib.Path, count: int):
    return with_slow_ones(session_of, path, count), timed(session_of, path, count)


def tell_ratio(what: str, pairs) -> None:
    for percent in QUANTILES:
        ratios = sorted(a[percent] / b[percent] for a, b in pairs)
        ours, theirs = (statistics.median(pair[side][percent] for pair in pairs) for side in (0, 1))
        print(f"{what}, p{percent}: ratio {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to "
              f"{ratios[-1]:.2f} in {len(ratios)} pairs); medians {ours * 1e6:.0f} and "
              f"{theirs * 1e6:.0f} us", flush=True)


def tell_difference(what: str, pairs) -> None:
    for percent in QUANTILES:
        spread = sorted((a[percent] - b[percent]) * 1e6 for a, b in pairs)
        print(f"{what}, p{percent}: {statistics.median(spread):.0f} us (from {spread[0]:.0f} to "
              f"{spread[-1]:.0f} in {len(spread)} pairs)", flush=True)


def wait_for(path: pathlib.Path, what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not start within {START_SECONDS} s")
        time.sleep(0.02)


def measure(build: pathlib.Path, pairs: int, count: int) -> None:
    resolver = OnlyTheRoot()
    with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
        root = pathlib.Path(folder)
        os.chmod(root, 0o755)
        config = root / "postern.toml"
        config.write_text(POLICY.format(root=root, deadline=DEADLINE_MILLISECONDS,
                                        port=resolver.port), encoding="utf-8")
        command = [str(build / "postern"), "serve", "--config", str(config)]
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for place in (root, config):
                os.chown(place, nobody.pw_uid, nobody.pw_gid)
            command += ["--user", "nobody"]
        sleeper = root / "sleeper.sock"
        with open(root / "log", "w", encoding="utf-8") as log:
            started = [subprocess.Popen(command, stdout=log, stderr=log),
                       subprocess.Popen([build / "bench/bench_baseline_milter", sleeper,
                                         str(DEADLINE_MILLISECONDS)])]
        try:
            for path in (root / "policy.sock", root / "milter.sock", sleeper):
                wait_for(path, path.name)
            policy, milter = root / "policy.sock", root / "milter.sock"
            timed(PolicySession, policy, count)
            tell_ratio(f"policy door, with {SLOW_SESSIONS} sessions that wait and without",
                       [both_ways(PolicySession, policy, count) for _ in range(pairs)])
            timed(MilterSession, milter, count)
            timed(MilterSession, sleeper, count)
            rounds = [(both_ways(MilterSession, milter, count),
                       both_ways(MilterSession, sleeper, count)) for _ in range(pairs)]
            ours, theirs = [ours for ours, _ in rounds], [theirs for _, theirs in rounds]
            tell_ratio(f"milter door, with {SLOW_SESSIONS} sessions that wait and without", ours)
            tell_ratio(f"a filter that sleeps, with {SLOW_SESSIONS} sessions that wait and without",
                       theirs)
            tell_difference("milter door's more than the filter's that sleeps, with sessions that wait",
                            [(ours[0], theirs[0]) for ours, theirs in rounds])
            tell_difference("milter door's more than the filter's that sleeps, without",
                            [(ours[1], theirs[1]) for ours, theirs in rounds])
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--requests", type=int, default=4000)
    arguments = parser.parse_args()
    measure(arguments.build.resolve(), arguments.pairs, arguments.requests)


if __name__ == "__main__":
    main()
