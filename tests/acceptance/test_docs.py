"""The examples of the documentation, typed into a shell beside a real Baton, answer what their pages show."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import ROOT, Block, blocks, fits
from tests.support.running import Baton, running

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the examples need bash and curl"),
]

#: Where pages say that Baton listens, and what they type to run its command.
ADDRESS, COMMAND = "http://127.0.0.1:8080", ".venv/bin/baton"
PATIENCE_S = 30.0
_END = "\x04 that was all"


@dataclass
class Shell:
    """A shell in the repository, beside a running Baton."""

    process: asyncio.subprocess.Process
    baton: Baton

    async def type(self, text: str) -> str:
        """Run what stands on a page; answers what it prints."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        here = text.replace(ADDRESS, self.baton.url).replace(COMMAND, f"{sys.executable} -m runtime.cli")
        self.process.stdin.write(f"{here}\necho '{_END}'\n".encode())
        printed = (await self.process.stdout.readuntil(f"{_END}\n".encode())).decode()
        return printed.removesuffix(f"{_END}\n").strip()


@asynccontextmanager
async def shell(baton: Baton) -> AsyncIterator[Shell]:
    pipes: dict[str, Any] = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec("bash", env=baton.environment, cwd=ROOT, limit=2**24, **pipes)
    try:
        yield Shell(process, baton)
    finally:
        process.kill()
        await process.wait()


def examples(page: Path) -> Iterator[tuple[Block, Block | None]]:
    """What is typed, and what is shown beneath it, if anything is."""
    found = blocks(page)
    for n, block in enumerate(found):
        if block.language == "sh":
            after = found[n + 1] if n + 1 < len(found) else None
            yield block, after if after is not None and after.language == "json" else None


@pytest.fixture(scope="module")
async def baton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Baton]:
    async with running(tmp_path_factory.mktemp("docs") / "home") as started:
        yield started


async def test_a_day_in_baton_goes_as_its_page_says(baton: Baton) -> None:
    async with shell(baton) as typing:
        for typed, shown in examples(ROOT / "docs" / "users.md"):
            if shown is None:
                assert await typing.type(typed.text) == "", typed
            else:
                await _answers(typing, typed, shown)


async def _answers(typing: Shell, typed: Block, shown: Block) -> None:
    """A write answers at once what is shown; a read does once what it shows has arrived."""
    until = time.monotonic() + (0.0 if " -d " in typed.text else PATIENCE_S)
    while True:
        answer = json.loads(await typing.type(typed.text))
        if fits(json.loads(shown.text), answer):
            return
        if time.monotonic() >= until:
            pytest.fail(f"{typed}:\n{typed.text}\nanswered {json.dumps(answer, ensure_ascii=False, indent=1)}")
        await asyncio.sleep(0.05)
