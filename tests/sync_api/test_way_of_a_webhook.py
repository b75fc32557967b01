"""The whole way: a change at a provider, its webhook, the inbox, the drain, the venue's table."""

import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from sync_api.app import create_app
from sync_api.serving import serving
from sync_api.signing import open_verifier
from sync_core.webhooks.apply import Drained, drain
from tests.world import World, account, key, world

SECRETS = {"stripe": "whsec_way", "square": "square-way"}
VENUES = ("abbey", "barn", "cellar")


@pytest.fixture
def told(database: sa.Engine, tmp_path: Path) -> Iterator[tuple[World, list[Drained | None]]]:
    """A world whose simulators tell our API of every change, badly, and a process that drains."""
    leave, ended = threading.Event(), list[Drained | None]()
    with world(database, tmp_path) as made:
        settings = replace(made.settings, webhook_secrets={name: (secret,) for name, secret in SECRETS.items()})
        engine = replace(made.engine, settings=settings)
        app = create_app(engine, verifier=open_verifier(settings, engine.clock))
        with serving(app) as address:
            square = f"{address}/webhooks/square"
            app.state.api = replace(
                app.state.api, engine=replace(engine, settings=replace(settings, square_webhook_url=square))
            )
            for name in VENUES:
                made.venue(name, providers=("stripe", "square"))
            for name, secret in SECRETS.items():
                how = {"duplicates": 0.3, "reordered": 0.5, "bad_signatures": 0.2, "seed": 11}
                made.sim(name, "PUT", "webhooks", url=f"{address}/webhooks/{name}", secret=secret, **how)

            def run() -> None:
                while not leave.is_set():
                    ended.append(drain(made.engine, run_id="drain", quiet_seconds=0.2, stopping=leave.is_set))

            thread = threading.Thread(target=run)
            thread.start()
            yield made, ended
            leave.set()
            thread.join(20)


def people(world: World, venue: str) -> list[Any]:
    """The venue's living customers as it has them."""
    query = "SELECT given_name FROM venue.customers WHERE venue_id = :v AND deleted_at IS NULL ORDER BY 1"
    return [row[0] for row in world.rows(query, v=venue)]


def at_stripe(world: World, venue: str, method: str, path: str, **fields: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    answer = requests.request(method, f"{world.bases['stripe']}/v1/{path}", data=fields, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def test_what_changes_at_a_provider_is_soon_in_the_right_venues_table(
    told: tuple[World, list[Drained | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    world, ended = told
    chance, known = random.Random(5), {venue: dict[str, str]() for venue in VENUES}
    for number in range(60):
        venue = chance.choice(VENUES)
        mine = known[venue]
        if mine and chance.random() < 0.2:
            gone = chance.choice(sorted(mine))
            at_stripe(world, venue, "DELETE", f"customers/{gone}")
            del mine[gone]
        elif mine and chance.random() < 0.5:
            changed = chance.choice(sorted(mine))
            at_stripe(world, venue, "POST", f"customers/{changed}", name=f"N{number}")
            mine[changed] = f"N{number}"
        else:
            mine[at_stripe(world, venue, "POST", "customers", name=f"N{number}")["id"]] = f"N{number}"
    for venue in VENUES:
        requests.post(
            f"{world.bases['square']}/v2/customers",
            json={"given_name": "Squared", "idempotency_key": venue},
            headers={"Authorization": f"Bearer {key(venue, 'square')}"},
            timeout=10,
        ).raise_for_status()

    deadline = time.monotonic() + 30
    expected = {venue: sorted([*mine.values(), "Squared"]) for venue, mine in known.items()}
    while {venue: people(world, venue) for venue in VENUES} != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert {venue: people(world, venue) for venue in VENUES} == expected

    took: list[float] = []
    for number in range(8):
        began = time.monotonic()
        at_stripe(world, VENUES[number % 3], "POST", "customers", name=f"Late{number}")
        while f"Late{number}" not in people(world, VENUES[number % 3]) and time.monotonic() < began + 20:
            time.sleep(0.01)
        took.append(time.monotonic() - began)
    with capsys.disabled():
        sys.stdout.write(f"\n  change to table: median {statistics.median(took):.2f} s, slowest {max(took):.2f} s")
    assert statistics.median(took) < 5

    standing = world.sim("stripe", "GET", "webhooks")
    assert standing["forged"] > 0
    assert standing["forged_taken"] == standing["given_up"] == 0
    states = {row[0] for row in world.rows("SELECT DISTINCT status FROM sync.webhook_events")}
    assert states <= {"applied", "skipped", "received"}
    owners = world.rows("SELECT DISTINCT account_id FROM sync.webhook_events ORDER BY 1")
    assert [row[0] for row in owners] == sorted(account(venue) for venue in VENUES)
    assert all(done is not None for done in ended)
