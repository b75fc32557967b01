"""The quiet after the storm: everything is asked for again and again until there is nothing left to do, in bounded time."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import DBAPIError

from benchmarks.crowd import PROVIDERS
from sync_core.oauth.rounds import refresh_due
from tests.chaos.stage import Stage

MOST_ROUNDS: Final = 12
SECONDS: Final = 150.0
LOOK_EVERY: Final = 0.1
NUDGE_EVERY: Final = 1.0
BAD: Final = 400
# Whoever waits for a time waits for the database's clock, so an hour passes there for all of them alike.
AN_HOUR_LATER: Final = (
    """
    UPDATE sync.breakers SET opened_at = opened_at - interval '1 hour', changed_at = changed_at - interval '1 hour',
        trying_until = trying_until - interval '1 hour'
    """,
    "UPDATE sync.work SET not_before = not_before - interval '1 hour' WHERE status = 'queued'",
    "UPDATE sync.webhook_events SET next_at = next_at - interval '1 hour' WHERE status IN ('received', 'failed')",
    "UPDATE sync.pending SET due_at = due_at - interval '1 hour'",
    """
    UPDATE sync.oauth_tokens SET retry_at = retry_at - interval '1 hour', due_at = due_at - interval '1 hour',
        expires_at = expires_at - interval '1 hour'
    """,
)
# A record that was refused rests for up to a day.
A_DAY_LATER: Final = "UPDATE sync.pending SET due_at = due_at - interval '1 day'"
_OPEN = """
SELECT (SELECT count(*) FROM sync.work WHERE status IN ('queued', 'running'))
     + (SELECT count(*) FROM sync.webhook_events WHERE status IN ('received', 'failed') AND next_at < 'infinity')
"""
_DONE = "SELECT status, error, result -> 'counts' AS counts FROM sync.work WHERE id = ANY(:ids)"
_WRITES = ("created", "updated", "deleted", "pulled_created", "pulled_updated", "pulled_deleted")


@dataclass(frozen=True, slots=True)
class Settled:
    """How long it took, and what was not well in the last round."""

    seconds: float
    rounds: int
    troubles: tuple[str, ...]


def an_hour_later(stage: Stage) -> None:
    """Let an hour pass for everybody who waits for a time, and do what Dagster's sensor of tokens does by itself."""
    for statement in AN_HOUR_LATER:
        stage.sql(statement)
    with suppress(DBAPIError):  # the database may be away in the storm, and the next hour comes
        refresh_due(stage.engine)


def settle(stage: Stage) -> Settled:
    """Sync everything until a whole round of it changes nothing on either side."""
    began = time.monotonic()
    for provider in PROVIDERS:
        stage.doors.sim(provider, "DELETE", "faults")
    _wait(stage, began, _posted)
    _wait(stage, began, _quiet)
    troubles: list[str] = []
    for number in range(1, MOST_ROUNDS + 1):
        an_hour_later(stage)
        stage.sql(A_DAY_LATER)
        ids = [one for venue in stage.venues for provider in PROVIDERS for one in _asked(stage, began, venue, provider)]
        _wait(stage, began, _quiet)
        done = stage.sql(_DONE, ids=ids)
        troubles = [f"a sync is {one.status}: {one.error}" for one in done if one.status != "succeeded"]
        changes = sum(counts.get(name, 0) for one in done if (counts := one.counts or {}) for name in _WRITES)
        if not troubles and not changes:
            return Settled(time.monotonic() - began, number, ())
        troubles += [f"{changes} changes in round {number}"] if changes else []
    return Settled(time.monotonic() - began, MOST_ROUNDS, tuple(troubles))


def _asked(stage: Stage, began: float, venue: str, provider: str) -> list[int]:
    """Ask for everything of one connection; the requests' ids. What is asked for already is waited for."""
    while True:
        answer = stage.visitor.ask("POST", f"/sync/{provider}/sync", venueId=venue)
        if answer.status_code < BAD:
            return [one["id"] for one in answer.json()["data"]["requests"]]
        assert answer.json()["code"] == "SYNC_IN_PROGRESS", answer.text
        _wait(stage, began, _quiet)


def _posted(stage: Stage) -> bool:
    """Whether the providers have no webhook left to send."""
    return all(stage.doors.sim(provider, "GET", "webhooks")["waiting"] == 0 for provider in PROVIDERS)


def _quiet(stage: Stage) -> bool:
    """Whether nothing is asked for or told of any more."""
    return stage.sql(_OPEN)[0][0] == 0


def _wait(stage: Stage, began: float, over: Callable[[Stage], bool]) -> None:
    nudged = time.monotonic()
    while not over(stage):
        assert time.monotonic() < began + SECONDS, "it does not settle: see the logs, sync.work and sync.webhook_events"
        if time.monotonic() > nudged + NUDGE_EVERY:
            an_hour_later(stage)
            nudged = time.monotonic()
        time.sleep(LOOK_EVERY)
