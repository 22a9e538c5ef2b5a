"""The page docs/digests.md says how digests are made; what it says is what is done."""

from uuid import UUID, uuid5

import pytest

from eventlog.events import CHAIN_START, chain_digest, event_id
from tests.support.digests import VECTORS, Vector, digest_by_the_page


def before(vector: Vector) -> str:
    """The digest of the event before it in its stream."""
    for other in VECTORS:
        if (other.tenant, other.stream, other.version) == (vector.tenant, vector.stream, vector.version - 1):
            return other.digest
    return CHAIN_START.hex()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.stream}@{vector.version}")
def test_the_page_its_vectors_and_the_code_agree(vector: Vector) -> None:
    by_the_code = chain_digest(
        bytes.fromhex(before(vector)),
        vector.tenant,
        vector.stream,
        vector.version,
        UUID(vector.id),
        vector.type,
        vector.schema,
        vector.recorded_at,
        vector.metadata,
        vector.data,
    )

    assert by_the_code.hex() == digest_by_the_page(before(vector), vector) == vector.digest
    assert str(event_id(UUID(vector.command), 0)) == vector.id


@pytest.mark.parametrize("n", [0, 9, 10, 4711])
def test_the_id_of_a_fact_is_that_of_version_five(n: int) -> None:
    command = UUID(VECTORS[0].command)

    assert event_id(command, n) == uuid5(command, str(n))
