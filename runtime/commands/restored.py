"""`baton log restored DEPARTMENT`: after its log was restored to an earlier moment, begin a new generation of it."""

import argparse
import asyncio
import sys
from typing import Any

from runtime.commands.output import add_json, print_json, print_table
from runtime.department import DEPARTMENTS
from runtime.settings import Settings
from runtime.usage import WrongUsage

REASON = "restored to an earlier moment"


def register(actions: Any) -> None:
    parser = actions.add_parser("restored", help="say that a log was restored to an earlier moment")
    parser.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.add_argument("--force", action="store_true", help="also where nobody at hand heard what the log lacks")
    parser.add_argument("--reason", default=REASON, help="why, for those who read it later")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Raises `WrongUsage` where nothing shows that the log was restored, and what the database refuses."""
    if settings.eventstore_url is not None:
        raise WrongUsage(
            f"the log of {arguments.department} is in KurrentDB (BATON_EVENTSTORE_URL): run"
            f" `baton log raise-generation {arguments.department}` (docs/kurrentdb.md, Restored to an earlier moment)"
        )
    return asyncio.run(_run(arguments, settings))


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    from eventlog.postgres.store import PostgresStore
    from runtime.restoring import begin, look, reached

    async with reached(arguments.department, settings) as (dsn, others):
        async with await PostgresStore.open(dsn, arguments.department, shared=False) as store:
            found = await look(store, others, settings)
        raised = None
        if not (found.is_restored or arguments.force or arguments.dry_run):
            raise WrongUsage(_not_needed(found))
        if not arguments.dry_run:
            raised = await begin(dsn, found, arguments.reason)
    _tell(found, raised, arguments)
    return 0


def _not_needed(found: Any) -> str:
    asked = ", ".join(each.name for each in found.witnesses) or "nobody"
    missing = f"; {', '.join(found.unreachable)} could not be asked" if found.unreachable else ""
    return (
        f"nothing shows that the log of {found.department}, which ends at {found.head}, was restored: it has all that"
        f" was heard of it ({asked} asked{missing}). --force begins a new generation all the same"
    )


def _tell(found: Any, raised: int | None, arguments: argparse.Namespace) -> None:
    needed = found.is_restored or arguments.force
    if arguments.json:
        witnesses = [
            {"name": each.name, "heard": str(each.heard), "differsFrom": each.differs} for each in found.witnesses
        ]
        print_json(
            {
                "department": found.department,
                "head": str(found.head),
                "needed": needed,
                "shared": found.shared,
                "generation": raised if raised is not None else found.head.generation,
                "raised": raised is not None,
                "witnesses": witnesses,
                "unreachable": list(found.unreachable),
            }
        )
        return
    rows = [(each.name, str(each.heard), _differs(each.differs)) for each in found.witnesses]
    if rows:
        print_table(("who", "heard", "is in the log"), rows)
    sys.stderr.writelines(f"{each} could not be asked\n" for each in found.unreachable)
    sys.stdout.write(_done(found, raised, needed) + "\n")


def _done(found: Any, raised: int | None, needed: bool) -> str:
    if not needed:
        return f"the log of {found.department} ends at {found.head}: there is nothing to do"
    if raised is None:
        return (
            f"generation {found.above + 1} of the log of {found.department} would begin behind position {found.shared}"
        )
    return f"generation {raised} of the log of {found.department} begins behind position {found.shared}"


def _differs(position: int | None) -> str:
    return "all of it" if position is None else f"up to position {position - 1}"
