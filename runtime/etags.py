"""Entity tags: which version of a record somebody saw, and what else was shown with it.

A tag is the version, `3`. A resource that also shows what others than its own stream tell (whose lead it is, as
contacts found out) has a mark behind it, `3-9f2c41aa`, so that what arrives without a new version has a tag of its own.
Who writes is asked for the version alone: what others told meanwhile makes no write stale.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any

from eventlog.events import Version
from eventlog.views import to_json

_VERSION = re.compile("([0-9]{1,9})(?:-[0-9a-f]+)?")
_LISTED = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)")?\s*(?:,|$)')

Versions = Collection[Version]


def etag_of(version: object, told: Mapping[str, Any]) -> str:
    """The tag of a version with what others `told`; what is empty was not told."""
    shown = {name: value for name, value in sorted(told.items()) if value}
    return f"{version}-{hashlib.sha256(to_json(shown)).hexdigest()[:8]}" if shown else str(version)


def version_of(etag: str) -> Version | None:
    """The version that a tag without its quotes names; None of one that no record ever had."""
    found = _VERSION.fullmatch(etag)
    return Version(int(found[1])) if found else None


def one_of(versions: Versions) -> str:
    """`3 or 4`."""
    return " or ".join(map(str, sorted(versions)))


def strong(header: str) -> list[str] | None:
    """The strong tags of a list (RFC 9110, 8.8.3), without their quotes; None when it is no list of tags."""
    found, at = [], 0
    while at < len(header):
        item = _LISTED.match(header, at)
        if item is None:
            return None
        if item[2] is not None and item[1] is None:
            found.append(item[2])
        at = item.end()
    return found


def matches_weakly(header: str, etag: str) -> bool:
    """Whether `If-None-Match` names a tag, with or without its being weak."""
    listed = re.findall(r'(?:W/)?"([^"]*)"', header)
    return header.strip() == "*" or etag in listed
