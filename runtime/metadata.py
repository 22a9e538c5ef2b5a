"""The metadata of a call, which REST carries as headers of the same names."""

import re
from collections.abc import Mapping

from eventlog.events import Place, Version
from runtime.errors import BEYOND_HEAD, STALE, UNAUTHENTICATED, RpcError, Violation, failure, invalid

AUTHORIZATION = "authorization"
IDEMPOTENCY_KEY = "idempotency-key"
IF_MATCH = "if-match"
MIN_POSITION = "baton-min-position"
TRACEPARENT = "traceparent"
ETAG = "etag"
POSITION = "baton-position"
REPLAYED = "idempotency-replayed"
WWW_AUTHENTICATE = "www-authenticate"

KEY_LENGTH_MAX = 255
_VERSION = re.compile('"([0-9]{1,9})"')
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_TRACEPARENT = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def bearer(metadata: Mapping[str, str]) -> str:
    """The token of `authorization: Bearer <token>`. Raises `RpcError` (401)."""
    scheme, _, token = metadata.get(AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise failure(UNAUTHENTICATED, "send the header authorization: Bearer <token>")
    return token.strip()


def idempotency_key(metadata: Mapping[str, str]) -> str:
    """The key that names a write, or "". Raises `RpcError` (400)."""
    key = metadata.get(IDEMPOTENCY_KEY)
    if key is None:
        return ""
    if len(key) > KEY_LENGTH_MAX or not _KEY.fullmatch(key):
        raise malformed(IDEMPOTENCY_KEY, f"1 to {KEY_LENGTH_MAX} printable ASCII characters")
    return key


def if_match(metadata: Mapping[str, str]) -> Version | None:
    """The version that the caller saw: `"3"`. `*` asks for nothing that a write does not ask anyway.

    Raises `RpcError` (412) for anything else: no version ever had such an entity tag."""
    text = metadata.get(IF_MATCH, "*").strip()
    if text == "*":
        return None
    found = _VERSION.fullmatch(text)
    if found:
        return Version(int(found[1]))
    raise failure(STALE, f'no version of this record has the entity tag {text}; a version is written "3"')


def min_places(metadata: Mapping[str, str], departments: frozenset[str]) -> Mapping[str, Place]:
    """`marketing:1.12, contacts:1.40` -> places that a list waits for. Raises `RpcError` (400, 412)."""
    places: dict[str, Place] = {}
    for part in filter(None, (part.strip() for part in metadata.get(MIN_POSITION, "").split(","))):
        department, _, text = part.partition(":")
        try:
            place = Place.parse(text)
        except ValueError:
            raise malformed(MIN_POSITION, "positions such as marketing:1.12, contacts:1.40") from None
        if department not in departments:
            raise failure(BEYOND_HEAD, f"there is no department {department}, so no position of it")
        places[department] = max(place, places.get(department, place))
    return places


def traceparent(metadata: Mapping[str, str]) -> str:
    """The W3C trace context, or "" when there is none or it is malformed, as the standard says."""
    text = metadata.get(TRACEPARENT, "")
    return text if _TRACEPARENT.fullmatch(text) else ""


def malformed(header: str, expected: str) -> RpcError:
    """A header (metadata key) that does not say what it should."""
    return invalid([Violation("", f"{header}: expected {expected}")])
