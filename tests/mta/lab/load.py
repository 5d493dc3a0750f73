"""Clients that talk all the time while something happens, and what they were told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .postern import reference_in
from .process import wait_until
from .smtp import SmtpBroken, SmtpSession

_TRANSACTIONS_A_SESSION = 5


@dataclass(frozen=True)
class Errand:
    """One kind of transaction at one door: what is asked and the verdict that is right for it."""

    door: str
    port: int
    recipient: str
    verdict: str


@dataclass
class Load:
    """Each errand is run again and again by `clients` threads between start() and stop()."""

    errands: Sequence[Errand]
    clients: int = 1
    verdicts: dict[Errand, Counter[str]] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(errand,), daemon=True)
                         for errand in self.errands for _ in range(self.clients)]
        self.verdicts = {errand: Counter() for errand in self.errands}

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def right(self, errand: Errand) -> int:
        with self._lock:
            return self.verdicts[errand][errand.verdict]

    def total(self) -> int:
        with self._lock:
            return sum(counter.total() for counter in self.verdicts.values())

    def wrong(self) -> dict[str, Counter[str]]:
        """Verdicts other than the right one, by door and recipient."""
        with self._lock:
            return {f"{errand.door} {errand.recipient}": others
                    for errand, counter in self.verdicts.items()
                    if (others := Counter({verdict: count for verdict, count in counter.items()
                                           if verdict != errand.verdict}))}

    def wait_for_more(self, count: int = 3, limit: float = 60) -> None:
        """Until every errand got its right verdict `count` times from now on."""
        goal = {errand: self.right(errand) + count for errand in self.errands}
        wait_until(lambda: all(self.right(errand) >= least for errand, least in goal.items()),
                   f"{count} right answers for each errand; wrong ones: {self.wrong()}", limit)

    def _run(self, errand: Errand) -> None:
        while not self._stop.is_set():
            try:
                self._one_session(errand)
            except (SmtpBroken, OSError) as broken:
                self._count(errand, f"lost: {broken}", "")

    def _one_session(self, errand: Errand) -> None:
        with SmtpSession(errand.port) as session:
            session.hello()
            for _ in range(_TRANSACTIONS_A_SESSION):
                replies = session.transaction("a@example.org", [errand.recipient])
                self._count(errand, replies[-1].verdict, reference_in(replies[-1].text))
                if replies[-1].code == 421 or self._stop.is_set():
                    break
                if replies[-1].code != 250:
                    session.command("RSET")
            session.quit()

    def _count(self, errand: Errand, verdict: str, reference: str) -> None:
        with self._lock:
            self.verdicts[errand][verdict] += 1
            if reference:
                self.references.append(reference)
