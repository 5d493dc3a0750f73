#!/usr/bin/env python3
"""Checks that dependencies point down (docs/architecture.md), from the include lines alone.

common never includes a front end; the pure rooms of common never include the runtime rooms, and
never the system headers of I/O, threads or clocks; installed headers include only each other.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FRONT_ENDS = {"milter", "policy", "cli"}
# Each room may include itself and the rooms named here, besides the installed headers.
ROOMS = {
    "model": set(),
    "reply": {"model"},
    "tables": {"model"},
    "ledger": set(),
    "checks": {"model", "ledger"},
    "kit": {"model", "reply", "tables", "ledger", "checks"},
    "rules": {"model", "reply", "tables", "ledger", "checks", "kit"},
    "import": {"model", "reply", "tables", "rules"},
    "bounce": {"model", "reply"},
    "system": set(),
    "dns": {"system", "model", "kit", "rules"},
    "state": {"system", "ledger"},
    "journal": {"system", "model", "reply", "tables", "checks", "kit", "rules",
                "bounce"},
    "runtime": {"system", "model", "reply", "tables", "ledger", "checks", "kit", "rules", "bounce",
                "dns", "state", "journal"},
}
PURE = {"model", "reply", "tables", "ledger", "checks", "kit", "rules", "import", "bounce"}
IMPURE_HEADERS = re.compile(
    r"^(fstream|iostream|filesystem|thread|mutex|condition_variable|future|stop_token|random|"
    r"cstdio|stdio\.h|ctime|time\.h|unistd\.h|fcntl\.h|sys/.*|netdb\.h|poll\.h|spdlog/.*)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def faults_of(path: pathlib.Path) -> list[str]:
    parts = path.relative_to(ROOT).parts
    room = parts[1] if parts[0] == "common" else None
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, name = match.group(1) == '"', match.group(2)
        top = name.split("/")[0]
        where = f"{path.relative_to(ROOT)}:{number}"
        if parts[0] == "common":
            if quoted and top in FRONT_ENDS and not (path.parent / name).exists():
                found.append(f"{where}: the core includes the front end {name}")
            if room == "include" and quoted and top != "postern":
                found.append(f"{where}: an installed header includes the private {name}")
            if room in ROOMS and quoted and top in ROOMS and top != room and top not in ROOMS[room]:
                found.append(f"{where}: room {room} includes room {top} above it")
            if room in PURE | {"include"} and not quoted and IMPURE_HEADERS.match(name):
                found.append(f"{where}: a pure room includes <{name}>")
        elif parts[0] in FRONT_ENDS - {"cli"} and quoted and top in FRONT_ENDS - {parts[0]}:
            found.append(f"{where}: front end {parts[0]} includes {name}")
    return found


def main() -> int:
    sources = [p for top in ("common", "milter", "policy", "cli")
               for p in sorted((ROOT / top).rglob("*")) if p.suffix in {".h", ".cc"}]
    faults = [fault for source in sources for fault in faults_of(source)]
    print("\n".join(faults) if faults else f"{len(sources)} files, every include points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
