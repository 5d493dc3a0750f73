"""A journal as two weeks of mail may leave it: days and nights, an attack, a DNS failure, rules in
shadow, and strings that mean harm. The same each time.
"""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

UNTIL = datetime(2026, 11, 22, tzinfo=timezone.utc)
DAYS = 14
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

# What a page must show as words, whatever it would be as HTML, as CSS, as a link, or to the eye.
HOSTILE = [
    "</title><script>alert(1)</script>.example",
    "\"><img src=x onerror=alert(2)>.example",
    "a'onmouseover='alert(3).example",
    "&lt;b&gt;&amp;&#60;.example",
    "--></style><style>body{display:none}</style>.example",
    "\u202egnp.elpmaxe\u202c.example",
    "nul\u0000bell\u0007escape\u001b[31m.example",
    "\udbff\ude80\udbff\udeff-octets.example",
    "javascript:alert(4)//.example",
    "x" * 240 + ".example",
    "xn--r8jz45g.xn--zckzah",
]

# The same before an @, where all is allowed.
HOSTILE_LOCALS = ["zero\u200bwidth\ufeff", "\u4f8b\u3048", "<script>alert(5)</script>", "a&b<c>\"d\"'e'"]

# Rule, stage, verdict, reason, code, enhanced code; how often among a thousand decisions.
REFUSALS = [
    ("listed clients", "rcpt", "reject", "dnsbl-listed", 550, "5.7.1", 70),
    ("first contact waits", "rcpt", "defer", "greylisted", 450, "4.7.1", 45),
    ("unknown recipients", "rcpt", "reject", "rcpt-unknown", 550, "5.1.1", 40),
    ("forged senders", "rcpt", "reject", "spf-fail", 550, "5.7.23", 12),
    ("no huge mail", "end-of-message", "reject", "message-too-big", 552, "5.3.4", 3),
    ("own network", "helo", "reject", "helo-syntax", 550, "5.5.2", 5),
    ("too much at once", "rcpt", "defer", "rate-message", 450, "4.7.28", 6),
]
SHADOWS = [
    ("stricter list </td><b>", "reject", "client-blocked", 0.03),
    ("young domains wait", "defer", "greylisted", 0.02),
]


def times(one: int, other: int) -> int:
    """In the field of 32 elements, modulo x^5 + x^2 + 1."""
    product = 0
    for bit in range(5):
        if other >> bit & 1:
            product ^= one << bit
    for bit in range(9, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << (bit - 5)
    return product


def reference(time: datetime, sequence: int) -> str:
    """As docs of references have it: time, host, sequence, and a check character."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    since = time - datetime(2020, 1, 1, tzinfo=timezone.utc)
    bits = (since // timedelta(milliseconds=1)) << 14 | 5 << 8 | sequence & 255
    check, weight = 0, 1
    for i in range(11):
        weight = times(weight, 2)
        check ^= times(bits >> (5 * i) & 31, weight)
    text = "".join(alphabet[bits >> (5 * i) & 31] for i in range(10, -1, -1)) + alphabet[check]
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


class Maker:
    def __init__(self) -> None:
        self.random = random.Random(4)
        self.number = 0

    def when(self, day: int) -> datetime:
        """Less mail at night and on Sundays."""
        while True:
            minute = self.random.randrange(24 * 60)
            busy = 0.15 + 0.85 * max(0.0, math.sin((minute / 60 - 6) / 24 * 2 * math.pi))
            if self.random.random() < busy:
                return UNTIL - timedelta(days=DAYS - day, minutes=-minute,
                                         seconds=-self.random.randrange(60))

    def record(self, time: datetime) -> dict:
        self.number += 1
        draw = self.random
        octet = int(draw.paretovariate(0.6)) % 250
        sender = f"company-{int(draw.paretovariate(0.7)) % 400}.example"
        if draw.random() < 0.2:
            sender = draw.choice(HOSTILE)
        local = f"user{draw.randrange(50)}"
        if draw.random() < 0.1:
            local = draw.choice(HOSTILE_LOCALS)
        return {
            "v": 1, "kind": "decision", "ref": reference(time, self.number),
            "time": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{draw.randrange(10**6):06}Z",
            "host": "mx1.example.org", "engine": "0.1.0", "policy": DIGEST,
            "door": draw.choice(["milter", "policy"]), "stage": "rcpt",
            "transaction": {
                "client": {"address": f"198.51.{octet}.{draw.randrange(1, 255)}", "port": 40112},
                "helo": sender, "sender": f"{local}@{sender}",
                "recipient": f"person{draw.randrange(80)}@"
                             + draw.choice(["example.org", "example.org", "lists.example.org"]),
            },
            "facts": [],
            "decision": {"verdict": "pass", "trail": []},
            "elapsed_us": int(draw.lognormvariate(6.5, 1.2)),
        }

    def refuse(self, record: dict, row: tuple) -> None:
        rule, stage, verdict, reason, code, enhanced, _ = row
        place = {"name": rule, "file": "rules/all.toml", "line": 7, "stage": stage}
        record["stage"] = stage
        if stage == "end-of-message":
            record["transaction"].pop("recipient")
            record["transaction"]["recipients"] = [{"address": f"person{i}@example.org"}
                                                   for i in range(3)]
        record["decision"] = {
            "verdict": verdict, "rule": place, "reason": reason,
            "reply": {"stage": {"helo": "RCPT", "rcpt": "RCPT",
                                "end-of-message": "EOM"}[stage],
                      "code": code, "enhanced": enhanced,
                      "text": {"sentence": "We do not take this mail.",
                               "reference": "ref 357Y-6A5S-H812"}},
            "trail": [{"rule": place, "truth": "yes", "mode": "enforce", "verdict": verdict,
                       "reason": reason}],
        }

    def ask(self, record: dict, zone: str, kind: str, broken: bool) -> None:
        draw = self.random
        fact: dict = {"kind": kind, "subject": "A" if kind == "dns" else zone,
                      "key": f"7.2.0.192.{zone}" if kind == "dns" else "192.0.2.0/24"}
        if broken:
            fact["unavailable"] = draw.choice(["deadline", "deadline", "servfail", "timeout"])
            fact["source"] = {"name": "network", "elapsed_us": 5_000_000}
            record["elapsed_us"] += 5_000_000
        elif draw.random() < 0.6:
            fact["values"] = None
            fact["source"] = {"name": "cache"}
        else:
            fact["values"] = None
            fact["source"] = {"name": "network",
                              "elapsed_us": int(draw.lognormvariate(9.3 + len(zone) / 20, 0.8))}
            record["elapsed_us"] += fact["source"]["elapsed_us"]
        record["facts"].append(fact)

    def decide(self, record: dict, time: datetime) -> None:
        draw = self.random
        outage = UNTIL - timedelta(days=2, hours=15) < time < UNTIL - timedelta(days=2, hours=10)
        self.ask(record, "zen.list.example", "dns", outage and draw.random() < 0.7)
        if draw.random() < 0.4:
            self.ask(record, "a-slow-list.example", "dns", draw.random() < 0.01)
        if draw.random() < 0.3:
            self.ask(record, "first_contact", "store", outage and draw.random() < 0.05)
        pick = draw.randrange(1000)
        if record["transaction"]["helo"] in HOSTILE:
            pick = 1000
            self.refuse(record, REFUSALS[3])
        for row in REFUSALS:
            pick -= row[-1]
            if pick < 0:
                self.refuse(record, row)
                break
        for name, verdict, reason, chance in SHADOWS:
            if draw.random() < chance:
                record["decision"]["trail"].insert(0, {
                    "rule": {"name": name, "file": "rules/new.toml", "line": 3, "stage": "rcpt"},
                    "truth": "yes", "note": "shadow", "mode": "shadow", "verdict": verdict,
                    "reason": reason})

    def attack(self, record: dict) -> None:
        """Many machines of one network that one list knows."""
        record["transaction"]["client"]["address"] = f"203.0.113.{self.random.randrange(1, 255)}"
        record["transaction"]["sender"] = f"win{self.random.randrange(9999)}@prizes.example"
        self.refuse(record, REFUSALS[0])


def write_journal(path: Path, decisions: int = 9000) -> None:
    maker = Maker()
    lines = []
    for number in range(decisions):
        day = number * DAYS // decisions
        time = maker.when(day)
        if time.weekday() == 6 and maker.random.random() < 0.6:
            continue
        record = maker.record(time)
        maker.decide(record, time)
        lines.append(record)
    for _ in range(decisions // 20):
        time = UNTIL - timedelta(days=1, hours=4, seconds=-maker.random.randrange(4 * 3600))
        record = maker.record(time)
        maker.attack(record)
        lines.append(record)
    lines.sort(key=lambda record: record["time"])
    with path.open("w", encoding="ascii") as file:
        for record in lines:
            file.write(json.dumps(record) + "\n")
        # As a crash leaves it.
        file.write('{"v":1,"kind":"decision","ref":"')
