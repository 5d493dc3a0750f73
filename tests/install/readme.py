"""The commands of the README's section "Plug it in", for tests that do as it says, in a folder or a
private root instead of on the machine."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 120


def plug_it_in() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("\n## Plug it in\n")[2].partition("\n## ")[0]


def commands() -> list[list[str]]:
    """Those of the shell, in their order, as words."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", plug_it_in(), re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line]


def listen_lines() -> dict[str, str]:
    """What the README tells to write into [listen] for Postfix."""
    block = re.search(r"^```toml\n(.*?)^```$", plug_it_in(), re.MULTILINE | re.DOTALL)
    assert block is not None
    return dict(line.split(" = ", 1) for line in block.group(1).splitlines())


def follow(command: list[str], place: pathlib.Path, build: pathlib.Path) -> bool:
    """Does one command below `place`; False when it is one that only a running machine can do."""
    if command[:2] == ["make", "install"]:
        prefix = dict(word.split("=", 1) for word in command[2:])["prefix"]
        # What `make install` does when it has built.
        words = ["cmake", "--install", str(build), "--prefix", prefix, "--strip"]
        _done(words, {"DESTDIR": str(place), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    elif command[0] in ("systemd-sysusers", "systemd-tmpfiles"):
        _done([command[0], f"--root={place}", *command[1:]])
    elif command[0] == "cp":
        target = place / command[2].lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        _done(["cp", str(place / command[1].lstrip("/")), str(target)])
    elif command[0] in ("systemctl", "postern"):
        return False
    else:
        raise AssertionError(f"the README has a command that no test knows: {shlex.join(command)}")
    return True


def listen_below_the_queue(place: pathlib.Path) -> None:
    """Edits the starter policy as the README says."""
    config = place / "etc/postern/postern.toml"
    text = config.read_text(encoding="utf-8")
    for key, value in listen_lines().items():
        text, edits = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        assert edits == 1, f"{key} stands {edits} times in the starter policy"
    config.write_text(text, encoding="utf-8")


def _done(words: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS, check=False, env=environment)
    assert done.returncode == 0, f"{shlex.join(words)}:\n{done.stdout}"
