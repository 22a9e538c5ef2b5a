"""The metadata of a call, which REST carries as headers of the same names."""

import re
from collections.abc import Iterable, Mapping

from eventlog import tracing
from eventlog.events import Place, Version
from runtime.errors import BEYOND_HEAD, STALE, UNAUTHENTICATED, RpcError, Violation, failure, invalid
from runtime.etags import Versions, strong, version_of

AUTHORIZATION = "authorization"
IDEMPOTENCY_KEY = "idempotency-key"
IF_MATCH = "if-match"
MIN_POSITION = "baton-min-position"
TRACEPARENT = "traceparent"
ETAG = "etag"
POSITION = "baton-position"
REPLAYED = "idempotency-replayed"

KEY_LENGTH_MAX = 255
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


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


def if_match(metadata: Mapping[str, str], in_body: str = "") -> Versions | None:
    """The versions that the caller would write on: those of `"3"` or `"3", "4"`, and of the tag that the body of a
    change sends back (AIP-154). `*` asks for nothing that a write does not ask anyway.

    Raises `RpcError` (412) where no version is left: no record ever has such entity tags, or a weak one (RFC 9110)."""
    text = metadata.get(IF_MATCH, "*").strip()
    asked = [] if text == "*" else [_versions(text, strong(text) or [])]
    asked += [_versions(in_body, [in_body.removeprefix('"').removesuffix('"')])] if in_body else []
    if not asked:
        return None
    versions = frozenset.intersection(*asked)
    if not versions:
        raise failure(STALE, f"the header If-Match and the etag in the body name different versions: {text}, {in_body}")
    return versions


def _versions(said: str, tags: Iterable[str]) -> frozenset[Version]:
    found = frozenset(version for version in map(version_of, tags) if version is not None)
    if not found:
        raise failure(STALE, f'no version of this record has the entity tag {said}; a version is written "3"')
    return found


def min_places(metadata: Mapping[str, str], departments: frozenset[str]) -> Mapping[str, Place]:
    """`marketing:1.12, contacts:1.40` -> places that a list waits for. Raises `RpcError` (400, 412)."""
    places: dict[str, Place] = {}
    for part in filter(None, (part.strip() for part in metadata.get(MIN_POSITION, "").split(","))):
        department, _, text = part.partition(":")
        try:
            place = Place.parse(text)
        except ValueError:
            raise malformed(MIN_POSITION, "positions such as DEPARTMENT:1.12, DEPARTMENT:1.40") from None
        if department not in departments:
            raise failure(BEYOND_HEAD, f"there is no department {department}, so no position of it")
        places[department] = max(place, places.get(department, place))
    return places


def traceparent(metadata: Mapping[str, str]) -> str:
    """The W3C trace context, or "" when there is none or it is malformed, as the standard says."""
    text = metadata.get(TRACEPARENT, "")
    return text if tracing.trace_id(text) else ""


def traced(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """The metadata for a call that belongs to the work in hand."""
    current = tracing.current()
    return {**metadata, TRACEPARENT: current} if current else metadata


def malformed(header: str, expected: str) -> RpcError:
    """A header (metadata key) that does not say what it should."""
    return invalid([Violation("", f"{header}: expected {expected}")])
