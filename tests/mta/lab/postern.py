"""Postern itself as a child process, with its files below a throw-away root."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from .place import CHECKOUT, Folder
from .process import Child, GrowingFile, LabTimeout, wait_until

_REFERENCE = re.compile(r"\bref ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\b")
CONFIG = "/etc/postern/postern.toml"
_SUPPRESSIONS = Path(__file__).with_name("tsan.supp")
JOURNAL = "/var/log/postern/decisions.jsonl"
CONTROL = "/run/postern/control.sock"


def program_under_test() -> Path:
    """build/release/postern unless the environment says otherwise."""
    named = os.environ.get("POSTERN_PROGRAM")
    return Path(named) if named else CHECKOUT / "build/release/postern"


def reference_in(reply: str) -> str:
    """The reference that a reply names, "" if there is none."""
    found = _REFERENCE.search(reply)
    return found.group(1) if found else ""


class Postern:
    """A running `postern serve`. Everything it opens lies below `root`, which the caller owns."""

    def __init__(self, root: Folder, user: str = "nobody", program: Path | None = None) -> None:
        self.root = root
        self.program = program or program_under_test()
        self.user = pwd.getpwnam(user)
        self.output = GrowingFile(root.outside("/var/log/postern.out"))
        self._child: Child | None = None
        for folder in ("/run/postern", "/var/log/postern", "/var/lib/postern"):
            root.folder(folder, self.user.pw_uid, self.user.pw_gid)

    def __enter__(self) -> Postern:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the parent process, which takes the signals."""
        return self.child.pid

    @property
    def child(self) -> Child:
        assert self._child is not None, "not started"
        return self._child

    def start(self) -> None:
        """Returns when the server says that it is ready."""
        if not self.program.is_file():
            raise LabTimeout(f"{self.program} is not there: make build")
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            # For sanitizer builds. A process that has given root up cannot be searched for leaks,
            # and the worker leaves libmilter's threads behind on purpose.
            "ASAN_OPTIONS": "detect_leaks=0",
            "TSAN_OPTIONS": f"report_thread_leaks=0:suppressions={_SUPPRESSIONS}"}
        self._child = Child([str(self.program), "serve", "--root", str(self.root.path),
                             "--user", self.user.pw_name], self.output.path,
                            environment)
        self._child.wait_for(lambda: self.ask("status").returncode == 0, "postern answers status")

    def close(self) -> int:
        """TERM; the exit status. Nothing to do when it was not started."""
        status = self._child.stop(20) if self._child is not None else 0
        report = re.search(r"^.*(Sanitizer|runtime error).*$", self.output.text(), re.MULTILINE)
        assert report is None, self.output.text()[report.start():][:6000] if report else ""
        return status

    def worker(self) -> int:
        """Process id of the worker that does the mail work."""
        def look() -> int:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
            return int(children[0]) if len(children) == 1 else 0
        return wait_until(look, "postern has one worker")

    def hang_up(self) -> None:
        self.child.signal(signal.SIGHUP)

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a sub-command against this server's configuration, to its end."""
        return subprocess.run([str(self.program), words[0], "--root", str(self.root.path),
                               *words[1:]], timeout=60, text=True, errors="replace",
                              capture_output=True, check=False)

    def journal(self) -> list[dict[str, Any]]:
        """Whole records only; a torn line, as a kill leaves it, is left out."""
        return [record for line in self._journal_lines() if (record := _parsed(line))]

    def record(self, reference: str) -> dict[str, Any]:
        """The full record of `reference`; the journal's thread may need a moment."""
        def look() -> dict[str, Any] | None:
            return next((record for line in self._journal_lines()
                         if reference in line and (record := _parsed(line))
                         and record.get("ref") == reference and record.get("kind") == "decision"),
                        None)
        found = wait_until(look, f"record {reference} in the journal")
        assert found is not None
        return found

    def _journal_lines(self) -> list[str]:
        """Newest first; what follows the last line end is not yet a line."""
        try:
            text = self.root.outside(JOURNAL).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return text.split("\n")[-2::-1]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
