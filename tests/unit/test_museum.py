"""The rooms of the museum stay open: each patch fits today's code. `make soak` shows that its test then fails."""

import pytest

from tests.museum.rooms import ROOT, Room, applies, rooms


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_a_room_fits_todays_code(room: Room) -> None:
    assert applies(room), f"{room.patch.name} no longer applies: make it anew"
    for test in room.tests:
        file, name = test.split("::")[0], test.split("::")[-1]
        assert f"def {name.split('[')[0]}(" in (ROOT / file).read_text("utf-8")
