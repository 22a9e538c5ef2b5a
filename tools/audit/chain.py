"""The chain digest of an event, as docs/digests.md defines it, recomputed from the bytes that a log shows."""

import hashlib
import struct
from collections.abc import Callable
from typing import Any

START = bytes(32)
_TAG = b"baton.event.v1"

_length: Callable[[int], bytes] = struct.Struct(">q").pack
_HEAD = _length(len(_TAG)) + _TAG + _length(32)
_EIGHT, _SIXTEEN = _length(8), _length(16)


def digest(previous: bytes, event: Any) -> bytes:
    """SHA-256 over the tag, the predecessor's digest and every field of a `LoggedEvent`, each with its length."""
    tenant, stream, type = event.tenant.encode(), event.stream.encode(), event.type.encode()
    recorded_at = event.recorded_at
    metadata, data = event.metadata, event.data
    return hashlib.sha256(
        b"".join(
            (
                _HEAD, previous,
                _length(len(tenant)), tenant,
                _length(len(stream)), stream,
                _EIGHT, _length(event.version),
                _SIXTEEN, bytes.fromhex(event.id.replace("-", "")),
                _length(len(type)), type,
                _EIGHT, _length(event.schema),
                _EIGHT, _length(recorded_at.seconds * 1_000_000 + recorded_at.nanos // 1_000),
                _length(len(metadata)), metadata,
                _length(len(data)), data,
            )
        )
    ).digest()  # fmt: skip
