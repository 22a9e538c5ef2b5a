"""Addresses that somebody else may have."""

import os
import socket

from runtime.settings import Settings
from runtime.usage import WrongUsage

LOOPBACK = "127.0.0.1"


def refuse_taken(settings: Settings) -> None:
    """Before anything is started. Raises `WrongUsage` when somebody else has the gateway's address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise taken(settings, error) from error


def taken(settings: Settings, error: OSError) -> WrongUsage:
    """What a user is told whose address somebody else has."""
    where, why = f"{settings.host}:{settings.port}", os.strerror(error.errno or 0)
    return WrongUsage(f"cannot listen on {where} ({why}): choose another BATON_PORT or BATON_HOST")


def reachable(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}  # noqa: S104 - compared with, not listened on
    return everywhere.get(host, f"[{host}]" if ":" in host else host)
