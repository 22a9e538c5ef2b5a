"""What checkov has against the image and the overlays: nothing, but for the rules that do not hold here."""

import json
from pathlib import Path

import yaml

from tests.support.data import ROOT
from tests.support.deploying import DEPLOY, program, run
from tests.support.manifests import OVERLAYS, Overlay

RULES = DEPLOY / "checkov.yaml"


def judged(*files: Path) -> tuple[int, dict[str, list[str]]]:
    """How many checks were passed, and what failed which."""
    named = [word for file in files for word in ("--file", file)]
    frameworks = ["--framework", "dockerfile", "kubernetes"]
    output = ["--output", "json", "--soft-fail", "--skip-download", "--quiet"]
    found = json.loads(run("checkov", "--config-file", RULES, *named, *frameworks, *output))
    reports = found if isinstance(found, list) else [found]
    failed: dict[str, list[str]] = {}
    for report in reports:
        assert report["summary"]["parsing_errors"] == 0
        for check in report["results"]["failed_checks"]:
            failed.setdefault(check["check_id"], []).append(check["resource"])
    return sum(report["summary"]["passed"] for report in reports), failed


def test_nothing_is_to_be_said_against_image_and_overlays(tmp_path: Path) -> None:
    program("checkov")
    rendered = [tmp_path / f"{name}.yaml" for name in OVERLAYS]
    for file in rendered:
        file.write_text(yaml.safe_dump_all(Overlay.of(file.stem).objects))
    passed, failed = judged(ROOT / "Dockerfile", *rendered)
    assert failed == {}
    assert passed > 2000


def test_every_exception_has_its_reason() -> None:
    lines = RULES.read_text().splitlines()
    exceptions = yaml.safe_load(RULES.read_text())["skip-check"]
    for exception in exceptions:
        before = lines[next(n for n, line in enumerate(lines) if exception in line) - 1]
        assert before.strip().startswith("# "), exception
