"""Fetches Debian packages and unpacks them into pristine roots, once per package version."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

# Everything a dynamic program of the package needs, so that the machine's libraries do not matter.
_COMMON = ("libc6", "libgcc-s1", "libdb5.3", "libnsl2", "libtirpc3", "libtirpc-common",
           "libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0", "libcom-err2",
           "libkeyutils1", "libsasl2-2", "libssl3")
POSTFIX = ("postfix", "libicu72", "libstdc++6", *_COMMON)
SENDMAIL = ("sendmail-bin", "sendmail-base", "sendmail-cf", "m4", "libsigsegv2", "dash",
            "libldap-2.5-0", "libgnutls30", "libp11-kit0", "libidn2-0", "libunistring2",
            "libtasn1-6", "libnettle8", "libhogweed6", "libgmp10", "libffi8", "zlib1g",
            "libwrap0", "liblockfile1", *_COMMON)

# /bin and friends are links on a merged-usr system; packages of Debian 12 still ship both names.
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class LabError(Exception):
    """The laboratory cannot be set up; the text says what to do."""


def _run(command: Sequence[str], cwd: Path | None = None, timeout: float = 300) -> None:
    done = subprocess.run(command, cwd=cwd, timeout=timeout, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout[-2000:]}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two runs at once must not unpack into one folder."""
    with path.open("w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _cached(cache: Path, package: str) -> Path | None:
    return max(cache.glob(f"{package}_*.deb"), default=None)


def _download(cache: Path, packages: Sequence[str]) -> None:
    """Fetches what is missing with the machine's own apt, which checks the signatures."""
    missing = [name for name in packages if _cached(cache, name) is None]
    if not missing:
        return
    fetch = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *missing]
    try:
        _run(fetch, cwd=cache)
    except LabError:
        _run(["apt-get", "-q", "update"])  # a fresh machine has no lists, an old one stale ones
        _run(fetch, cwd=cache)


def _unpack(package: Path, root: Path) -> None:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)],
                          stdout=subprocess.PIPE) as source:
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", str(root)],
                       stdin=source.stdout, check=True, timeout=300)
    if source.returncode != 0:
        raise LabError(f"cannot unpack {package}")


def pristine_root(base: Path, name: str, packages: Sequence[str]) -> Path:
    """The root NAME below `base` with `packages` unpacked, made when it is not there yet."""
    cache = base / "packages"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(base / f".{name}.lock"):
        _download(cache, packages)
        files = [found for package in packages if (found := _cached(cache, package))]
        wanted = "\n".join(file.name for file in files)
        root = base / name
        stamp = base / f".{name}.unpacked"
        if root.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return root
        stamp.unlink(missing_ok=True)
        shutil.rmtree(root, ignore_errors=True)
        for folder in _MERGED:
            (root / "usr" / folder).mkdir(parents=True)
            (root / folder).symlink_to(f"usr/{folder}")
        for file in files:
            _unpack(file, root)
        for folder in ("usr/share/doc", "usr/share/man", "usr/share/locale"):
            shutil.rmtree(root / folder, ignore_errors=True)
        os.chmod(root, 0o755)
        stamp.write_text(wanted, encoding="utf-8")
        return root
