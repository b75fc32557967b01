"""What people change between two syncs: customers and prices at the providers, customers, prices and stock at the venues.

Everything is changed as a person would: through the provider's public API with the venue's key, or in the venue's tables.
Who is changed is drawn by lot with a seed, so that two demos change the same. Of every venue one customer's number is
changed both at a provider and at the box office, so that there is something to decide.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from sync_core.oauth.keeping import credential_of
from sync_core.store import connections, venue_edits, venue_records
from sync_core.store.connections import Connection
from sync_core.store.status import venue_currencies
from sync_core.store.venue_billing import Billing, Line, take_order
from sync_core.sync.engine import Engine
from sync_defs.demo.accountant import bill_at_home, bill_in_books
from sync_defs.demo.hands import HANDS, Desk, Hand

SEED = 2026
SHARE = 0.01  # of the records of a kind, and at least one
DEARER_BY = 100  # minor units: a multiple of 10, because Stripe wants Kuwaiti dinars in tens of fils
BOOKS = "quickbooks"
TILL = "square"
ORDER = "order-at-the-till"
PLENTY = 100  # points
CITIES = ("Bergen", "Gent", "Kraków", "Málaga", "Tromsø")


@dataclass(slots=True)
class Edits:
    """What was changed.

    Attributes:
        told: all of it, in words.
        unsubscribed: (venue, customer) of those who took themselves off a mailing list.
        disputed: by venue, a customer whose number was changed at a provider.
    """

    told: list[str] = field(default_factory=list[str])
    unsubscribed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    disputed: dict[str, str] = field(default_factory=dict[str, str])


def edit_both_sides(engine: Engine) -> Edits:
    """Change something of every venue at every provider and at home."""
    with engine.database.connect() as conn:
        connected = [c for c in connections.all_of(conn) if c.status == "connected" and c.provider in HANDS]
    edits = Edits()
    for connection in connected:
        _edit_outside(engine, connection, HANDS[connection.provider], edits)
    for venue in dict.fromkeys(connection.venue for connection in connected):
        _edit_venue(engine, venue, edits)
    for connection in connected:
        if connection.provider == BOOKS:
            edits.told += _bill(engine, connection)
        if connection.provider == TILL:
            edits.told += [*_take_order(engine, connection), *_give_points(engine, connection)]
    return edits


def _give_points(engine: Engine, connection: Connection) -> list[str]:
    """Points for the order to who has none, and points taken back from who has plenty."""
    told: list[str] = []
    with engine.database.begin() as conn:
        for account in venue_records.living(conn, "loyalty_accounts", connection.venue):
            if 0 < account["points"] <= PLENTY:
                continue
            points, order, reason = (-15, None, "By mistake") if account["points"] else (12, ORDER, "For the order")
            venue_edits.give_points(
                conn,
                connection.venue,
                account["id"],
                provider=connection.provider,
                points=points,
                order=order,
                reason=reason,
            )
            told.append(f"loyalty account {account['id']} of {connection.venue} gets {points} points")
    return told


def _take_order(engine: Engine, connection: Connection) -> list[str]:
    """An order that is to be paid at the till, of three pieces whose price does not divide by three."""
    rng = random.Random(f"{SEED}:{connection.venue}:order")  # noqa: S311 - a lot, no secret
    people, things = _known(engine, connection, "customers"), _known(engine, connection, "products")
    if not people or not things:
        return []
    product = rng.choice(sorted(things))
    with engine.database.begin() as conn:
        billing = Billing(connection.venue, connection.provider, venue_currencies(conn)[connection.venue])
        lines = [Line(product, "Three for a round price", 3, 1000), Line(None, "Booking fee", 1, 100)]
        take_order(conn, billing, ORDER, customer=rng.choice(sorted(people)), lines=lines)
    return [f"order {ORDER} of {connection.venue} is to be paid at {connection.provider}"]


def _bill(engine: Engine, connection: Connection) -> list[str]:
    """Invoices, payments and refunds in the books and at home, for what both sides know."""
    rng = random.Random(f"{SEED}:{connection.venue}:bill")  # noqa: S311 - a lot, no secret
    people, things = _known(engine, connection, "customers"), _known(engine, connection, "products")
    if not people or not things:
        return []
    desk = _desk(engine, connection)
    told = [
        sentence
        for customer in _drawn(rng, people)
        for sentence in bill_in_books(desk, people[customer], things[rng.choice(sorted(things))])
    ]
    with engine.database.begin() as conn:
        billing = Billing(connection.venue, connection.provider, venue_currencies(conn)[connection.venue])
        for customer in _drawn(rng, people):
            told += bill_at_home(conn, billing, customer=customer, product=rng.choice(sorted(things)))
    return told


def _edit_outside(engine: Engine, connection: Connection, hand: Hand, edits: Edits) -> None:
    venue, provider = connection.venue, connection.provider
    desk = _desk(engine, connection)
    rng = random.Random(f"{SEED}:{venue}:{provider}")  # noqa: S311 - a lot, no secret
    known = _known(engine, connection, "customers")
    for customer in _drawn(rng, known):
        hand.change(desk, known[customer], rng.choice(CITIES) if hand.what == "city" else _phone(rng))
        edits.told.append(f"{provider} customer {known[customer]} of {venue} has a new {hand.what}")
        if hand.what == "phone":
            edits.disputed.setdefault(venue, customer)
    if hand.farewell is not None and known:
        customer = rng.choice(sorted(known))
        hand.farewell(desk, known[customer])
        edits.unsubscribed.add((venue, customer))
        edits.told.append(f"{provider} customer {known[customer]} of {venue} wants no more mail")
    if hand.dearer is not None:
        products = _known(engine, connection, "products")
        for product in _drawn(rng, products):
            hand.dearer(desk, products[product])
            edits.told.append(f"{provider} product {products[product]} of {venue} has become dearer")
    if hand.bills is not None:
        edits.told += [f"{provider} invoice {invoice} of {venue} went on" for invoice in hand.bills(desk)]


def _edit_venue(engine: Engine, venue: str, edits: Edits) -> None:
    rng = random.Random(f"{SEED}:{venue}")  # noqa: S311 - a lot, no secret
    with engine.database.begin() as conn:
        people = {row["id"]: row for row in venue_records.living(conn, "customers", venue)}
        priced = {row["id"]: row for row in venue_records.living(conn, "products", venue) if row["price_minor"]}
        counted = {row["id"]: row for row in venue_records.living(conn, "stock", venue) if row["quantity"] >= 0}
        both = {edits.disputed[venue]} & people.keys() if venue in edits.disputed else set[str]()
        for customer in sorted(both.union(_drawn(rng, people))):
            venue_edits.note_phone(conn, venue, customer, phone=_phone(rng))
            edits.told.append(f"customer {customer} of {venue} told the box office a new phone number")
        for product in _drawn(rng, priced):
            venue_edits.raise_price(conn, venue, product, by_minor=DEARER_BY)
            edits.told.append(f"{priced[product]['name']} of {venue} has become dearer")
        for product in _drawn(rng, counted):
            venue_edits.count_stock(conn, venue, product, quantity=counted[product]["quantity"] + 7)
            edits.told.append(f"stock of {product} of {venue} was counted again")
        _end_and_answer(conn, venue, edits)


def _end_and_answer(conn: sa.Connection, venue: str, edits: Edits) -> None:
    """Two friends leave, one at once and one with the month that is paid for; what is contested is answered."""
    living = venue_records.living(conn, "subscriptions", venue)
    leaving = [row["id"] for row in living if row["status"] == "active"][:2]
    for subscription, leave in zip(leaving, (venue_edits.end_now, venue_edits.let_end), strict=False):
        leave(conn, venue, subscription)
        edits.told.append(f"subscription {subscription} of {venue} was given up")
    for dispute in venue_records.living(conn, "disputes", venue):
        if not dispute["evidence_submitted"]:
            venue_edits.answer(conn, venue, dispute["id"], evidence="They dined at table 7.", product="A dinner")
            edits.told.append(f"dispute {dispute['id']} of {venue} was answered")


def _desk(engine: Engine, connection: Connection) -> Desk:
    with engine.database.connect() as conn:
        secret = credential_of(engine, conn, connection)
    spec = engine.spec(connection.provider)
    return Desk(engine.settings.bases[spec.api.base_env], secret[spec.auth.fields[0]], secret)


def _known(engine: Engine, connection: Connection, kind: str) -> Mapping[str, str]:
    """The provider's id of what it has of a kind, by the venue's id."""
    spec = engine.spec(connection.provider)
    entity = next(name for name, declared in spec.entities.items() if declared.kind == kind)
    with engine.database.connect() as conn:
        names = venue_records.names_by_remote(conn, connection.venue, connection.provider, entity=entity)
    return {local: remote for remote, local in names.items()}


def _drawn(rng: random.Random, known: Mapping[str, object]) -> Sequence[str]:
    return rng.sample(sorted(known), min(len(known), max(1, round(len(known) * SHARE))))


def _phone(rng: random.Random) -> str:
    return f"+44 20 7946 {rng.randrange(10_000):04}"
