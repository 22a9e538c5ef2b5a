"""The examples of the documentation, typed into a shell beside a real Baton, answer what their pages show."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import ROOT, Block, blocks, fits
from tests.support.house import eventually
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


async def test_a_start_prints_what_readme_shows(baton: Baton) -> None:
    shown = next(block.text for block in blocks(ROOT / "README.md") if block.language == "text")

    async def printed() -> str:
        said = baton.log_path.read_text().replace(str(baton.home), "/somewhere/.baton")
        return said.replace(baton.url, ADDRESS)

    # It answers a moment before it says that it is ready.
    await eventually(printed, lambda said: fits(f"…{shown}…", said))


@pytest.mark.parametrize("page", ["users.md", "rest.md", "handoffs.md"])
async def test_what_a_page_types_is_answered_as_it_shows(baton: Baton, page: str) -> None:
    async with shell(baton) as typing:
        for typed, shown in examples(ROOT / "docs" / page):
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


async def test_customers_come_in_as_the_page_about_importing_says(baton: Baton, tmp_path: Path) -> None:
    page = {block.language: block for block in reversed(blocks(ROOT / "docs" / "import.md"))}
    (tmp_path / "customers.csv").write_text(page["csv"].text)
    (tmp_path / "customers.toml").write_text(page["toml"].text)
    async with shell(baton) as typing:
        await typing.type(f"export PYTHONPATH={ROOT}:{ROOT}/gen && cd {tmp_path}")
        first = await typing.type(f"{page['sh'].text} 2>&1")
        again = await typing.type(f"{page['sh'].text} 2>&1")
    assert fits(page["text"].text, first), first
    assert again.startswith("3 rows: 0 created, 0 updated, 2 unchanged, 1 rejected")
    assert (tmp_path / "customers.rejected.csv").read_text().splitlines()[1].startswith("4;Name;is required and empty;")


async def test_programs_of_the_page_about_streams_follow_facts_and_recompute_digests(
    baton: Baton, tmp_path: Path
) -> None:
    following, verifying = [block.text for block in blocks(ROOT / "docs" / "streams.md") if block.language == "python"]
    async with await baton.client("streams", "emma", "marketing", branch="leeds") as emma:
        lead = (await emma.post("/v1/leads", json={"source": "referral", "person": {"name": "Anna"}})).json()["id"]
        await emma.post(f"/v1/leads/{lead}:qualify", json={})
    told = await _first_lines(baton, tmp_path, following, await baton.token("streams", "reporting", "analyst"), 2)
    assert [line.split()[1:] for line in told] == [
        ["marketing.lead-captured", "1", "leeds"],
        ["marketing.lead-qualified", "2", "leeds"],
    ]
    operator = await baton.token("streams", "root", "operator")
    assert await _first_lines(baton, tmp_path, verifying, operator, 2, f"marketing.lead-{lead}") == [
        "1 marketing.lead-captured True",
        "2 marketing.lead-qualified True",
    ]


async def _first_lines(
    baton: Baton, folder: Path, program: str, token: str, count: int, *arguments: str
) -> Sequence[str]:
    """What a program of a page prints first; programs that follow a stream never end."""
    file = folder / "program.py"
    file.write_text(program.replace(ADDRESS, baton.url))
    environment = {**baton.environment, "TOKEN": token}
    command = (sys.executable, str(file), *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            return [(await process.stdout.readline()).decode().strip() for _ in range(count)]
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
