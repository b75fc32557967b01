"""Several processes and one ending token, a provider that takes its time, and processes that are killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.clock import SystemClock
from sync_core.errors import AuthorizationLost
from sync_core.oauth import refresh
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.wire import UNLIMITED
from tests.sync_core.oauth.conftest import CALLBACK, SECRETS, Place, account

ROUNDS = int(os.environ.get("OAUTH_RACES", "6"))
"""How often the four race; more with OAUTH_RACES=50."""


@pytest.fixture
def books(place: Place) -> Iterator[Place]:
    """The venue "blue-note" connected with a QuickBooks of the real time, whose refresh token changes and dies at once."""
    with running(QuickBooksSimulator(limits=UNLIMITED)) as base:
        environ = dict(place.environ) | {"QUICKBOOKS_API_BASE": base, "QUICKBOOKS_OAUTH_BASE": base}
        bases = {**place.bases, "quickbooks": base}
        settings = replace(
            place.engine.settings,
            bases=dict(place.engine.settings.bases) | {k: v for k, v in environ.items() if v == base},
        )
        made = Place(replace(place.engine, clock=SystemClock(), settings=settings), place.clock, bases, environ)
        made.sim(
            "quickbooks",
            "PUT",
            "applications",
            client_id="id-quickbooks",
            secret=SECRETS["quickbooks"],
            redirect_uris=[CALLBACK],
        )
        made.sim("quickbooks", "PUT", "grants", rotate_after=0, grace=0)
        made.venue("blue-note", "quickbooks")
        made.connect("blue-note", "quickbooks")
        yield made


@contextmanager
def _process(place: Place) -> Iterator["subprocess.Popen[str]"]:
    url = place.engine.database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    environ: Mapping[str, str] = (
        dict(os.environ) | dict(place.environ) | {"DATABASE_URL": url, "PYTHONWARNINGS": "ignore"}
    )
    with subprocess.Popen(
        [sys.executable, "-m", "tests.refresher", "blue-note", "quickbooks"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def _heard(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, "the process ended"
    return line.strip()


def _tell(child: "subprocess.Popen[str]", word: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{word}\n")
    child.stdin.flush()


def _end_the_token(place: Place) -> None:
    place.sim("quickbooks", "DELETE", "grants", account_id=account("blue-note"))
    with place.engine.database.begin() as conn:
        conn.execute(sa.text("UPDATE sync.oauth_tokens SET due_at = now() - interval '1 second'"))


def _slow(place: Place, seconds: float, **more: Any) -> None:
    fault = {"kind": "delay", "seconds": seconds, "path": "/oauth2/v1/tokens/bearer"} | more
    place.sim("quickbooks", "POST", "faults", faults=[fault])


def test_two_users_and_two_refreshers_race_for_an_ended_token_and_it_is_refreshed_once_each_time(books: Place) -> None:
    """With a refresh token that is good once, one refresh too many or one lost would be the end of the connection."""
    with books.engine.database.begin() as conn:
        name = conn.execute(sa.text("SELECT current_database()")).scalar_one()
        conn.execute(sa.text(f"ALTER DATABASE {name} SET lock_timeout = '50ms'"))
    _slow(books, 0.2)
    with ExitStack() as stack:
        children = [stack.enter_context(_process(books)) for _ in range(4)]
        assert [_heard(child) for child in children] == ["ready"] * 4
        for number in range(1, ROUNDS + 1):
            _end_the_token(books)
            for child, word in zip(children, ("use", "round", "use", "round"), strict=True):
                _tell(child, word)
            assert [_heard(child) for child in children] == ["200", "done", "200", "done"]
            assert books.counts("quickbooks")["refreshes"] == number
    assert books.standing("blue-note", "quickbooks").version == ROUNDS + 1
    assert books.counts("quickbooks") == {"allowed": 1, "exchanges": 1, "refreshes": ROUNDS}


def _kill_between_answer_and_store(place: Place) -> None:
    """Hold the row that the process wants to write, let the provider answer, and kill -9 it while it waits."""
    _slow(place, 0.5, times=1)
    with _process(place) as child:
        assert _heard(child) == "ready"
        _end_the_token(place)
        _tell(child, "round")
        _until(lambda: place.standing("blue-note", "quickbooks").attempted_at is not None)
        with place.engine.database.begin() as conn:
            conn.execute(sa.text("SELECT 1 FROM sync.oauth_tokens FOR UPDATE"))
            _until(lambda: place.counts("quickbooks").get("refreshes") == 1)
            time.sleep(0.1)
            assert child.poll() is None
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    assert place.standing("blue-note", "quickbooks").version == 1


def _until(true: Any) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_quickbooks_survives_a_kill_between_its_answer_and_our_store(books: Place) -> None:
    """The refresh token whose successor was lost goes on for a day, as Intuit's does."""
    books.sim("quickbooks", "PUT", "grants", rotate_after=0, grace=86_400)
    _kill_between_answer_and_store(books)
    assert refresh(books.engine, books.connection("blue-note", "quickbooks")).version == 2
    assert books.connection("blue-note", "quickbooks").status == "connected"
    assert books.counts("quickbooks")["refreshes"] == 2


def test_where_a_refresh_token_is_good_once_such_a_kill_costs_the_connection_and_people_are_told_why(
    books: Place,
) -> None:
    _kill_between_answer_and_store(books)
    with pytest.raises(AuthorizationLost, match="was cut short"):
        refresh(books.engine, books.connection("blue-note", "quickbooks"))
    connection = books.connection("blue-note", "quickbooks")
    assert connection.status == "error"
    assert connection.last_error is not None
    assert "was cut short" in connection.last_error
