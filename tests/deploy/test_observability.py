"""Alerts and dashboard speak of metrics that there are, and every alert is tested and described."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from runtime.department import DEPARTMENTS
from tests.support.data import ROOT
from tests.support.deploying import DEPLOY, PROCESSES, run, values
from tests.support.measured import measures

FOLDER = DEPLOY / "observability"
DASHBOARD = FOLDER / "grafana" / "dashboards" / "baton.json"
RULES = FOLDER / "rules.yml"
#: What Prometheus itself knows of whom it asks.
OF_PROMETHEUS = {"up"}
#: Words of PromQL and labels are in lower case, too; metrics are all that begin so.
_METRIC = re.compile(r"\b(baton_\w+|up)\b(?!\s*=)")


@pytest.fixture(scope="module")
def measured() -> set[str]:
    """Every series that some process of Baton shows."""
    return OF_PROMETHEUS | {name for metric in measures() for name in _series(metric.name, metric.type)}


def _series(name: str, kind: str) -> Iterator[str]:
    if kind == "counter":
        yield f"{name}_total"
    elif kind == "histogram":
        yield from (f"{name}_{part}" for part in ("bucket", "count", "sum"))
    else:
        yield name


def expressions() -> list[str]:
    return [*values(yaml.safe_load(RULES.read_text()), "expr"), *values(json.loads(DASHBOARD.read_text()), "expr")]


def alerts() -> list[str]:
    return list(values(yaml.safe_load(RULES.read_text()), "alert"))


def test_rules_do_what_their_tests_say() -> None:
    run("promtool", "check", "config", FOLDER / "prometheus.yml")
    run("promtool", "test", "rules", FOLDER / "rules_test.yml")


def test_the_dashboard_asks_what_prometheus_understands(tmp_path: Path) -> None:
    asked = [
        {"record": f"panel:{n}", "expr": expr}
        for n, expr in enumerate(values(json.loads(DASHBOARD.read_text()), "expr"))
    ]
    file = tmp_path / "asked.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": asked}]}))
    assert f"{len(asked)} rules found" in run("promtool", "check", "rules", file)


def test_every_alert_speaks_once_in_its_tests() -> None:
    tests = [
        test
        for each in values(yaml.safe_load((FOLDER / "rules_test.yml").read_text()), "alert_rule_test")
        for test in each
    ]
    assert {test["alertname"] for test in tests if test["exp_alerts"]} == set(alerts())


def test_every_metric_that_is_named_is_measured(measured: set[str]) -> None:
    named = {name for expression in expressions() for name in _METRIC.findall(expression)}
    assert named - measured == set()
    assert len(named) > 10


def test_every_measure_of_ours_is_shown(measured: set[str]) -> None:
    shown = "\n".join(values(json.loads(DASHBOARD.read_text()), "expr"))
    ours = {name for name in measured if name.startswith("baton_") and not name.endswith("_sum")}
    assert sorted(name for name in ours if name not in shown) == []


def test_every_alert_is_described_and_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert sorted(re.findall(r"^### (Baton\w+)$", page, re.M)) == sorted(alerts())


def test_labels_hold_no_tenant(measured: set[str]) -> None:
    labels = {name for collector in REGISTRY._collector_to_names for name in getattr(collector, "_labelnames", ())}
    assert {"department", "source", "route"} <= labels
    assert labels.isdisjoint({"tenant", "stream", "employee", "branch"})


def test_panels_have_a_title_an_explanation_and_a_place_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["title"]
        assert panel["type"] == "row" or panel["description"]
        assert place["x"] + place["w"] <= 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_process_is_missed_by_its_name() -> None:
    rules = {rule["alert"]: rule["expr"] for rule in _rules()}
    missed = re.findall(r'process="([\w-]+)"', rules["BatonProcessMissing"])
    assert sorted(missed) == sorted(PROCESSES)
    assert set(re.findall(r'department="(\w+)"', rules["BatonRelayLeaderless"])) == set(DEPARTMENTS)


def _rules() -> Iterator[dict[str, str]]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from group["rules"]
