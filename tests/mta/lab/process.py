"""Programs we start and end, ports, and bounded waits on what they write."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_TICK = 0.01


class LabTimeout(AssertionError):
    """Something that was waited for did not happen in time."""


def wait_until(condition: Callable[[], T], what: str, limit: float = 20) -> T:
    """The first true value of `condition`, looked at again and again until `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise LabTimeout(f"not within {limit:g} s: {what}")
        time.sleep(_TICK)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def free_ports(count: int) -> list[int]:
    """Different free ports: all are held until the last is found."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def can_connect(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


class Child:
    """One program in a process group of its own. stop() ends it, kindly first."""

    def __init__(self, command: Sequence[str], output: Path,
                 environment: dict[str, str] | None = None, log: Path | None = None) -> None:
        """`output` takes what it prints; `log`, if it writes one, is shown when it fails."""
        self.command = list(command)
        self.output = output
        self._log = log
        with output.open("ab") as sink:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=sink,
                                            stderr=subprocess.STDOUT, start_new_session=True,
                                            env=environment)

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """The end of what it printed and logged."""
        texts = [path.read_text(encoding="utf-8", errors="replace")
                 for path in (self.output, self._log) if path is not None and path.exists()]
        return "\n".join(text[-3000:] for text in texts)

    def wait_for(self, condition: Callable[[], T], what: str, limit: float = 20) -> T:
        """Like wait_until, but fails at once when the program has ended."""
        def watched() -> T:
            value = condition()
            if not value and not self.alive():
                raise LabTimeout(f"{self.command[0]} ended with {self.process.returncode} before "
                                 f"{what}:\n{self.said()}")
            return value
        return wait_until(watched, what, limit)

    def signal(self, number: int) -> None:
        if self.alive():
            self.process.send_signal(number)

    def stop(self, limit: float = 10) -> int:
        """Exit status; TERM to the program first, KILL to its group when it does not end."""
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            pass
        self.kill()
        return self.process.returncode

    def kill(self) -> None:
        """KILL to the whole group: children that were left behind go as well."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)


class GrowingFile:
    """A log another program writes; remembers how far it was looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def lines(self) -> list[str]:
        return self.text().splitlines()

    def mark(self) -> int:
        """Octets written so far, for `wait(..., since)`."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def since(self, mark: int) -> str:
        try:
            with self.path.open("rb") as log:
                log.seek(mark)
                return log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def wait(self, pattern: str, since: int = 0, limit: float = 20) -> str:
        """The first whole line after `since` that `pattern` is found in."""
        found = re.compile(pattern)

        def look() -> str:
            text = self.since(since)
            whole = text[:text.rfind("\n") + 1]
            return next((line for line in whole.splitlines() if found.search(line)), "")
        try:
            return wait_until(look, f"a line like {pattern}", limit)
        except LabTimeout as late:
            raise LabTimeout(f"{late} in {self.path}:\n{self.since(since)[-3000:]}") from None
