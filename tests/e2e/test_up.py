"""`venue-sync up`: whatever ends it, and however, no process stays: servers, code servers, guard, PostgreSQL."""

import os
import signal
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_defs.ports import free_port
from tests.e2e.stage import belonging_to, below, left_after, started

SECONDS = 40


def start_up(home: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """Start everything."""
    return started("up", "--with-sims", "--port", str(free_port(22000)), home=home)


def wait_for_addresses(process: subprocess.Popen[str]) -> None:
    """Return once it says that it runs."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Logs:"):
            return
    raise AssertionError("".join(said))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_nothing_outlives_it(tmp_path: Path, number: signal.Signals, code: int) -> None:
    home = tmp_path / "home"
    server = EmbeddedPostgres(home)
    with start_up(home) as process:
        wait_for_addresses(process)
        everyone = {**below(process), **belonging_to(home), **dict.fromkeys(backends_of(server), "postgres")}
        named = " ".join(everyone.values())
        for part in ("dagster-webserver", "dagster-daemon", "sims serve", "dagster api grpc", "sync_defs.guard"):
            assert part in named
        process.send_signal(number)
        process.communicate(timeout=SECONDS)
        assert process.returncode == code
    assert left_after(everyone, seconds=SECONDS) == {}
    assert belonging_to(home) == {}
    server.remove()


def backends_of(server: EmbeddedPostgres) -> list[int]:
    """The ids of PostgreSQL's processes: the one that started the others, and those that serve connections."""
    engine = open_engine(server.url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT pid FROM pg_stat_activity")).scalars().all()
        postmaster = psutil.Process(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()).ppid()
    engine.dispose()
    return [postmaster, *found]


def test_a_child_that_dies_is_named_and_everything_stops(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with start_up(home) as process:
        wait_for_addresses(process)
        everyone = {**below(process), **belonging_to(home)}
        daemon = next(pid for pid, command in everyone.items() if "dagster-daemon" in command)
        os.kill(daemon, signal.SIGKILL)
        said, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 3
    assert "venue-sync: dagster-daemon was ended by SIGKILL. The end of its log" in said
    assert "Traceback" not in said
    assert left_after(everyone, seconds=SECONDS) == {}
    EmbeddedPostgres(home).remove()
