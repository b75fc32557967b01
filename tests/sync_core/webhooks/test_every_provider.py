"""What each provider's own webhooks do: written as it writes them, routed by what they name, read again by its client."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from sync_core.store import inbox
from sync_core.store.inbox import Arrival
from sync_core.webhooks import parse
from sync_core.webhooks.apply import Drained, drain
from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.messages import Style, messages_of
from sync_sims.quickbooks.simulator import QuickBooksSimulator
from sync_sims.square.simulator import SquareSimulator
from sync_sims.wire import UNLIMITED, Simulator
from tests.world import World, account, key, world

VENUE = "blue-note"
TOKEN = "eyJ-test-token"  # pragma: allowlist secret - of nobody
CHANCE = random.Random(1)
Told = tuple[World, Mapping[str, Simulator]]


@pytest.fixture(scope="module")
def told(shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One venue at three providers, whose simulators note what changes."""
    made: dict[str, Simulator] = {
        "square": SquareSimulator(),
        "mailchimp": MailchimpSimulator(),
        "quickbooks": QuickBooksSimulator(limits=UNLIMITED),
    }
    with world(shared_database, tmp_path_factory.mktemp("world"), lambda: made) as outside:
        outside.venue(VENUE, providers=("square", "mailchimp"))
        outside.sim("quickbooks", "PUT", "accounts", credential=TOKEN, account_id=account(VENUE), name=VENUE)
        secret = {"access_token": TOKEN, "realm_id": account(VENUE)}
        outside.engine.connect(VENUE, "quickbooks", secret, environment="production")
        for simulator in made.values():
            simulator.changes.wanted = True
        yield outside, made


def call(world: World, provider: str, method: str, path: str, body: Any = None) -> Any:
    """Somebody works in the venue's account."""
    token = TOKEN if provider == "quickbooks" else key(VENUE, provider)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    answer = requests.request(method, f"{world.bases[provider]}{path}", json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def applied(told: Told, provider: str, *, old_form: bool = False) -> Drained:
    """Take what the provider has to tell by now into the inbox, twice, and drain it."""
    world, simulators = told
    style = Style(CHANCE, lambda: datetime.now(UTC), old_form)
    with world.database.begin() as conn:
        for message in messages_of(provider, simulators[provider].changes.take(), style) * 2:
            events = parse(provider, message.body, message.content_type)
            inbox.store(conn, [Arrival(provider, event) for event in events])
    done = drain(world.engine, run_id="test", quiet_seconds=0)
    assert done is not None
    assert (done.failed, done.parked, done.dead) == (0, 0, 0)
    return done


def customers(world: World) -> list[tuple[Any, ...]]:
    query = "SELECT given_name, email, deleted_at IS NOT NULL FROM venue.customers ORDER BY given_name"
    return world.rows(query)


@pytest.fixture(autouse=True)
def nobody_yet(told: Told) -> None:
    """Each provider's test begins with an empty venue and nothing to tell."""
    for table in ("venue.customers", "venue.products", "sync.ledger", "sync.webhook_events"):
        told[0].sql(f"DELETE FROM {table}")
    for simulator in told[1].values():
        simulator.changes.take()


def test_squares_customers_come_change_and_go(told: Told) -> None:
    made = call(told[0], "square", "POST", "/v2/customers", {"given_name": "Ann", "idempotency_key": "k"})["customer"]
    assert applied(told, "square").applied == 1
    assert customers(told[0]) == [("Ann", None, False)]

    call(told[0], "square", "PUT", f"/v2/customers/{made['id']}", {"given_name": "Anna"})
    applied(told, "square")
    call(told[0], "square", "DELETE", f"/v2/customers/{made['id']}")
    applied(told, "square")
    assert customers(told[0]) == [("Anna", None, True)], "which no search of Square's ever tells"


def test_mailchimps_contacts_come_change_move_and_go(told: Told) -> None:
    list_id = call(told[0], "mailchimp", "GET", "/3.0/lists")["lists"][0]["id"]
    members = f"/3.0/lists/{list_id}/members"
    new = {"email_address": "ann@x.example", "status": "subscribed", "merge_fields": {"FNAME": "Ann"}}
    made = call(told[0], "mailchimp", "POST", members, new)
    applied(told, "mailchimp")
    assert customers(told[0]) == [("Ann", "ann@x.example", False)]

    moved = call(told[0], "mailchimp", "PATCH", f"{members}/{made['id']}", {"email_address": "eve@x.example"})
    applied(told, "mailchimp")
    assert customers(told[0]) == [("Ann", "eve@x.example", False)], "the same customer under another address"

    call(told[0], "mailchimp", "POST", f"{members}/{moved['id']}/actions/delete-permanent")
    applied(told, "mailchimp")
    assert customers(told[0]) == [("Ann", "eve@x.example", False)], "the contact is gone, the customer is the venue's"


@pytest.mark.parametrize("old_form", [False, True])
def test_the_books_customers_come_and_change(told: Told, old_form: bool) -> None:
    path, name = f"/v3/company/{account(VENUE)}/customer?minorversion=75", f"Ann {old_form}"
    made = call(told[0], "quickbooks", "POST", path, {"DisplayName": name, "GivenName": "Ann"})["Customer"]
    applied(told, "quickbooks", old_form=old_form)
    assert customers(told[0]) == [("Ann", None, False)]

    change = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "GivenName": "Anna"}
    call(told[0], "quickbooks", "POST", path, change)
    applied(told, "quickbooks", old_form=old_form)
    assert customers(told[0]) == [("Anna", None, False)]
