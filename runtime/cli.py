"""The `baton` command. Each sub-command is a module of `runtime/commands` with `register(subparsers)`, which sets
`run`: a function of the parsed arguments and the settings that answers the exit code.

Exit codes: 0 fine, 1 found something wrong, 2 wrong usage or unreachable.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

# Whoever presses Ctrl-C may do so at once: what takes its time to import is imported where that is no mistake.
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.settings import Settings

#: Modules by sub-command; only the one that is asked for is imported.
COMMANDS = {
    "up": "runtime.commands.up",
    "serve": "runtime.commands.serve",
    "project": "runtime.commands.project",
    "relay": "runtime.commands.relay",
    "stream": "runtime.commands.stream",
    "gateway": "runtime.commands.gateway",
    "migrate": "runtime.commands.migrate",
    "status": "runtime.commands.status",
    "token": "runtime.commands.token",
    "import": "tools.importer.command",
    "audit": "tools.audit.command",
    "verify": "runtime.commands.verify",
    "rebuild": "runtime.commands.rebuild",
    "parked": "runtime.commands.parked",
    "log": "runtime.commands.log",
}

FOUND_WRONG, UNUSABLE, INTERRUPTED = 1, 2, 130


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The command line; with only one sub-command if it is known already which."""
    made = argparse.ArgumentParser(prog="baton", description="A CRM that loses nothing at a handoff.")
    subparsers = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in [command] if command in COMMANDS else COMMANDS:
        import_module(COMMANDS[name]).register(subparsers)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if argv is None else argv
    try:
        return _run(parser(given[0] if given else None).parse_args(given))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return FOUND_WRONG
    except Exception as error:
        if not isinstance(error, _told_plainly()):
            raise
        sys.stderr.write(f"baton: {error}\n")
        return UNUSABLE


def _run(arguments: argparse.Namespace) -> int:
    """Raises `WrongSetting`, also for a home that is no folder or that we may not write."""
    from runtime.misspelt import misspelt
    from runtime.settings import Settings, WrongSetting

    run: Callable[[argparse.Namespace, Settings], int] = arguments.run
    settings = Settings.read()
    sys.stderr.writelines(f"baton: {sentence}\n" for sentence in misspelt(os.environ).values())
    try:
        return run(arguments, settings)
    except OSError as error:
        from runtime.home import unusable

        why = unusable(settings, error)
        if not why:
            raise
        raise WrongSetting(why) from error


def _told_plainly() -> tuple[type[Exception], ...]:
    """Errors whose message is all that a user needs; imported only now, because most commands never meet them."""
    from eventlog.errors import LogError
    from runtime.client import ClientError
    from runtime.databases import DatabaseRefused
    from runtime.home import AlreadyRunning, NotRunning
    from runtime.kafka_broker import BrokerFailed
    from runtime.kafka_jars import KafkaUnavailable
    from runtime.postgres_server import ServerFailed
    from runtime.settings import WrongSetting
    from runtime.unprivileged import NoWay
    from runtime.up import NotStarted
    from runtime.usage import WrongUsage

    known = (WrongSetting, AlreadyRunning, NotRunning, ClientError, DatabaseRefused, ServerFailed, NoWay, WrongUsage)
    return (*known, LogError, NotStarted, BrokerFailed, KafkaUnavailable)


if __name__ == "__main__":
    sys.exit(main())
