"""The wheel holds everything that Baton needs beside its dependencies: it runs where the repository is not."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from gateway.contract import Contract
from tests.support.data import ROOT

PACKAGES = ("eventlog", "facts", "gateway", "runtime", "services", "tools", "gen/baton")
_OPERATIONS = "from gateway.contract import Contract; print(len(Contract.load().operations))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing of an earlier build can get into it."""
    copy, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", built, copy)
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with the wheel, which sees our dependencies and not the repository: a `.pth` file
    that names our packages does not lead on to the editable install among them."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel)
    return folder / "bin"


def test_the_wheel_holds_every_file_of_its_packages(wheel: Path) -> None:
    there = {path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()}
    wanted = {str(path.relative_to(ROOT)).removeprefix("gen/") for path in there if "__pycache__" not in path.parts}
    assert wanted - set(ZipFile(wheel).namelist()) == set()


def test_the_wheel_knows_the_contract(clean: Path, tmp_path: Path) -> None:
    assert int(_run(clean / "python", "-c", _OPERATIONS, cwd=tmp_path)) == len(Contract.load().operations) > 0


def test_the_wheel_runs_the_command(clean: Path, tmp_path: Path) -> None:
    assert _run(clean / "baton", "--help", cwd=tmp_path).startswith("usage: baton")


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout
