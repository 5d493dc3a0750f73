"""A throw-away certificate for mx1.example.org."""

from __future__ import annotations

import subprocess


def make_certificate() -> tuple[str, str]:
    """PEM texts of certificate and key; nobody has to trust them."""
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=mx1.example.org", "-keyout", "-", "-out", "-"],
        check=True, capture_output=True, text=True, timeout=60)
    key, _, rest = done.stdout.partition("-----BEGIN CERTIFICATE-----")
    return "-----BEGIN CERTIFICATE-----" + rest, key
