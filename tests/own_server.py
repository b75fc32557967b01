"""A PostgreSQL server that a module of tests has for itself, to stop it in the middle of what it does."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A running server that keeps what it has confirmed, and its data folder."""

    home: Path
    url: str
    data: Path

    def crash(self) -> None:
        """Immediate shutdown: every session ends in the middle of whatever it does; returns when nobody listens."""
        pid = self._postmaster()
        os.kill(pid, signal.SIGQUIT)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.01)

    def start(self) -> None:
        """Up again; returns when it answers."""
        again = EmbeddedPostgres(self.home)
        again.start()
        again.stop()  # whoever started it first still holds it

    def restart(self, *, away: float = 0.2) -> None:
        """Immediate shutdown, nobody there for a while, and up again."""
        self.crash()
        time.sleep(away)
        self.start()

    @contextmanager
    def restarting_when(self, due: Callable[[], bool]) -> Iterator[list[float]]:
        """Restart it once, as soon as `due` says so, beside the block; the list holds the time when it went."""
        went, over = list[float](), threading.Event()

        def watch() -> None:
            while not over.is_set() and not due():
                time.sleep(0.002)
            if not over.is_set():
                went.append(time.monotonic())
                self.restart()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield went
        finally:
            over.set()
            thread.join()

    def _postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A migrated server of one's own. It confirms what it has written, as one does that must not forget."""
    home = Path(tempfile.mkdtemp(prefix="venue-sync-own-"))
    server = EmbeddedPostgres(home)
    server.start()
    try:
        engine = open_engine(server.url)
        upgrade(engine)
        with engine.connect() as conn:
            data = Path(conn.execute(sa.text("SHOW data_directory")).scalar_one())
        engine.dispose()
        yield OwnServer(home, server.url, data)
    finally:
        server.stop()
        server.remove()
        shutil.rmtree(home)
