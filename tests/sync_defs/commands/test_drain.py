"""`venue-sync drain`: what waits is worked off by one process without Dagster."""

import signal

import sqlalchemy as sa

from sync_core.store import connections, inbox, queue
from sync_core.store.queue import Asked
from sync_core.webhooks import Event
from sync_defs.commands.drain import told_to_leave
from tests.sync_defs.conftest import Call


def test_events_and_asked_for_syncs_are_worked_off_together(at_work: Call, database: sa.Engine) -> None:
    at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    event = Event("evt_1", "customer.updated", "acct_1", "customer", "cus_1", None, {})
    with database.begin() as conn:
        connection = connections.find(conn, "lantern-hall", "stripe")
        assert connection is not None
        inbox.store(conn, [inbox.Arrival("stripe", event)])
        item, _ = queue.enqueue(conn, Asked(connection.id, "products", "incremental", "high", "ana"))

    said = at_work("drain")

    assert said.code == 0
    assert "Events: applied 1," in said.err
    assert "Syncs: succeeded 1," in said.err
    with database.connect() as conn:
        done = queue.find(conn, item.id)
    assert done is not None
    assert done.status == "succeeded"


def test_a_signal_says_that_it_is_time_to_leave_and_interrupts_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with told_to_leave() as leave:
        signal.raise_signal(signal.SIGTERM)
        assert leave.is_set()
    assert signal.getsignal(signal.SIGTERM) is before
