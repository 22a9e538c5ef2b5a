"""A watermark and its record."""

import pytest

from eventlog.events import Offset, Place, Position
from eventlog.kafka.watermarks import NotAWatermark, Watermark, nothing_told
from tests.unit.kafka.test_records import WON

MARK = Watermark(2, Position(1234), (Offset(7), Offset(0), Offset(12)), WON.digest)


def test_it_comes_back_equal() -> None:
    assert Watermark.parse(MARK.value()) == MARK
    assert Watermark.parse(nothing_told(1, 3).value()) == Watermark(1, Position(0), (Offset(0),) * 3)


def test_its_record_is_json_with_the_position_as_text_under_the_generation_as_key() -> None:
    assert MARK.key == b"2"
    assert MARK.value() == (
        b'{"generation":2,"position":"1234","offsets":[7,0,12],"digest":"%s"}' % WON.digest.hex().encode()
    )


def test_it_moves_on_with_what_was_acknowledged() -> None:
    moved = nothing_told(2, 3).after(WON, {1: Offset(5)})
    assert moved == Watermark(2, Position(1234), (Offset(0), Offset(5), Offset(0)), WON.digest)
    assert moved.place == Place(2, Position(1234))


@pytest.mark.parametrize(
    "value", [None, b"", b"{}", b"[]", b"7", b'{"generation":1,"position":"x","offsets":[],"digest":""}']
)
def test_anything_else_is_not_a_watermark(value: bytes | None) -> None:
    with pytest.raises(NotAWatermark):
        Watermark.parse(value)
