"""The run's own PostgreSQL server, and when it last crashed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.own_server import OwnServer, own_server


@dataclass(slots=True)
class Server:
    """A migrated server that crashes when it is told to."""

    own: OwnServer
    crashes: int = 0
    crashed_at: float = float("-inf")

    def crash(self) -> None:
        """Shut it down immediately, as if the power failed, and start it again a moment later."""
        self.crashed_at = time.monotonic()
        self.own.restart()
        self.crashed_at = time.monotonic()
        self.crashes += 1


@contextmanager
def server() -> Iterator[Server]:
    """Up, and gone afterwards."""
    with own_server() as own:
        yield Server(own)
