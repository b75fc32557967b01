"""The regular look: what it notes, which alerts it opens and closes, and that each trouble is told once."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from sync_core.http.calls import CallCount
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec
from sync_core.store import alerts, breakers, call_counts, connection_health, dead_letters, locks
from sync_core.store.call_counts import Called
from sync_core.store.dead_letters import WEBHOOK_DEAD, Letter
from sync_core.store.sync_tables import connections, sync_log
from sync_core.store.venue_tables import venues
from sync_core.sync.guards import Board
from sync_core.sync.watch import Look, look
from tests.world import DEFS

NOW = datetime.now(UTC)
SPECS = load_providers(DEFS)


def _connection(conn: sa.Connection, venue: str, provider: str = "square", *, status: str = "connected") -> int:
    conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="EUR"))
    values = {"venue_id": venue, "provider": provider, "environment": "production", "status": status}
    return conn.execute(sa.insert(connections).values(values).returning(connections.c.id)).scalar_one()


def _syncs(conn: sa.Connection, connection_id: int, *, good: int, bad: int, hours_ago: float = 1) -> None:
    at = NOW - timedelta(hours=hours_ago)
    row = {"connection_id": connection_id, "entity": "customers", "run_id": "r", "mode": "full", "started_at": at}
    rows = [
        row | {"status": status, "finished_at": at}
        for status, n in (("succeeded", good), ("failed", bad))
        for _ in range(n)
    ]
    conn.execute(sa.insert(sync_log), rows)


def _look(database: sa.Engine, *, now: datetime = NOW, specs: dict[str, ProviderSpec] | None = None) -> Look:
    found = look(database, specs or SPECS, now=now)
    assert found is not None
    return found


def _open(database: sa.Engine) -> list[tuple[str, str, str]]:
    with database.connect() as conn:
        return [(one.venue or one.subject, one.kind, one.severity) for one in alerts.opened(conn)]


def test_health_goes_up_and_down_and_each_trouble_is_told_once(database: sa.Engine) -> None:
    with database.begin() as conn:
        ill, slow, well, lost = (_connection(conn, name) for name in ("ill", "slow", "well", "lost"))
        _syncs(conn, ill, good=1, bad=4)
        for one in (slow, well):
            _syncs(conn, one, good=9, bad=1)
        _syncs(conn, well, good=0, bad=50, hours_ago=30)  # too long ago to count
        conn.execute(
            sa.update(connections).where(connections.c.id == lost).values(status="error", last_error="Revoked.")
        )
        count = CallCount(calls=10, seconds=70.0)
        call_counts.add(conn, calls=[Called(slow, "GET /v2/locations", count)], present=NOW - timedelta(hours=20))
        call_counts.add(conn, calls=[Called(well, "GET /v2/locations", count)], present=NOW - timedelta(hours=26))

    first = _look(database)
    assert dict(first.counts) == {"healthy": 1, "degraded": 1, "unhealthy": 2}
    assert [(one.venue, one.health, now.health) for one, now in first.changes] == [
        ("ill", None, "unhealthy"),
        ("lost", None, "unhealthy"),
        ("slow", None, "degraded"),
        ("well", None, "healthy"),
    ]
    told = [("ill", "unhealthy", "error"), ("lost", "unhealthy", "error"), ("slow", "degraded", "warning")]
    assert sorted(_open(database)) == told

    reason = "20 % of the syncs of 24 hours went well."
    sentence = f"ill/square is unhealthy: {reason} See 'venue-sync status --venue ill' for what went wrong."
    assert first.opened[0] == sentence

    again = _look(database)
    assert (again.changes, again.opened, again.closed) == ([], [], 0)

    with database.begin() as conn:
        _syncs(conn, ill, good=45, bad=0)
    better = _look(database)
    assert [(one.venue, one.health, now.health) for one, now in better.changes] == [("ill", "unhealthy", "healthy")]
    assert better.closed == 1
    assert sorted(_open(database)) == told[1:]
    with database.connect() as conn:
        changes = connection_health.changes_of(conn, ill)
        counted = connection_health.counted(conn)
    assert [(x.was, x.became) for x in changes] == [("unhealthy", "healthy"), (None, "unhealthy")]
    assert counted["square", "connected", "healthy"] == 2

    later = _look(database, now=NOW + timedelta(days=2))
    assert later.counts["unknown"] == 3  # no news; who is in error stays so
    assert _open(database) == [("lost", "unhealthy", "error")]


def test_what_many_share_is_one_alert_and_a_stopped_provider_is_told_instead_of_its_venues(
    database: sa.Engine,
) -> None:
    with database.begin() as conn:
        for number in range(25):
            _syncs(conn, _connection(conn, f"venue-{number:02}"), good=0, bad=1)
    shared = _look(database)
    assert shared.counts["unhealthy"] == 25
    assert shared.opened[0].startswith("25 connections with square are unhealthy, for instance venue-00/square: ")
    assert shared.opened[0].endswith("See 'venue-sync health --ill' for the others.")
    assert _open(database) == [("square", "unhealthy", "error")]

    with database.begin() as conn:
        for number in range(6):
            breakers.fail(conn, "square/production", account=f"a{number}", most_each=2, reason="HTTP 503")
    stopped = _look(database)
    assert stopped.closed == 1
    assert _open(database) == [("square/production", "breaker_open", "critical")]
    assert "HTTP 503" in stopped.opened[0]

    with database.begin() as conn:
        conn.execute(sa.text("DELETE FROM sync.breakers"))
    assert _look(database).closed == 1
    assert _open(database) == [("square", "unhealthy", "error")]


def test_a_refused_token_that_was_told_is_not_told_again_as_bad_health(database: sa.Engine) -> None:
    with database.begin() as conn:
        mine = _connection(conn, "lost", status="error")
        alerts.tell(conn, connection_id=mine, kind="oauth_refused", message="The token was refused.")
    assert _look(database).counts["unhealthy"] == 1
    assert _open(database) == [("lost", "oauth_refused", "error")]


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        (399_999, []),
        (400_000, [("quickbooks", "quota_80", "warning")]),
        (500_000, [("quickbooks", "quota_100", "critical")]),
    ],
)
def test_metered_calls_are_told_at_80_and_at_100_percent_of_the_month(
    database: sa.Engine, calls: int, kinds: list[tuple[str, str, str]]
) -> None:
    first = NOW.replace(day=1, hour=0, minute=0)
    with database.begin() as conn:
        mine = [_connection(conn, name, "quickbooks") for name in ("one", "two")]
        halves = (calls // 2, calls - calls // 2)
        for one, half in zip(mine, halves, strict=True):
            called = Called(one, "GET /v3/company/{id}/query", CallCount(calls=half), metered=half)
            call_counts.add(conn, calls=[called], present=first)
            call_counts.add(conn, calls=[called], present=first - timedelta(minutes=1))  # last month's
    opened = _look(database).opened
    assert _open(database) == kinds
    assert all("CorePlus" in sentence and f"{calls:,}" in sentence for sentence in opened)


def test_only_reads_of_production_accounts_are_metered() -> None:
    limits = SPECS["quickbooks"].limits
    assert limits.meters("GET /v3/company/{id}/query", "production")
    assert not limits.meters("POST /v3/company/{id}/batch", "production")
    assert not limits.meters("GET /v3/company/{id}/query", "sandbox")
    assert not SPECS["stripe"].limits.meters("GET /v1/charges", "production")


def test_two_processes_do_not_look_at_once(database: sa.Engine) -> None:
    with database.connect() as other, locks.only_one(other, "health") as mine:
        assert mine
        assert look(database, SPECS, now=NOW) is None
    assert look(database, SPECS, now=NOW) is not None


def test_a_breaker_that_opens_during_a_look_keeps_its_alert_and_is_told_once(database: sa.Engine) -> None:
    def opens(conn: sa.Connection, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("SELECT") and "FROM sync.breakers" in statement and not opened:
            opened.append(True)
            for _ in range(5):
                Board(database).fail("square/production/m1", "square/production", "HTTP 503")

    opened: list[bool] = []
    event.listen(database, "after_cursor_execute", opens)
    _look(database)
    event.remove(database, "after_cursor_execute", opens)
    assert opened
    assert _open(database) == [("square/production/m1", "breaker_open", "warning")]
    assert _look(database).opened == []
    with database.connect() as conn:
        assert [one.times for one in alerts.opened(conn)] == [1]
        assert conn.execute(sa.text("SELECT count(*) FROM sync.alerts")).scalar_one() == 1


def test_the_breaker_of_an_account_that_nobody_calls_any_more_is_forgotten_and_its_alert_closed(
    database: sa.Engine,
) -> None:
    board = Board(database)
    for _ in range(5):
        board.fail("square/production/left", "square/production", "HTTP 503")
    board.fail("stripe/production/well", "stripe/production", "HTTP 503")
    for hours, names in ((1, {"square/production/left"}), (24, set[str]())):
        with database.begin() as conn:
            shift = {"shift": timedelta(hours=hours)}
            conn.execute(
                sa.text("UPDATE sync.breakers SET changed_at = changed_at - :shift, opened_at = opened_at - :shift"),
                shift,
            )
        _look(database)
        with database.connect() as conn:
            assert {one.name for one in breakers.standing(conn)} == names
        assert {subject for subject, _, _ in _open(database)} == names


@pytest.mark.parametrize("kind", ["dead_letters", WEBHOOK_DEAD])
def test_an_alert_about_letters_is_over_when_the_last_was_discarded_though_nobody_syncs(
    database: sa.Engine, kind: str
) -> None:
    with database.begin() as conn:
        left, other = (_connection(conn, name, status="disconnected") for name in ("left", "other"))
        for one in (left, other):
            dead_letters.post(
                conn, one, "customers", direction="pull", letters=[Letter("c1", WEBHOOK_DEAD, "It failed.")]
            )
            subject = "customers" if kind == "dead_letters" else ""
            alerts.tell(conn, connection_id=one, kind=kind, subject=subject, message="Letters are open.")
        dead_letters.post(conn, left, "products", direction="push", letters=[Letter("p1", "refused", "It failed.")])
    _look(database)
    assert len(_open(database)) == 2
    with database.begin() as conn:
        dead_letters.resolve(conn, left, "customers", direction="pull", ids=["c1"])
    _look(database)
    assert _open(database) == [("other", kind, "error")]
