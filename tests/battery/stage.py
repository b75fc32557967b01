"""Where a trial happens: the provider's client alone (`Bench`), or the whole engine on a real database (`Stage`)."""

import base64
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import mappings
from sync_core.clock import SystemClock
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.providers.protocol import Provider
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec
from sync_core.store.rows import TABLES
from sync_core.sync.accounts import client_of
from sync_core.sync.engine import open_engine_for
from sync_core.sync.report import EntityReport, Mode, OnProgress, silent
from sync_sims.wire import Simulator
from tests.battery.outside import Outside, in_order, outside_of
from tests.battery.trials import Facts, Trial, person
from tests.world import DEFS, World, unhurried

DECLARED: Mapping[str, ProviderSpec] = unhurried(load_providers(DEFS))
VENUE = "hall-7"


class HastyClock(SystemClock):
    """The machine's clock, but whoever waits on it has waited already."""

    def __init__(self) -> None:
        self._slept = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds that never run backwards, those slept included."""
        return super().monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        """Be later by `seconds`, at once."""
        with self._lock:
            self._slept += seconds


@dataclass(frozen=True, slots=True)
class Bench:
    """A client bound to the trial's account."""

    trial: Trial
    outside: Outside
    spec: ProviderSpec
    client: Provider


@contextmanager
def bench_of(trial: Trial) -> Iterator[Bench]:
    """The trial's client at a simulator of its own."""
    spec = DECLARED[trial.provider]
    policy = CallPolicy(
        provider=spec.title,
        connection=f"{VENUE}/{trial.provider}",
        rate=spec.limits.production,
        concurrency=spec.limits.concurrency,
        timeout=spec.api.timeout_seconds,
    )
    with outside_of(trial, trial.simulator()) as outside:
        session = open_session(policy, clock=HastyClock(), rng=random.Random(7), calls=CallLog(), correlation="battery")
        with session:
            client = client_of(spec)(spec=spec, session=session, base=outside.base, secret=trial.secret, sandbox=False)
            yield Bench(trial, outside, spec, client)


@dataclass(frozen=True, slots=True)
class Stage:
    """A venue whose account the engine keeps in step."""

    trial: Trial
    outside: Outside
    world: World

    @property
    def entity(self) -> str:
        """The two-way entity."""
        return self.trial.two_way.listed.entity

    @property
    def spec(self) -> ProviderSpec:
        """The provider's declaration."""
        return self.world.engine.specs[self.trial.provider]

    def table(self, entity: str) -> sa.Table:
        """The venue's table of an entity."""
        return TABLES[self.spec.entities[entity].model]

    def connect(self) -> None:
        """Connect the venue with the trial's secret."""
        self.world.engine.connect(VENUE, self.trial.provider, self.trial.secret, environment="production")

    def impatient(self, seconds: float) -> "Stage":
        """The same stage with a declared time-out of so many seconds."""
        engine = self.world.engine
        api = self.spec.api.model_copy(update={"timeout_seconds": seconds})
        specs = {**engine.specs, self.trial.provider: self.spec.model_copy(update={"api": api})}
        return replace(self, world=replace(self.world, engine=replace(engine, specs=specs)))

    def sync(
        self, entity: str | None = None, *, mode: Mode | None = None, on_progress: OnProgress = silent
    ) -> EntityReport:
        """One sync, of the two-way entity unless another is named."""
        connection = self.world.connection(VENUE, self.trial.provider)
        return self.world.engine.sync(
            connection, entity or self.entity, mode=mode or Mode(), run_id="battery", on_progress=on_progress
        )

    def done(self, entity: str | None = None) -> EntityReport:
        """One sync that must succeed."""
        report = self.sync(entity)
        assert (report.status, report.error) == ("succeeded", None)
        return report

    def add(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """New rows of the venue's, in one transaction."""
        with self.world.database.begin() as conn:
            conn.execute(sa.insert(table), [{"venue_id": VENUE, **row} for row in rows])

    def add_people(self, *people: Facts) -> None:
        """New customers of the venue's, as far as the provider has their columns; ids c0, c1 ..."""
        columns = self.trial.two_way.columns
        rows = [{"id": f"c{n}", **{name: one.get(name) for name in columns}} for n, one in enumerate(people)]
        self.add(self.table(self.entity), rows)

    def facts(self) -> list[Facts]:
        """The venue's living rows of the two-way entity, in the order of the provider's facts."""
        table, columns = self.table(self.entity), self.trial.two_way.columns
        query = sa.select(*(table.c[name] for name in columns)).where(table.c.deleted_at.is_(None))
        with self.world.database.connect() as conn:
            return in_order([dict(row) for row in conn.execute(query).mappings()])

    def everything_written_down(self) -> str:
        """All rows of all tables of the product, as text."""
        tables = self.world.rows(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables "
            "WHERE table_schema IN ('venue', 'sync') AND table_type = 'BASE TABLE'"
        )
        return "\n".join(row[0] for (name,) in tables for row in self.world.rows(f"SELECT t::text FROM {name} AS t"))


def people(trial: Trial, count: int, *, start: int = 0) -> list[Facts]:
    """`count` customers with the columns that the provider has."""
    return [{name: person(n)[name] for name in trial.two_way.columns} for n in range(start, start + count)]


@contextmanager
def stage_of(trial: Trial, database: sa.Engine, home: Path, *, simulator: Simulator) -> Iterator[Stage]:
    """The trial's venue on `database`, connected, with nothing on either side."""
    with outside_of(trial, simulator) as outside:
        spec = DECLARED[trial.provider]
        settings = read_settings({"VENUE_SYNC_HOME": str(home), spec.api.base_env: outside.base})
        engine = open_engine_for(settings, database, specs={trial.provider: spec}, templates=mappings.FOLDER)
        hasty = replace(engine, clock=HastyClock(), rng=random.Random(7))
        world = World(database=database, engine=hasty, bases={trial.provider: outside.base}, settings=settings)
        world.sql("INSERT INTO venue.venues (id, name, currency) VALUES (:id, 'Hall 7', 'USD')", id=VENUE)
        stage = Stage(trial, outside, world)
        stage.connect()
        outside.forget_calls()
        yield stage


def assert_no_secret(trial: Trial, text: str) -> None:
    """None of the credential's parts is in the text, nor in the shapes in which it travels and is stored.

    The account's own id may be a part of the credential, and is no secret.
    """
    for part in set(trial.secret.values()) - {trial.account}:
        forms = (part, part.encode().hex(), base64.b64encode(part.encode()).decode().rstrip("="))
        assert [form for form in forms if form in text] == []


def assert_one_sentence(report: EntityReport) -> None:
    """The report says in one sentence of our own what went wrong; it was nothing that nobody had thought of."""
    error = report.error or ""
    assert report.status == "failed"
    assert error.endswith(".")
    assert "\n" not in error
    assert not error.startswith("An unexpected")
