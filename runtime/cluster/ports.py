"""Ports for the processes of a cluster, kept for them as long as the supervisor lives."""

import contextlib
import socket
from collections.abc import Iterable, Iterator, Mapping

from runtime.listening import LOOPBACK


@contextlib.contextmanager
def reserved(names: Iterable[str]) -> Iterator[Mapping[str, int]]:
    """A port of its own for each name. A socket is bound to each that never listens: with SO_REUSEADDR the one whose
    port it is can listen there, again and again, and the system gives it to nobody else."""
    with contextlib.ExitStack() as stack:
        ports: dict[str, int] = {}
        for name in names:
            held = stack.enter_context(socket.socket())
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((LOOPBACK, 0))
            ports[name] = held.getsockname()[1]
        yield ports
