"""How long after a change at a provider the venue has it, while 100 other events a second come in from all four providers.

Everything is a process of its own: API, drain, simulators. The clock starts before the call that changes a customer at
the provider and stops when another database session sees the new name in venue.customers.

python -m benchmarks.webhook_latency [--seconds N] [--per-second N] [--venues N]
"""

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mappings
from benchmarks.crowd import PROVIDERS, Account, Person, open_account
from benchmarks.doors import Doors, opened, until
from benchmarks.stage import DEFS
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade
from sync_core.sync.engine import Engine, open_engine_for

WATCHED = "watched"
WATCHED_PER_SECOND = 5
PEOPLE = 10
LOOK_EVERY = 0.005
LAST_SECONDS = 60
"""For what is still on its way when the load has ended."""


@dataclass(slots=True)
class Measured:
    """What was seen: seconds from change to row by provider, changes that never arrived, events a second that came in."""

    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    missing: list[str] = field(default_factory=list[str])
    events_per_second: float = 0.0

    @property
    def all(self) -> list[float]:
        """Every provider's."""
        return [one for some in self.seconds.values() for one in some]


@dataclass(slots=True)
class _Watched:
    """Changes on their way to the venue: new name -> provider, customer and when it began."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: dict[str, tuple[Account, Person, float]] = field(default_factory=dict[str, tuple[Account, Person, float]])


def engine_for(doors: Doors) -> Engine:
    """An engine with the same home and database as the processes."""
    return open_engine_for(
        read_settings(doors.environ), doors.database, specs=load_providers(DEFS), templates=mappings.FOLDER
    )


def connected(doors: Doors, engine: Engine, venue: str, *, people: int) -> list[Account]:
    """A venue that is connected by key at every provider, with so many customers at each."""
    doors.venue(venue)
    accounts = [open_account(doors.bases[name], name, venue) for name in PROVIDERS]
    for account in accounts:
        engine.connect(venue, account.provider, account.credential, environment="production")
        account.invite(people)
    return accounts


def measure(
    doors: Doors, watched: Sequence[Account], crowd: Sequence[Account], *, per_second: float, seconds: float
) -> Measured:
    """Change customers of `watched` now and then while the others change `per_second` times a second; wait for all of them."""
    measured, watch, over = Measured({name: [] for name in PROVIDERS}), _Watched(), threading.Event()
    ends = time.monotonic() + seconds
    began = doors.sql("SELECT count(*) FROM sync.webhook_events")[0][0]
    lookout = threading.Thread(target=_look_out, args=(doors, watched[0].venue, watch, measured, over))
    hands = [threading.Thread(target=_change, args=(watched, watch, ends))]
    for name in PROVIDERS:
        mine = [account for account in crowd if account.provider == name]
        hands.append(threading.Thread(target=_press, args=(mine, per_second / len(PROVIDERS), ends)))
    for thread in (lookout, *hands):
        thread.start()
    for thread in hands:
        thread.join()
    came = doors.sql("SELECT count(*) FROM sync.webhook_events")[0][0] - began
    measured.events_per_second = came / seconds
    deadline = time.monotonic() + LAST_SECONDS
    while watch.waiting and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
    over.set()
    lookout.join()
    measured.missing.extend(watch.waiting)
    return measured


def astray(doors: Doors, crowd: Sequence[Account]) -> list[str]:
    """First names at the providers that their venue has not, once the inbox is empty."""
    waits = "SELECT count(*) FROM sync.webhook_events WHERE status IN ('received', 'failed') AND next_at < 'infinity'"
    until(lambda: doors.sql(waits) == [(0,)])
    lost: list[str] = []
    for venue in sorted({account.venue for account in crowd}):
        here = {row[0] for row in doors.sql("SELECT given_name FROM venue.customers WHERE venue_id = :v", v=venue)}
        names = {person.name for account in crowd if account.venue == venue for person in account.people}
        lost.extend(sorted(names - here))
    return lost


def _change(accounts: Sequence[Account], watch: _Watched, ends: float) -> None:
    turns = itertools.cycle([(account, person) for people in _columns(accounts) for account, person in people])
    for number in _paced(WATCHED_PER_SECOND, ends):
        account, person = next(turns)
        if any(person is waiting for _, waiting, _ in list(watch.waiting.values())):
            continue
        name = f"Seen{number}"
        with watch.lock:
            watch.waiting[name] = account, person, time.monotonic()
        account.rename(person, name)


def _columns(accounts: Sequence[Account]) -> Iterator[list[tuple[Account, Person]]]:
    """One customer of each account, then the next one of each."""
    for people in zip(*(account.people for account in accounts), strict=True):
        yield list(zip(accounts, people, strict=True))


def _press(accounts: Sequence[Account], per_second: float, ends: float) -> None:
    everybody = [(account, person) for people in _columns(accounts) for account, person in people]
    turns = itertools.cycle(everybody)
    for number in _paced(per_second, ends):
        account, person = next(turns)
        account.rename(person, f"Crowd{number}of{account.provider}")


def _paced(per_second: float, ends: float) -> Iterator[int]:
    """Numbers, one at a time; who is late hurries."""
    due = time.monotonic()
    for number in itertools.count():
        due += 1 / per_second
        now = time.monotonic()
        if now >= ends:
            return
        time.sleep(max(0.0, due - now))
        yield number


def _look_out(doors: Doors, venue: str, watch: _Watched, measured: Measured, over: threading.Event) -> None:
    query = "SELECT given_name FROM venue.customers WHERE venue_id = :venue AND given_name = ANY(:names)"
    while not over.is_set():
        names = list(watch.waiting)
        came = doors.sql(query, venue=venue, names=names) if names else []
        now = time.monotonic()
        with watch.lock:
            for (name,) in came:
                account, _, began = watch.waiting.pop(name)
                measured.seconds[account.provider].append(now - began)
        time.sleep(LOOK_EVERY)


def told(measured: Measured) -> str:
    """The figures, for people."""
    lines = [f"{measured.events_per_second:.0f} events a second came in; {len(measured.missing)} changes never arrived"]
    for name, seconds in (*measured.seconds.items(), ("all", measured.all)):
        if len(seconds) > 1:
            median, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[18]
            lines.append(
                f"{name}: median {1000 * median:.0f} ms, 95th percentile {1000 * high:.0f} ms ({len(seconds)})"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seconds", type=float, default=60)
    given.add_argument("--per-second", type=float, default=100)
    given.add_argument("--venues", type=int, default=6)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="venue-sync-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        database = open_engine(server.url)
        upgrade(database)
        database.dispose()
        with opened(Path(folder), server.url) as doors, doors.at_work():
            engine = engine_for(doors)
            watched = connected(doors, engine, WATCHED, people=PEOPLE)
            crowd = [one for n in range(asked.venues) for one in connected(doors, engine, f"v{n}", people=PEOPLE)]
            astray(doors, [*watched, *crowd])
            print(told(measure(doors, watched, crowd, per_second=asked.per_second, seconds=asked.seconds)))
            print(f"{len(astray(doors, [*watched, *crowd]))} of the others' changes are not in the venues' tables")
        server.stop()
        server.remove()


if __name__ == "__main__":
    main()
