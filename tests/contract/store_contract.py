"""What every log does: the one behaviour that each adapter is held to."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from prometheus_client import REGISTRY

from eventlog import tracing
from eventlog.errors import CommandReused, Conflict, TooLarge
from eventlog.events import EVENT_BYTES_MAX, Place, Position, Version, event_id
from eventlog.store import (
    ANY,
    EXISTS,
    NO_STREAM,
    PAGE_BYTES,
    Append,
    Appended,
    Expected,
    Filter,
    Mode,
    Store,
    StreamWrite,
    exact,
)
from tests.support.digests import VECTORS, vector_append
from tests.support.log import TENANT, Clock, a_command, an_append, an_event, collect, whole_log
from tests.support.spans import recorded_spans

UNICODE_NAMES = [
    "sales.deal-Ünïcødé",
    "sales.сделка-№1",
    "販売.取引-一",
    "sales.deal-👩🏽‍💻",
    "e\u0301 is not \u00e9",
    "right\u200fto\u200eleft مرحبا",
    "quotes ' \" \\ $1 %s {} -- ; /*",
    "line\nbreak\ttab\x01\x1f\x7f",
    "\ufeff\ufffe\uffff\U0010ffff",
    " spaces around ",
]


class StoreContract:
    """Inherit it, give it a fixture `store` that is an empty log of `sales` with the clock of the fixture `clock`."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    # What an append expects of its stream

    @pytest.mark.parametrize(
        ("before", "expected", "fits"),
        [
            (0, NO_STREAM, True),
            (0, exact(Version(0)), True),
            (0, Expected(Mode.EXACT, Version(0)), True),
            (0, exact(Version(1)), False),
            (0, EXISTS, False),
            (0, ANY, True),
            (2, NO_STREAM, False),
            (2, exact(Version(1)), False),
            (2, exact(Version(2)), True),
            (2, exact(Version(3)), False),
            (2, EXISTS, True),
            (2, ANY, True),
        ],
    )
    async def test_an_append_happens_only_if_the_stream_is_as_expected(
        self, store: Store, before: int, expected: Expected, fits: bool
    ) -> None:
        if before:
            await store.append(an_append(facts=before))

        if fits:
            appended = await store.append(an_append(expected=expected))
            assert appended.versions == {"sales.deal-7": before + 1}
        else:
            with pytest.raises(Conflict) as refused:
                await store.append(an_append(expected=expected))
            assert (refused.value.expected, refused.value.found) == (str(expected), before)

        assert await store.stream_version(TENANT, "sales.deal-7") == before + fits
        assert len(await whole_log(store)) == before + fits

    async def test_a_conflict_says_what_was_expected_and_what_was_found(self, store: Store) -> None:
        await store.append(an_append(facts=4))

        with pytest.raises(Conflict, match=r"^expected version 3 of sales\.deal-7, found 4$"):
            await store.append(an_append(expected=exact(Version(3))))

    async def test_the_answer_names_positions_versions_and_time(self, store: Store, clock: Clock) -> None:
        await store.append(an_append("sales.deal-1", facts=2))
        clock.forward(timedelta(seconds=3))

        appended = await store.append(an_append("sales.deal-2", NO_STREAM, 3, outcome=b"made"))

        assert appended == Appended(
            store.generation, Position(3), Position(5), {"sales.deal-2": Version(3)}, b"made", clock.at
        )
        assert appended.place == Place(store.generation, Position(5)) == await store.head()
        assert await store.answered_to() == Position(5)

    async def test_the_time_of_a_log_never_goes_back(self, store: Store, clock: Clock) -> None:
        first = await store.append(an_append())
        clock.forward(timedelta(hours=-1))

        second = await store.append(an_append())

        assert second.recorded_at == first.recorded_at
        assert len(await whole_log(store)) == 2

    async def test_an_event_comes_back_as_it_was_appended(self, store: Store, clock: Clock) -> None:
        command = uuid4()
        await store.append(an_append(facts=[an_event(b'{"amount": "12.30"}', "sales.deal-won")], command=command))

        (event,) = await whole_log(store)

        assert event.tenant == TENANT
        assert event.stream == "sales.deal-7"
        assert (event.generation, event.position, event.version) == (store.generation, 1, 1)
        assert event.id == event_id(command, 0)
        assert (event.type, event.schema) == ("sales.deal-won", 1)
        assert event.recorded_at == clock.at
        assert (event.metadata, event.data) == (b'{"employee": "anna"}', b'{"amount": "12.30"}')
        assert event.place == Place(store.generation, Position(1))

    # Racing writers

    async def test_of_writers_that_race_for_one_version_one_wins(self, store: Store) -> None:
        await store.append(an_append(expected=NO_STREAM))

        answers = await asyncio.gather(
            *(store.append(an_append(expected=exact(Version(1)))) for _ in range(20)), return_exceptions=True
        )

        assert Counter(type(answer) for answer in answers) == {Appended: 1, Conflict: 19}
        assert await store.stream_version(TENANT, "sales.deal-7") == 2

    async def test_writers_that_do_not_care_all_get_a_version_of_their_own(self, store: Store) -> None:
        answers = await asyncio.gather(*(store.append(an_append(expected=ANY)) for _ in range(50)))

        assert sorted(answer.versions["sales.deal-7"] for answer in answers) == list(range(1, 51))
        assert len(await whole_log(store)) == 50

    async def test_writers_of_many_streams_do_not_disturb_each_other(self, store: Store) -> None:
        async def write(stream: str) -> None:
            for version in range(5):
                await store.append(an_append(stream, exact(Version(version))))

        await asyncio.gather(*(write(f"sales.deal-{n}") for n in range(20)))

        log = await whole_log(store)
        assert Counter(event.stream for event in log) == {f"sales.deal-{n}": 5 for n in range(20)}

    async def test_an_append_that_conflicts_leaves_its_neighbours_alone(self, store: Store) -> None:
        await store.append(an_append("sales.deal-0", NO_STREAM))
        appends = [an_append(f"sales.deal-{n // 2}", NO_STREAM) for n in range(2, 20)]

        answers = await asyncio.gather(*map(store.append, appends), return_exceptions=True)

        assert Counter(type(answer) for answer in answers) == {Appended: 9, Conflict: 9}
        assert [event.stream for event in await whole_log(store)] == [f"sales.deal-{n}" for n in range(10)]

    # Several streams in one append

    async def test_one_append_writes_several_streams_together(self, store: Store) -> None:
        writes = [
            StreamWrite("contacts.person-1", NO_STREAM, [an_event(), an_event()]),
            StreamWrite("contacts.claim-abc", NO_STREAM, [an_event()]),
        ]
        command = a_command()

        appended = await store.append(Append(TENANT, command, writes))

        assert appended.versions == {"contacts.person-1": 2, "contacts.claim-abc": 1}
        assert [(event.stream, event.version, event.id) for event in await whole_log(store)] == [
            ("contacts.person-1", 1, event_id(command.id, 0)),
            ("contacts.person-1", 2, event_id(command.id, 1)),
            ("contacts.claim-abc", 1, event_id(command.id, 2)),
        ]

    async def test_one_condition_that_fails_stops_the_whole_append(self, store: Store) -> None:
        await store.append(an_append("contacts.claim-abc"))
        writes = [
            StreamWrite("contacts.person-1", NO_STREAM, [an_event()]),
            StreamWrite("contacts.claim-abc", NO_STREAM, [an_event()]),
        ]

        with pytest.raises(Conflict, match=r"contacts\.claim-abc"):
            await store.append(Append(TENANT, a_command(), writes))

        assert await store.stream_version(TENANT, "contacts.person-1") == 0

    async def test_a_condition_without_events_is_checked_too(self, store: Store) -> None:
        await store.append(an_append("sales.pipeline-1"))
        on_this_pipeline = StreamWrite("sales.pipeline-1", exact(Version(1)), [])
        no_such_deal = StreamWrite("sales.deal-9", NO_STREAM, [])

        appended = await store.append(
            Append(
                TENANT, a_command(), [on_this_pipeline, no_such_deal, StreamWrite("sales.deal-1", ANY, [an_event()])]
            )
        )

        assert appended.versions == {"sales.pipeline-1": 1, "sales.deal-9": 0, "sales.deal-1": 1}
        with pytest.raises(Conflict):
            await store.append(Append(TENANT, a_command(), [StreamWrite("sales.pipeline-1", NO_STREAM, [])]))

    async def test_a_stream_stands_only_once_in_an_append(self, store: Store) -> None:
        twice = [StreamWrite("sales.deal-1", ANY, [an_event()]), StreamWrite("sales.deal-1", ANY, [an_event()])]

        with pytest.raises(ValueError, match=r"sales\.deal-1 stands twice"):
            await store.append(Append(TENANT, a_command(), twice))

    # Repeated commands

    async def test_a_repeated_command_gets_the_first_answer(self, store: Store) -> None:
        append = an_append(expected=NO_STREAM, facts=2, outcome=b"made")
        first = await store.append(append)
        await store.append(an_append(facts=3))

        again = await store.append(append)

        assert again == Appended(
            first.generation, first.first, first.last, first.versions, b"made", first.recorded_at, repeated=True
        )
        assert await store.append(append) == again
        assert await store.answered(TENANT, append.command) == again
        assert len(await whole_log(store)) == 5

    async def test_a_repeated_command_may_carry_other_bytes(self, store: Store) -> None:
        """Encryption makes honest retries differ: the request is what counts, and the HMAC stands for it."""
        command = uuid4()
        first = await store.append(an_append(facts=[an_event("sealed once")], command=command))

        again = await store.append(an_append(facts=[an_event("sealed twice")], command=command))

        assert (again.repeated, again.place) == (True, first.place)

    async def test_a_command_stands_for_one_request(self, store: Store) -> None:
        command = uuid4()
        await store.append(an_append(command=command, request=b"move to stage two"))

        with pytest.raises(CommandReused):
            await store.append(an_append(command=command, request=b"move to stage three"))
        with pytest.raises(CommandReused):
            await store.answered(TENANT, a_command(command, b"move to stage three"))
        assert len(await whole_log(store)) == 1

    async def test_a_command_that_is_still_running_is_waited_for(self, store: Store) -> None:
        append = an_append(expected=NO_STREAM, facts=2)

        answers = await asyncio.gather(*(store.append(append) for _ in range(10)))

        assert [answer.repeated for answer in answers].count(False) == 1
        assert {answer.place for answer in answers} == {Place(store.generation, Position(2))}
        assert len(await whole_log(store)) == 2

    async def test_another_request_under_a_running_command_is_refused(self, store: Store) -> None:
        command = uuid4()

        answers = await asyncio.gather(
            *(store.append(an_append(command=command, request=f"request {n}".encode())) for n in range(5)),
            return_exceptions=True,
        )

        assert Counter(type(answer) for answer in answers) == {Appended: 1, CommandReused: 4}
        assert len(await whole_log(store)) == 1

    async def test_a_refused_command_is_not_remembered(self, store: Store) -> None:
        append = an_append(expected=EXISTS)
        with pytest.raises(Conflict):
            await store.append(append)
        assert await store.answered(TENANT, append.command) is None
        await store.append(an_append())

        assert (await store.append(append)).repeated is False

    async def test_a_command_that_does_nothing_is_remembered_like_any_other(self, store: Store) -> None:
        await store.append(an_append(facts=3))
        nothing = Append(
            TENANT, a_command(), [StreamWrite("sales.deal-7", exact(Version(3)), [])], outcome=b"already there"
        )
        first = await store.append(nothing)
        await store.append(an_append())

        again = await store.append(nothing)

        assert (first.first, first.last, first.versions) == (3, 3, {"sales.deal-7": 3})
        assert (again.repeated, again.place, again.versions) == (True, first.place, first.versions)
        assert again.outcome == b"already there"
        assert len(await whole_log(store)) == 4

    async def test_a_command_without_any_stream_is_remembered(self, store: Store) -> None:
        nothing = Append(TENANT, a_command(), [])

        first = await store.append(nothing)

        assert (first.first, first.last, first.versions) == (0, 0, {})
        assert (await store.append(nothing)).repeated

    async def test_a_command_never_answered_has_no_answer(self, store: Store) -> None:
        assert await store.answered(TENANT, a_command()) is None

    async def test_a_cancelled_append_has_happened_or_not(self, store: Store) -> None:
        """And its command, asked again, tells which; its neighbours feel nothing."""
        appends = [an_append(f"sales.deal-{n}", NO_STREAM) for n in range(30)]
        tasks = [asyncio.create_task(store.append(append)) for append in appends]
        for turn in range(6):
            for task in tasks[turn::6][:2]:
                task.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)

        again = await asyncio.gather(*map(store.append, appends))

        assert {answer.versions[append.writes[0].stream] for append, answer in zip(appends, again, strict=True)} == {1}
        assert all(answer.repeated for task, answer in zip(tasks, again, strict=True) if not task.cancelled())
        assert len(await whole_log(store)) == 30

    # Reading

    async def test_a_stream_is_read_forward_backward_and_from_a_version(self, store: Store) -> None:
        await store.append(an_append("sales.deal-1", facts=3))
        await store.append(an_append("sales.deal-2", facts=2))
        await store.append(an_append("sales.deal-1", facts=2))

        async def versions(after: int = 0, limit: int | None = None, *, backwards: bool = False) -> list[int]:
            found = await store.read_stream(
                TENANT, "sales.deal-1", after=Version(after), limit=limit, backwards=backwards
            )
            return [event.version for event in found]

        assert await versions() == [1, 2, 3, 4, 5]
        assert await versions(2) == [3, 4, 5]
        assert await versions(2, 2) == [3, 4]
        assert await versions(backwards=True) == [5, 4, 3, 2, 1]
        assert await versions(2, backwards=True) == [5, 4, 3]
        assert await versions(limit=1, backwards=True) == [5]
        assert await versions(5) == []
        assert await versions(99) == []

    async def test_an_unknown_stream_is_empty(self, store: Store) -> None:
        assert await store.read_stream(TENANT, "sales.deal-404") == []
        assert await store.stream_version(TENANT, "sales.deal-404") == 0

    async def test_an_empty_log_is_at_position_nought(self, store: Store) -> None:
        page = await store.read_all(Position(0))

        assert await store.head() == Place(store.generation, Position(0))
        assert (list(page.events), page.scanned, page.head, page.generation) == ([], 0, 0, store.generation)

    async def test_the_log_is_read_in_pages(self, store: Store) -> None:
        for n in range(5):
            await store.append(an_append(f"sales.deal-{n}", facts=5))

        pages = [await store.read_all(Position(after), 10) for after in (0, 10, 20, 25)]

        assert [[event.position for event in page.events] for page in pages] == [
            list(range(1, 11)),
            list(range(11, 21)),
            list(range(21, 26)),
            [],
        ]
        assert [(page.scanned, page.head) for page in pages] == [(10, 25), (20, 25), (25, 25), (25, 25)]

    async def test_a_page_of_large_events_ends_before_it_grows_too_large(self, store: Store) -> None:
        large = [an_event(data=bytes(EVENT_BYTES_MAX)) for _ in range(10)]
        for event in large:
            await store.append(an_append(facts=[event]))
        await store.append(an_append(facts=3))

        first = await store.read_all(Position(0), 1000)
        then = await store.read_all(first.scanned, 1000)

        assert [event.position for event in first.events] == list(range(1, 9))
        assert sum(len(event.data) for event in first.events) == PAGE_BYTES
        assert [event.position for event in then.events] == list(range(9, 14))
        assert [(page.scanned, page.head) for page in (first, then)] == [(8, 13), (13, 13)]
        only = Filter(types=frozenset({large[0].type}))
        assert (await store.read_all(Position(0), 1000, only)).scanned == 8
        assert [event.position for event in await whole_log(store)] == list(range(1, 14))

    async def test_a_page_after_the_head_stays_where_it_was_asked(self, store: Store) -> None:
        await store.append(an_append())

        page = await store.read_all(Position(7), 10)

        assert (list(page.events), page.scanned, page.head) == ([], 7, 1)

    async def test_a_filtered_page_says_how_far_it_looked(self, store: Store) -> None:
        await store.append(an_append("sales.deal-1", facts=[an_event(type="sales.deal-won")]))
        await store.append(an_append("sales.deal-2", facts=8))
        await store.append(an_append("sales.deal-1", facts=[an_event(type="sales.deal-lost")], tenant="other"))

        async def found(only: Filter) -> list[tuple[list[int], int]]:
            pages = [await store.read_all(Position(after), 4, only) for after in (0, 4, 8)]
            return [([event.position for event in page.events], page.scanned) for page in pages]

        assert await found(Filter(types=frozenset({"sales.deal-won", "sales.deal-lost"}))) == [
            ([1], 4),
            ([], 8),
            ([10], 10),
        ]
        assert await found(Filter(tenant=TENANT, stream="sales.deal-1")) == [([1], 4), ([], 8), ([], 10)]
        assert await found(Filter(tenant="other")) == [([], 4), ([], 8), ([10], 10)]
        assert await found(Filter(types=frozenset({"no.such-type"}))) == [([], 4), ([], 8), ([], 10)]

    # Subscriptions

    async def test_a_subscription_catches_up_and_goes_live_without_gap_or_repeat(self, store: Store) -> None:
        for n in range(30):
            await store.append(an_append(f"sales.deal-{n}", facts=50))
        reading = asyncio.create_task(collect(store.subscribe(Position(0)), Position(2000)))

        for n in range(100):
            await store.append(an_append(f"sales.deal-{n % 10}", facts=5))

        assert [event.position for event in await reading] == list(range(1, 2001))

    async def test_a_subscription_begins_behind_any_position(self, store: Store) -> None:
        await store.append(an_append(facts=5))
        reading = asyncio.create_task(collect(store.subscribe(Position(3)), Position(6)))
        await store.append(an_append())

        assert [event.position for event in await reading] == [4, 5, 6]

    async def test_a_subscription_waits_for_a_position_that_is_not_there_yet(self, store: Store) -> None:
        reading = asyncio.create_task(collect(store.subscribe(Position(3)), Position(4)))
        await asyncio.gather(*(store.append(an_append()) for _ in range(4)))

        assert [event.position for event in await reading] == [4]

    async def test_a_filtered_subscription_moves_on_without_matches(self, store: Store) -> None:
        reading = asyncio.create_task(
            collect(store.subscribe(Position(0), Filter(types=frozenset({"no.such-type"}))), Position(3))
        )
        await store.append(an_append(facts=3))

        assert await reading == []

    async def test_many_subscriptions_see_the_same(self, store: Store) -> None:
        readings = [asyncio.create_task(collect(store.subscribe(Position(0)), Position(20))) for _ in range(5)]
        await asyncio.gather(*(store.append(an_append()) for _ in range(20)))

        logs = await asyncio.gather(*readings)

        assert all(log == logs[0] for log in logs)
        assert [event.position for event in logs[0]] == list(range(1, 21))

    # Digests

    async def test_digests_are_those_of_the_test_vectors(self, store: Store, clock: Clock) -> None:
        for vector in VECTORS:
            clock.at = vector.recorded_at
            await store.append(vector_append(vector))

        log = await whole_log(store)

        assert [event.digest.hex() for event in log] == [vector.digest for vector in VECTORS]
        assert [event.id for event in log] == [UUID(vector.id) for vector in VECTORS]

    # Sizes, tenants, Unicode

    async def test_payload_and_metadata_may_each_have_a_mebibyte(self, store: Store) -> None:
        largest = an_event(bytes(range(256)) * (EVENT_BYTES_MAX // 256))
        await store.append(an_append(facts=[largest]))

        (event,) = await store.read_stream(TENANT, "sales.deal-7")

        assert event.data == largest.data

    async def test_a_larger_event_is_refused(self, store: Store) -> None:
        with pytest.raises(TooLarge, match="1048577 bytes"):
            await store.append(an_append(facts=[an_event(bytes(EVENT_BYTES_MAX + 1))]))
        assert await whole_log(store) == []

    async def test_an_event_may_be_empty(self, store: Store) -> None:
        await store.append(an_append(facts=[an_event(b"")]))

        assert [event.data for event in await whole_log(store)] == [b""]

    async def test_tenants_are_kept_apart(self, store: Store) -> None:
        append = an_append(expected=NO_STREAM)
        other = Append("other", append.command, append.writes)

        await store.append(append)
        assert await store.answered("other", append.command) is None
        assert await store.stream_version("other", "sales.deal-7") == 0
        appended = await store.append(other)

        assert (appended.repeated, appended.versions) == (False, {"sales.deal-7": 1})
        assert [event.tenant for event in await store.read_stream("other", "sales.deal-7")] == ["other"]
        page = await store.read_all(Position(0), 10, Filter(tenant=TENANT))
        assert [event.tenant for event in page.events] == [TENANT]

    @pytest.mark.parametrize("name", UNICODE_NAMES)
    async def test_names_and_data_hold_every_kind_of_unicode(self, store: Store, name: str) -> None:
        append = an_append(name, NO_STREAM, [an_event(name, type=name)], tenant=name)
        await store.append(append)
        again = await store.append(append)

        (event,) = await store.read_stream(name, name)

        assert (event.tenant, event.stream, event.type, event.data.decode()) == (name, name, name, name)
        assert again.versions == {name: 1}
        page = await store.read_all(Position(0), 10, Filter(tenant=name, stream=name, types=frozenset({name})))
        assert list(page.events) == [event]

    async def test_names_that_look_alike_are_different_streams(self, store: Store) -> None:
        for name in ("deal-\u00e9", "deal-e\u0301", "DEAL-\u00e9", "deal-\u00e9 "):
            await store.append(an_append(name, NO_STREAM))

        assert len(await whole_log(store)) == 4

    @pytest.mark.parametrize(
        ("name", "why"), [("", "empty"), ("a\0b", "NUL"), ("x" * 1001, "1000 bytes"), ("\ud800", "surrogates")]
    )
    async def test_a_name_that_no_log_can_hold_is_refused(self, store: Store, name: str, why: str) -> None:
        for append in (an_append(name), an_append(tenant=name), an_append(facts=[an_event(type=name)])):
            with pytest.raises(ValueError, match=why):
                await store.append(append)
        with pytest.raises(ValueError, match=why):
            await store.read_stream(TENANT, name)
        assert (await store.append(an_append())).last == 1


class WriterContract(StoreContract):
    """Of a log whose appends wait for a writer: what of that is measured, and seen in traces."""

    async def test_appends_that_wait_are_measured(self, store: Store) -> None:
        before = measured("batch_count", "batch_sum", "wait_seconds_count")
        appends = [an_append(f"sales.deal-{n}", facts=[an_event(bytes(100))]) for n in range(5)]
        tasks = [asyncio.create_task(store.append(append)) for append in appends]
        await asyncio.sleep(0)
        assert measured("queue", "queue_outside") == [5, 0]
        assert measured("queue_bytes") >= [500]

        await asyncio.gather(*tasks)

        assert measured("queue", "queue_bytes", "queue_outside") == [0, 0, 0]
        after = measured("batch_count", "batch_sum", "wait_seconds_count")
        assert [now - then for now, then in zip(after, before, strict=True)] == [1, 5, 1]

    async def test_an_append_has_a_span_in_the_trace_of_its_facts(self, store: Store) -> None:
        trace = f"00-{uuid4().hex}-00f067aa0ba902b7-01"
        fact = replace(an_event(), metadata=orjson.dumps({"trace": trace}))
        with recorded_spans() as spans:
            await store.append(an_append(facts=[fact]))

        (span,) = spans.all()
        assert (span.name, span.attributes) == ("append sales", {"baton.department": "sales"})
        assert spans.traces() == {int(tracing.trace_id(trace), 16)}


def measured(*names: str) -> list[float]:
    """What Prometheus is told of the appends of sales."""
    return [REGISTRY.get_sample_value(f"baton_append_{name}", {"department": "sales"}) or 0.0 for name in names]
