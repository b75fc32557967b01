"""Dagster's own event log, pruned: Dagster deletes nothing of it, and every run and venue adds to it.

What stays true: whatever Dagster derives from the log today is the same after pruning. Of each asset and partition the
latest materialisation and observation stay, and the latest plan to materialise that nothing fulfilled (it makes a
partition failed); of each check the latest outcome; and the runs that these belong to. What is under way is not touched.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from sync_core.store.database import DAGSTER_SCHEMA

AT_ONCE: Final = 5_000
"""Events that are looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many of each were deleted."""

    events: int
    checks: int
    runs: int
    backfills: int


def prune(database: sa.Engine, *, older_than: timedelta) -> Pruned | None:
    """Delete what is older than that and not needed any more, portion by portion.

    Returns None where Dagster's storage is not in this database. Raises SQLAlchemyError.
    """
    seconds = {"seconds": older_than.total_seconds()}
    with database.connect() as conn:
        there = conn.execute(sa.text(f"SELECT to_regclass('{DAGSTER_SCHEMA}.event_logs')")).scalar_one()
    if there is None:
        return None
    with database.begin() as conn:
        checks = conn.execute(_CHECKS, seconds).rowcount
    events, after = 0, 0
    while True:
        with database.begin() as conn:
            portion = conn.execute(_PORTION, seconds | {"after": after, "most": AT_ONCE}).one()
            if portion.last is None:
                break
            gone = list(conn.execute(_EVENTS, {"after": after, "last": portion.last}).scalars())
            conn.execute(_EVENT_TAGS, {"ids": gone})
        events, after = events + len(gone), portion.last
    with database.begin() as conn:
        runs = conn.execute(_RUNS, seconds).rowcount
        backfills = conn.execute(_BACKFILLS, seconds).rowcount
    return Pruned(events, checks, runs, backfills)


# Dagster's times are UTC without saying so.
_OLD = "(now() AT TIME ZONE 'UTC') - make_interval(secs => :seconds)"
_UNDER_WAY = f"SELECT run_id FROM {DAGSTER_SCHEMA}.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')"  # noqa: S608 - constants

_CHECKS = sa.text(f"""
DELETE FROM {DAGSTER_SCHEMA}.asset_check_executions AS c
WHERE c.create_timestamp < {_OLD} AND c.run_id NOT IN ({_UNDER_WAY}) AND EXISTS (
    SELECT FROM {DAGSTER_SCHEMA}.asset_check_executions AS n
    WHERE n.asset_key = c.asset_key AND n.check_name = c.check_name AND n.partition IS NOT DISTINCT FROM c.partition
        AND n.execution_status <> 'PLANNED' AND n.id > c.id)
""")  # noqa: S608 - constants

# Ids grow with time.
_PORTION = sa.text(f"""
SELECT max(id) AS last FROM (
    SELECT id FROM {DAGSTER_SCHEMA}.event_logs WHERE id > :after AND timestamp < {_OLD} ORDER BY id LIMIT :most
) AS portion
""")  # noqa: S608 - constants


def _later(kind: str) -> str:
    """Whether a later event of a kind speaks of the same asset and partition; each branch has an index of its own."""
    same = f"SELECT FROM {DAGSTER_SCHEMA}.event_logs AS n WHERE n.asset_key = e.asset_key AND n.dagster_event_type = {kind}"
    return (
        f"CASE WHEN e.partition IS NULL THEN EXISTS ({same} AND n.partition IS NULL AND n.id > e.id) "
        f"ELSE EXISTS ({same} AND n.partition = e.partition AND n.id > e.id) END"
    )


_EVENTS = sa.text(f"""
DELETE FROM {DAGSTER_SCHEMA}.event_logs AS e
WHERE e.id > :after AND e.id <= :last AND e.run_id NOT IN ({_UNDER_WAY})
AND CASE
    WHEN e.asset_key IS NULL THEN true
    WHEN e.dagster_event_type IN ('ASSET_MATERIALIZATION', 'ASSET_OBSERVATION') THEN {_later("e.dagster_event_type")}
    WHEN e.dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED'
        THEN {_later("e.dagster_event_type")} OR {_later("'ASSET_MATERIALIZATION'")}
    ELSE true
END
AND NOT EXISTS (
    SELECT FROM {DAGSTER_SCHEMA}.asset_check_executions AS c WHERE c.run_id = e.run_id
        AND c.evaluation_event_storage_id = e.id)
RETURNING e.id
""")  # noqa: S608 - constants

_EVENT_TAGS = sa.text(f"DELETE FROM {DAGSTER_SCHEMA}.asset_event_tags WHERE event_id = ANY(CAST(:ids AS bigint[]))")  # noqa: S608 - constants

# Its tags go with a run.
_RUNS = sa.text(f"""
DELETE FROM {DAGSTER_SCHEMA}.runs AS r
WHERE r.status IN ('SUCCESS', 'FAILURE', 'CANCELED') AND r.update_timestamp < {_OLD}
AND NOT EXISTS (SELECT FROM {DAGSTER_SCHEMA}.event_logs AS e WHERE e.run_id = r.run_id)
AND NOT EXISTS (SELECT FROM {DAGSTER_SCHEMA}.asset_check_executions AS c WHERE c.run_id = r.run_id)
""")  # noqa: S608 - constants

_BACKFILLS = sa.text(f"""
DELETE FROM {DAGSTER_SCHEMA}.bulk_actions AS b
WHERE b.status IN ('COMPLETED', 'COMPLETED_SUCCESS', 'COMPLETED_FAILED', 'FAILED', 'CANCELED')
AND b.timestamp < {_OLD}
AND NOT EXISTS (
    SELECT FROM {DAGSTER_SCHEMA}.run_tags AS t WHERE t.key = 'dagster/backfill' AND t.value = b.key)
""")  # noqa: S608 - constants
