"""Servers of the user's own that are away: said at once, with the setting's name, and nothing is started."""

import os
from pathlib import Path

import pytest

from tests.support.running import Baton, free_port

pytestmark = pytest.mark.timeout(60)


async def test_a_database_that_nobody_answers_at_is_named(tmp_path: Path) -> None:
    port = free_port()
    url = f"postgresql://baton:secret@127.0.0.1:{port}/postgres"
    answer = await Baton(tmp_path, env={"BATON_DATABASE_URL": url}).cli("up", "--cluster")

    assert answer.code == 2
    assert answer.stderr.startswith(f"baton: BATON_DATABASE_URL: nobody answers at 127.0.0.1:{port}: ")
    assert answer.stderr.count("\n") == 1
    assert "secret" not in answer.stderr
    assert os.listdir(tmp_path) == ["lock"]


async def test_a_kafka_that_nobody_answers_at_is_named(tmp_path: Path) -> None:
    port = free_port()
    answer = await Baton(tmp_path, env={"BATON_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"}).cli("up", "--cluster")

    assert answer.code == 2
    assert answer.stderr == f"baton: BATON_KAFKA_BOOTSTRAP: no broker answers at 127.0.0.1:{port}\n"
    assert os.listdir(tmp_path) == ["lock"]
