"""Signed events by the thousand, doubled and in any order, while the processes that take and apply them are killed.

A short seeded storm; `make storm` makes the whole one.
"""

import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sync_core.sync.report import Mode
from sync_defs.commands.exits import INTERRUPTED
from sync_defs.commands.verify import verdict_on
from tests.e2e.storm.post import form_name
from tests.e2e.storm.weather import DUPLICATES, Scene, blow, scene

SEED = 20261120
FEW = 600
UNTOLD = ("balance_transactions", "reports")
"""What the simulators send no events of; it comes with the next sync."""


@pytest.fixture
def deliveries(request: pytest.FixtureRequest) -> int | None:
    """How many webhooks the whole storm delivers; None for the short one."""
    return request.config.getoption("--storm-events")


@pytest.fixture
def on(database: sa.Engine, tmp_path: Path, deliveries: int | None) -> Iterator[Scene]:
    """The scene: two processes at the doors, two that drain, two accounts or four at each provider."""
    long = deliveries is not None
    with scene(
        database,
        tmp_path,
        seed=secrets.randbits(32) if long else SEED,
        venues=4 if long else 2,
        window=500 if long else 60,
    ) as made:
        yield made


def test_nothing_is_lost_or_applied_twice_while_everything_is_killed_again_and_again(
    on: Scene, deliveries: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = blow(on, deliveries=deliveries or FEW, kills=6 if deliveries is None else 60)
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")

    assert on.post.waiting == 0
    assert figures.delivered == figures.webhooks + figures.copies
    assert figures.copies / figures.delivered == pytest.approx(DUPLICATES, abs=0.08)
    nothing_is_lost(on)
    nothing_is_doubled(on)
    the_venues_hold_what_the_providers_hold(on)
    the_processes_were_well_to_the_end(on)


def nothing_is_lost(on: Scene) -> None:
    """Every event that was answered with 2xx is there once, none that was not sent, and all are settled."""
    there = Counter(
        (provider, form_name(payload) if provider == "mailchimp" else event_id.partition("#")[0])
        for provider, event_id, payload in on.world.rows("SELECT provider, event_id, payload FROM sync.webhook_events")
    )
    assert there.keys() == on.post.accepted.keys()
    assert {status for (status,) in on.world.rows("SELECT DISTINCT status FROM sync.webhook_events")} == {
        "applied",
        "skipped",
    }
    assert on.world.rows("SELECT * FROM sync.webhook_events WHERE finished_at IS NULL") == []


def nothing_is_doubled(on: Scene) -> None:
    """No call of ours wrote at a provider, no row was written more often than its original, nothing was contested."""
    assert on.writes() == sum(one.writes for one in on.deeds)
    versions = Counter(
        (venue, row) for kept, venue, row in on.world.rows("SELECT * FROM public.row_versions") if kept == "customers"
    )
    changes = {(one.venue, remote_id): count for one in on.deeds for remote_id, count in one.changed.items()}
    assert versions.keys() <= changes.keys()
    assert {key: (count, changes[key]) for key, count in versions.items() if count > changes[key]} == {}
    for table in ("conflicts", "dead_letters", "intents", "alerts"):
        assert on.world.rows(f"SELECT * FROM sync.{table}") == []


def the_venues_hold_what_the_providers_hold(on: Scene) -> None:
    """The judge finds no difference, payments know who paid, and a sync of everything finds nothing to do."""
    for connection_venue, provider in _connected(on):
        for entity in on.world.engine.spec(provider).entities:
            if entity in UNTOLD:
                assert on.world.sync(connection_venue, provider, entity).error is None
    verdict = verdict_on(on.world.engine, venues=())
    assert (verdict.found, verdict.excused) == (0, 0), "\n".join(one.sentence for one in verdict.differences)
    assert verdict.compared["stripe", "customer"] > 0
    payers_are_known(on)
    before = on.writes()
    for venue, provider in _connected(on):
        for entity in on.world.engine.spec(provider).entities:
            report = on.world.sync(venue, provider, entity, Mode())
            counts = report.counts
            assert (report.error, counts.written, counts.pulled_created, counts.pulled_updated) == (None, 0, 0, 0), (
                f"{venue} {entity}: {report}"
            )
            assert counts.pulled_deleted == 0
    assert on.writes() == before


def payers_are_known(on: Scene) -> None:
    """Whatever came first, the payment or its customer; of who has left since, nobody may be known."""
    for one in on.deeds:
        rows = on.world.rows(
            "SELECT id, customer_id FROM venue.payments WHERE venue_id = :v "
            "UNION ALL SELECT id, customer_id FROM venue.invoices WHERE venue_id = :v AND deleted_at IS NULL",
            v=one.venue,
        )
        assert dict(rows).keys() == one.paid.keys()
        wrong = {payment: payer for payment, payer in rows if payer != one.paid[payment]}
        assert {payment for payment in wrong if one.paid[payment] not in one.gone or wrong[payment]} == set(), one.venue


def the_processes_were_well_to_the_end(on: Scene) -> None:
    """Those who live at the end leave when they are asked to."""
    assert [victim.stop() for victim in on.hazards.victims] == [INTERRUPTED, INTERRUPTED, 0, 0]


def _connected(on: Scene) -> list[tuple[str, str]]:
    return on.world.rows("SELECT venue_id, provider FROM sync.connections ORDER BY 1, 2")
