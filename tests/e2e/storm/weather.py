"""A storm from the first change to the last applied event, and what it leaves: the figures, and where to look for damage."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import sqlalchemy as sa

from sync_defs.simulators import simulators
from sync_sims.judge import Account
from sync_sims.wire import Simulator
from tests.e2e.storm.deeds import AT, Crowd, Deeds
from tests.e2e.storm.hazards import Hazards, hazards
from tests.e2e.storm.post import SENDERS, Post, Signing
from tests.world import World, account, world

SQUARE_URL = "https://sync.example/webhooks/square"
SIGNING = {
    "stripe": Signing("whsec_storm", ""),
    "square": Signing("square-storm-key", SQUARE_URL),
    "mailchimp": Signing("mailchimp-storm-secret", ""),
    "quickbooks": Signing("quickbooks-storm-token", ""),
}
ENVIRON = {
    "STRIPE_WEBHOOK_SECRET": SIGNING["stripe"].secret,
    "SQUARE_WEBHOOK_SIGNATURE_KEY": SIGNING["square"].secret,
    "SQUARE_WEBHOOK_URL": SQUARE_URL,
    "MAILCHIMP_WEBHOOK_SECRET": SIGNING["mailchimp"].secret,
    "QUICKBOOKS_WEBHOOK_TOKEN": SIGNING["quickbooks"].secret,
    "PYTHONWARNINGS": "ignore",
}
KEYS = {"stripe": "sk_test_{}", "square": "EAAA-{}", "mailchimp": "{}-us19", "quickbooks": "eyJ-{}"}
DUPLICATES = 0.3
SETTLING = 240.0
_COUNTED = """
CREATE TABLE public.row_versions (kept text, venue_id text, id text);
CREATE FUNCTION public.count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.row_versions VALUES (TG_TABLE_NAME, NEW.venue_id, NEW.id); RETURN NEW; END $$;
CREATE TRIGGER counted AFTER INSERT OR UPDATE ON venue.customers FOR EACH ROW EXECUTE FUNCTION public.count_version();
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A world with a venue per account, everybody in it, the post, and the processes that are killed."""

    seed: int
    world: World
    crowd: Crowd
    post: Post
    hazards: Hazards

    @property
    def deeds(self) -> tuple[Deeds, ...]:
        """Each account's."""
        return self.crowd.deeds

    def open(self) -> int:
        """How many events are not settled yet."""
        return self.world.rows("SELECT count(*) FROM sync.webhook_events WHERE status IN ('received', 'failed')")[0][0]

    def reads(self) -> int:
        """The requests of the product that reached the providers: ours here are writes."""
        return sum(self.world.calls(provider)["reads"] for provider in self.world.bases)

    def writes(self) -> int:
        """The writing requests that reached the providers, ours here included."""
        return sum(self.world.calls(provider)["writes"] for provider in self.world.bases)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the storm was."""

    seed: int
    webhooks: int
    copies: int
    delivered: int
    refused: int
    kills: int
    blowing: float
    settling: float
    events: int
    applied: int
    reads: int

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.delivered:,} deliveries, {self.copies:,} of them duplicates "
            f"({self.copies / self.delivered:.0%}), {self.refused:,} refused or cut off and sent again; "
            f"{self.kills} kills -9 in {self.blowing:.1f} s, quiet {self.settling:.1f} s later; "
            f"{self.events:,} events in the inbox, {self.applied:,} applied, the others skipped; "
            f"{self.reads:,} requests to the providers, {self.reads / self.events:.2f} an event"
        )


@contextmanager
def scene(database: sa.Engine, home: Path, *, seed: int, venues: int, window: int) -> Iterator[Scene]:
    """Everything up: `venues` accounts at each provider, and a `window` of webhooks from which the next is drawn."""
    chance = Random(seed)
    post = Post(SIGNING, Random(chance.random()), DUPLICATES, window)
    with ExitStack() as stack:
        made = simulators(home)
        there = stack.enter_context(world(database, home, lambda: made))
        for simulator in made.values():
            simulator.changes.wanted = True
        deeds = [
            AT[provider](
                _account(there, provider, number), Random(chance.random()), partial(_hand_in, made[provider], post)
            )
            for provider in there.bases
            for number in range(venues)
        ]
        for one in deeds:
            stack.callback(one.close)
        there.forget_calls()
        for one in deeds:
            one.writes = 0
        with database.begin() as conn:
            conn.execute(sa.text(_COUNTED))
        url = database.url.render_as_string(hide_password=False).replace("+psycopg", "")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VENUE_SYNC")}
        environ = kept | ENVIRON | {"DATABASE_URL": url, "VENUE_SYNC_HOME": str(home)} | dict(there.settings.bases)
        dangers = stack.enter_context(hazards(environ, Random(chance.random())))
        post.doors = tuple(dangers.doors)
        dangers.wait_for_doors()
        yield Scene(seed, there, Crowd(tuple(deeds), Random(chance.random())), post, dangers)


def _hand_in(simulator: Simulator, post: Post) -> None:
    """The simulator's own messenger sends nothing, so what changed is still there after a request."""
    post.hand_in(simulator.name, simulator.changes.take())


def _account(there: World, provider: str, number: int) -> Account:
    venue = there.venue(f"{provider}-{number}", providers=())
    key, account_id = KEYS[provider].format(venue.replace("-", "_")), account(venue)
    there.sim(provider, "PUT", "accounts", credential=key, account_id=account_id, name=venue)
    names = there.engine.spec(provider).auth.fields
    secret = dict(zip(names, (key, account_id), strict=False))
    there.engine.connect(venue, provider, secret, environment="production")
    return Account(venue, provider, there.bases[provider], key, parts=secret)


def blow(on: Scene, *, deliveries: int, kills: int) -> Figures:
    """Change, deliver and kill until so many webhooks are delivered, then wait until the inbox has nothing open."""
    post, began = on.post, time.monotonic()
    blows = [(number + on.hazards.chance.random()) / kills * deliveries for number in range(kills)]
    with ThreadPoolExecutor(SENDERS + 1) as pool:
        senders = [pool.submit(post.deliver) for _ in range(SENDERS)]
        fate = pool.submit(_strike, on, blows)
        try:
            while post.webhooks + post.copies < deliveries:
                on.crowd.act()
                while post.waiting > 2 * post.window:
                    time.sleep(0.005)
        finally:
            post.last_call()
        for one in (*senders, fate):
            one.result()
    blown = time.monotonic()
    while on.open():
        assert time.monotonic() < blown + SETTLING, f"{on.open()} events are still open"
        time.sleep(0.05)
    quiet = time.monotonic()
    counted = dict(on.world.rows("SELECT status, count(*) FROM sync.webhook_events GROUP BY status"))
    return Figures(
        seed=on.seed,
        webhooks=post.webhooks,
        copies=post.copies,
        delivered=post.delivered,
        refused=post.refused.total(),
        kills=on.hazards.deaths,
        blowing=blown - began,
        settling=quiet - blown,
        events=sum(counted.values()),
        applied=counted.get("applied", 0),
        reads=on.reads(),
    )


def _strike(on: Scene, blows: list[float]) -> None:
    for blow_at in blows:
        while on.post.delivered < blow_at and on.post.waiting:
            time.sleep(0.01)
        on.hazards.strike()
