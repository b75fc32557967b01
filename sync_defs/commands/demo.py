"""`venue-sync demo`: the whole product on simulated accounts, from nothing to a verdict.

Its state is in a folder of its own and begins anew each time, so it touches nothing that is real: not DATABASE_URL,
not the venues of this installation, no provider.
"""

import fcntl
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from sync_core.clock import SystemClock
from sync_core.errors import ConfigurationError
from sync_core.settings import Settings
from sync_core.store import conflicts, connections, dead_letters
from sync_core.store.database import dagster_url
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.status import run_lines, venue_names
from sync_core.sync.engine import Engine
from sync_core.venue.demo import generate_demo
from sync_core.venue.importer import import_folder
from sync_defs.commands import exits, verify
from sync_defs.commands.materialise import tell_dagster
from sync_defs.commands.opening import engine_on, reachable_database, settings_now
from sync_defs.commands.output import print_table, say
from sync_defs.commands.up import ApiPort, Port, show, watch
from sync_defs.demo.edits import edit_both_sides
from sync_defs.demo.phases import Phases
from sync_defs.demo.runs import asset_keys, ensure_partitions, looked_at, sync_here, sync_once, written
from sync_defs.demo.world import build_world, unsold_orders
from sync_defs.stack import Ports, Stack, running_stack
from sync_sims.judge import Verdict

EDITS_SHOWN = 6


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop at the end; exit 0 only if both sides are equal.")] = False,
    data: Annotated[
        Path | None, typer.Option("--data", help="Import this folder instead of generating venues.")
    ] = None,
    venues: Annotated[
        int | None, typer.Option("--venues", min=1, help="How many venues (6 generated, 24 imported).")
    ] = None,
    customers: Annotated[int, typer.Option(min=1, help="Customers of each generated venue.")] = 40,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the state of the last demo.")] = False,
    port: Port = 3000,
    api_port: ApiPort = 3007,
) -> None:
    """See it work: simulated providers, venues, syncs through Dagster, edits on both sides, a verdict."""
    settings, clock = _demo_settings(settings_now()), SystemClock()
    if data is not None and not data.is_dir():
        raise ConfigurationError(f"{data} is not a folder: --data wants one that holds tickit/ and online_retail/.")
    phases = Phases(clock, say)
    with _alone(settings.home):
        if not keep:
            _wipe(settings.home)
        with ExitStack() as closing:
            with phases.phase("Database, simulators, Dagster"):
                ports, state = Ports(webserver=port, api=api_port), settings.home / "sims"
                running = running_stack(settings, ports=ports, simulators_state=state, clock=clock, tell=say)
                stack = closing.enter_context(running)
            engine = engine_on(stack.settings, closing.enter_context(reachable_database(stack.database_url)))
            with phases.phase("Venues and their accounts"):
                _fill(engine, stack, data=data, venues=venues, customers=customers)
            verdict = _play(engine, stack, phases)
            if not once:
                show(stack)
                watch(stack, clock)
    if not verdict.equal:
        raise typer.Exit(exits.SOME_FAILED)


def _demo_settings(settings: Settings) -> Settings:
    return replace(settings, home=settings.home / "demo", stage="development", database_url=None, kms_key_id=None)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One demo at a time per home: the next would wipe the state of the one that runs."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"Another demo is running on {home}: stop it, or set VENUE_SYNC_HOME.") from None
        yield


def _wipe(home: Path) -> None:
    server = EmbeddedPostgres(home)
    with server:
        pass  # a server that a killed demo left behind is stopped by its last user, which is now us
    server.remove()
    shutil.rmtree(home, ignore_errors=True)


def _fill(engine: Engine, stack: Stack, *, data: Path | None, venues: int | None, customers: int) -> None:
    with engine.database.connect() as conn:
        if connections.all_of(conn):
            say("The state of the last demo is kept: its venues, accounts and sales are there already.")
            return
    if data is None:
        report = generate_demo(engine.database, venues=venues or 6, customers_per_venue=customers)
    else:
        report = import_folder(engine.database, data, venues=venues or 24)
        for source in report.sources:
            for reason, count in source.rejected.items():
                say(f"{source.file} ({source.unit}): {count:,} rejected: {reason}")
    records = sum(table.inserted for table in report.tables)
    world = build_world(engine, stack.simulators)
    say(f"{len(report.venues)} venues with {records:,} records; {world.accounts} accounts with {world.sales:,} sales.")


def _play(engine: Engine, stack: Stack, phases: Phases) -> Verdict:
    keys = asset_keys(engine.specs)
    with engine.database.connect() as conn:
        partitions = ensure_partitions(stack.dagster, keys, venue_names(conn))

    def sync(name: str) -> list[str]:
        with phases.phase(f"{name} ({len(partitions)} venues through Dagster)"):
            return sync_once(stack, engine.database, keys, partitions, clock=phases.clock)

    runs = sync("First sync")
    with phases.phase("Edits on both sides"):
        edits = edit_both_sides(engine)
        for edit in edits.told[:EDITS_SHOWN]:
            say(f"  {edit}")
        if len(edits.told) > EDITS_SHOWN:
            say(f"  ... and {len(edits.told) - EDITS_SHOWN} more")
    runs += sync("Second sync")
    # What changed at one provider is at the venue by now; this round takes it to the other providers.
    with phases.phase(f"Third sync ({len(partitions)} venues in this process)"):
        here = f"demo-{uuid.uuid4().hex}"
        reports = sync_here(engine, keys, partitions, run_id=here)
        tell_dagster(stack.settings.dagster_home, dagster_url(stack.database_url), reports)
        runs.append(here)
    with phases.phase("Verdict"):
        unsold = unsold_orders(engine, stack.simulators)
        if unsold:
            say(f"{len(unsold):,} orders have no payment: their provider does not take so little or so much money.")
        verdict = verify.verdict_on(engine, venues=(), unsold=unsold, unsubscribed=frozenset(edits.unsubscribed))
    _summary(engine.database, runs, phases)
    _waiting(engine.database)
    verify.show(verdict)
    return verdict


def _summary(database: sa.Engine, runs: Sequence[str], phases: Phases) -> None:
    with database.connect() as conn:
        lines = run_lines(conn, runs)
    rows = [
        (x.provider, x.entity, looked_at(x), x.counts.get("created", 0), written(x), x.failed, x.api_calls, x.seconds)
        for x in lines
    ]
    columns = ("provider", "entity", "records read", "created there", "written", "failed", "API calls", "seconds")
    print_table(rows, columns=columns, title="What the syncs did")
    _decisions(database)
    print_table(phases.done, columns=("phase", "seconds"), title="How long it took")


def _decisions(database: sa.Engine) -> None:
    """Say what became of fields that both sides had changed: why one of two values is on neither side any more."""
    with database.connect() as conn:
        decisions = conflicts.decided(conn)
    rows = [(x.provider, x.entity, x.field, x.policy, x.winner, x.times) for x in decisions]
    if rows:
        columns = ("provider", "entity", "field", "policy", "kept", "times")
        print_table(rows, columns=columns, title="Changed on both sides, decided as declared")


def _waiting(database: sa.Engine) -> None:
    """Say why records wait in dead letters, which the verdict excuses."""
    with database.connect() as conn:
        reasons = dead_letters.open_by_code(conn)
    rows = [(x.provider, x.entity, x.code, x.open, x.example) for x in reasons]
    if rows:
        columns = ("provider", "entity", "code", "records", "for example")
        print_table(rows, columns=columns, title="Waiting in dead letters")
