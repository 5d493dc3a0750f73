"""The /dev/log of a private root: writes what arrives to a file, without the priority."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

_PRIORITY = re.compile(rb"^<\d+>")


class SyslogSocket:
    """Listens on a datagram socket from now on until close()."""

    def __init__(self, path: Path, log: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._log = log.open("ab", buffering=0)
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def close(self) -> None:
        # A datagram of no octets ends the copying.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self._socket.getsockname())
        self._thread.join(10)
        self._socket.close()
        self._log.close()

    def _copy(self) -> None:
        while datagram := self._socket.recv(65536):
            self._log.write(_PRIORITY.sub(b"", datagram.rstrip(b"\n\0")) + b"\n")
