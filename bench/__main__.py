"""`make bench`, or `python -m bench PART…`."""

import argparse
import importlib
import sys

from bench.rows import Row, machine, save, table

PARTS = ("appends", "reads", "views", "sealing", "rest", "latency", "memory", "walk", "relay", "feed", "cluster")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is named")
    chosen = parser.parse_args().parts or PARTS
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"unknown {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    on, rows = machine(), list[Row]()
    for part in chosen:
        print(f"measuring {part} …", file=sys.stderr, flush=True)
        measured = importlib.import_module(f"bench.{part}").run()
        rows += measured
        print(table(measured), file=sys.stderr, flush=True)
        save(rows, on)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
