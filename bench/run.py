#!/usr/bin/env python3
"""Measures both doors against the least a server can do, and prints ratios with their spread.

Every figure is a ratio of two runs made one after the other, Postern's and the baseline's, so that
a machine whose speed drifts does not decide; several pairs give the spread.
"""

import argparse
import os
import pathlib
import pwd
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import slow_dns

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 20
RUN_SECONDS = 120


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not start within {START_SECONDS} s")
        time.sleep(0.02)


def rate(program: pathlib.Path, socket: pathlib.Path, connections: int, count: int) -> float:
    done = subprocess.run([program, socket, str(connections), str(count)], check=True, text=True,
                          stdout=subprocess.PIPE, timeout=RUN_SECONDS)
    return float(done.stdout)


def thread_times(parent: int) -> dict[str, float]:
    """Processor microseconds of every thread of the workers of `parent`, by "process/thread"."""
    times: dict[str, float] = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) != parent:
                continue
            for thread in stat.parent.joinpath("task").iterdir():
                spent = int(thread.joinpath("schedstat").read_text().split()[0])
                times[f"{stat.parent.name}/{thread.name}"] = spent / 1000
        except (FileNotFoundError, ProcessLookupError):
            continue  # a process that has ended meanwhile
    return times


def busiest(before: dict[str, float], after: dict[str, float], count: int) -> str:
    """Processor time for each request of the threads that took most: loop or pool, and journal."""
    spent = sorted(((after[name] - before.get(name, 0)) / count for name in after), reverse=True)
    return " + ".join(f"{each:.1f}" for each in spent[:2])


def compare(build: pathlib.Path, load: str, ours: pathlib.Path, baseline: pathlib.Path,
            pairs: int, count: int, unit: str, parent: int) -> None:
    for connections in (1, 16, 100):
        program = build / "bench" / load
        rate(program, ours, connections, count // 10)  # warm both up
        rate(program, baseline, connections, count // 10)
        before = thread_times(parent)
        both = [(rate(program, ours, connections, count), rate(program, baseline, connections, count))
                for _ in range(pairs)]
        spent = busiest(before, thread_times(parent), count * pairs)
        ratios = sorted(a / b for a, b in both)
        print(f"{connections:4} connections: ratio {statistics.median(ratios):.2f} "
              f"(from {ratios[0]:.2f} to {ratios[-1]:.2f} in {pairs} pairs); "
              f"medians {statistics.median(a for a, _ in both):,.0f} and "
              f"{statistics.median(b for _, b in both):,.0f} {unit}/s; "
              f"our busiest threads took {spent} us of processor time for each", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--messages", type=int, default=12_000)
    arguments = parser.parse_args()
    build = arguments.build.resolve()

    with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
        root = pathlib.Path(folder)
        os.chmod(root, 0o755)
        started: list[subprocess.Popen] = []
        try:
            for name in ("policy", "milter"):
                socket = root / f"baseline_{name}.sock"
                started.append(subprocess.Popen([build / f"bench/bench_baseline_{name}", socket]))
                wait_for(socket.exists, f"baseline_{name}")
            for accepts in ("compact", "none"):
                place = root / accepts
                place.mkdir(mode=0o755)
                command = prepare(build, place, accepts)
                log = open(place / "postern.log", "w", encoding="utf-8")
                server = subprocess.Popen(command, stdout=log, stderr=log)
                started.append(server)
                policy = place / "run/postern/policy.sock"
                milter = place / "run/postern/milter.sock"
                wait_for(lambda: policy.exists() and milter.exists(), "postern")
                print(f"policy door, starter policy, journal.accepts = {accepts}, log lines for "
                      "accepts off; baseline: an epoll loop that answers DUNNO")
                compare(build, "bench_policy_load", policy, root / "baseline_policy.sock",
                        arguments.pairs, arguments.requests, "requests", server.pid)
                print("milter door, same policy; baseline: a libmilter filter that continues at "
                      "every step")
                compare(build, "bench_milter_load", milter, root / "baseline_milter.sock",
                        arguments.pairs, arguments.messages, "messages", server.pid)
            for title, program in (("decisions by the number of rules", "bench_rules"),
                                   ("decisions by the size of a table", "bench_table_decisions"),
                                   ("decisions with scores", "bench_scores")):
                print(title, flush=True)
                subprocess.run([build / "bench" / program, str(arguments.pairs)], check=True,
                               timeout=RUN_SECONDS)
            for title, words in (("DNS, cached", ("bench_dns", "cached")),
                                 ("DNS, decisions of which all is cached", ("bench_dns", "core")),
                                 ("DNS, answers 20 ms away", ("bench_dns", "far")),
                                 ("DNS, over the network", ("bench_dns", "network")),
                                 ("DNS, many that wait", ("bench_dns", "waiting")),
                                 ("DNS, transactions that wait", ("bench_dns", "transactions")),
                                 ("DNS, many clients", ("bench_dns", "clients")),
                                 ("decisions found in a journal", ("bench_journal", "--records", "200000")),
                                 ("counting a decision", ("bench_counting",)),
                                 ("the journal's thread", ("bench_journal_thread",)),
                                 ("replay", ("bench_replay",)),
                                 ("what is counted, in memory", ("bench_state", "memory")),
                                 ("greylisting over many entries", ("bench_state", "greylist"))):
                print(title, flush=True)
                subprocess.run([build / "bench" / words[0], *words[1:]], check=True, timeout=RUN_SECONDS)
            print("a DNS server that never answers", flush=True)
            slow_dns.measure(build, arguments.pairs, 4000)
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
    return 0


def prepare(build: pathlib.Path, root: pathlib.Path, accepts: str = "compact") -> list[str]:
    """Lays the shipped configuration below `root`; only what the bench needs is different."""
    configuration = root / "etc/postern"
    shutil.copytree(ROOT / "conf", configuration)
    for name in ("run/postern", "var/log/postern"):
        (root / name).mkdir(parents=True)
    main_file = configuration / "postern.toml"
    text = main_file.read_text(encoding="utf-8")
    # A port of this machine may be taken; log lines for accepts are off as the README says.
    for before, after in ((', "inet:127.0.0.1:10044"', ""), ("#accepts = true", "accepts = false"),
                          ('#accepts = "compact"', f'accepts = "{accepts}"')):
        if before not in text:
            raise SystemExit(f"conf/postern.toml has no {before!r} any more")
        text = text.replace(before, after)
    main_file.write_text(text, encoding="utf-8")
    command = [str(build / "postern"), "serve", "--root", str(root)]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for folder in (root, *root.rglob("*")):
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        command += ["--user", "nobody"]
    return command


if __name__ == "__main__":
    sys.exit(main())
