"""A cluster that does not become ready says what it waits for, once."""

import asyncio
import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runtime.cluster import supervisor
from runtime.cluster.child import Child
from runtime.cluster.executor import Executor
from runtime.cluster.plan import Planned
from runtime.cluster.supervisor import Supervisor, late
from runtime.health import Check, Health
from runtime.http_server import HttpServer
from runtime.settings import Settings
from runtime.up import NotStarted
from tests.support.cluster import until
from tests.support.running import free_port


def a_child(name: str, health: str = "") -> Child:
    return Child(Planned(name, (), {}, health), "run", {}, lambda who, line: None, lambda left: None)


def test_those_who_wait_for_the_same_are_named_beside_each_other() -> None:
    children = [a_child(name) for name in ("sales-serve", "sales-project", "contacts-project", "gateway")]
    children[0].was_ready = True
    for child in children[1:3]:
        child.waits_for = "kafka: BATON_KAFKA_BOOTSTRAP: no broker answers at kafka:9092"

    assert late(children) == (
        "not ready after 120 s: sales-project, contacts-project (kafka: BATON_KAFKA_BOOTSTRAP: no broker answers at"
        " kafka:9092); gateway (it does not answer)"
    )


async def test_a_process_is_late_with_the_reasons_that_it_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> str:
        return "no broker answers"

    checks: Mapping[str, Check] = {"kafka": away}
    server = HttpServer(Health(checks), "127.0.0.1", 0)
    waiting = Supervisor(Settings(home=tmp_path), Executor())
    waiting._children = [a_child("sales-relay", f"127.0.0.1:{await server.start()}")]
    monkeypatch.setattr(supervisor, "READY_S", 1.0)
    with pytest.raises(NotStarted, match=r"sales-relay \(kafka: no broker answers\)"):
        await waiting.ready()
    await server.stop()


async def test_a_start_that_is_given_up_leaves_no_exception_behind(tmp_path: Path) -> None:
    forgotten, before = list[Mapping[str, Any]](), asyncio.all_tasks()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: forgotten.append(context))
    waiting = Supervisor(Settings(home=tmp_path), Executor())
    waiting._children = [a_child("sales-relay", f"127.0.0.1:{free_port()}")]
    asyncio.get_running_loop().call_later(0.1, waiting.give_up, "sales-relay is given up")
    assert await why_not(waiting) == "sales-relay is given up"
    await until(lambda: asyncio.all_tasks() <= before, "something is still under way")
    gc.collect()

    assert forgotten == []


async def why_not(waiting: Supervisor) -> str:
    try:
        await waiting.ready()
    except NotStarted as error:
        return str(error)
    return ""
