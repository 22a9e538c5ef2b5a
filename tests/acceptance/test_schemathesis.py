"""Schemathesis against a running Baton: every check, every phase, with the committed configuration and nothing else."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.running import ROOT, running

#: Enough to judge a change; `schemathesis run` by hand looks further with more.
EXAMPLES = 5
RUN_S = 900


@pytest.mark.timeout(RUN_S + 60)
async def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as baton:
        token = await baton.token("acme", "emma.clarke", "manager", "operator", "admin", branch="london")
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"), "--config-file", ROOT / "schemathesis.toml", "--no-color",
            "run", f"{baton.url}/openapi.json", "--header", f"Authorization: Bearer {token}",
            "--max-examples", str(EXAMPLES), "--seed", "1", "--generation-database", "none",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), RUN_S)

    found = output.decode(errors="replace")
    lines = [line[:400] for line in found.splitlines() if line.strip()]
    assert process.returncode == 0, "\n".join(lines[-150:])
    assert "API Operations" in found
