"""Real data of others: in `BATON_TEST_DATA`, by default beside the repository; never in it."""

import csv
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def real_data(name: str) -> Path:
    """A file or folder of the real data; the test is skipped where it is not at hand."""
    path = Path(os.environ.get("BATON_TEST_DATA") or ROOT / "../shared/data") / name
    if not path.exists():
        pytest.skip(f"{path} is not there: BATON_TEST_DATA names the folder of the real data")
    return path.resolve()


def oracle(name: str) -> dict[str, list[str]]:
    """A table of known results: the other columns by the first one."""
    with real_data(f"oracles/{name}").open(newline="") as file:
        _, *rows = csv.reader(file)
    return {key: rest for key, *rest in rows}
