"""What 10,000 venues with four providers each cost Dagster: turns with nothing to do, a few with something, and memory.

python -m benchmarks.ten_thousand_venues [--venues N] [--part idle|few|many]

Every venue has customers, products and orders of its own, and all of them are in step except those that a part changes.
Runs are what the schedules ask for, each in a process of its own, as Dagster starts them.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import requests
import sqlalchemy as sa
from sqlalchemy import event

from assets.keys import VENUES
from assets.run import due_tags
from benchmarks.stage import KEYS, PARTS, Stage, stage, timed
from sync_core.store import turns
from sync_core.store.database import dagster_url
from sync_core.store.sync_tables import connections, credentials, cursors
from sync_core.store.turn_tables import turns as turns_table
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode
from sync_defs.definitions import defs
from sync_defs.jobs import INCREMENTAL
from sync_defs.schedules import incremental_schedules

ROOT = Path(__file__).parents[1]
PROVIDERS = ("stripe", "square", "mailchimp", "quickbooks")
ROWS = 20
"""Of each kind, by venue."""
FEW = 5
"""Runs of one venue each, from which is extrapolated."""


def names_of(count: int) -> list[str]:
    """The venues, in the order of their names."""
    return [f"v{number:05d}" for number in range(count)]


def furnish(on: Stage, names: Sequence[str]) -> None:
    """Venues, their rows and their connections, all synced a moment ago."""
    with on.database.begin() as conn:
        conn.execute(
            sa.text(
                "INSERT INTO venue.venues (id, name, currency) SELECT n, n, 'USD' FROM unnest(CAST(:names AS text[])) n"
            ),
            {"names": list(names)},
        )
        for table, columns, values in (
            ("customers", "given_name, email", "'Guest', v.id || '-' || n || '@example.com'"),
            ("products", "name, currency, price_minor", "'Seat ' || n, 'USD', n"),
            ("orders", "provider, total_minor, currency, ordered_at", "'door', n, 'USD', now()"),
        ):
            conn.execute(
                sa.text(
                    f"INSERT INTO venue.{table} (venue_id, id, {columns}) "
                    f"SELECT v.id, '{table}' || n, {values} FROM venue.venues AS v, generate_series(1, {ROWS}) AS n"
                )
            )
    for provider in PROVIDERS:
        _connect(on, names, provider)
    with on.database.begin() as conn:
        # In a transaction of its own: a watermark above all rows, as a first sync leaves it.
        conn.execute(
            sa.insert(cursors).from_select(
                ["connection_id", "entity", "direction", "position"],
                sa.select(
                    turns_table.c.connection_id,
                    turns_table.c.entity,
                    sa.literal("push"),
                    sa.text(
                        "jsonb_build_object('xid', CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint), "
                        "'horizon', CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint))"
                    ),
                ),
            )
        )
    with on.database.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("VACUUM ANALYZE"))


def _connect(on: Stage, names: Sequence[str], provider: str) -> None:
    with on.database.begin() as conn:
        made = conn.execute(
            sa.insert(connections).returning(connections.c.id, connections.c.venue_id),
            [
                {
                    "venue_id": name,
                    "provider": provider,
                    "environment": "production",
                    "status": "connected",
                    "account_id": f"acct_{name}",
                    "connected_at": datetime(2026, 1, 1, tzinfo=UTC),
                }
                for name in names
            ],
        ).all()
        conn.execute(sa.insert(credentials), [_sealed(on, number, venue, provider) for number, venue in made])
        # Their webhooks come: each has had one.
        conn.execute(
            sa.text(
                "INSERT INTO sync.webhook_events (provider, event_id, type, account_id, payload, status) "
                "SELECT provider, CAST(id AS text), 'customer.updated', account_id, '{}', 'applied' "
                "FROM sync.connections WHERE provider = :provider"
            ),
            {"provider": provider},
        )
        now = datetime.now(UTC)
        conn.execute(
            sa.insert(turns_table),
            [
                {"connection_id": number, "entity": entity, "began_at": now, "good_at": now, "unfinished": False}
                for number, _ in made
                for entity in on.engine.specs[provider].entities
            ],
        )


def _sealed(on: Stage, number: int, venue: str, provider: str) -> dict[str, Any]:
    secret = PARTS[provider](KEYS[provider].format(venue=venue), f"acct_{venue}")
    envelope = on.engine.vault.sealer(venue=venue, provider=provider, kind="api_key").seal(secret)
    return {"connection_id": number, "kind": "api_key", "envelope": envelope.envelope, "key_id": envelope.key_id}


def open_accounts(on: Stage, names: Sequence[str], providers: Sequence[str] = PROVIDERS) -> None:
    """Accounts at the simulators for those that will be synced."""
    for provider in providers:
        with requests.Session() as session:
            for name in names:
                body = {
                    "credential": KEYS[provider].format(venue=name),
                    "account_id": f"acct_{name}",
                    "name": name,
                }
                session.put(f"{on.bases[provider]}/_sim/accounts", json=body, timeout=30).raise_for_status()


@contextmanager
def statements(database: sa.Engine) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(database, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database, "before_cursor_execute", note)


def tick(on: Stage, instance: dg.DagsterInstance, provider: str) -> list[dg.RunRequest]:
    """What the provider's schedule asks for now."""
    schedule = next(s for s in incremental_schedules(on.engine.specs) if s.name == f"{provider}_incremental")
    with dg.build_schedule_context(
        instance=instance, scheduled_execution_time=datetime.now(UTC), resources={"database": on.database}
    ) as context:
        asked = schedule(context)
    return asked if isinstance(asked, list) else []


def run(keys: Sequence[str], tags: dict[str, str]) -> dict[str, Any]:
    """One run in a process of its own: its seconds from start to end, those of its work alone, and its memory in MB."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--run", json.dumps([list(keys), tags])],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        cwd=ROOT,
    )
    return json.loads(done.stdout) | {"wall": time.perf_counter() - started}


def be_a_run(keys: Sequence[str], tags: dict[str, str]) -> None:
    """In the process of a run: do it, and print how it went."""
    with dg.DagsterInstance.get() as instance:
        job = defs().resolve_job_def(INCREMENTAL)
        seconds, result = timed(
            lambda: job.execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
                tags=tags,
                raise_on_error=False,
            )
        )
    done = {
        "seconds": seconds,
        "ok": result.success,
        "errors": [event.message for event in result.all_events if event.is_failure][:2],
        "synced": sum(event.is_step_materialization for event in result.all_events),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(done))


def keys_of(request: dg.RunRequest) -> list[str]:
    """The request's assets as text."""
    return [key.to_user_string() for key in request.asset_selection or []]


def idle(on: Stage, instance: dg.DagsterInstance, names: Sequence[str]) -> None:
    """Part a: nobody has anything to do."""
    for provider in PROVIDERS:
        tick(on, instance, provider)
        with statements(on.database) as asked:
            seconds, requested = timed(lambda provider=provider: tick(on, instance, provider))
        pairs = len(names) * len(on.engine.specs[provider].entities)
        print(
            f"tick of {provider}, {len(names)} venues, {pairs} entities, {len(requested)} runs: "
            f"{seconds:.2f} s, {len(asked)} statements"
        )


def few(on: Stage, instance: dg.DagsterInstance, names: Sequence[str]) -> None:
    """Parts b and c: one venue in a hundred has a changed customer; then 500 of them beside runs of one venue each."""
    some = list(names[::100])
    open_accounts(on, some)
    _edit(on, some)
    started, asked = time.perf_counter(), 0
    synced, busy = 0, 0.0
    for provider in PROVIDERS:
        for request in tick(on, instance, provider):
            done = run(keys_of(request), dict(request.tags))
            asked, synced, busy = asked + 1, synced + done["synced"], busy + done["wall"]
            print(
                f"  {provider}: {done['synced']} synced, {done['seconds']:.1f} s of {done['wall']:.1f} s, ok: {done['ok']}"
            )
    wall = time.perf_counter() - started
    print(
        f"{len(some)} of {len(names)} venues with a changed customer: {wall:.1f} s, {asked} runs, {synced} entities synced"
    )

    half = list(names[1:1001:2])
    open_accounts(on, half, ["stripe"])
    with on.database.connect() as conn:
        query = sa.select(connections.c.venue_id, connections.c.id).where(connections.c.provider == "stripe")
        ids: dict[str, int] = {row.venue_id: row.id for row in conn.execute(query)}

    def due(venues: Sequence[str]) -> None:
        with on.database.begin() as conn:
            for venue in venues:
                turns.begin(conn, ids[venue], "customers")

    def alone() -> Any:
        return sync_venues(
            on.engine, "stripe", "customers", half, mode=Mode(), run_id="b", workers=24, on_report=lambda _report: None
        )

    alone()
    engine, _ = timed(alone)
    due(half)
    whole = run(["stripe/customers"], due_tags(half[0], half[-1]))
    single: list[float] = []
    for venue in half[:FEW]:
        due([venue])
        single.append(run(["stripe/customers"], due_tags(venue, venue))["wall"])
    each = 1000 / len(half)
    alone_each = 1000 * sum(single) / FEW
    print(
        f"{whole['synced']} venues in one run: {whole['wall'] * each:.1f} ms a venue and entity, process start included"
    )
    print(f"  the engine alone {engine * each:.1f} ms, so the run costs {(whole['wall'] - engine) * each:.1f} ms each")
    print(f"  a run per venue {alone_each:.0f} ms: {alone_each / (whole['wall'] * each):.0f} times as much")
    print(
        f"  for {len(names)} venues extrapolated: {whole['wall'] * each * len(names) / 60_000:.0f} min beside {alone_each * len(names) / 60_000:.0f} min"
    )


def many(on: Stage, _instance: dg.DagsterInstance, names: Sequence[str]) -> None:
    """Part d: the memory of a run in which a tenth of the venues is due, and of one in which all are."""
    open_accounts(on, names[:1], ["stripe"])
    for count in (len(names) // 10, len(names)):
        with on.database.begin() as conn:
            conn.execute(
                sa.text(
                    "UPDATE sync.turns AS t SET unfinished = true FROM sync.connections AS c "
                    "WHERE c.id = t.connection_id AND c.provider = 'stripe' AND t.entity = 'products' AND c.venue_id <= :last"
                ),
                {"last": names[count - 1]},
            )
        done = run(["stripe/products"], due_tags(names[0], names[count - 1]))
        print(
            f"a run over {done['synced']} venues: {done['seconds']:.0f} s, "
            f"{1000 * done['seconds'] / count:.1f} ms each, peak memory {done['megabytes']:.0f} MB"
        )


def _edit(on: Stage, venues: Sequence[str]) -> None:
    with on.database.begin() as conn:
        conn.execute(
            sa.text(
                "UPDATE venue.customers SET given_name = 'Edited', updated_at = now() "
                "WHERE id = 'customers1' AND venue_id = ANY(:venues)"
            ),
            {"venues": list(venues)},
        )


PARTS_OF_IT = {"idle": idle, "few": few, "many": many}


def measure(on: Stage, count: int, parts: Sequence[str]) -> None:
    """Set the stage, play the parts."""
    names = names_of(count)
    url = on.url.replace("+psycopg", "")
    home = Path(on.home) / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    os.environ |= {
        "DATABASE_URL": url,
        "DAGSTER_DATABASE_URL": dagster_url(url),
        "DAGSTER_HOME": str(home),
        "VENUE_SYNC_HOME": on.home,
        **{f"{provider.upper()}_API_BASE": base for provider, base in on.bases.items()},
    }
    seconds, _ = timed(lambda: furnish(on, names))
    print(f"{count} venues with {len(PROVIDERS)} connections each made in {seconds:.0f} s")
    with dg.DagsterInstance.get() as instance:
        adding, _ = timed(lambda: instance.add_dynamic_partitions(VENUES, names))
        print(f"as partitions: {adding:.2f} s")
        for part in parts:
            PARTS_OF_IT[part](on, instance, names)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--venues", type=int, default=10_000)
    arguments.add_argument("--part", choices=list(PARTS_OF_IT), action="append")
    arguments.add_argument("--run", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.run is not None:
        be_a_run(*json.loads(chosen.run))
        return
    with stage() as on:
        measure(on, chosen.venues, chosen.part or list(PARTS_OF_IT))


if __name__ == "__main__":
    main()
