"""The process that cleans up when its supervisor cannot: `python -m sync_defs.guard TOKEN GRACE [POSTGRES_HOME]`.

It waits until its standard input ends, which the kernel brings about however the supervisor died (kill -9 included),
then ends every process marked with TOKEN and lets go of the embedded PostgreSQL. It never carries the mark itself.
"""

import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sync_core.clock import SystemClock
from sync_core.store.embedded import EmbeddedPostgres
from sync_defs import processes

READY = b"guarding\n"


def main(arguments: Sequence[str]) -> int:
    """Guard until standard input ends."""
    token, grace, *home = arguments
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whatever stops the supervisor must not stop us first
    with ExitStack() as stack:
        if home:
            stack.enter_context(EmbeddedPostgres(Path(home[0])))
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        sys.stdin.buffer.read()
        processes.end(token, grace=float(grace), clock=SystemClock())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
