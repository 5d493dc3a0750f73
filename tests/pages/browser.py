"""A headless Chromium, driven through its DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

SECONDS = 90  # for one answer; a browser that starts on a busy machine needs half a minute


def program() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """With a profile of its own, ended with all its processes when the block is left."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="postern-browser-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        arguments = [program() or "chromium", "--headless=new", "--remote-debugging-pipe",
                     f"--user-data-dir={self._profile}", "--no-first-run", "--disable-gpu",
                     "--disable-dev-shm-usage", "--disable-extensions", "--disable-sync",
                     "--disable-background-networking", "--disable-component-update",
                     "--hide-scrollbars", "--force-color-profile=srgb", "about:blank"]
        if os.geteuid() == 0:
            arguments.insert(1, "--no-sandbox")

        def give_pipes() -> None:
            # The browser reads from 3 and writes to 4; high numbers first, so that none is lost.
            high_in, high_out = os.dup2(to_browser, 103), os.dup2(from_browser, 104)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)

        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                         close_fds=False, preexec_fn=give_pipes,
                                         start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_unused: object) -> None:
        # Its helpers are in the session that it leads.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait(SECONDS)
        os.close(self._out)
        os.close(self._in)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _message(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            got = os.read(self._in, 1 << 16) if ready else b""
            if not got:
                raise TimeoutError("the browser does not answer")
            self._rest += got
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        call: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            call["sessionId"] = session
        os.write(self._out, json.dumps(call).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while True:
            message = self._message(until)
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait_for(self, event: str, session: str) -> None:
        until = time.monotonic() + SECONDS
        while not any(m.get("method") == event and m.get("sessionId") == session
                      for m in self.events):
            self.events.append(self._message(until))


class Tab:
    """A page as a reader with a screen of this width and this choice of colours sees it."""

    def __init__(self, browser: Browser, address: str, width: int, colours: str) -> None:
        self._browser = browser
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.ask("Target.attachToTarget", targetId=target,
                                    flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=800,
                  deviceScaleFactor=1, mobile=width < 600)
        self._ask("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": colours}])
        self._ask("Page.navigate", url=address)
        browser.wait_for("Page.loadEventFired", self._session)

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.ask(method, self._session, **parameters)

    def value(self, expression: str) -> Any:
        result = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def events(self, method: str) -> list[dict[str, Any]]:
        return [m["params"] for m in self._browser.events
                if m.get("method") == method and m.get("sessionId") == self._session]

    def picture(self, file: Path) -> None:
        """The whole page, not only what fits the screen."""
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def print(self, file: Path) -> None:
        """As paper shows it."""
        file.write_bytes(base64.b64decode(self._ask("Page.printToPDF")["data"]))
