"""Looks at the report of a journal of two weeks, with strangers' strings in it, as run.py says."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import browser
import journal

SECONDS = 120
# The narrowest telephone in use, a usual one, and a desktop.
WIDTHS = [320, 390, 1200]
PLOTS = ["plot-all", "plot-refused", "plot-missing", "plot-late", "plot-speed"]

POLICY = """[identity]
host = "mx1.a-rather-long-name-of-a-mail-server.mail.example.org"
contact = "postmaster@example.org"

[[rule]]
name = "listed clients"
when = 'helo == "bad.example"'
reject = "client-blocked"

[[rule]]
name = "</td><script>a rule that never fired</script>"
when = 'helo == "never.example"'
reject = "client-blocked"
"""

# What lies over the edge of the screen, but for tables in a frame of their own that scrolls.
WIDE = """[...document.querySelectorAll('body *')].filter(e => {
  if (e.closest('.scroll, svg, thead')) return false;
  const b = e.getBoundingClientRect();
  return b.right > innerWidth + 0.5 || b.left < -0.5; }).map(e => e.outerHTML.slice(0, 80))"""

# Pictures whose words for those who do not see them are missing.
UNNAMED = """[...document.querySelectorAll('svg[role=img]')].filter(e =>
  e.getAttribute('aria-labelledby').split(' ').some(id =>
    !(document.getElementById(id)?.textContent ?? '').trim())).length"""

# Bars and lines that are not there to be seen.
FLAT = """[...document.querySelectorAll('.chart svg')].filter(e => {
  const box = e.getBoundingClientRect();
  const drawn = [...e.querySelectorAll('path:not(.grid)')].map(p => p.getBoundingClientRect());
  return box.width < 200 || box.height < 100 || !drawn.some(b => b.height > 40); }).length"""


class Report(unittest.TestCase):
    build: Path
    page: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="postern-report-")
        cls.addClassCleanup(folder.cleanup)
        top = Path(folder.name)
        (top / "postern.toml").write_text(POLICY, encoding="utf-8")
        journal.write_journal(top / "decisions.jsonl")
        cls.page = top / "report.html"
        since = journal.UNTIL - journal.timedelta(days=journal.DAYS // 2)
        done = subprocess.run(
            [cls.build / "postern", "report", "--config", top / "postern.toml", "--journal",
             top / "decisions.jsonl", "--since", since.isoformat(), "--until",
             journal.UNTIL.isoformat(), cls.page],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
            check=False)
        if done.returncode != 0 or " 1 of " not in done.stdout:
            raise AssertionError(done.stdout)

    def test_the_report_is_valid_html(self) -> None:
        if shutil.which("tidy") is None:
            self.skipTest("tidy is not installed; scripts/setup.sh pages does that")
        checked = subprocess.run(["tidy", "-q", "-e", "--show-warnings", "yes", self.page],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 timeout=SECONDS, check=False)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))

    def test_the_report_looks_right_in_a_browser(self) -> None:
        if browser.program() is None:
            self.skipTest("chromium is not installed; scripts/setup.sh pages does that")
        pictures = self.build / "pages"
        pictures.mkdir(exist_ok=True)
        with browser.Browser() as running:
            for width in WIDTHS:
                for colours in ("light", "dark"):
                    with self.subTest(width=width, colours=colours):
                        tab = browser.Tab(running, self.page.as_uri(), width, colours)
                        tab.picture(pictures / f"report-{width}-{colours}.png")
                        self.look_at(tab, width)
            tab.print(pictures / "report.pdf")
        self.assertGreater((pictures / "report.pdf").stat().st_size, 20_000)

    def look_at(self, tab: browser.Tab, width: int) -> None:
        self.assertEqual(tab.value("innerWidth"), width)
        for opened in ("false", "true"):
            tab.value(f"document.querySelectorAll('details').forEach(e => e.open = {opened})")
            self.assertLessEqual(tab.value("document.documentElement.scrollWidth"), width)
            self.assertEqual(tab.value(WIDE), [])
        self.assertEqual(tab.value("[...document.querySelectorAll('figure.plot')].map("
                                   "e => e.querySelector('svg').getAttribute('aria-labelledby')"
                                   ".split('-title')[0])"), PLOTS)
        self.assertEqual(tab.value(FLAT), 0)
        self.assertEqual(tab.value(UNNAMED), 0)
        self.assertGreater(tab.value("document.querySelectorAll('svg.spark').length"), 15)
        self.assertEqual(tab.value("document.querySelectorAll('h1').length"), 1)
        links = tab.value("[...document.querySelectorAll('a')].filter(e =>"
                          " !document.getElementById(e.getAttribute('href').slice(1))).length")
        self.assertEqual(links, 0)
        size = tab.value("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")
        self.assertGreaterEqual(size, 16)
        self.look_for_strangers(tab)

    def look_for_strangers(self, tab: browser.Tab) -> None:
        """What they sent is words; nothing ran, nothing was loaded."""
        self.assertEqual(tab.value("document.querySelectorAll("
                                   "'script, img, iframe, object, link, form, td b').length"), 0)
        self.assertEqual(tab.value("getComputedStyle(document.body).display"), "block")
        handlers = tab.value("[...document.querySelectorAll('*')].filter(e =>"
                             " [...e.attributes].some(a => a.name.startsWith('on'))).length")
        self.assertEqual(handlers, 0)
        text = tab.value("document.body.textContent")
        for shown in ("</title><script>alert(1)</script>.example", "stricter list </td><b>",
                      "</td><script>a rule that never fired</script>",
                      "nul\\x00bell\\x07escape\\x1b[31m.example", "\\x80\\xff-octets.example",
                      "\\xe2\\x80\\xaegnp.elpmaxe", "&lt;b&gt;&amp;&#60;.example"):
            self.assertIn(shown, text)
        for event in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown",
                      "Network.loadingFailed", "Page.javascriptDialogOpening"):
            self.assertEqual(tab.events(event), [])
        asked = {sent["request"]["url"] for sent in tab.events("Network.requestWillBeSent")}
        self.assertEqual(asked, {self.page.as_uri()})
