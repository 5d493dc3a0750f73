"""Where the laboratory lies, and the throw-away root of one server."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import packages

CHECKOUT = Path(__file__).resolve().parents[3]
_ELSEWHERE = Path("/var/cache/postern-lab")
# A unix socket's path has at most 107 octets; ours end about 60 below the laboratory's folder.
_LONGEST_BASE = 45
_counter = itertools.count()


def _everybody_may_pass(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH
               for folder in (path, *path.parents) if folder.exists())


def lab_base() -> Path:
    """build/lab in the checkout; elsewhere if unprivileged users cannot get there or sockets
    below it would have too long a path."""
    base = CHECKOUT / "build" / "lab"
    if len(str(base)) > _LONGEST_BASE or not _everybody_may_pass(CHECKOUT):
        base = _ELSEWHERE
    base.mkdir(parents=True, exist_ok=True)
    return base


class User:
    """A user of a private root. Numbers need not exist on the machine."""

    def __init__(self, name: str, uid: int, gid: int, group: str = "") -> None:
        self.name, self.uid, self.gid, self.group = name, uid, gid, group or name


class Folder:
    """A throw-away folder in the laboratory, used as the root of file names. Removed by close()."""

    def __init__(self, letter: str) -> None:
        if os.geteuid() != 0:
            raise packages.LabError("the laboratory changes users and roots: start this as root")
        self.path = lab_base() / "run" / f"{letter}{os.getpid()}-{next(_counter)}"
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)

    def outside(self, inner: str) -> Path:
        """The path as the machine sees it of a path below this root."""
        return self.path / inner.lstrip("/")

    def write(self, inner: str, text: str, mode: int = 0o644) -> None:
        """Replaces a file as a whole: a reader sees the old text or the new one. A hard link into a
        pristine root is left alone."""
        target = self.outside(inner)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(target.name + ".new")
        new.write_text(text, encoding="utf-8")
        new.chmod(mode)
        new.replace(target)

    def folder(self, inner: str, uid: int = 0, gid: int = 0, mode: int = 0o755) -> None:
        target = self.outside(inner)
        target.mkdir(parents=True, exist_ok=True)
        os.chown(target, uid, gid)
        target.chmod(mode)

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class PrivateRoot(Folder):
    """A copy (hard links) of an unpacked root, for one server."""

    def __init__(self, name: str, package_names: Sequence[str], users: Sequence[User]) -> None:
        super().__init__(name[0])
        source = packages.pristine_root(lab_base(), name, package_names)
        subprocess.run(["cp", "-al", f"{source}/.", str(self.path)], check=True, timeout=60)
        self._write_system_files(users)
        for device, (major, minor) in {"null": (1, 3), "urandom": (1, 9), "random": (1, 8)}.items():
            self._make_device(f"/dev/{device}", os.makedev(major, minor))

    def run(self, command: Sequence[str], timeout: float = 30,
            environment: Mapping[str, str] | None = None) -> str:
        """Runs a program of the root to its end; its standard output."""
        done = subprocess.run(["chroot", str(self.path), *command], timeout=timeout, text=True,
                              errors="replace", capture_output=True, check=False,
                              env=dict(environment or {"PATH": "/usr/sbin:/usr/bin"}))
        if done.returncode != 0:
            raise packages.LabError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def install_program(self, program: Path, inner: str) -> None:
        """Copies a program of the machine in, with those of its libraries that the root lacks."""
        told = subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True,
                              timeout=30).stdout
        for library in re.findall(r"=> (/\S+)", told):
            if not self.outside(library).exists():
                self.outside(library).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, self.outside(library))
        self.outside(inner).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, self.outside(inner))

    def _make_device(self, inner: str, device: int) -> None:
        target = self.outside(inner)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.mknod(target, 0o666 | stat.S_IFCHR, device)
            with target.open("rb"):
                pass
        except OSError:  # containers may forbid devices; a plain file will do for our servers
            target.unlink(missing_ok=True)
            target.touch()
        target.chmod(0o666)

    def _write_system_files(self, users: Sequence[User]) -> None:
        everybody = [User("root", 0, 0), User("mail", 8, 8),
                     User("nobody", 65534, 65534, "nogroup"), *users]
        self.write("/etc/passwd", "".join(
            f"{user.name}:x:{user.uid}:{user.gid}::/nonexistent:/usr/sbin/nologin\n"
            for user in everybody))
        groups = {user.group: user.gid for user in everybody}
        self.write("/etc/group", "".join(f"{name}:x:{gid}:\n" for name, gid in groups.items()))
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
        self.write("/etc/hosts", "127.0.0.1 localhost.localdomain localhost\n"
                                 "::1 localhost.localdomain localhost\n")
        self.write("/etc/services", "smtp 25/tcp mail\n")
        self.write("/etc/protocols", "ip 0 IP\ntcp 6 TCP\nudp 17 UDP\n")
        self.folder("/tmp", mode=0o1777)
        for folder in ("/var", "/var/log", "/var/spool", "/var/lib", "/run"):
            self.folder(folder)
