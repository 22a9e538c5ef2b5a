"""`baton up`: run everything here."""

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from runtime.settings import Settings

if TYPE_CHECKING:
    from runtime.up import Up, Way

DEMO_TENANT = "demo"


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("up", help="run everything here, until Ctrl-C")
    parser.add_argument("--demo", action="store_true", help="with something made up to look around in, loaded once")
    parser.add_argument("--cluster", action="store_true", help="every role a process of its own, Kafka between them")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime import up

    async def ready(started: "Up") -> None:
        if arguments.demo:
            await import_module("tools.demo.loading").load(started.gateway, settings)
        _tell(started, settings)

    return up.run(settings, _way(arguments.cluster), ready)


def _way(cluster: bool) -> "Way":
    if cluster:
        from runtime.cluster.supervisor import CLUSTER

        return CLUSTER
    from runtime.embedded import EMBEDDED

    return EMBEDDED


def _tell(started: "Up", settings: Settings) -> None:
    from runtime.identity import Issuer

    token = Issuer.at(settings.issuer_key).token(DEMO_TENANT, "you", roles=("manager", "admin"))
    sys.stdout.write(
        f"Baton is ready: {started.gateway}\n"
        f"\n"
        f"  documentation  {started.gateway}/docs\n"
        f"  gRPC           {started.grpc}\n"
        f"  data           {settings.home}\n"
        f"  token          {token}\n"
        f"\n"
        f'  curl -H "Authorization: Bearer $TOKEN" {started.gateway}/v1/people\n'
        f"\n"
        f"Ctrl-C stops it; the data stays.\n"
    )
    sys.stdout.flush()
