"""The embedded server: started once, shared by all who ask, stopped by the last."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from sync_core.errors import ConfigurationError
from sync_core.store.database import dagster_url, open_engine
from sync_core.store.embedded import EmbeddedPostgres


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose server is removed afterwards."""
    yield tmp_path
    server = EmbeddedPostgres(tmp_path, durable=False)
    server.start()
    server.stop()
    server.remove()


def _answer(server: EmbeddedPostgres) -> object:
    engine = open_engine(server.url)
    try:
        with engine.connect() as connection:
            return connection.execute(sa.text("SHOW server_version_num")).scalar()
    finally:
        engine.dispose()


def test_the_files_are_where_they_were_asked_to_be(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as made:  # pytest's own folders let no other account in
        place = Path(made)
        place.chmod(0o755)
        server = EmbeddedPostgres(tmp_path, durable=False, place=place)
        server.start()
        assert len(list(place.glob("*/data/PG_VERSION"))) == 1

        server.stop()
        server.remove()
        assert not list(place.iterdir())


def test_the_server_is_postgresql_18_and_stops_with_its_last_user(home: Path) -> None:
    first, second = EmbeddedPostgres(home, durable=False), EmbeddedPostgres(home, durable=False)
    first.start()
    second.start()
    assert str(_answer(first)).startswith("18")

    first.stop()
    assert str(_answer(second)).startswith("18")

    second.stop()
    with pytest.raises(OperationalError):
        _answer(second)


def test_a_killed_user_does_not_keep_the_server_or_spoil_it(home: Path) -> None:
    """A process that dies by kill -9 while using the server leaves nothing behind that stops the next one."""
    code = (
        "import sys, time, pathlib\n"
        "from sync_core.store.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1]), durable=False).start()\n"
        "print('up', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        os.kill(user.pid, signal.SIGKILL)
        user.wait()

    server = EmbeddedPostgres(home, durable=False)
    server.start()
    assert str(_answer(server)).startswith("18")
    server.stop()
    with pytest.raises(OperationalError):
        _answer(server)


def test_a_database_that_is_not_postgresql_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="only PostgreSQL"):
        open_engine("sqlite:///x.db")
    with pytest.raises(ConfigurationError, match="not a database address"):
        open_engine("nonsense")


def test_dagster_gets_its_own_schema_and_the_driver_it_needs() -> None:
    assert dagster_url("postgresql://u:p@h/db") == ("postgresql+psycopg2://u:p@h/db?options=-csearch_path%3Ddagster")
