"""`venue-sync up`: whatever ends it, and however, no process stays: servers, code servers, guard, PostgreSQL."""

import json
import os
import re
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest
import requests
import sqlalchemy as sa

from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_defs.ports import free_port
from tests.e2e.stage import belonging_to, below, left_after, started
from tests.sync_core.webhooks.signing import signed

SECONDS = 40
SECRET = "whsec_of_this_test"

pytestmark = pytest.mark.usefixtures("alone")


def start_up(home: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """Start everything."""
    ports = ("--port", str(free_port(22000)), "--api-port", str(free_port(22500)))
    return started("up", "--with-sims", *ports, home=home, STRIPE_WEBHOOK_SECRET=SECRET)


def wait_for_addresses(process: subprocess.Popen[str]) -> str:
    """Return once it says that it runs: where the HTTP API is."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Logs:"):
            [api] = [line for line in said if "HTTP API" in line]
            return re.findall(r"http://[\d.:]+", api)[0]
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
        for part in (
            "dagster-webserver",
            "dagster-daemon",
            "sims serve",
            "dagster api grpc",
            "sync_defs api",
            "sync_defs.guard",
        ):
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


def told_of_the_event(server: EmbeddedPostgres, name: str) -> str | None:
    """What the drain that Dagster's sensor starts says of an event in the inbox, once it has looked at it."""
    engine = open_engine(server.url)
    deadline = time.monotonic() + SECONDS
    reason = None
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while reason is None and time.monotonic() < deadline:
            time.sleep(0.2)
            query = sa.text("SELECT reason FROM sync.webhook_events WHERE event_id = :name")
            reason = connection.execute(query, {"name": name}).scalar_one()
    engine.dispose()
    return reason


def tell(api: str, name: str) -> bool:
    """Stripe tells of an event; whether it was taken."""
    event = {"id": name, "object": "event", "type": "customer.created", "account": "acct_nobody", "data": {}}
    body = json.dumps(event).encode()
    headers = signed("stripe", body, secret=SECRET, now=time.time())
    return requests.post(f"{api}/webhooks/stripe", data=body, headers=headers, timeout=30).ok


def test_a_webhook_is_taken_up_and_a_child_that_dies_is_named_and_everything_stops(tmp_path: Path) -> None:
    """But a database that dies is started again, and everything goes on: another webhook is taken up as the first."""
    home = tmp_path / "home"
    server = EmbeddedPostgres(home)
    with start_up(home) as process:
        api = wait_for_addresses(process)
        assert tell(api, "evt_1")
        assert told_of_the_event(server, "evt_1") == "No connected venue has this account."
        os.kill(backends_of(server)[0], signal.SIGQUIT)
        deadline = time.monotonic() + SECONDS
        while not (taken := tell(api, "evt_2")) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert taken
        assert told_of_the_event(server, "evt_2") == "No connected venue has this account."
        everyone = {**below(process), **belonging_to(home)}
        daemon = next(pid for pid, command in everyone.items() if "dagster-daemon" in command)
        os.kill(daemon, signal.SIGKILL)
        said, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 3
    assert "PostgreSQL had died and runs again" in said
    assert "venue-sync: dagster-daemon was ended by SIGKILL. The end of its log" in said
    assert "Traceback" not in said
    assert left_after(everyone, seconds=SECONDS) == {}
    EmbeddedPostgres(home).remove()
