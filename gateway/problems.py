"""Problem documents (RFC 9457): what a caller is told when a request fails, and the page that explains it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from gateway.transcoding.errors import BadInput, FieldError
from runtime import errors as rpc

JSON = "application/problem+json"


@dataclass(eq=False)
class Problem(Exception):
    """An answer that says what is wrong. `slug` names the page under `/problems/`."""

    slug: str
    status: int
    title: str
    detail: str = ""
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        document: dict[str, object] = {"type": f"/problems/{self.slug}", "title": self.title, "status": self.status}
        document["detail"] = self.detail or self.title
        if self.errors:
            document["errors"] = [{"pointer": each.pointer, "detail": each.detail} for each in self.errors]
        return orjson.dumps(document)


@dataclass(frozen=True)
class Kind:
    """One type of problem: its page, HTTP status, title, and what a caller can do about it."""

    slug: str
    status: int
    title: str
    advice: str

    def problem(
        self, detail: str = "", errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> Problem:
        return Problem(self.slug, self.status, self.title, detail, errors, headers or {})


def slug_of(reason: str) -> str:
    return reason.lower().replace("_", "-")


ADVICE = {
    rpc.INVALID.reason: "Read `errors`: each entry has the JSON pointer of a wrong field and what is allowed there. "
    "Sending the same request again gives the same answer.",
    rpc.UNAUTHENTICATED.reason: "Send the header `Authorization: Bearer <token>` with a token that has not expired.",
    rpc.FORBIDDEN.reason: "The token's roles do not allow this. Ask somebody who has the role that `detail` names.",
    rpc.NOT_FOUND.reason: "There is no such record, or not in your tenant or for your branch.",
    rpc.NO_SUCH_METHOD.reason: "Nothing is served under this path. The document at /openapi.json lists what is.",
    rpc.REFUSED.reason: "A rule of the business forbids this in the record's present state; `detail` says which.",
    rpc.STALE.reason: "The record was changed since you read it. Read it again, and decide on what it says now.",
    rpc.BEYOND_HEAD.reason: "The position asked for is not in the log: it is ahead of it, or of an earlier generation.",
    rpc.TOO_LARGE.reason: "Send less at once.",
    rpc.COMMAND_REUSED.reason: "This `Idempotency-Key` stands for another request. Use a new key for a new request.",
    rpc.TOO_MANY.reason: "Wait as long as `Retry-After` says, then try again.",
    rpc.INTERNAL.reason: "This is a mistake of ours. The log of the gateway says more; the same request with the same "
    "`Idempotency-Key` may be sent again.",
    rpc.OVERLOADED.reason: "Wait as long as `Retry-After` says, then send the same request with the same key.",
    rpc.UNAVAILABLE.reason: "Wait as long as `Retry-After` says, then send the same request with the same key. What "
    "was written is then answered, and not written twice.",
    rpc.BEHIND.reason: "The view has not heard of your write yet. Wait as long as `Retry-After` says and read again.",
    rpc.DEADLINE.reason: "It took too long. The same request with the same `Idempotency-Key` learns how it ended.",
}

OF_REASON: Mapping[str, Kind] = {
    reason: Kind(slug_of(reason), kind.http, kind.title, ADVICE.get(reason, "")) for reason, kind in rpc.KINDS.items()
}
INVALID = OF_REASON[rpc.INVALID.reason]
UNAUTHENTICATED = OF_REASON[rpc.UNAUTHENTICATED.reason]
NO_SUCH_PATH = OF_REASON[rpc.NO_SUCH_METHOD.reason]
TOO_LARGE = OF_REASON[rpc.TOO_LARGE.reason]
TOO_MANY = OF_REASON[rpc.TOO_MANY.reason]
INTERNAL = OF_REASON[rpc.INTERNAL.reason]
UNAVAILABLE = OF_REASON[rpc.UNAVAILABLE.reason]

METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed", 405, "This path is not served under this method", "The header `Allow` lists the methods."
)
SLOW = Kind("slow", 408, "The request took too long to arrive", "Send the whole request at once.")
LONG_QUERY = Kind("query-too-long", 414, "The path or query is too long", "Ask in several requests.")
MEDIA_TYPE = Kind(
    "media-type", 415, "This content type is not understood", "Send `application/json` in UTF-8, not compressed."
)
LONG_HEADERS = Kind("headers-too-large", 431, "The headers are too large", "Send fewer or shorter headers.")

KINDS: Mapping[str, Kind] = {
    kind.slug: kind for kind in (*OF_REASON.values(), METHOD_NOT_ALLOWED, SLOW, LONG_QUERY, MEDIA_TYPE, LONG_HEADERS)
}


def of_bad_input(error: BadInput) -> Problem:
    return INVALID.problem(str(error), error.errors)
