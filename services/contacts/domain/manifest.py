"""What belongs into a manifest, and where a receipt differs from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from facts.common import ManifestEntry

Entries = Sequence[ManifestEntry]

#: Streams that say how Baton works and nothing of a customer: locks and rules.
_OF_NO_CUSTOMER = ("contacts.claim-", "contacts.branch-", "contacts.handoffkind-")


def is_of_customers(stream: str) -> bool:
    """Whether a stream may tell something of a customer."""
    return not stream.startswith(_OF_NO_CUSTOMER)


def concerns(stream: str, handoff_id: str) -> bool:
    """Whether a stream that names the subject belongs into the first manifest of this handoff.

    The conversation of earlier handoffs does; this one's own stream and receipts do not."""
    return (
        is_of_customers(stream)
        and not stream.endswith(f".handoff-{handoff_id}")
        and not (stream.endswith(f".receipt-{handoff_id}"))
    )


def is_conversation(stream: str) -> bool:
    """Streams of the handoff process. They are never in a closing manifest or a supplement: the talk about one
    supplement would be news for every other handoff of the same person, without end."""
    _, _, name = stream.partition(".")
    return name.startswith(("handoff-", "receipt-"))


def record_in(stream: str) -> str:
    """The record whose stream it is: `lead:5f…`, for `contacts.lead-5f…` too. It is written by who may read it, so a
    fact in it opens the record itself to whom it names."""
    kind, _, id = stream.partition(".")[2].partition("-")
    return f"{kind}:{id}"


def is_news(stream: str) -> bool:
    """Whether a stream belongs into closing manifests and supplements."""
    return is_of_customers(stream) and not is_conversation(stream)


def newer(entries: Entries, covered: Mapping[str, int]) -> tuple[ManifestEntry, ...]:
    """What stands in `entries` beyond the versions covered."""
    return tuple(each for each in entries if each.version > covered.get(each.stream, 0) and is_news(each.stream))


def named_of(withheld: Collection[str], entries: Entries) -> tuple[str, ...]:
    """The streams withheld that a manifest names."""
    return tuple(each.stream for each in entries if each.stream in withheld)


def covered(parts: Iterable[Entries]) -> dict[str, int]:
    """The greatest version of each stream in these manifests."""
    versions: dict[str, int] = {}
    for entries in parts:
        for each in entries:
            versions[each.stream] = max(each.version, versions.get(each.stream, 0))
    return versions


def differences(manifest: Entries, receipt: Entries) -> tuple[str, ...]:
    """Where a receipt is not its manifest, in words without personal data; nothing when they are equal."""
    wanted = {each.stream: each for each in manifest}
    got = {each.stream: each for each in receipt}
    missing = [f"{stream}: not in the receipt" for stream in sorted(wanted.keys() - got.keys())]
    foreign = [f"{stream}: not in the manifest" for stream in sorted(got.keys() - wanted.keys())]
    shared = sorted(wanted.keys() & got.keys())
    doubled = ["a stream stands twice in the receipt"] if len(got) < len(receipt) else []
    return (*missing, *foreign, *filter(None, (_difference(wanted[each], got[each]) for each in shared)), *doubled)


def _difference(wanted: ManifestEntry, got: ManifestEntry) -> str:
    if wanted.version != got.version:
        return f"{wanted.stream}: version {wanted.version} was offered, {got.version} was received"
    return "" if wanted.digest == got.digest else f"{wanted.stream} version {wanted.version}: another digest"
