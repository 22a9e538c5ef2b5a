"""A process of the cluster: a `baton` command that ends when its supervisor does.

python -m runtime.cluster.kept RUN serve contacts

Its standard input is a pipe that nobody writes to and whose other end the supervisor alone holds, so the kernel closes
it however the supervisor ends. It is read by a thread: the command itself may be busy. `RUN` names the supervisor's
run, so that its processes can be told from others by their command lines.
"""

import os
import signal
import sys
import threading
import time

from runtime import cli

#: A command stops in order within this time, or not at all.
STOP_S = 7.0


def main() -> int:
    threading.Thread(target=_end_with_the_supervisor, name="supervisor", daemon=True).start()
    return cli.main(sys.argv[2:])


def _end_with_the_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
