#!/usr/bin/env python3
"""Looks at the help pages for senders and at the report of a journal: every page with an HTML
checker, some in a real browser.

    python3 tests/pages/run.py [--build DIR]

Where the checker (tidy) or the browser (chromium) is missing, its tests are skipped, which is said.
Pictures of the pages are left in DIR/pages. The last line is "N passed, N failed".
"""

from __future__ import annotations

import argparse
import functools
import http.server
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request
from pathlib import Path

import browser
import report

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
SECONDS = 120
REFERENCE = "357Y-6A5S-H812"
SEEN = ["", "dnsbl-listed", "greylisted", "priority-too-low"]  # the index, and three reasons
# The narrowest telephone in use, and a desktop.
WIDTHS = [320, 1200]

POLICY = """[identity]
host = "mx1.a-rather-long-name-of-a-mail-server.mail.example.org"
contact = "postmaster-of-all-mail-servers@mail.example.org"
help = "https://mail.example.org/why/{reason}#{ref}"

[reason.greylisted]
text = "Too new, so mail from [{client_address}] & others has to wait {wait|<a while>}."
texts = { de = "Bitte <spaeter> noch einmal & noch einmal." }
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """An ordinary static web server."""

    def do_GET(self) -> None:
        # Browsers ask for it of their own accord; it is no part of the site.
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_unused: object) -> None:
        pass


class Pages(unittest.TestCase):
    site: Path
    address: str

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="postern-pages-")
        cls.addClassCleanup(folder.cleanup)
        top = Path(folder.name)
        (top / "postern.toml").write_text(POLICY, encoding="utf-8")
        (top / "web").mkdir()
        cls.site = top / "web/why"
        done = subprocess.run([BUILD / "postern", "pages", "--config", top / "postern.toml", cls.site],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=SECONDS, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(top / "web")))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.shutdown)
        cls.address = f"http://127.0.0.1:{server.server_address[1]}/why/"

    def test_every_page_is_valid_html(self) -> None:
        if shutil.which("tidy") is None:
            self.skipTest("tidy is not installed; scripts/setup.sh pages does that")
        pages = sorted(self.site.rglob("*.html"))
        self.assertGreater(len(pages), 100)
        for page in pages:
            checked = subprocess.run(["tidy", "-q", "-e", "--show-warnings", "yes", page],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                     timeout=SECONDS, check=False)
            with self.subTest(page=page.relative_to(self.site)):
                self.assertEqual((checked.returncode, checked.stdout), (0, ""))

    def test_every_link_within_the_site_leads_somewhere(self) -> None:
        for page in self.site.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for link in re.findall(r'href="([^"]*)"', text):
                if re.match(r"https://|mailto:", link):
                    continue
                with self.subTest(page=page.relative_to(self.site), link=link):
                    if link.startswith("#"):
                        self.assertIn(f'id="{link[1:]}"', text)
                    else:
                        self.assertTrue((page.parent / link / "index.html").is_file())

    def test_an_address_as_replies_have_it_is_served(self) -> None:
        with urllib.request.urlopen(self.address + "dnsbl-listed", timeout=SECONDS) as answer:
            self.assertEqual(answer.status, 200)
            self.assertIn("block list", answer.read().decode())

    def test_pages_look_right_in_a_browser(self) -> None:
        if browser.program() is None:
            self.skipTest("chromium is not installed; scripts/setup.sh pages does that")
        pictures = BUILD / "pages"
        pictures.mkdir(exist_ok=True)
        with browser.Browser() as running:
            for name in SEEN:
                for width in WIDTHS:
                    for colours in ("light", "dark"):
                        with self.subTest(page=name or "index", width=width, colours=colours):
                            tab = browser.Tab(running, f"{self.address}{name}#{REFERENCE}", width,
                                              colours)
                            tab.picture(pictures / f"{name or 'index'}-{width}-{colours}.png")
                            self.look_at(tab, name, width)

    def look_at(self, tab: browser.Tab, name: str, width: int) -> None:
        # The reference has to survive the way from a reply's address to the folder's.
        self.assertEqual(tab.value("location.href"),
                         f"{self.address}{name}{'/' if name else ''}#{REFERENCE}")
        self.assertEqual(tab.value("innerWidth"), width)
        self.assertLessEqual(tab.value("document.documentElement.scrollWidth"), width)
        wide = tab.value("[...document.querySelectorAll('body *')].filter(e => {"
                         " const b = e.getBoundingClientRect();"
                         " return b.right > innerWidth + 0.5 || b.left < -0.5; })"
                         ".map(e => e.outerHTML.slice(0, 80))")
        self.assertEqual(wide, [])
        self.assertEqual(tab.value("document.querySelectorAll('h1').length"), 1)
        self.assertEqual(tab.value("document.querySelectorAll('script').length"), 0)
        size = tab.value("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")
        self.assertGreaterEqual(size, 16)
        for event in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown",
                      "Network.loadingFailed"):
            self.assertEqual(tab.events(event), [])
        asked = [sent["request"]["url"] for sent in tab.events("Network.requestWillBeSent")]
        self.assertEqual([url for url in asked if not url.startswith(self.address)
                          and not url.endswith("/favicon.ico")], [])


def main() -> int:
    global BUILD
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=BUILD)
    BUILD = parser.parse_args().build.resolve()
    report.Report.build = BUILD
    failed = passed = 0
    cases = [kind(name) for kind in (Pages, report.Report)
             for name in unittest.defaultTestLoader.getTestCaseNames(kind)]
    for case in cases:
        name = case.id().rsplit(".", 1)[-1]
        result = unittest.TestResult()
        unittest.TestSuite([case]).run(result)
        faults = result.errors + result.failures
        if faults:
            failed += 1
            print(f"FAIL {name}", *(trace for _, trace in faults[:5]), sep="\n", flush=True)
        elif result.skipped:
            print(f"SKIPPED {name}: {result.skipped[0][1]}", flush=True)
        else:
            passed += 1
            print(f"ok   {name}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
