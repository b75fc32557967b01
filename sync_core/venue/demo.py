"""A small, realistic, made-up data set in many languages and currencies: enough to see a sync at work.

The same seed makes the same rows, venue by venue: how many venues there are does not change any of them. Nothing is
read from the clock, so a demo looks the same on every day.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.store import venue_tables as tables
from sync_core.store.venue_rows import load, rows_from_records
from sync_core.venue.demo_words import COUNTRIES, HOUSES, LONG_TEXT, MERCHANDISE, MONEY, NOTES, Country, House
from sync_core.venue.report import ImportReport, OnProgress, silent

Row = dict[str, Any]
SEASON = datetime(2026, 9, 1, tzinfo=UTC)
AT_HOME = 0.6  # of the customers; the others come from everywhere
WITH_PHONE, WITH_CUSTOMER, AT_THE_DOOR = 0.8, 0.9, 0.1
REFUNDED, WHOLLY = 0.12, 0.5
DOOR = "door"
TICKET_DOLLARS = (18.0, 24.5, 35.0, 49.5, 72.0)


@dataclass(slots=True)
class DemoRows:
    """Rows for the tables of schema `venue`, by table."""

    venues: list[Row] = field(default_factory=list[Row])
    events: list[Row] = field(default_factory=list[Row])
    products: list[Row] = field(default_factory=list[Row])
    stock: list[Row] = field(default_factory=list[Row])
    customers: list[Row] = field(default_factory=list[Row])
    orders: list[Row] = field(default_factory=list[Row])
    refunds: list[Row] = field(default_factory=list[Row])


def generate_demo(
    database: sa.Engine,
    *,
    seed: int = 2026,
    venues: int = 6,
    customers_per_venue: int = 40,
    providers: Sequence[str] = ("stripe", "square"),
    season: datetime = SEASON,
    on_progress: OnProgress = silent,
) -> ImportReport:
    """Write the demo data set into schema `venue`, which must be migrated.

    Args:
        database: where to.
        seed: the same seed makes the same rows.
        venues: the first six are in GBP, EUR, JPY, KWD, USD and EUR; after eight the houses repeat with a number.
        customers_per_venue: each orders up to four times.
        providers: where orders are paid, apart from one in ten that is paid at the door.
        season: when the first event is (aware); sales are in the sixty days before it.
        on_progress: told in a few words what is being done.

    Repeating it changes nothing. Raises ConfigurationError when an argument is wrong.
    """
    started = time.perf_counter()
    if venues < 1 or customers_per_venue < 1 or not providers or season.tzinfo is None:
        raise ConfigurationError("A demo needs at least one venue, one customer, one provider and an aware season.")
    rows = DemoRows()
    for house in demo_houses(venues):
        rng = random.Random(f"{seed}:{house.slug}")  # noqa: S311 - made-up data, no secret
        fill_house(rows, house, rng, customers=customers_per_venue, providers=providers, season=season)
    loaded = []
    with database.begin() as conn:
        for table, records, first_only in (
            (tables.venues, rows.venues, ()),
            (tables.events, rows.events, ()),
            (tables.products, rows.products, ()),
            (tables.stock, rows.stock, ("quantity",)),
            (tables.customers, rows.customers, ()),
            (tables.orders, rows.orders, ()),
            (tables.refunds, rows.refunds, ("refunded_at",)),
        ):
            on_progress(f"writing {table.name.replace('_', ' ')} ({len(records)} rows)")
            loaded.append(load(conn, table, rows_from_records(table, records), first_only=first_only))
    return ImportReport(
        tuple(venue["id"] for venue in rows.venues),
        (),
        tuple(loaded),
        (f"Made-up data of seed {seed}: no person, address or sale in it is real.",),
        time.perf_counter() - started,
    )


def demo_houses(count: int) -> list[House]:
    """The first `count` venues of the demo; after the last word list they come again as number 2, 3, ..."""
    houses: list[House] = []
    for index in range(count):
        again, which = divmod(index, len(HOUSES))
        house = HOUSES[which]
        houses.append(
            replace(house, slug=f"{house.slug}-{again + 1}", name=f"{house.name} {again + 1}") if again else house
        )
    return houses


def fill_house(
    rows: DemoRows, house: House, rng: random.Random, *, customers: int, providers: Sequence[str], season: datetime
) -> None:
    """Add one venue with everything in it to `rows`."""
    home = COUNTRIES[house.home]
    rows.venues.append(
        {
            "id": house.slug,
            "name": house.name,
            "kind": house.kind,
            "city": home.city,
            "region": home.region,
            "country": home.code,
            "currency": house.currency,
            "timezone": house.timezone,
            "seats": house.seats,
        }
    )
    products = [*_tickets(rows, house, rng, season=season), *_merchandise(house)]
    rows.products.extend(products)
    rows.stock.extend(_stock(product, house, rng) for product in products)
    people = [_customer(house, number, rng) for number in range(1, customers + 1)]
    rows.customers.extend(people)
    for number, person in enumerate((p for p in people for _ in range(rng.randrange(5))), start=1):
        order = _order(house, rng, number=number, providers=providers, season=season, products=products)
        order["customer_id"] = person["id"] if rng.random() < WITH_CUSTOMER else None
        rows.orders.append(order)
        if order["provider"] != DOOR and rng.random() < REFUNDED:
            rows.refunds.extend(_refunds(order, rng))


def _tickets(rows: DemoRows, house: House, rng: random.Random, *, season: datetime) -> list[Row]:
    tickets: list[Row] = []
    for number, (name, category) in enumerate((show for show in house.shows for _ in range(3)), start=1):
        starts_at = season + timedelta(days=3 * number + rng.randrange(3), hours=rng.choice((17, 18, 19)), minutes=30)
        event = f"event-{number:03}"
        rows.events.append(
            {"venue_id": house.slug, "id": event, "name": name, "category": category, "starts_at": starts_at}
        )
        ticket = _product(house, f"ticket-{number:03}", f"{name} ({starts_at:%Y-%m-%d})", rng.choice(TICKET_DOLLARS))
        long = LONG_TEXT * rng.choice((1, 1, 3))
        tickets.append({**ticket, "event_id": event, "kind": "ticket", "description": long.strip()})
    return tickets


def _merchandise(house: House) -> list[Row]:
    return [_product(house, f"merch-{number:02}", *item) for number, item in enumerate(MERCHANDISE, start=1)]


def _product(house: House, product: str, name: str, dollars: float) -> Row:
    money = MONEY[house.currency]
    return {
        "venue_id": house.slug,
        "id": product,
        "event_id": None,
        "kind": "merchandise",
        "sku": product.upper(),
        "name": name,
        "description": None,
        "price_minor": round(dollars * money.per_dollar / money.step) * money.step,
        "currency": house.currency,
    }


def _stock(product: Row, house: House, rng: random.Random) -> Row:
    quantity = house.seats if product["kind"] == "ticket" else rng.randrange(0, 250)
    return {"venue_id": house.slug, "id": product["id"], "quantity": quantity}


def _customer(house: House, number: int, rng: random.Random) -> Row:
    home = COUNTRIES[house.home]
    country = home if rng.random() < AT_HOME else rng.choice(list(COUNTRIES.values()))
    (given, plain_given), (family, plain_family) = rng.choice(country.given), rng.choice(country.family)
    return {
        "venue_id": house.slug,
        "id": f"customer-{number:04}",
        "given_name": given,
        "family_name": family,
        "email": f"{plain_given}.{plain_family}.{number}@example.com",
        "phone": _digits(country.phone, rng) if rng.random() < WITH_PHONE else None,
        "address_line1": _address(country, rng),
        "city": country.city,
        "region": country.region,
        "postcode": _digits(country.postcode, rng),
        "country": country.code,
        "note": rng.choice(NOTES),
    }


def _address(country: Country, rng: random.Random) -> str:
    return f"{rng.choice(country.streets)} {rng.randrange(1, 200)}"


def _digits(pattern: str, rng: random.Random) -> str:
    return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in pattern)


def _order(
    house: House,
    rng: random.Random,
    *,
    number: int,
    providers: Sequence[str],
    season: datetime,
    products: Sequence[Row],
) -> Row:
    lines: list[Row] = []
    for line, product in enumerate(rng.sample([p for p in products if p["price_minor"]], rng.choice((1, 1, 2, 3))), 1):
        quantity = rng.choice((1, 2, 2, 4))
        lines.append(
            {
                "line": line,
                "product_id": product["id"],
                "sku": product["sku"],
                "description": product["name"],
                "quantity": quantity,
                "amount_minor": quantity * product["price_minor"],
            }
        )
    return {
        "venue_id": house.slug,
        "id": f"order-{number:05}",
        "customer_id": None,
        "provider": DOOR if rng.random() < AT_THE_DOOR else rng.choice(list(providers)),
        "origin": "sale",
        "total_minor": sum(line["amount_minor"] for line in lines),
        "currency": house.currency,
        "ordered_at": season - timedelta(minutes=rng.randrange(1, 60 * 24 * 60)),
        "lines": orjson.dumps(lines).decode(),
    }


def _refunds(order: Row, rng: random.Random) -> list[Row]:
    """One refund of all the money, or two that leave some of it: every refund finds its money in the order."""
    step = MONEY[order["currency"]].step
    third = order["total_minor"] // 3 // step * step
    amounts = [order["total_minor"]] if third == 0 or rng.random() < WHOLLY else [third, third]
    return [
        {
            "venue_id": order["venue_id"],
            "id": f"refund-{order['id'].removeprefix('order-')}-{number}",
            "provider": order["provider"],
            "order_id": order["id"],
            "amount_minor": amount,
            "currency": order["currency"],
            "reason": rng.choice(("Show moved to another day", "Cannot come: malade 🤒", "お客様都合")),
            "refunded_at": order["ordered_at"] + timedelta(days=number),
        }
        for number, amount in enumerate(amounts, start=1)
    ]
