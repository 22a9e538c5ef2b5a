"""Show the rooms named, or all: each test passes with its guard, and fails without it."""

import sys

from tests.museum.rooms import RoomError, hold, rooms, show


def main(names: list[str]) -> int:
    wanted = [room for room in rooms() if not names or room.name in names]
    unknown = set(names) - {room.name for room in wanted}
    if unknown:
        print(f"no such room: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    broken = 0
    for room in wanted:
        try:
            hold(room)
            show(room)
            print(f"ok      {room.name}", flush=True)
        except RoomError as error:
            broken += 1
            print(f"BROKEN  {error}", flush=True)
    print(f"{len(wanted)} rooms, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
