"""Dagster runs as the demo starts and watches them: one per provider over all venues, side by side."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from rich.live import Live
from rich.table import Table

from sync_core.clock import Clock
from sync_core.errors import TransientError
from sync_core.spec.provider import ProviderSpec
from sync_core.store.status import RunLine, run_lines
from sync_core.sync.batch import sync_venues
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode
from sync_defs.commands.output import err
from sync_defs.dagster_api import FINISHED, DagsterApi
from sync_defs.stack import Stack

JOB = "incremental_sync"
PARTITIONS = "venues"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
SECONDS_BETWEEN_LOOKS = 0.5
TRIES = 3
Keys = Mapping[str, Sequence[tuple[str, str]]]


def asset_keys(specs: Mapping[str, ProviderSpec]) -> dict[str, list[tuple[str, str]]]:
    """Every provider's assets."""
    return {name: [(name, entity) for entity in spec.in_order()] for name, spec in specs.items()}


def ensure_partitions(dagster: DagsterApi, keys: Keys, venues: Sequence[str]) -> list[str]:
    """Make every venue a partition at once, without waiting for the sensor; the partitions in their order."""
    asset = next(iter(keys.values()))[0]
    for venue in sorted(set(venues) - set(dagster.partitions(asset))):
        dagster.add_partition(PARTITIONS, venue)
    return dagster.partitions(asset)


def sync_once(stack: Stack, database: sa.Engine, keys: Keys, partitions: Sequence[str], *, clock: Clock) -> list[str]:
    """Sync everything once through Dagster and wait; the ids of all runs.

    A run that found a connection busy (the schedule may start one at the same moment) is started again.
    Raises TransientError naming what failed otherwise.
    """
    runs: list[str] = []
    waiting = list(keys)
    for _ in range(TRIES):
        tags = {RANGE_START: partitions[0], RANGE_END: partitions[-1]}
        started = {stack.dagster.launch(JOB, assets=keys[provider], tags=tags): provider for provider in waiting}
        runs.extend(started)
        statuses = _watch(stack, database, list(started), clock)
        waiting = [started[run] for run, status in statuses.items() if status != "SUCCESS"]
        if not waiting:
            return runs
        _raise_for_failures(database, list(started))
    raise TransientError(f"Dagster's runs for {', '.join(waiting)} failed {TRIES} times: see them in its web pages.")


def sync_here(engine: Engine, keys: Keys, venues: Sequence[str], *, run_id: str) -> list[EntityReport]:
    """Sync everything once in this process, as `venue-sync sync` does. Raises TransientError naming what failed."""
    reports = [
        report
        for assets in keys.values()
        for provider, entity in assets
        for report in sync_venues(
            engine,
            provider,
            entity,
            venues,
            mode=Mode(),
            run_id=run_id,
            workers=engine.settings.workers,
            on_report=lambda _: None,
        )
    ]
    _raise_for_failures(engine.database, [run_id])
    return reports


def _raise_for_failures(database: sa.Engine, run_ids: Sequence[str]) -> None:
    with database.connect() as conn:
        failed = [line for line in run_lines(conn, run_ids) if line.failed]
    if failed:
        named = ", ".join(f"{line.failed} venues of {line.provider} {line.entity}" for line in failed)
        raise TransientError(f"The sync failed for {named}: 'venue-sync status' and Dagster's runs say why.")


def _watch(stack: Stack, database: sa.Engine, run_ids: Sequence[str], clock: Clock) -> dict[str, str]:
    console = err()
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            stack.supervisor.check()
            statuses = stack.dagster.statuses(run_ids)
            if console.is_terminal:
                with database.connect() as conn:
                    live.update(progress_table(run_lines(conn, run_ids)), refresh=True)
            if len(statuses) == len(run_ids) and set(statuses.values()) <= FINISHED:
                return statuses
            clock.sleep(SECONDS_BETWEEN_LOOKS)


def progress_table(lines: Sequence[RunLine]) -> Table:
    """What the runs have done so far."""
    table = Table(header_style="bold")
    for column in ("provider", "entity"):
        table.add_column(column)
    for column in ("running", "done", "failed", "records", "written", "calls"):
        table.add_column(column, justify="right")
    for line in lines:
        numbers = (line.running, line.succeeded, line.failed, looked_at(line), written(line), line.api_calls)
        table.add_row(line.provider, line.entity, *(f"{number:,}" for number in numbers))
    return table


def looked_at(line: RunLine) -> int:
    """Records read on either side."""
    return line.counts.get("read", 0) + line.counts.get("pulled_read", 0)


def written(line: RunLine) -> int:
    """Records written on either side."""
    names = ("created", "updated", "deleted", "pulled_created", "pulled_updated", "pulled_deleted")
    return sum(line.counts.get(name, 0) for name in names)
