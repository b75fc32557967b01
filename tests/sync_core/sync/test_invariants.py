"""The invariants of the design that are not proven elsewhere, each with a test that tries to break it.

1 and 2 (nothing lost, nothing twice) are in test_exactly_once; 6 (money) in the mapping's tests.
"""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.clock import SystemClock
from sync_core.errors import ConfigurationError
from sync_core.providers.protocol import Remote
from sync_core.sync.inbound import shown, sort_page
from sync_core.sync.pull import apply_news
from sync_core.sync.report import Mode, silent
from sync_core.sync.scope import scope_of
from sync_core.sync.work import Tally, Work
from tests.world import World, key

_numbers = itertools.count(1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _work(world: World, venue: str, conn: Any) -> Work:
    """A pull of Square customers that never calls Square: the pages are given."""
    spec = world.engine.spec("square")
    mapping = world.engine.mappings["square", "customers"]
    return Work(
        conn=conn,
        connection=world.connection(venue, "square"),
        entity="customers",
        provider_spec=spec,
        mapping=mapping,
        scope=scope_of(spec, "customers", mapping, venue),
        provider=None,  # type: ignore[arg-type] - nothing here reads or writes at the provider
        clock=SystemClock(),
        new_key=lambda: "k",
        mode=Mode(),
        on_progress=silent,
        tally=Tally(),
    )


def _state(version: int) -> Remote:
    """Square's customer after its n-th change."""
    return Remote(
        id="SQ1",
        record={"id": "SQ1", "given_name": f"State {version}", "email_address": "a@x.example"},
        updated_at=NOON + timedelta(seconds=version),
    )


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(5)), doubled=st.lists(st.integers(0, 4), max_size=5), cut=st.integers(1, 5))
def test_states_that_arrive_in_any_order_and_more_than_once_end_in_the_newest(
    small_world: World, order: list[int], doubled: list[int], cut: int
) -> None:
    """Invariant 3: an older state never overwrites a newer one."""
    venue = f"v{next(_numbers)}"
    small_world.venue(venue, providers=("square",))
    arriving = [_state(version) for version in (*order, *doubled)]

    with small_world.database.connect() as conn:
        work = _work(small_world, venue, conn)
        for start in range(0, len(arriving), cut):
            with work.transaction():
                page = sorted(arriving[start : start + cut], key=lambda r: r.updated_at or NOON)
                news = sort_page(work, shown(work.mapping, page)).news
                if news:
                    apply_news(work, news)

    assert small_world.rows("SELECT given_name FROM venue.customers WHERE venue_id = :v", v=venue) == [("State 4",)]


def test_an_object_that_names_another_venues_record_stays_in_its_own_venue(small_world: World) -> None:
    """Invariant 4: what a provider's object claims about itself never reaches into another venue."""
    one, other = small_world.venue("one"), small_world.venue("other")
    small_world.insert("customers", other, id="c1", given_name="Untouched", email="c1@x.example")
    answer = requests.post(
        f"{small_world.bases['stripe']}/v1/customers",
        data={"name": "Mallory", "metadata[venue_sync_id]": "c1"},
        headers={"Authorization": f"Bearer {key(one, 'stripe')}"},
        timeout=10,
    )
    assert answer.ok

    small_world.sync(one, "stripe", "customers")

    found = small_world.rows("SELECT venue_id, id, given_name FROM venue.customers ORDER BY venue_id")
    assert found == [("one", answer.json()["id"], "Mallory"), ("other", "c1", "Untouched")]


def test_no_secret_is_in_the_database_or_the_log_after_syncs_that_failed(
    small_world: World, caplog: Any, capfd: Any
) -> None:
    """Invariant 5, for the engine: the credential is nowhere in the clear, whatever went wrong."""
    caplog.set_level("DEBUG")
    venue = small_world.venue(providers=("stripe", "square"))
    small_world.insert("customers", venue, id="c1", email="c1@x.example")
    for provider in ("stripe", "square"):
        small_world.faults(
            provider, {"kind": "refuse", "body": {"error": {"message": key(venue, provider)}}, "times": 1}
        )
        small_world.sync(venue, provider, "customers")
        small_world.sim(provider, "DELETE", "accounts", credential=key(venue, provider))
        assert small_world.sync(venue, provider, "customers").status == "failed"

    tables = small_world.rows(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_schema IN ('venue', 'sync') AND table_type = 'BASE TABLE'"
    )
    everything = caplog.text + "".join(capfd.readouterr())
    for (table,) in tables:
        everything += "".join(row[0] for row in small_world.rows(f"SELECT t::text FROM {table} AS t"))
    for provider in ("stripe", "square"):
        assert key(venue, provider) not in everything
        assert key(venue, provider).encode().hex() not in everything


def test_every_call_is_counted_by_the_one_session(small_world: World) -> None:
    """Invariant 7: what the engine counted is what the provider saw."""
    venue = small_world.venue(providers=("stripe", "square"))
    for n in range(12):
        small_world.insert("customers", venue, id=f"c{n}", email=f"c{n}@x.example")
    small_world.forget_calls()
    small_world.faults("stripe", {"kind": "throttle", "times": 2}, {"kind": "error_before", "status": 503, "times": 1})

    for provider in ("stripe", "square"):
        report = small_world.sync(venue, provider, "customers")

        assert (report.status, report.counts.created) == ("succeeded", 12)
        assert report.api_calls == small_world.calls(provider)["total"]


def test_a_record_that_the_database_cannot_hold_does_not_keep_its_neighbours_out(small_world: World) -> None:
    venue = small_world.venue()
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    for name in ("Ann", "B\x00b", "Cyd"):
        url = f"{small_world.bases['stripe']}/v1/customers"
        assert requests.post(url, data={"name": name}, headers=headers, timeout=10).ok

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.status, report.counts.pulled_created, report.counts.pulled_failed) == ("succeeded", 2, 1)
    assert small_world.rows("SELECT direction, status FROM sync.dead_letters") == [("pull", "open")]


def test_a_lost_ledger_doubles_nothing(small_world: World) -> None:
    """Invariant 2 without our memory: what we wrote carries the venue's id, and is known again by it."""
    venue = small_world.venue(providers=("stripe", "square"))
    for n in range(5):
        small_world.insert("customers", venue, id=f"c{n}", given_name="Ann", email=f"c{n}@x.example")
        small_world.insert(
            "products", venue, id=f"p{n}", name=f"Seat {n}", price_minor=500, currency="USD", sku=f"S{n}"
        )
    targets = [(provider, entity) for provider in ("stripe", "square") for entity in ("customers", "products")]
    for provider, entity in targets:
        small_world.sync(venue, provider, entity)
    small_world.sql("DELETE FROM sync.ledger")
    small_world.sql("DELETE FROM sync.cursors")

    reports = [small_world.sync(venue, provider, entity) for provider, entity in targets for _ in range(2)]

    assert [report.error for report in reports] == [None] * 8
    assert small_world.rows("SELECT count(*) FROM venue.customers") == [(5,)]
    assert small_world.rows("SELECT count(*) FROM venue.products") == [(5,)]
    for provider in ("stripe", "square"):
        assert len(small_world.objects(provider, venue, "customers")) == 5
    assert len(small_world.objects("stripe", venue, "products")) == 5
    assert len([one for one in small_world.objects("square", venue, "catalog") if one["type"] == "ITEM"]) == 5


def test_another_account_is_not_taken_for_the_one_that_was_synced(small_world: World) -> None:
    """Its ledger would say that everything is there already, and nothing would ever be created."""
    venue = small_world.venue()
    small_world.insert("customers", venue, id="c1", email="c1@x.example")
    small_world.sync(venue, "stripe", "customers")
    small_world.sim("stripe", "PUT", "accounts", credential="sk_test_other", account_id="acct_other", name="Other")

    with pytest.raises(ConfigurationError, match="--forget"):
        small_world.engine.connect(venue, "stripe", {"api_key": "sk_test_other"}, environment="production")

    assert small_world.sync(venue, "stripe", "customers").status == "succeeded"
