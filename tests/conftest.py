"""Fixtures for every test: one PostgreSQL server a session, one empty database a test that asks for it; one Kafka a
run, topics a test."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# isort: off
import runtime  # noqa: F401 (before anything imports gRPC: see there)

# isort: on
import eventlog.kurrentdb  # noqa: F401 (before any test imports the client: see google_codes.py)
from eventlog.codec import Codec
from eventlog.views import Views
from runtime.kafka_server import KafkaServer
from tests.support import kafka as kafka_support
from tests.support.data import ROOT
from tests.support.department import a_codec, open_views
from tests.support.postgres import TestServer, running_server

# A busy machine is no fault of what is tested, nor is what a new draw finds the fault of the change that is judged.
settings.register_profile(
    "baton",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("BATON_TEST_STRICT")),
)
settings.load_profile("baton")


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    """The server that tests share. A test that stops or kills servers takes `own_postgres`."""
    with running_server() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[TestServer]:
    """A server for this test alone."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres: TestServer) -> Iterator[str]:
    """The DSN of an empty database, dropped after the test."""
    name = postgres.create_database()
    yield postgres.dsn(name)
    postgres.drop_database(name)


@pytest.fixture
async def views(database: str) -> AsyncIterator[Views]:
    """Read models of the tests' own department, `tests/support/department.py`."""
    async with open_views(database) as views:
        yield views


@pytest.fixture
def codec() -> Codec:
    """Reads and writes that department's facts."""
    return a_codec()


@pytest.fixture(scope="session")
async def kafka() -> KafkaServer:
    """The broker that all tests of the run share. A test that stops or kills brokers takes `own_kafka`."""
    return await kafka_support.shared_server()


@pytest.fixture
async def own_kafka() -> AsyncIterator[KafkaServer]:
    """A broker for this test alone."""
    async with kafka_support.own_server() as server:
        yield server


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        kafka_support.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        kafka_support.end_run()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """`.ci/run` judges a change: a test that this machine can run must not be left out."""
    for report in _left_out(terminalreporter):
        terminalreporter.write_line(f"left out, though this machine could run it: {report.nodeid}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _left_out(reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left_out(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    """Skipped tests, except those that need real data where there is none."""
    if not os.environ.get("BATON_TEST_STRICT"):
        return []
    skipped: list[pytest.TestReport] = reporter.stats.get("skipped", [])
    no_data = not Path(os.environ.get("BATON_TEST_DATA") or ROOT / "../shared/data").exists()
    return [report for report in skipped if not (no_data and "BATON_TEST_DATA" in str(report.longrepr))]
