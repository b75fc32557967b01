"""Tokens kept alive: before their end, after a refusal, by one at a time, and what happens when it does not work."""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from sync_core.errors import AuthorizationLost, ConfigurationError, IntegrityError, ProviderRefused, TransientError
from sync_core.http.bearer import renewing
from sync_core.oauth import refresh
from sync_core.oauth.bearer import Bearer
from sync_core.oauth.grant import Grant
from sync_core.oauth.keeping import held
from sync_core.oauth.rounds import refresh_due
from sync_core.settings import read_settings
from sync_core.store import alerts
from sync_core.sync.report import EntityReport, Mode
from sync_core.vault.credentials import Vault
from sync_core.vault.keyring import DataKey, Keyring
from sync_core.vault.local import LocalKeyring
from tests.sync_core.oauth.conftest import Place, account

TOKENS = "/oauth2/v1/tokens/bearer"


@pytest.fixture
def books(place: Place) -> Place:
    """The venue "blue-note", connected with QuickBooks, whose refresh token changes each time and dies at once."""
    place.venue("blue-note", "quickbooks")
    place.sim("quickbooks", "PUT", "grants", rotate_after=0, grace=0)
    place.connect("blue-note", "quickbooks")
    return place


def _sync(place: Place) -> EntityReport:
    return place.engine.sync(place.connection("blue-note", "quickbooks"), "customers", mode=Mode(), run_id="test")


def _refresh(place: Place) -> None:
    refresh(place.engine, place.connection("blue-note", "quickbooks"))


def _grant(place: Place) -> Grant:
    with place.engine.database.connect() as conn:
        return held(place.engine, conn, place.connection("blue-note", "quickbooks"))


def _alerts(place: Place) -> list[tuple[str, int]]:
    with place.engine.database.connect() as conn:
        return [(alert.kind, alert.times) for alert in alerts.opened(conn)]


def _misbehave(place: Place, **fault: Any) -> None:
    place.sim("quickbooks", "POST", "faults", faults=[{"path": TOKENS} | fault])


def test_a_sync_refreshes_a_token_five_minutes_before_its_end_and_not_earlier(books: Place) -> None:
    books.clock.advance(3_299)
    assert _sync(books).status == "succeeded"
    assert books.standing("blue-note", "quickbooks").version == 1
    books.clock.advance(2)
    assert _sync(books).status == "succeeded"
    assert books.standing("blue-note", "quickbooks").version == 2
    assert books.counts("quickbooks")["refreshes"] == 1


def test_a_token_that_is_refused_under_way_is_refreshed_once_and_the_call_repeated(books: Place) -> None:
    books.sim("quickbooks", "DELETE", "grants", account_id=account("blue-note"))
    assert _sync(books).status == "succeeded"
    assert books.counts("quickbooks")["refreshes"] == 1


def test_a_write_that_is_refused_at_the_door_is_written_once_with_the_next_token(books: Place) -> None:
    with books.engine.database.begin() as conn:
        conn.execute(
            sa.text("INSERT INTO venue.customers (venue_id, id, given_name) VALUES ('blue-note', 'c1', 'Ada')")
        )
    refused = {"Fault": {"Error": [{"Message": "x", "code": "3200"}], "type": "AUTHENTICATION"}}
    fault = {"kind": "error_before", "status": 401, "path": "/v3/*/batch", "times": 1, "body": refused}
    books.sim("quickbooks", "POST", "faults", faults=[fault])
    assert _sync(books).counts.created == 1
    made = books.sim("quickbooks", "GET", f"accounts/{account('blue-note')}/objects/customers")["objects"]
    assert [one["DisplayName"] for one in made] == ["Ada"]


def test_a_token_that_another_process_got_and_that_has_ended_since_is_no_reason_to_ask_the_venue(books: Place) -> None:
    """The sync's own token ends; another process gets a new one; that one ends too before the sync comes to use it."""
    connection = books.connection("blue-note", "quickbooks")
    long_sync = Bearer(books.engine, connection, _grant(books))
    _refresh(books)
    books.sim("quickbooks", "DELETE", "grants", account_id=account("blue-note"))
    with requests.Session() as session:
        renewing(session, long_sync)
        address = f"{books.bases['quickbooks']}/v3/company/{account('blue-note')}/query"
        query = {"query": "SELECT * FROM Customer", "minorversion": "75"}
        answer = session.get(address, params=query, headers={"Authorization": "Bearer x"}, timeout=10)
    assert answer.status_code == 200
    assert books.counts("quickbooks")["refreshes"] == 2


def test_what_the_provider_refuses_with_every_token_puts_the_connection_in_error(books: Place) -> None:
    fault = {"kind": "error_before", "status": 401, "path": "/v3/*"}
    books.sim("quickbooks", "POST", "faults", faults=[fault])
    report = _sync(books)
    assert report.status == "failed"
    assert books.counts("quickbooks")["refreshes"] == 2
    assert books.connection("blue-note", "quickbooks").status == "error"


def test_the_rotated_refresh_token_is_in_the_database_before_the_access_token_is_used(books: Place) -> None:
    """The first call with a new access token finds the refresh token that came with it stored."""
    books.clock.advance(3_400)
    before = _grant(books)
    bearer = Bearer(books.engine, books.connection("blue-note", "quickbooks"), before)
    token = bearer.current()
    stored = _grant(books)
    assert token == stored.access_token != before.access_token
    assert stored.refresh_token != before.refresh_token
    assert stored.version == books.standing("blue-note", "quickbooks").version == 2


def test_many_threads_that_find_one_token_ended_refresh_it_once_however_slow_the_provider(books: Place) -> None:
    books.clock.advance(3_700)
    _misbehave(books, kind="delay", seconds=0.5)
    connection, grant = books.connection("blue-note", "quickbooks"), _grant(books)
    bearers = [Bearer(books.engine, connection, grant) for _ in range(3)]

    with ThreadPoolExecutor(9) as pool:
        got = set(pool.map(lambda number: bearers[number % 3].current(), range(9)))

    assert got == {_grant(books).access_token}
    assert books.counts("quickbooks") == {"allowed": 1, "exchanges": 1, "refreshes": 1}


def test_a_lock_timeout_of_the_database_does_not_end_the_waiting(books: Place) -> None:
    with books.engine.database.begin() as conn:
        name = conn.execute(sa.text("SELECT current_database()")).scalar_one()
        conn.execute(sa.text(f"ALTER DATABASE {name} SET lock_timeout = '50ms'"))
        conn.execute(sa.text(f"ALTER DATABASE {name} SET statement_timeout = '100ms'"))
    books.engine.database.dispose()
    _misbehave(books, kind="delay", seconds=0.6)
    with ThreadPoolExecutor(2) as pool:
        bearers = [Bearer(books.engine, books.connection("blue-note", "quickbooks"), _grant(books)) for _ in range(2)]
        books.clock.advance(3_700)
        assert len(set(pool.map(lambda bearer: bearer.current(), bearers))) == 1
    assert books.counts("quickbooks") == {"allowed": 1, "exchanges": 1, "refreshes": 1}


def test_a_refresher_whose_database_connection_dies_still_stores_what_it_got(books: Place) -> None:
    _misbehave(books, kind="delay", seconds=0.6)
    with _in_background(books) as done:
        time.sleep(0.3)
        with books.engine.database.connect() as conn:
            conn.execute(
                sa.text(
                    "SELECT pg_terminate_backend(l.pid) FROM pg_locks l "
                    "WHERE l.locktype = 'advisory' AND l.pid <> pg_backend_pid() "
                    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )
    assert done == [None]
    assert books.standing("blue-note", "quickbooks").version == 2
    _refresh(books)
    assert books.counts("quickbooks") == {"allowed": 1, "exchanges": 1, "refreshes": 2}


@contextmanager
def _in_background(place: Place) -> Iterator[list[BaseException | None]]:
    done: list[BaseException | None] = []

    def work() -> None:
        try:
            _refresh(place)
            done.append(None)
        except BaseException as exc:  # noqa: BLE001 - the test looks at it
            done.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    yield done
    thread.join()


def test_three_failures_in_a_row_put_the_connection_in_error_and_a_success_brings_it_back(books: Place) -> None:
    _misbehave(books, kind="error_before", status=503)
    for attempt, pause in ((1, 15), (2, 60), (3, 300)):
        with pytest.raises(TransientError, match="fails to give tokens"):
            _refresh(books)
        standing = books.standing("blue-note", "quickbooks")
        assert (standing.failures, standing.version) == (attempt, 1)
        with pytest.raises(TransientError, match="is not tried again"):
            _refresh(books)
        assert (books.connection("blue-note", "quickbooks").status == "error") == (attempt == 3)
        books.clock.advance(pause)
    assert _alerts(books) == [("oauth_failing", 1)]

    books.sim("quickbooks", "DELETE", "faults")
    _refresh(books)
    assert books.connection("blue-note", "quickbooks").status == "connected"
    assert _alerts(books) == []
    assert books.standing("blue-note", "quickbooks").failures == 0


def test_a_failed_refresh_leaves_the_last_minutes_of_the_token_to_the_sync(books: Place) -> None:
    _misbehave(books, kind="error_before", status=503)
    books.clock.advance(3_400)
    assert _sync(books).status == "succeeded"
    books.clock.advance(201)
    report = _sync(books)
    assert report.status == "failed"
    assert report.error is not None
    assert "fails to give tokens" in report.error or "is not tried again" in report.error
    assert books.connection("blue-note", "quickbooks").status == "connected"


def test_a_refresh_token_that_is_refused_ends_it_at_once(books: Place) -> None:
    books.sim("quickbooks", "DELETE", "grants", account_id=account("blue-note"), all=True)
    with pytest.raises(AuthorizationLost, match="invalid_grant"):
        _refresh(books)
    connection = books.connection("blue-note", "quickbooks")
    assert connection.status == "error"
    assert connection.last_error is not None
    assert "must connect again" in connection.last_error
    assert _alerts(books) == [("oauth_refused", 1)]
    calls = books.counts("quickbooks")
    with pytest.raises(AuthorizationLost, match="cannot be refreshed"):
        _refresh(books)
    assert books.counts("quickbooks") == calls
    books.connect("blue-note", "quickbooks")
    assert books.connection("blue-note", "quickbooks").status == "connected"
    assert _alerts(books) == []


def test_an_application_that_the_provider_does_not_know_is_ours_to_mend(books: Place) -> None:
    environ = dict(books.environ) | {"QUICKBOOKS_CLIENT_SECRET": "another"}
    engine = replace(books.engine, settings=read_settings(environ))
    with pytest.raises(ConfigurationError, match="invalid_client") as refused:
        refresh(engine, books.connection("blue-note", "quickbooks"))
    assert "another" not in str(refused.value)
    assert books.connection("blue-note", "quickbooks").status == "connected"


class _Away:
    """A master key that opens what it is asked to and seals nothing, as behind a broken network."""

    name = "a master key that is away"

    def __init__(self, inner: Keyring) -> None:
        self._inner = inner

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        raise TransientError("AWS KMS cannot be reached.")

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        return self._inner.open_data_key(wrapped, context)

    def check(self) -> None:
        raise TransientError("AWS KMS cannot be reached.")


def test_without_a_key_to_seal_with_the_provider_is_not_asked(books: Place) -> None:
    """What it gave could not be kept: with a refresh token that is good once, the connection would be lost."""
    away = replace(books.engine, vault=Vault(_Away(LocalKeyring(books.master_key, environment="development"))))
    with pytest.raises(TransientError, match="KMS"):
        refresh(away, books.connection("blue-note", "quickbooks"))
    assert "refreshes" not in books.counts("quickbooks")
    _refresh(books)
    assert books.counts("quickbooks")["refreshes"] == 1


def test_an_answer_that_is_lost_on_the_way_is_asked_for_again_while_the_former_token_goes_on(books: Place) -> None:
    books.sim("quickbooks", "PUT", "grants", rotate_after=0, grace=86_400)
    _misbehave(books, kind="drop_after", times=1)
    with pytest.raises(TransientError):
        _refresh(books)
    books.clock.advance(15)
    _refresh(books)
    assert books.standing("blue-note", "quickbooks").version == 2
    assert _sync(books).status == "succeeded"


def test_an_older_envelope_that_is_put_back_is_noticed_before_its_token_is_spent(books: Place) -> None:
    before = books.rows("SELECT envelope FROM sync.credentials")[0][0]
    _refresh(books)
    with books.engine.database.begin() as conn:
        conn.execute(sa.text("UPDATE sync.credentials SET envelope = :old"), {"old": before})
    with pytest.raises(IntegrityError, match="was put back"):
        _refresh(books)
    assert books.counts("quickbooks")["refreshes"] == 1


def test_tokens_that_do_not_end_are_never_refreshed(place: Place) -> None:
    for provider in ("stripe", "mailchimp"):
        place.venue(f"at-{provider}", provider)
        place.connect(f"at-{provider}", provider)
        assert place.rows("SELECT due_at, expires_at FROM sync.oauth_tokens") == [(None, None)]
        with place.engine.database.begin() as conn:
            conn.execute(sa.text("DELETE FROM sync.oauth_tokens"))


def test_squares_refresh_token_stays_and_is_used_each_week(place: Place) -> None:
    place.venue("blue-note", "square")
    place.connect("blue-note", "square")
    assert place.rows("SELECT due_at - obtained_at = interval '7 days' FROM sync.oauth_tokens") == [(True,)]
    refresh(place.engine, place.connection("blue-note", "square"))
    assert place.counts("square")["refreshes"] == 1
    assert place.standing("blue-note", "square").version == 2


def test_a_token_that_was_refused_long_before_its_time_is_tried_again_as_soon_as_one_whose_time_had_come(
    place: Place,
) -> None:
    """Square's would have been due in a week only, and its connection in error for as long."""
    place.venue("blue-note", "square")
    place.connect("blue-note", "square")
    place.sim("square", "POST", "faults", faults=[{"kind": "error_before", "status": 503, "path": "/oauth2/token"}])
    for pause in (15, 60, 300):
        with pytest.raises(TransientError, match="fails to give tokens"):
            refresh(place.engine, place.connection("blue-note", "square"))
        assert refresh_due(place.engine) == []
        place.clock.advance(pause)
    assert place.connection("blue-note", "square").status == "error"
    place.sim("square", "DELETE", "faults")

    assert [visit.error for visit in refresh_due(place.engine)] == [None]

    assert place.connection("blue-note", "square").status == "connected"


def test_who_was_connected_with_a_key_has_nothing_to_refresh(place: Place) -> None:
    place.venue("blue-note", "square")
    place.engine.connect("blue-note", "square", {"access_token": "key_of_blue-note"}, environment="production")
    with pytest.raises(AuthorizationLost, match="not connected by OAuth"):
        refresh(place.engine, place.connection("blue-note", "square"))


def test_a_refusal_without_the_standards_words_counts_as_a_failure(books: Place) -> None:
    _misbehave(books, kind="refuse", body={"message": "no"})
    with pytest.raises(ProviderRefused):
        _refresh(books)
    assert books.standing("blue-note", "quickbooks").failures == 1
