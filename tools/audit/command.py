"""`baton audit handoffs [--wait S]`."""

import argparse
import gc
import math
import sys
import time
from typing import Any

from runtime.commands.output import add_json, dots, print_json
from runtime.department import DEPARTMENTS
from runtime.reach import reach, shows_all
from runtime.settings import Settings
from runtime.usage import WrongUsage
from tools.audit.audit import Audit
from tools.audit.reading import LogsOverHttp
from tools.audit.report import Report

_AGAIN_FIRST_S = 0.1
_AGAIN_MAX_S = 1.0


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("audit", help="prove that no handoff lost anything")
    parser.add_argument("what", choices=["handoffs"])
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="until nothing is pending, at most S seconds"
    )
    parser.add_argument("--tenant", default="", help="only this tenant; default: all")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0; 1 when something is lost or contradicts something else. Raises `ClientError`, `NotRunning`,
    `WrongUsage`."""
    if not 0 <= arguments.wait < math.inf:
        raise WrongUsage(f"--wait {arguments.wait:g}: expected seconds, 0 or more")
    # What is read is kept until the end and holds no cycles: collecting would only walk through it again and again.
    gc.disable()
    client = reach(settings, arguments.tenant)
    with dots() as dot:
        logs = LogsOverHttp(client, arguments.tenant, dot)
        report = settled(Audit(logs, DEPARTMENTS, whole=shows_all(client, arguments.tenant)), arguments.wait)
    if arguments.json:
        print_json(report.document())
    else:
        sys.stdout.write(report.text())
    return 1 if report.wrong else 0


def settled(audit: Audit, wait_s: float) -> Report:
    """The report, once nothing is pending or the time is over."""
    deadline = time.monotonic() + wait_s
    pause_s = _AGAIN_FIRST_S
    while True:
        report = audit.report()
        if not report.pending or time.monotonic() + pause_s > deadline:
            return report
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _AGAIN_MAX_S)
