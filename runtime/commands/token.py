"""`baton token`: a token from the local issuer, alone on stdout. Needs no running Baton."""

import argparse
import sys
from typing import Any

from runtime.identity import ROLES, TOKEN_DAYS, Issuer
from runtime.settings import Settings
from runtime.usage import WrongUsage

#: A hundred years; later moments do not fit everybody's calendar.
DAYS_MAX = 36_500


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("token", help="a token from the local issuer")
    parser.add_argument("--tenant", default="demo", help="default: demo; '*' is every tenant, to operate Baton")
    parser.add_argument("--employee", required=True, help="who the token speaks for")
    parser.add_argument("--branch", default="", help="the branch that a clerk works in")
    parser.add_argument("--role", action="append", choices=ROLES, help="may be repeated; default: clerk")
    parser.add_argument("--days", type=float, default=TOKEN_DAYS, help=f"how long it is valid; default: {TOKEN_DAYS}")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if not 0 < arguments.days <= DAYS_MAX:
        raise WrongUsage(f"--days {arguments.days:g}: expected more than 0 and at most {DAYS_MAX}")
    try:
        issuer = Issuer.at(settings.issuer_key)
        roles = arguments.role or ("clerk",)
        token = issuer.token(arguments.tenant, arguments.employee, arguments.branch, roles, arguments.days)
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    sys.stdout.write(token + "\n")
    return 0
