"""The demo's data: the same from the same seed, and fit to be synced."""

import random
import re
import unicodedata
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.store import venue_tables as tables
from sync_core.venue.demo import SEASON, DemoRows, demo_houses, fill_house, generate_demo

PROVIDERS = ("stripe", "square")
EMAIL = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*@example\.com")
E164 = re.compile(r"\+[1-9][0-9]{8,14}")


def made(count: int = 6, seed: int = 7) -> DemoRows:
    found = DemoRows()
    for house in demo_houses(count):
        rng = random.Random(f"{seed}:{house.slug}")
        fill_house(found, house, rng, customers=40, providers=PROVIDERS, season=SEASON)
    return found


def test_the_same_seed_makes_the_same_rows_and_another_seed_others() -> None:
    assert made() == made()
    assert made().orders != made(seed=8).orders


def test_a_venue_is_the_same_however_many_there_are() -> None:
    few, many = made(2), made(10)

    assert many.customers[: len(few.customers)] == few.customers
    assert many.orders[: len(few.orders)] == few.orders
    assert len({venue["id"] for venue in many.venues}) == 10


def test_six_venues_speak_many_currencies_and_scripts() -> None:
    rows = made()

    assert {venue["currency"] for venue in rows.venues} == {"GBP", "EUR", "JPY", "KWD", "USD"}
    texts = "".join(f"{p['name']}{p['description']}" for p in rows.products) + "".join(
        f"{c['given_name']}{c['family_name']}{c['note']}" for c in rows.customers
    )
    names = {unicodedata.name(sign, "").split()[0] for sign in texts if sign.isalpha()}
    assert {"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "HIRAGANA", "KATAKANA", "CJK"} <= names
    assert "O'Brien" in {c["family_name"] for c in rows.customers}
    assert any(ord(sign) > 0xFFFF for sign in texts)
    assert max(len(p["description"] or "") for p in rows.products) > 700


def test_contact_fields_and_money_are_valid() -> None:
    rows = made(8)

    assert [c["email"] for c in rows.customers if not EMAIL.fullmatch(c["email"])] == []
    assert [c["phone"] for c in rows.customers if c["phone"] and not E164.fullmatch(c["phone"])] == []
    assert {c["country"] for c in rows.customers} <= {"GB", "FR", "JP", "KW", "US", "GR", "BG", "IL", "DE"}
    assert len({(c["venue_id"], c["email"]) for c in rows.customers}) == len(rows.customers)
    assert min(p["price_minor"] for p in rows.products) == 0
    assert min(o["total_minor"] for o in rows.orders) > 0
    assert {o["total_minor"] % 10 for o in rows.orders if o["currency"] == "KWD"} == {0}


def test_refunds_find_their_money_in_an_order_of_a_provider() -> None:
    rows = made()
    left = {(o["venue_id"], o["id"]): o["total_minor"] for o in rows.orders}
    paid_at = {(o["venue_id"], o["id"]): o["provider"] for o in rows.orders}
    for refund in rows.refunds:
        key = (refund["venue_id"], refund["order_id"])
        left[key] -= refund["amount_minor"]
        assert refund["provider"] == paid_at[key] != "door"

    assert rows.refunds
    assert min(left.values()) >= 0
    assert set(paid_at.values()) == {"stripe", "square", "door"}


def test_it_is_written_once_and_a_second_time_changes_nothing(database: sa.Engine) -> None:
    first = generate_demo(database, venues=3, customers_per_venue=10)
    with database.connect() as conn:
        before = [conn.execute(stamped(table)).all() for table in tables.SYNCED]

    second = generate_demo(database, venues=3, customers_per_venue=10)

    assert first.venues == ("lantern-hall", "theatre-de-letoile", "aozora-hall")
    inserted = {table.table: table.inserted for table in first.tables}
    assert (inserted["venues"], inserted["customers"], inserted["products"]) == (3, 30, 54)
    assert {table.table: table.unchanged for table in second.tables} == inserted
    with database.connect() as conn:
        assert [conn.execute(stamped(table)).all() for table in tables.SYNCED] == before


def stamped(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.id, sa.cast(table.c.changed_xid, sa.Text)).order_by(table.c.venue_id, table.c.id)


def test_a_demo_without_venues_is_refused(database: sa.Engine) -> None:
    with pytest.raises(ConfigurationError, match="at least one venue"):
        generate_demo(database, venues=0)
