"""A row of the table, its goal, and the two forms in which the table is given."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One measurement. `ratio` is ours to the peer's, greater is better unless `lower_is_better`; `goal` is a text,
    "at least / aim"; `met` says whether the "at least" was reached."""

    name: str
    value: float
    unit: str
    peer: str
    peerValue: float | None  # noqa: N815 - the name in the results' published form
    ratio: float | None
    goal: str
    met: bool
    note: str = ""


def compared(
    name: str, value: float, unit: str, peer: str, peer_value: float, least: float, aim: float, note: str = ""
) -> Row:
    """A row judged by its ratio to a peer in the same run."""
    ratio = round(value / peer_value, 3)
    return Row(
        name, round(value, 1), unit, peer, round(peer_value, 1), ratio, f"{least}x / {aim}x", ratio >= least, note
    )


def measured(name: str, value: float, unit: str, least: float, aim: float, note: str = "") -> Row:
    """A row judged by its own figure: the more the better."""
    return Row(name, round(value, 2), unit, "", None, None, f"≥ {least:g} / {aim:g}", value >= least, note)


def at_most(name: str, value: float, unit: str, most: float, aim: float, note: str = "") -> Row:
    """A row judged by its own figure: the less the better."""
    return Row(name, round(value, 2), unit, "", None, None, f"≤ {most:g} / {aim:g}", value <= most, note)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory_kib = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memoryGiB": round(memory_kib / 2**20, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "loadBefore": round(os.getloadavg()[0], 2),
    }


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | Baton | peer | ratio | at least / aim | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        peer = f"{row.peer} {row.peerValue:,} {row.unit}" if row.peerValue is not None else ""
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        met = "yes" if row.met else "**no**"
        lines.append(f"| {row.name} | {row.value:,} {row.unit} | {peer} | {ratio} | {row.goal} | {met} |")
    return "\n".join(lines)


def save(rows: list[Row], on: dict[str, Any]) -> Path:
    """Write `bench/results/latest.json`; rows of other parts, measured before, stay."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "latest.json"
    before = json.loads(path.read_text())["rows"] if path.exists() else []
    names = {row.name for row in rows}
    kept = [row for row in before if row["name"] not in names]
    path.write_text(
        json.dumps({"machine": on, "rows": kept + [asdict(row) for row in rows]}, indent=2, ensure_ascii=False) + "\n"
    )
    return path
