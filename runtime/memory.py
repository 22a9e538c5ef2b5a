"""When Python looks for garbage, and when it gives memory back."""

import ctypes
import gc


def give_back() -> None:
    """Collect, keep what is alive out of later collections, and return free memory to the system, where glibc can."""
    gc.collect()
    gc.freeze()
    try:
        trim = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return
    trim(0)


def collect_rarely() -> None:
    """What lives here lives long: folded states, prepared statements, descriptors. Walking through all of it again and
    again, as Python does by default after every 700 objects, costs half of a large import's time."""
    gc.set_threshold(100_000, 50, 100)
