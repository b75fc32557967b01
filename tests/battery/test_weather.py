"""Whatever the network and the provider do, on reads and on writes: in the end both sides hold the same, once."""

from typing import Any

import pytest

from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode, Progress
from tests.battery.outside import in_order
from tests.battery.stage import VENUE, Stage, assert_one_sentence, people

TIMEOUT = 0.3
MOST_SYNCS = 6
OURS, THEIRS = 12, 5

WEATHER: dict[str, dict[str, Any]] = {
    "429": {"kind": "throttle"},
    "500 before": {"kind": "error_before", "status": 500},
    "500 after": {"kind": "error_after", "status": 500},
    "503 before": {"kind": "error_before", "status": 503},
    "time-out": {"kind": "delay", "seconds": 2 * TIMEOUT},
    "reset before": {"kind": "drop_before"},
    "reset after": {"kind": "drop_after"},
    "half an answer": {"kind": "half_answer"},
}


@pytest.mark.parametrize("fault", WEATHER.values(), ids=WEATHER.keys())
def test_after_bad_weather_both_sides_hold_the_same_once(stage: Stage, fault: dict[str, Any]) -> None:
    listed, (method, path) = stage.trial.two_way.listed, stage.trial.two_way.writes
    stage.add_people(*people(stage.trial, OURS))
    stage.outside.seed(listed.seeds, [listed.row(n) for n in range(OURS, OURS + THEIRS)])
    stage.outside.faults(
        {**fault, "method": listed.method, "path": listed.path, "times": 2},
        {**fault, "method": method, "path": path, "times": 2},
    )
    hurried = stage.impatient(TIMEOUT)

    reports = [hurried.sync()]
    while reports[-1].status != "succeeded" and len(reports) < MOST_SYNCS:
        assert_one_sentence(reports[-1])
        reports.append(hurried.sync())
    fired = stage.outside.fired()
    stage.outside.faults()
    stage.done()
    calm = stage.done()

    assert reports[-1].status == "succeeded"
    assert all(fired)
    everybody = in_order(people(stage.trial, OURS + THEIRS))
    assert stage.facts() == everybody
    assert stage.outside.facts() == everybody
    assert (calm.counts.written, calm.counts.pulled_created, calm.counts.pulled_updated) == (0, 0, 0)
    assert stage.world.rows("SELECT count(*) FROM sync.intents") == [(0,)]
    assert stage.world.rows("SELECT count(*) FROM sync.dead_letters WHERE status = 'open'") == [(0,)]


def test_a_provider_that_is_down_ends_the_sync_in_one_sentence_within_few_calls(stage: Stage) -> None:
    stage.add_people(*people(stage.trial, 3))
    stage.outside.faults({"kind": "error_before", "status": 503})

    report = stage.sync()

    assert_one_sentence(report)
    assert stage.outside.calls() <= 10
    stage.outside.faults()
    stage.done()
    assert stage.outside.facts() == in_order(people(stage.trial, 3))


def test_a_revoked_credential_stops_the_connection_at_once(stage: Stage) -> None:
    stage.add_people(*people(stage.trial, 3))
    stage.outside.revoke()

    report = stage.sync()

    assert_one_sentence(report)
    assert stage.world.connection(VENUE, stage.trial.provider).status == "error"
    assert stage.outside.calls() <= 3
    stage.outside.forget_calls()
    provider, entity = stage.trial.provider, stage.entity
    (later,) = sync_venues(
        stage.world.engine,
        provider,
        entity,
        [VENUE],
        mode=Mode(),
        run_id="later",
        workers=1,
        on_report=lambda _: None,
    )
    assert later.status == "failed"
    assert stage.outside.calls() == 0


def test_a_credential_revoked_in_mid_sync_stops_it_and_a_new_one_finishes_the_work(stage: Stage) -> None:
    stage.add_people(*people(stage.trial, 40))

    def revoke_after_pull(progress: Progress) -> None:
        if progress.direction == "pull":
            stage.outside.revoke()
            stage.outside.forget_calls()

    report = stage.sync(on_progress=revoke_after_pull)

    assert_one_sentence(report)
    assert stage.world.connection(VENUE, stage.trial.provider).status == "error"
    assert stage.outside.calls() <= 2 * stage.spec.limits.concurrency + 1
    assert stage.outside.facts() == []
    stage.outside.register()
    stage.connect()
    stage.done()
    assert stage.outside.facts() == in_order(people(stage.trial, 40))
