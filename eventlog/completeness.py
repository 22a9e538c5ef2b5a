"""How far a source that is heard in parts was heard completely: the last watermark that every part has reached."""

from collections.abc import Mapping

from eventlog.events import Offset, Place
from eventlog.feed import Watermark

#: More watermarks are not waited for one by one while catching up.
EXPECTED_MAX = 1000


class Expected:
    """Watermarks that were not reached yet, in the order of the log. Each asks at least as much as the one before."""

    def __init__(self) -> None:
        self._watermarks: list[Watermark] = []
        self._last: Watermark | None = None

    def __bool__(self) -> bool:
        return bool(self._watermarks)

    def expect(self, watermark: Watermark) -> bool:
        """Wait for one more. False when it asks less than the one before: it is of another topic, made anew, and what
        was asked of the former one says nothing any more."""
        follows = self._last is None or _asks_as_much(watermark, self._last)
        if not follows:
            self._watermarks.clear()
        self._last = watermark
        self._watermarks.append(watermark)
        if len(self._watermarks) > EXPECTED_MAX:
            del self._watermarks[:-1:2]
        return follows

    def reached(self, offsets: Mapping[int, Offset]) -> Place | None:
        """The place of the last one that all parts have reached, given where to go on in each; None if there is none.
        It and those before are waited for no longer."""
        low, high = 0, len(self._watermarks)
        while low < high:
            middle = (low + high) // 2
            if _is_reached(self._watermarks[middle], offsets):
                low = middle + 1
            else:
                high = middle
        if not low:
            return None
        place = self._watermarks[low - 1].place
        del self._watermarks[:low]
        return place


def _is_reached(watermark: Watermark, offsets: Mapping[int, Offset]) -> bool:
    return all(offsets.get(part, 0) >= offset for part, offset in enumerate(watermark.offsets))


def _asks_as_much(watermark: Watermark, as_: Watermark) -> bool:
    pairs = zip(watermark.offsets, as_.offsets, strict=False)
    return watermark.place >= as_.place and all(offset >= before for offset, before in pairs)
