"""Writing to a provider: what differs, once, and nothing else."""

import pandas as pd
import pytest

from sync_core.providers.protocol import Batch, Json, Operation, Outcome, Write
from sync_core.sync.outbound import flat_rows
from sync_core.sync.report import Mode
from tests.battery.outside import in_order
from tests.battery.stage import Stage, bench_of, people
from tests.battery.trials import Trial

DOOMED = "Zyxwvutsrq"


def test_the_second_sync_writes_nothing_and_brings_nothing(stage: Stage) -> None:
    stage.add_people(*people(stage.trial, 12))

    first = stage.done()
    stage.outside.forget_calls()
    second, whole = stage.done(), stage.sync(mode=Mode("full"))

    assert (first.counts.created, first.counts.bad) == (12, 0)
    assert stage.outside.facts() == in_order(people(stage.trial, 12))
    assert stage.outside.writes() == 0
    for again in (second, whole):
        assert (again.status, again.counts.written) == ("succeeded", 0)
        assert (again.counts.pulled_created, again.counts.pulled_updated, again.counts.conflicts) == (0, 0, 0)


def test_a_changed_field_is_exactly_one_write(stage: Stage) -> None:
    stage.add_people(*people(stage.trial, 5))
    stage.done()
    stage.done()
    stage.outside.forget_calls()
    column = next(iter(stage.trial.two_way.texts))
    stage.world.sql(f"UPDATE {stage.table(stage.entity)} SET {column} = 'Grete' WHERE id = 'c3'")

    report = stage.done()

    assert (report.counts.created, report.counts.updated, report.counts.deleted) == (0, 1, 0)
    assert stage.outside.writes() == 1
    wanted = people(stage.trial, 5)
    wanted[3][column] = "Grete"
    assert stage.outside.facts() == in_order(wanted)
    assert stage.done().counts.written == 0


def test_a_deletion_at_the_venue_travels_as_declared(stage: Stage) -> None:
    stage.add_people(*people(stage.trial, 3))
    stage.done()
    stage.world.sql(f"UPDATE {stage.table(stage.entity)} SET deleted_at = now() WHERE id = 'c1'")

    report, again = stage.done(), stage.done()

    travels = stage.spec.entities[stage.entity].on_delete != "ignore"
    left = [0, 2] if travels else [0, 1, 2]
    assert report.counts.deleted == int(travels)
    assert stage.outside.facts() == in_order([people(stage.trial, 3)[n] for n in left])
    assert len(stage.facts()) == 2
    assert again.counts.written == 0


def test_a_deletion_at_the_provider_travels_as_declared(stage: Stage) -> None:
    two_way = stage.trial.two_way
    if two_way.deletion is None:
        pytest.skip(f"{stage.spec.title} tells a reader of no deletions")
    stage.add_people(*people(stage.trial, 3))
    stage.done()
    doomed = next(
        found
        for found in stage.outside.objects(two_way.collection)
        if two_way.facts(found) == people(stage.trial, 3)[1]
    )
    stage.outside.seed(two_way.listed.seeds, [two_way.deletion(doomed.get("id") or doomed["Id"])])

    report = stage.done()

    ignored = stage.spec.entities[stage.entity].on_delete == "ignore"
    assert report.counts.pulled_deleted == int(not ignored)
    assert len(stage.facts()) == (3 if ignored else 2)
    assert stage.done().counts.written == 0
    assert len(stage.outside.facts()) == 2


def test_a_refused_record_waits_with_its_reason_and_its_neighbours_go_through(stage: Stage) -> None:
    column = next(iter(stage.trial.two_way.texts))
    wanted = people(stage.trial, 9)
    wanted[4][column] = DOOMED
    stage.add_people(*wanted)
    method, path = stage.trial.two_way.writes
    stage.outside.faults({"kind": "refuse", "method": method, "path": path, "body_contains": DOOMED})

    report = stage.sync()

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 8, 1)
    assert stage.outside.facts() == in_order([one for one in wanted if one[column] != DOOMED])
    assert stage.world.rows("SELECT record_id, status FROM sync.dead_letters") == [("c4", "open")]
    stage.outside.faults()
    assert stage.done().counts.created == 1
    assert stage.outside.facts() == in_order(wanted)
    assert stage.world.rows("SELECT status FROM sync.dead_letters") == [("resolved",)]


def _doom(stage: Stage, kind: str) -> None:
    method, path = stage.trial.two_way.writes
    stage.outside.faults({"kind": kind, "status": 500, "method": method, "path": path, "body_contains": DOOMED})


def test_a_record_on_which_the_provider_itself_fails_does_not_keep_its_neighbours_out(stage: Stage) -> None:
    column = next(iter(stage.trial.two_way.texts))
    wanted = people(stage.trial, 30)
    wanted[14][column] = DOOMED
    stage.add_people(*wanted)
    _doom(stage, "error_before")

    stage.sync()
    found = stage.sync()

    assert (found.status, found.error) == ("succeeded", None)
    others = in_order([one for one in wanted if one[column] != DOOMED])
    assert stage.outside.facts() == others
    letters = "SELECT record_id, code, category, status FROM sync.dead_letters"
    assert stage.world.rows(letters) == [("c14", "provider_fails", "provider", "open")]
    assert stage.world.rows("SELECT count(*) FROM sync.intents") == [(0,)]

    # Tried again, it is sent alone, and those that changed meanwhile go through although it fails again.
    stage.world.sql(f"UPDATE {stage.table(stage.entity)} SET {column} = 'Greta' WHERE id = 'c3'")
    stage.world.sql("UPDATE sync.pending SET due_at = now()")
    again = stage.sync()
    wanted[3][column] = "Greta"
    assert (again.status, again.counts.updated, again.counts.failed) == ("succeeded", 1, 1)
    assert stage.outside.facts() == in_order([one for one in wanted if one[column] != DOOMED])

    # It rests; once its row is changed, it is tried at once.
    stage.world.sql("UPDATE sync.pending SET due_at = now() + interval '1 day'")
    stage.outside.forget_calls()
    assert stage.done().counts.written == 0
    assert stage.outside.writes() == 0
    stage.world.sql(f"UPDATE {stage.table(stage.entity)} SET {column} = 'Healed' WHERE id = 'c14'")
    wanted[14][column] = "Healed"

    assert stage.done().counts.created == 1
    assert stage.outside.facts() == in_order(wanted)
    assert stage.world.rows(letters) == [("c14", "provider_fails", "provider", "resolved")]
    assert stage.done().counts.written == 0


def test_a_write_whose_answer_is_always_a_failure_is_found_to_be_done(stage: Stage) -> None:
    column = next(iter(stage.trial.two_way.texts))
    wanted = people(stage.trial, 8)
    wanted[2][column] = DOOMED
    stage.add_people(*wanted)
    _doom(stage, "error_after")

    stage.sync()
    found = stage.sync()
    assert (found.error, stage.outside.facts()) == (None, in_order(wanted))
    wanted[5][column] = DOOMED
    stage.world.sql(f"UPDATE {stage.table(stage.entity)} SET {column} = '{DOOMED}' WHERE id = 'c5'")
    stage.sync()
    stage.sync()
    stage.outside.faults()
    last = stage.done()

    assert stage.outside.facts() == in_order(wanted)
    assert (last.counts.written, last.counts.pulled_updated, last.counts.conflicts) == (0, 0, 0)
    assert stage.world.rows("SELECT count(*) FROM sync.dead_letters WHERE status = 'open'") == [(0,)]
    assert stage.world.rows("SELECT count(*) FROM sync.intents") == [(0,)]


def _creates(stage: Stage, count: int) -> list[Write]:
    """Creates of the trial's people as the engine would decide them."""
    mapping = stage.world.engine.mappings[stage.trial.provider, stage.entity]
    rows = [{**dict.fromkeys(mapping.push_columns), **one} for one in people(stage.trial, count)]
    frame = pd.DataFrame(rows, index=pd.Index([f"c{n}" for n in range(count)], dtype=object), dtype=object)
    if "id" in frame.columns:
        frame["id"] = frame.index
    good, bad = mapping.validate_outbound(mapping.outbound(frame))
    assert bad == []
    return [
        Write(
            operation="create",
            local_id=local_id,
            key=f"{n:032x}",
            fields={path: value for path, value in flat.items() if value is not None} | mapping.constants,
        )
        for n, (local_id, flat) in enumerate(flat_rows(good).items(), start=1)
    ]


def _changed(write: Write, outcome: Outcome, operation: Operation, fields: dict[str, Json]) -> Write:
    assert outcome.remote is not None
    return Write(
        operation=operation,
        local_id=write.local_id,
        key=f"{operation}-{write.key}",
        fields=fields,
        remote_id=outcome.remote.id,
        remote_state=outcome.remote.state,
    )


def test_the_same_batch_twice_has_one_effect(stage: Stage, trial: Trial) -> None:
    """A replay after a crash sends what was sent before, key for key."""
    entity = stage.spec.entities[stage.entity]
    mapping = stage.world.engine.mappings[trial.provider, stage.entity]
    column = next(iter(trial.two_way.texts))
    paths = [path for path in mapping.push_paths if column in mapping.local_of([path])]
    wanted = people(trial, min(3, entity.batch.create, entity.batch.update))
    with bench_of(trial) as bench:
        creates = _creates(stage, len(wanted))

        def twice(operation: Operation, writes: list[Write]) -> list[Outcome]:
            batch = Batch(key=f"{operation}{'0' * 20}", operation=operation, writes=writes)
            first, second = (bench.client.write(stage.entity, batch) for _ in range(2))
            assert [one.refused_reason for one in (*first, *second)] == [None] * (2 * len(writes))
            assert [one.remote and one.remote.id for one in first] == [one.remote and one.remote.id for one in second]
            return second

        made = twice("create", creates)
        assert bench.outside.facts() == in_order(wanted)

        fields = {path: creates[0].fields[path].replace(wanted[0][column], "Grete") for path in paths}
        changed = twice("update", [_changed(creates[0], made[0], "update", fields)])
        wanted[0][column] = "Grete"
        assert bench.outside.facts() == in_order(wanted)

        if entity.on_delete != "ignore":
            twice("delete", [_changed(creates[0], changed[0], "delete", {})])
            assert bench.outside.facts() == in_order(wanted[1:])
