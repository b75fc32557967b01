"""Housekeeping: what is done goes after thirty days, and what waits stays however old it is."""

import time

from sync_api import housekeeping
from tests.sync_api.desk import Desk

EVENTS = "INSERT INTO sync.webhook_events (provider, event_id, type, payload, status, received_at, finished_at) VALUES "
WORK = "INSERT INTO sync.work (connection_id, entity, mode, priority, requested_by, status, finished_at) VALUES "


def test_what_is_done_is_forgotten_after_thirty_days_and_what_waits_is_not(desk: Desk) -> None:
    connection = desk.connect()
    for days in (29, 31):
        for status in ("received", "applied", "skipped", "failed", "dead"):
            ended = "NULL" if status in ("received", "failed") else f"now() - interval '{days} days'"
            values = f"('stripe', '{status}-{days}', 't', '{{}}', '{status}', now() - interval '{days} days', {ended})"
            desk.sql(EVENTS + values)
        for status in ("queued", "succeeded", "dead", "cancelled"):
            ended = "NULL" if status == "queued" else f"now() - interval '{days} days'"
            desk.sql(WORK + f"({connection}, '{status}_{days}', 'full', 'low', 'ana', '{status}', {ended})")

    # The process does it when it starts, too, and of two at once one does nothing.
    until = time.monotonic() + 10
    while desk.sql("SELECT count(*) FROM sync.work") != [(5,)] and time.monotonic() < until:
        housekeeping.tidy(desk.app.state.api)

    kept = {name for (name,) in desk.sql("SELECT event_id FROM sync.webhook_events")}
    assert {name for name in kept if "31" in name} == {f"{status}-31" for status in ("received", "failed", "dead")}
    assert len([name for name in kept if "29" in name]) == 5
    items = {name for (name,) in desk.sql("SELECT entity FROM sync.work")}
    assert items == {"queued_31", "queued_29", "succeeded_29", "dead_29", "cancelled_29"}
