"""The inbox: every event once, each with its owner, until it is known what became of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.store import connections, inbox
from sync_core.store.connections import Connection
from sync_core.store.inbox import Arrival, Waiting
from sync_core.webhooks import Event


def event(number: int = 1, *, account: str | None = "acct_a", derived: bool = False, **payload: Any) -> Event:
    return Event(
        id=f"evt_{number}",
        type="customer.updated",
        account_id=account,
        object_type="customer",
        object_id=f"cus_{number}",
        occurred_at=None,
        payload=payload,
        derived_id=derived,
    )


@pytest.fixture
def owners(database: sa.Engine) -> dict[str, Connection]:
    """Two venues at Stripe and one at Mailchimp, by venue."""
    accounts = {"abbey": ("stripe", "acct_a"), "barn": ("stripe", "acct_b"), "cellar": ("mailchimp", "mc/list9")}
    with database.begin() as conn:
        for venue, (provider, account) in accounts.items():
            conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:v, :v, 'USD')"), {"v": venue})
            connections.save(
                conn, venue, provider, environment="sandbox", account_id=account, account_name=venue.title()
            )
        return {c.venue: c for c in connections.all_of(conn)}


def store(database: sa.Engine, *events: Event, provider: str = "stripe", connection_id: int | None = None) -> int:
    with database.begin() as conn:
        return inbox.store(conn, [Arrival(provider, one, connection_id) for one in events])


def due(database: sa.Engine) -> list[Waiting]:
    with database.connect() as conn:
        return inbox.due(conn, limit=100)


def states(database: sa.Engine) -> list[tuple[str, str | None]]:
    with database.connect() as conn:
        return [(line.status, line.reason) for line in reversed(inbox.inspect(conn))]


def later(database: sa.Engine, **passed: float) -> None:
    with database.begin() as conn:
        conn.execute(sa.text("UPDATE sync.webhook_events SET next_at = next_at - :d"), {"d": timedelta(**passed)})


def whose(events: Sequence[Waiting]) -> list[list[str]]:
    return [[owner.venue for owner in one.owners] for one in events]


def test_an_event_is_kept_once_however_often_it_comes(database: sa.Engine, owners: dict[str, Connection]) -> None:
    assert store(database, event(1), event(2), event(1)) == 2
    assert store(database, event(2), event(3)) == 1
    assert store(database) == 0
    assert [one.object_id for one in due(database)] == ["cus_1", "cus_2", "cus_3"]


def test_a_venue_cannot_forestall_another_ones_event(database: sa.Engine, owners: dict[str, Connection]) -> None:
    store(database, event(1, account=None), connection_id=owners["abbey"].id)

    assert store(database, event(1, account="acct_b")) == 1
    assert whose(due(database)) == [["abbey"], ["barn"]]


def test_events_reach_their_owner_by_account_by_list_and_by_address(
    database: sa.Engine, owners: dict[str, Connection]
) -> None:
    store(database, event(1, account="acct_b"))
    store(database, event(2, account="list9"), provider="mailchimp")
    store(database, event(3, account="acct_b"), connection_id=owners["abbey"].id)
    store(database, event(4, account="acct_a"), provider="square")

    assert whose(due(database)) == [["barn"], ["cellar"], ["abbey"], []], "an address counts more than what is claimed"


def test_an_account_that_two_venues_share_is_both_of_theirs(database: sa.Engine, owners: dict[str, Connection]) -> None:
    with database.begin() as conn:
        conn.execute(sa.text("UPDATE sync.connections SET account_id = 'acct_a' WHERE venue_id = 'barn'"))
    store(database, event(1))

    assert whose(due(database)) == [["abbey", "barn"]]


def test_events_of_nobody_wait_until_somebody_with_the_account_connects(
    database: sa.Engine, owners: dict[str, Connection]
) -> None:
    with database.begin() as conn:
        connections.mark_disconnected(conn, owners["barn"].id)
    store(database, event(1, account="acct_b"), event(2, account=None), event(3))
    first, second, third = due(database)
    assert (first.owners, second.owners) == ((), ())
    with database.begin() as conn:
        inbox.park(conn, [first, second], reason="Nobody has this account.")
        inbox.applied(conn, [third])
        assert inbox.wake(conn) == 0
        assert inbox.backlog(conn) == 0
        assert inbox.next_due(conn) is None

    with database.begin() as conn:
        connections.save(conn, "barn", "stripe", environment="sandbox", account_id="acct_b", account_name="Barn")
        assert inbox.wake(conn) == 1
        assert inbox.backlog(conn) == 1
    assert whose(due(database)) == [["barn"]]
    assert states(database) == [("received", None), ("received", "Nobody has this account."), ("applied", None)]


def test_a_failed_event_is_tried_five_times_more_and_then_is_dead(
    database: sa.Engine, owners: dict[str, Connection]
) -> None:
    store(database, event(1))
    pauses: list[float] = []
    dead: list[int] = []
    for attempt in range(6):
        (waiting,) = due(database)
        assert waiting.attempts == attempt
        with database.begin() as conn:
            dead = inbox.failed(conn, [waiting], reason="It was closed.")
            row = conn.execute(sa.text("SELECT extract(epoch FROM next_at - now())::float FROM sync.webhook_events"))
            pauses.append(row.scalar_one())
        assert due(database) == []
        later(database, hours=1)

    assert pauses[:5] == [2, 8, 32, 128, 512]
    with database.connect() as conn:
        assert dead == [line.id for line in inbox.inspect(conn)]
    assert states(database) == [("dead", "It was closed.")]
    with database.begin() as conn:
        assert inbox.retry(conn, dead) == 1
    assert [one.attempts for one in due(database)] == [0]


def test_what_could_not_be_begun_is_put_off_without_counting(
    database: sa.Engine, owners: dict[str, Connection]
) -> None:
    store(database, event(1))
    with database.begin() as conn:
        inbox.postpone(conn, due(database), delay=timedelta(seconds=5))
        assert inbox.next_due(conn) is not None
    assert due(database) == []
    later(database, seconds=5)

    assert [one.attempts for one in due(database)] == [0]


def test_what_is_in_hand_is_not_handed_out_again(database: sa.Engine, owners: dict[str, Connection]) -> None:
    store(database, event(1), event(2))
    first, second = due(database)

    with database.connect() as conn:
        assert inbox.due(conn, limit=9, besides={first.id}) == [second]


def test_an_event_with_a_derived_id_is_opened_again_when_it_comes_again(
    database: sa.Engine, owners: dict[str, Connection]
) -> None:
    """Two changes in one second look the same where the provider gives its events no id: neither may be lost."""
    store(database, event(1, derived=True), event(2))
    before = due(database)
    store(database, event(1, derived=True), event(2))
    with database.begin() as conn:
        inbox.applied(conn, before)
    assert states(database) == [("received", None), ("applied", None)], (
        "what came during the reading is still to be read"
    )

    again = due(database)
    with database.begin() as conn:
        inbox.skipped(conn, again, reason="No matter.")
    store(database, event(1, derived=True))
    assert states(database)[0] == ("received", None)


def test_people_see_events_of_their_own_account_alone(database: sa.Engine, owners: dict[str, Connection]) -> None:
    store(database, event(1, note="Zoë"), event(2, account="acct_b"))
    store(database, event(3, account=None), connection_id=owners["abbey"].id)

    with database.connect() as conn:
        seen = inbox.inspect(conn, connection=owners["abbey"])
        found = inbox.find(conn, seen[-1].id)
        assert [inbox.is_of(conn, line.id, venue="abbey") for line in reversed(inbox.inspect(conn))] == [
            True,
            False,
            True,
        ]
        depth = inbox.depth(conn)
        assert inbox.find(conn, 10**9) is None
        assert inbox.inspect(conn, provider="square") == inbox.inspect(conn, statuses=["dead"]) == []
    assert [line.event_id for line in seen] == ["evt_3", "evt_1"]
    assert found is not None
    assert found[1] == {"note": "Zoë"}
    assert [(d.provider, d.status, d.events) for d in depth] == [("stripe", "received", 3)]


def test_whoever_listens_hears_of_new_events_and_only_of_those(
    database: sa.Engine, owners: dict[str, Connection]
) -> None:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as listener:
        listener.execute(sa.text(f"LISTEN {inbox.CHANNEL}"))
        raw: Any = listener.connection.driver_connection

        store(database, event(1))
        assert len(list(raw.notifies(timeout=2, stop_after=1))) == 1
        store(database, event(1))
        assert list(raw.notifies(timeout=0.1)) == []
