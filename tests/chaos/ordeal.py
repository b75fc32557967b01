"""One run from its seed to its figures: the storm, the quiet, and a look at what is broken."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import orjson
import requests

from benchmarks.crowd import PROVIDERS
from tests.chaos.damage import Damage, damage_of
from tests.chaos.menu import drawn, poison
from tests.chaos.script import CUSTOMERS
from tests.chaos.settling import Settled, an_hour_later, settle
from tests.chaos.stage import Stage, stage
from tests.e2e.search import written

DEED_EVERY: Final = 0.02
ASK_EVERY: Final = 0.4
LONGER: Final = 90.0
"""Seconds by which a storm lasts longer, at most, where a slow machine makes few calls for faults to befall."""
TOKEN_LIVES: Final = 5.0
"""Seconds that an account's tokens live at least before they are ended; a real one lives for an hour."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How much of everything: `seconds` the storm blows at most, until `faults` have happened at least."""

    venues: int
    people: int
    things: int
    workers: int
    seconds: float
    faults: int
    kills: int
    crashes: int


SHORT: Final = Measure(venues=1, people=8, things=3, workers=1, seconds=4, faults=25, kills=1, crashes=1)
WHOLE: Final = Measure(venues=3, people=20, things=6, workers=2, seconds=30, faults=200, kills=8, crashes=2)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run was and what it did."""

    seed: int
    fired: dict[str, int]
    tokens_ended: int
    kills: int
    crashes: int
    webhooks: dict[str, int]
    deeds: int
    calls: int
    storm: float
    settled: Settled
    damage: Damage

    @property
    def faults(self) -> int:
        """How many things really went wrong: at the providers, and to our processes and the database."""
        return sum(self.fired.values()) + self.tokens_ended + self.kills + self.crashes

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(self.fired.items()))
        hooks = ", ".join(f"{kind} {number}" for kind, number in self.webhooks.items())
        return (
            f"seed {self.seed}: {self.faults} faults ({kinds}; tokens ended {self.tokens_ended}, kill -9 {self.kills}, "
            f"database crashes {self.crashes}) in {self.storm:.1f} s of storm; webhooks: {hooks}; "
            f"{self.deeds} deeds, {self.calls} calls; quiet after {self.settled.seconds:.1f} s and "
            f"{self.settled.rounds} rounds; {self.damage.compared} records compared, {self.damage.excused} in dead "
            f"letters, {self.damage.waiting} waiting, {len(self.damage.broken)} broken"
        )


def ordeal(folder: Path, *, seed: int, measure: Measure, tell: Callable[[str], None]) -> Figures:
    """Go through it. Raises AssertionError where it does not come to an end."""
    chance = Random(seed)
    began = time.monotonic()
    with stage(
        folder,
        venues=measure.venues,
        people=measure.people,
        things=measure.things,
        workers=measure.workers,
        chance=Random(chance.random()),
    ) as on:
        tell(f"seed {seed}: everything is up after {time.monotonic() - began:.1f} s")
        begun = time.monotonic()
        ended = _storm(on, measure, chance)
        storm = time.monotonic() - begun
        fired = on.fired()
        tell(f"seed {seed}: {sum(fired.values())} faults so far, now it is to settle")
        settled = settle(on)
        webhooks = _webhooks(on)
        calls = sum(on.doors.sim(provider, "GET", "calls")["total"] for provider in PROVIDERS)
        kills, crashes = on.victims.kills, on.server.crashes
        left = on.victims.send_home()
        damage = damage_of(on)
        broken = [*damage.broken, *settled.troubles]
        broken += [f"{webhooks['forged_taken']} forged webhooks were taken"] if webhooks["forged_taken"] else []
        broken += [f"{name} left with {code}" for name, code in left.items() if code not in (0, 130)]
        if broken:
            _keep(on, folder / "remains", broken)
            tell(f"seed {seed}: what it left is in {folder}")
        tell(f"seed {seed}: over after {time.monotonic() - began:.1f} s")
        return Figures(
            seed,
            fired,
            ended,
            kills,
            crashes,
            webhooks,
            on.trail.deeds,
            calls,
            storm,
            settled,
            Damage(damage.compared, damage.excused, damage.waiting, tuple(broken)),
        )


def _keep(on: Stage, folder: Path, broken: Sequence[str]) -> None:
    """What whoever looks for the reason needs: all rows, and what the providers hold."""
    folder.mkdir()
    (folder / "broken.txt").write_text("\n".join(broken))
    for place, text in written(on.doors.database):
        (folder / f"{place.rpartition(' ')[2]}.txt").write_text(text)
    for venue, mine in on.accounts.items():
        for provider, account in mine.items():
            held = on.doors.sim(provider, "GET", f"accounts/{account.id}/objects/{CUSTOMERS[provider]}")
            (folder / f"{provider}.{venue}.json").write_bytes(orjson.dumps(held, option=orjson.OPT_INDENT_2))


def _storm(on: Stage, measure: Measure, chance: Random) -> int:
    """Let everything happen at once; how many tokens were ended before their time."""
    over = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        script = pool.submit(_until, over, on.script.act, DEED_EVERY)
        asking = Random(chance.random())
        wishes = pool.submit(_until, over, lambda: _wish(on, asking), ASK_EVERY)
        ended = pool.submit(_weather, on, over, Random(chance.random()))
        blows = pool.submit(_blows, on, measure, Random(chance.random()))
        try:
            began = time.monotonic()
            while time.monotonic() < began + measure.seconds or sum(on.fired().values()) < measure.faults:
                assert time.monotonic() < began + measure.seconds + LONGER, "not enough went wrong"
                if any(one.done() for one in (script, wishes, ended)) or (blows.done() and blows.exception()):
                    break
                time.sleep(0.2)
        finally:
            over.set()
        for one in (script, wishes, blows):
            one.result()
        return ended.result()


def _until(over: threading.Event, deed: Callable[[], None], every: float) -> None:
    while not over.wait(every):
        deed()


def _wish(on: Stage, chance: Random) -> None:
    """Somebody asks for a sync; while the API is down nobody can."""
    venue, provider = chance.choice(on.venues), chance.choice(PROVIDERS)
    try:
        on.visitor.ask("POST", f"/sync/{provider}/sync", venueId=venue)
    except requests.RequestException:
        return


def _weather(on: Stage, over: threading.Event, chance: Random) -> int:
    """The weather changes at each provider by itself; now and then tokens end, and an hour passes."""
    ended = 0
    poisons = {provider: poison(chance) for provider in PROVIDERS}
    fresh = {(venue, whose): 0.0 for venue in on.venues for whose in ("square", "quickbooks")}
    while not over.is_set():
        provider = chance.choice(PROVIDERS)
        _, faults = drawn(chance)
        on.faults(provider, [poisons[provider], *faults], seed=chance.randrange(2**32))
        venue, whose = chance.choice(list(fresh))
        if time.monotonic() > fresh[venue, whose] + TOKEN_LIVES:
            account = on.accounts[venue][whose].id
            ended += on.doors.sim(whose, "DELETE", "grants", account_id=account)["ended"] > 0
            fresh[venue, whose] = time.monotonic()
        if chance.random() < 0.2:
            an_hour_later(on)
        over.wait(chance.uniform(0.3, 1.2))
    return ended


def _blows(on: Stage, measure: Measure, chance: Random) -> None:
    """Kill -9 and crashes of the database, spread over the storm."""
    times = [chance.uniform(0.1, 0.95) * measure.seconds for _ in range(measure.kills + measure.crashes)]
    crashes = set(chance.sample(range(len(times)), measure.crashes))
    began = time.monotonic()
    for place, at in enumerate(sorted(times)):
        time.sleep(max(0.0, began + at - time.monotonic()))
        if place in crashes:
            on.server.crash()
        else:
            on.victims.strike(chance.choice(on.victims.everyone))


def _webhooks(on: Stage) -> dict[str, int]:
    """What the providers' messengers say of themselves, added up."""
    standings = [on.doors.sim(provider, "GET", "webhooks") for provider in PROVIDERS]
    return {
        name: sum(one[name] for one in standings)
        for name in ("delivered", "retried", "doubled", "late", "forged", "forged_taken", "given_up")
    }
