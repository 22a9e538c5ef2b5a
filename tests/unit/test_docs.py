"""The documentation names only what there is, and everything that users can set or type."""

import argparse
import re
import shlex
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from runtime.cli import COMMANDS, parser
from runtime.settings import Settings
from tests.support.data import oracle
from tests.support.documents import ROOT, blocks, fits, links, named, pages, prose, quoted, typed
from tests.support.measured import measures
from tests.support.settings import VARIABLES, variable

RUNNING = ROOT / "docs" / "running.md"
#: Where metrics are listed: all but the relays', and those.
LISTS = (RUNNING, ROOT / "docs" / "kafka.md")
#: What tests read from the environment, beside what `Settings` reads.
OF_TESTS = {"BATON_TEST_DATA", "BATON_TEST_STRICT"}
#: Files that pages name and that no repository holds: made by the user, or by a running Baton.
MADE = {"customers.csv", "customers.toml", "customers.rejected.csv", "run.json", "bench/results/latest.json"}
_FILE = re.compile(r"[\w<>.*-]+(/[\w<>.*-]+)*\.(py|sql|toml|md|proto|json|csv|html|patch|lock)")
_FOLDER = re.compile(r"[\w.-]+/([\w.-]+/)*")

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)


@cache
def files() -> list[str]:
    """Every file of the repository, from its root, with a slash before it."""
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    within = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [f"/{path.relative_to(ROOT)}" for path in (*within, *(path for path in ROOT.iterdir() if path.is_file()))]


def is_there(name: str) -> bool:
    """Whether the name is the end of a file's path; `<department>` stands for any."""
    pattern = re.sub(r"<\w+>|\*", "\0", name)
    ends = re.compile(".*/" + "[^/]+".join(map(re.escape, pattern.split("\0"))))
    return any(ends.fullmatch(file) for file in files())


@each_page
def test_every_link_leads_to_a_file(page: Path) -> None:
    inner = [link.partition("#")[0] for link in links(page) if "://" not in link and not link.startswith("#")]
    assert [link for link in inner if not (page.parent / link).exists()] == []


@each_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named_files = {name for name in quoted(page) if _FILE.fullmatch(name)} - MADE
    assert sorted(name for name in named_files if not is_there(name)) == []
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()}
    folders = [name for name in quoted(page) if _FOLDER.fullmatch(name) and name.split("/")[0] in tops]
    assert [name for name in folders if not (ROOT / name).is_dir()] == []


def test_every_setting_is_documented_with_its_default_and_no_other_is_named() -> None:
    table = RUNNING.read_text()
    for name, default in vars(Settings()).items():
        row = re.search(rf"^\| `{variable(name)}` \| (.*?) \|", table, re.MULTILINE)
        assert row, name
        assert default is None or row[1] == f"`{default}`", name
    known = VARIABLES | OF_TESTS
    for page in pages():
        assert set(re.findall(r"\b(?:BATON|OTEL_EXPORTER)_[A-Z_]+\b", page.read_text())) <= known, page.name


def test_every_metric_is_documented_and_no_other_is_named() -> None:
    ours = [metric for metric in measures() if metric.name.startswith("baton_")]
    measured = {f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in ours}
    assert len(measured) > 30
    assert {name for page in LISTS for name in quoted(page) if name.startswith("baton_")} == measured


@each_page
def test_every_command_that_is_typed_is_understood(page: Path) -> None:
    for command in typed(page):
        words = [word.replace("$", "") for word in shlex.split(command)]
        parser(words[0]).parse_args(words)


@each_page
def test_every_command_that_is_named_exists(page: Path) -> None:
    for command in named(page):
        words = command.translate(str.maketrans("", "", "[]…")).split()
        assert words[0] in COMMANDS, command
        found = _parser(words)
        options = {word for word in words if word.startswith("--")}
        assert options <= found._option_string_actions.keys(), command


def test_every_command_and_option_is_documented() -> None:
    text = RUNNING.read_text() + (ROOT / "docs" / "import.md").read_text()
    for words, found in _parsers("baton", parser()):
        assert words in text, words
        options = {name for name in found._option_string_actions if name.startswith("--") and name != "--help"}
        assert {name for name in options if name not in text} == set(), words


def _actions(made: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = [action for action in made._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: inner for group in groups for name, inner in group.choices.items()}


def _parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser of the deepest sub-command that these words name."""
    found = parser(words[0])
    for word in words:
        if word not in _actions(found):
            break
        found = _actions(found)[word]
    return found


def _parsers(words: str, made: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for name, inner in _actions(made).items():
        yield f"{words} {name}", inner
        yield from _parsers(f"{words} {name}", inner)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        shell = [block.text for block in blocks(page) if block.language in ("sh", "")]
        typed_targets = re.findall(r"^make ([a-z]+)", "\n".join(shell), re.MULTILINE)
        named_targets = re.findall(r"`make ([a-z]+)", prose(page))
        assert {*typed_targets, *named_targets} <= targets, page.name


def test_readme_shows_the_funnel_that_is_in_the_data() -> None:
    funnel = next(block.text for block in blocks(ROOT / "README.md") if block.language == "json")
    leads, won, revenue = oracle("olist_funnel_by_origin.csv")["organic_search"][:3]
    assert f'"key": "organic_search", "leads": {leads}, ' in funnel
    assert f'"won": {won}, ' in funnel
    assert f'"amount": "{Decimal(revenue):.2f}"' in funnel


def test_an_answer_fits_what_a_page_shows_of_it() -> None:
    answer = {"id": "7", "rows": [{"key": "a"}, {"key": "b", "n": 1}, {"key": "c"}], "note": "x y z"}
    assert fits({"rows": ["…", {"key": "b"}, "…"], "note": "x…z"}, answer)
    assert not fits({"rows": [{"key": "b"}]}, answer)
    assert not fits({"rows": []}, answer)
    assert not fits({"note": "x"}, answer)
    assert not fits({"owner": ""}, answer)
