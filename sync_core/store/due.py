"""Who has something to do: one question about all connections of a provider at once, however many there are.

What stays true: an entity that nobody names here would come to nothing if it were synced now, except that the
provider may know something that it has not told, which is asked again within the entity's own pause.
A pause is shortened by up to a quarter, by connection, so that what once began together drifts apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson
import sqlalchemy as sa

from sync_core.store.rows import TABLES

SLACK_SECONDS = 30
"""A run begins some seconds after its turn, this time sooner than last time, so so much is given."""
EVENTS_COUNT_FOR_DAYS = 7
"""A connection whose provider has told of something within so many days tells of what happens."""


@dataclass(frozen=True, slots=True)
class Question:
    """An entity as it is declared, with its pauses in seconds; 0: at every turn.

    `told` is the pause where the provider's webhooks come, `untold` where they do not, `rest` where nothing is read
    there. Of rows that changed those count that `where` and `only_with` leave to a push, as in `rows.Scope`.
    """

    entity: str
    table: str
    pushes: bool
    pulls: bool
    told: float
    untold: float
    rest: float
    where: Mapping[str, str]
    only_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a venue has chosen of one entity: `chosen` is its mark, and which directions are left."""

    connection_id: int
    entity: str
    chosen: str
    pushes: bool
    pulls: bool


def pairs(
    conn: sa.Connection,
    provider: str,
    questions: Sequence[Question],
    *,
    choices: Sequence[Choice],
    webhooks_for_all: bool,
    first: str | None = None,
    last: str | None = None,
) -> list[tuple[str, str]]:
    """(venue, entity) of all active, connected venues that are due, in venue order.

    Connections that are being worked on at this moment are left out as a whole: one that hangs takes up one run.
    `webhooks_for_all`: those of everybody who connected by OAuth come in; of others they count once one has come.
    `first` and `last` bound the venues, both included, in the order of code points.
    """
    changed, values = _changed(questions)
    declared = [{name: value for name, value in asdict(one).items() if name in _DECLARED} for one in questions]
    parameters = values | {
        "provider": provider,
        "declared": orjson.dumps(declared).decode(),
        "choices": orjson.dumps([asdict(choice) for choice in choices]).decode(),
        "for_all": webhooks_for_all,
        "first": first,
        "last": last,
    }
    found = conn.execute(sa.text(_DUE.replace("<changed>", changed)), parameters)
    return [(row.venue_id, row.entity) for row in found]


_DECLARED = ("entity", "pulls", "told", "untold", "rest")

_DUE = f"""
WITH declared AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:declared AS jsonb))
        AS d(entity text, pulls boolean, told float8, untold float8, rest float8)
), choices AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:choices AS jsonb))
        AS x(connection_id bigint, entity text, chosen text, pushes boolean, pulls boolean)
), held AS MATERIALIZED (
    SELECT (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), here AS MATERIALIZED (
    SELECT c.id, c.venue_id, c.connected_at, CAST(c.settings ->> 'interval_seconds' AS float8) AS pause,
        1 - (c.id % 64) / 256.0 AS share,
        CAST(:for_all AS boolean) AND EXISTS (SELECT FROM sync.oauth_tokens AS o WHERE o.connection_id = c.id)
        OR EXISTS (SELECT FROM sync.webhook_events AS e WHERE e.connection_id = c.id
            AND e.received_at > now() - interval '{EVENTS_COUNT_FOR_DAYS} days')
        OR EXISTS (SELECT FROM sync.webhook_events AS e
            WHERE e.account_id = split_part(c.account_id, '/', -1) AND e.provider = c.provider
            AND e.connection_id IS NULL AND e.received_at > now() - interval '{EVENTS_COUNT_FOR_DAYS} days') AS told
    FROM sync.connections AS c JOIN venue.venues AS v ON v.id = c.venue_id
    WHERE c.provider = :provider AND c.status = 'connected' AND v.active
        AND NOT c.settings @> '{{"enabled": false}}'
        AND (CAST(:first AS text) IS NULL OR c.venue_id COLLATE "C" >= :first)
        AND (CAST(:last AS text) IS NULL OR c.venue_id COLLATE "C" <= :last)
        AND NOT EXISTS (SELECT FROM declared AS d JOIN held
            ON held.key = hashtextextended('venue-sync:' || c.id || ':' || d.entity, 0))
), changed AS MATERIALIZED (
    SELECT k.connection_id, k.entity FROM sync.cursors AS k JOIN here ON here.id = k.connection_id
    WHERE k.direction = 'push'
        AND CAST(k.position ->> 'horizon' AS xid8) > pg_snapshot_xmin(pg_current_snapshot())
    <changed>
), again AS MATERIALIZED (
    SELECT connection_id, entity FROM sync.pending WHERE due_at <= now()
    UNION SELECT connection_id, entity FROM sync.intents
)
SELECT here.venue_id, d.entity
FROM here CROSS JOIN declared AS d
LEFT JOIN sync.turns AS t ON t.connection_id = here.id AND t.entity = d.entity
LEFT JOIN choices AS x ON x.connection_id = here.id AND x.entity = d.entity
WHERE coalesce(t.good_at + make_interval(secs => here.pause - {SLACK_SECONDS}) <= now(), true)
AND (
    t.good_at IS NULL OR t.unfinished OR t.chosen <> coalesce(x.chosen, '') OR t.good_at < here.connected_at
    OR here.pause IS NOT NULL AND d.pulls AND x.pulls IS DISTINCT FROM FALSE
    OR t.good_at + make_interval(secs => here.share * CASE
        WHEN NOT d.pulls OR x.pulls IS FALSE THEN d.rest WHEN here.told THEN d.told ELSE d.untold END
        - {SLACK_SECONDS}) <= now()
    OR x.pushes IS DISTINCT FROM FALSE AND (here.id, d.entity) IN (SELECT * FROM changed)
    OR (here.id, d.entity) IN (SELECT * FROM again)
)
ORDER BY here.venue_id COLLATE "C", d.entity
"""  # noqa: S608 - the numbers in it are constants


def _changed(questions: Sequence[Question]) -> tuple[str, dict[str, str]]:
    """The rows that a push would look at, as far as the first of each connection: a branch per entity, and its values."""
    branches: list[str] = []
    values: dict[str, str] = {}
    for number, one in enumerate(questions):
        if not one.pushes:
            continue
        table = TABLES[one.table]
        conditions = ["(r.venue_id || '') = here.venue_id", "r.changed_xid >= CAST(k.position ->> 'xid' AS xid8)"]
        for place, (column, wanted) in enumerate(one.where.items()):
            values[f"where_{number}_{place}"] = wanted
            conditions.append(f'r."{table.c[column].name}" = :where_{number}_{place}')
        if one.only_with:
            has = " AND ".join(f"CAST(r.\"{table.c[column].name}\" AS text) ~ '\\S'" for column in one.only_with)
            conditions.append(f"(r.deleted_at IS NOT NULL OR {has})")
        if one.pulls:
            conditions.append(
                "NOT EXISTS (SELECT FROM sync.ledger AS l WHERE l.connection_id = here.id "
                f"AND l.entity = :entity_{number} AND l.local_id = r.id AND l.in_step_xid = r.changed_xid)"
            )
        values[f"entity_{number}"] = one.entity
        # LIMIT keeps the planner from turning the look-ups into a scan of the whole table.
        branches.append(
            f"UNION ALL SELECT here.id, :entity_{number} FROM here JOIN sync.cursors AS k ON k.connection_id = here.id "  # noqa: S608 - names come from declared tables
            f"AND k.entity = :entity_{number} AND k.direction = 'push' "
            f"CROSS JOIN LATERAL (SELECT 1 FROM {table.schema}.{table.name} AS r "
            f"WHERE {' AND '.join(conditions)} LIMIT 1) AS one"
        )
    return "\n    ".join(branches), values
