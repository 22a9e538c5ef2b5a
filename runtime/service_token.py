"""The token with which one service asks another: from a file that somebody keeps fresh, or of the local issuer."""

import time
from collections.abc import Callable
from pathlib import Path

from runtime.identity import EVERY_TENANT, Issuer
from runtime.settings import Settings, WrongSetting

#: It speaks for the whole installation, so it lives for a short time, and is made anew after half of that.
DAYS = 1.0

#: The token as it is now.
ServiceToken = Callable[[], str]


def service_token(settings: Settings, name: str) -> ServiceToken:
    """The token of the service of this name. Raises `WrongSetting` when the file that is set holds none, or no key is
    there to make one with."""
    if settings.service_token_file is not None:
        return _read_again(settings.service_token_file)
    if not settings.issuer_key.exists() or b"PRIVATE KEY" not in settings.issuer_key.read_bytes():
        raise WrongSetting(
            f"BATON_SERVICE_TOKEN_FILE is not set, and {settings.issuer_key} holds no private key to make such a token"
        )
    return _made_anew(Issuer.at(settings.issuer_key), name)


def _read_again(path: Path) -> ServiceToken:
    known: tuple[int, str] = (0, "")

    def token() -> str:
        nonlocal known
        changed_at = path.stat().st_mtime_ns
        if changed_at != known[0]:
            known = (changed_at, path.read_text().strip())
        return known[1]

    if not token():
        raise WrongSetting(f"BATON_SERVICE_TOKEN_FILE={str(path)!r}: expected a file that holds a token")
    return token


def _made_anew(issuer: Issuer, name: str, clock: Callable[[], float] = time.monotonic) -> ServiceToken:
    made = issuer.token(EVERY_TENANT, name, roles=("operator",), days=DAYS)
    renew_at = clock() + DAYS * 86_400 / 2

    def token() -> str:
        nonlocal made, renew_at
        if clock() >= renew_at:
            made = issuer.token(EVERY_TENANT, name, roles=("operator",), days=DAYS)
            renew_at = clock() + DAYS * 86_400 / 2
        return made

    return token
