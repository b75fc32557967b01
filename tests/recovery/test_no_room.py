"""A full disk and a read-only database: one clear sentence wherever somebody looks, and afterwards everything goes on.

The disk is real and small (a tmpfs with a tablespace on it), so that PostgreSQL itself says that there is no room.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import orjson
import pytest
import requests
import sqlalchemy as sa

from assets.waiting import WORK, waiting_jobs
from sensors.waiting import syncs_waiting
from sync_api.app import create_app
from sync_api.serving import serving
from sync_api.signing import open_verifier
from sync_core.clock import SystemClock
from sync_core.store import queue
from sync_core.store.database import open_engine
from sync_core.store.failures import SENTENCES
from sync_core.store.migrate import upgrade
from sync_core.store.queue import Asked
from sync_defs.cli import run
from tests.own_server import OwnServer
from tests.sync_core.webhooks.signing import signed
from tests.world import World, world

SIZE = "64m"
MANY = 3_000
SECRET = "whsec_of_no_room"


@dataclass(frozen=True, slots=True)
class Disk:
    """A small file system."""

    folder: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more fits onto it for as long as this lasts."""
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                while _fits(file.fileno(), size):
                    pass
        try:
            yield
        finally:
            filler.unlink()


def _fits(file: int, size: int) -> bool:
    try:
        return os.write(file, b"\0" * size) == size
    except OSError:
        return False


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A file system of 64 MB, where this process may mount one."""
    folder = Path("/dev/shm") / f"venue-sync-{os.getpid()}"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=777", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    yield Disk(folder)
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


@pytest.fixture(scope="module")
def tight_world(server: OwnServer, disk: Disk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose database is on that disk."""
    place = disk.folder / "data"
    place.mkdir(mode=0o700)
    owner = server.data.stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    admin = open_engine(server.url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text(f"CREATE TABLESPACE tight LOCATION '{place}'"))
        conn.execute(sa.text("CREATE DATABASE tight TABLESPACE tight"))
    database = open_engine(server.url.replace("/venue_sync?", "/tight?"))
    upgrade(database)
    with world(database, tmp_path_factory.mktemp("world")) as made:
        yield made
    database.dispose()
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("DROP DATABASE tight WITH (FORCE)"))
        conn.execute(sa.text("DROP TABLESPACE tight"))
    admin.dispose()


@contextmanager
def read_only(made: World) -> Iterator[None]:
    """As on a standby: every new transaction may only read."""
    name = made.database.url.database
    for setting in ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"):
        with made.database.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(sa.text("SET default_transaction_read_only = off"))
            conn.execute(sa.text(f"ALTER DATABASE {name} {setting}"))
        made.database.dispose()
        if setting.startswith("SET"):
            try:
                yield
            except BaseException:
                made.database.dispose()
                raise


def add(made: World, venue: str, count: int = MANY) -> None:
    made.sql(
        "INSERT INTO venue.customers (venue_id, id, given_name, email) "
        "SELECT :venue, 'c' || n, 'Ann', 'c' || n || '@x.example' FROM generate_series(1, :count) AS n",
        venue=venue,
        count=count,
    )


def there(made: World, venue: str) -> Counter[str]:
    """How often each of the venue's customers is at Square."""
    return Counter(one["reference_id"] for one in made.objects("square", venue, "customers"))


def test_a_sync_on_a_full_disk_says_so_and_the_next_one_does_it(disk: Disk, tight_world: World) -> None:
    venue = tight_world.venue("full", providers=("square",))
    add(tight_world, venue)
    assert tight_world.sync(venue, "square", "products").error is None  # a log without a line has no room for one

    with disk.full():
        report = tight_world.sync(venue, "square", "customers")
    shown = there(tight_world, venue)
    again = tight_world.sync(venue, "square", "customers")

    assert (report.status, report.error) == (
        "failed",
        f"full/square was not synced to its end. {SENTENCES['full']}",
    )
    assert shown.keys() <= {f"c{n}" for n in range(1, MANY + 1)}
    assert again.error is None
    assert there(tight_world, venue) == Counter({f"c{n}": 1 for n in range(1, MANY + 1)})
    assert tight_world.rows("SELECT count(*) FROM sync.intents") == [(0,)]
    assert tight_world.rows("SELECT count(*) FROM sync.dead_letters") == [(0,)]
    log = tight_world.rows("SELECT status, error FROM sync.sync_log ORDER BY id")
    assert ("failed", report.error) in log, "a line that was begun can be finished, since it needs no more room"


def test_a_webhook_on_a_full_disk_is_refused_so_that_it_comes_again(disk: Disk, tight_world: World) -> None:
    settings = replace(tight_world.settings, webhook_secrets={"stripe": (SECRET,)})
    app = create_app(replace(tight_world.engine, settings=settings), verifier=open_verifier(settings, SystemClock()))

    def told(address: str, number: int) -> requests.Response:
        about = {"id": "x", "object": "x", "filler": os.urandom(100_000).hex()}
        event = {"id": f"evt_{number}", "object": "event", "type": "x.y", "created": 1, "data": {"object": about}}
        body = orjson.dumps(event)
        headers = signed("stripe", body, secret=SECRET, now=SystemClock().now().timestamp())
        return requests.post(f"{address}/webhooks/stripe", data=body, headers=headers, timeout=30)

    with serving(app) as address:
        with disk.full():
            answers = [told(address, number) for number in range(3)]
        after = told(address, 3).status_code

    refused = answers[-1]
    assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert (refused.json()["error"], refused.headers["Retry-After"]) == (SENTENCES["full"], "60")
    assert after == 200


def test_a_read_only_database_is_told_wherever_somebody_looks(
    server: OwnServer, tight_world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sync's report, on the command line, in Dagster and its sensors, and over HTTP; then everything goes on."""
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("DATABASE_URL", server.url.replace("/venue_sync?", "/tight?"))
    monkeypatch.setenv("VENUE_SYNC_HOME", str(tight_world.settings.home))
    settings = replace(tight_world.settings, webhook_secrets={"stripe": (SECRET,)})
    app = create_app(replace(tight_world.engine, settings=settings), verifier=open_verifier(settings, SystemClock()))
    body = orjson.dumps({"id": "evt_r", "object": "event", "type": "x.y", "created": 1, "data": {"object": {}}})
    headers = signed("stripe", body, secret=SECRET, now=SystemClock().now().timestamp())
    venue = tight_world.venue("standby", providers=("square",))
    add(tight_world, venue, 5)
    with tight_world.database.begin() as conn:
        connection = tight_world.connection(venue, "square").id
        queue.enqueue(conn, Asked(connection, "customers", "incremental", "normal", "somebody"))
    work = next(job for job in waiting_jobs() if job.name == WORK)
    config = {"ops": {"work": {"config": {"quiet_seconds": 0}}}}

    with dg.DagsterInstance.ephemeral() as instance, serving(app) as address, read_only(tight_world):
        report = tight_world.sync(venue, "square", "customers")
        capsys.readouterr()
        code, said = run(["drain"]), capsys.readouterr().err
        done = work.execute_in_process(
            resources={"engine": tight_world.engine}, run_config=config, instance=instance, raise_on_error=False
        )
        tick = syncs_waiting(dg.build_sensor_context(instance=instance), database=tight_world.database)
        answer = requests.post(f"{address}/webhooks/stripe", data=body, headers=headers, timeout=30)
    after = tight_world.sync(venue, "square", "customers")

    sentence = SENTENCES["read_only"]
    assert (report.status, report.error) == ("failed", f"standby/square was not synced to its end. {sentence}")
    assert (code, " ".join(said.split())) == (3, f"venue-sync: {sentence}")
    failures = [event.step_failure_data for event in done.all_node_events if event.is_step_failure]
    assert [data.user_failure_data.description for data in failures if data.user_failure_data] == [sentence]
    assert tick == dg.SkipReason(sentence)
    assert (answer.status_code, answer.json()["error"]) == (503, sentence)
    assert after.error is None
    assert there(tight_world, venue) == Counter({f"c{n}": 1 for n in range(1, 6)})
