"""`venue-sync sync` and what shows its work: status, dead letters, verify."""

from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.spec.load import load_providers
from sync_core.store import venue_edits
from sync_core.store.venue_tables import customers
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from tests.sync_defs.conftest import CUSTOMERS, Call
from tests.world import DEFS

HALL = ("--venue", "lantern-hall")


def counts(reports: list[dict[str, Any]], name: str) -> dict[str, int]:
    return {report["entity"]: report["counts"][name] for report in reports if report["counts"][name]}


def test_a_sync_creates_once_and_then_is_quiet(connected: Call) -> None:
    first = connected("sync", *HALL, "--provider", "stripe", "--json")
    assert first.code == 0
    assert [report["entity"] for report in first.json][:2] == ["products", "customers"]
    assert {report["status"] for report in first.json} == {"succeeded"}
    assert counts(first.json, "created")["customers"] == CUSTOMERS
    again = connected("sync", *HALL, "--provider", "stripe", "--json")
    assert (again.code, counts(again.json, "created"), counts(again.json, "updated")) == (0, {}, {})


def test_an_entity_may_be_named_by_its_kind(connected: Call) -> None:
    said = connected("sync", "--all", "--entity", "customers", "--entity", "transactions", "--json")
    assert {(report["provider"], report["entity"]) for report in said.json} == {
        (provider, name)
        for provider, spec in load_providers(DEFS).items()
        for name, entity in spec.entities.items()
        if entity.kind in ("customers", "transactions")
    }


def test_the_table_shows_what_was_done(connected: Call) -> None:
    said = connected("sync", *HALL, "--provider", "square", "--entity", "customers")
    assert said.code == 0
    assert "lantern-hall" in said.out
    assert "\x1b" not in said.out + said.err


def test_a_plan_shows_before_and_after_and_writes_nothing(
    connected: Call, database: sa.Engine, stripe_sim: StripeSimulator
) -> None:
    only = ("--provider", "stripe", "--entity", "customers")
    plan = connected("sync", *HALL, *only, "--plan", "--json")
    assert plan.code == 0
    assert plan.json[0]["counts"]["created"] == CUSTOMERS
    assert stripe_sim.objects("acct_1", "customers") == []
    connected("sync", *HALL, *only)
    with database.begin() as conn:
        first = conn.execute(
            sa.select(customers.c.id).where(customers.c.venue_id == "lantern-hall").limit(1)
        ).scalar_one()
        mine = (customers.c.venue_id == "lantern-hall", customers.c.id == first)
        conn.execute(sa.update(customers).where(*mine).values(note="likes the aisle", updated_at=sa.func.now()))
    changes = connected("sync", *HALL, *only, "--plan", "--json").json[0]["changes"]
    assert [(c["operation"], c["record_id"]) for c in changes] == [("update", first)]
    assert changes[0]["fields"]["description"][1] == "likes the aisle"
    shown = connected("sync", *HALL, *only, "--plan")
    assert "likes the aisle" in shown.out
    assert "Nothing was written" in shown.err
    noted = [c["description"] for c in stripe_sim.objects("acct_1", "customers")]
    assert "likes the aisle" not in noted


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--venue VENUE"),
        ((*HALL, "--all"), "--venue VENUE"),
        (("--venue", "lantern-hal"), "did you mean lantern-hall"),
        ((*HALL, "--provider", "squire"), "did you mean square"),
        ((*HALL, "--entity", "costumers"), "did you mean customers"),
        ((*HALL, "--provider", "stripe", "--entity", "payments"), "did you mean payment_intents"),
        ((*HALL, "--provider", "stripe", "--entity", "inventory"), "no entity of the kind"),
        ((*HALL, "--since", "yesterday"), "is not a date"),
        ((*HALL, "--since", "2026-01-01", "--full"), "leave one out"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(at_work: Call, arguments: tuple[str, ...], says: str) -> None:
    said = at_work("sync", *arguments)
    assert said.code == 2
    assert says in said.err
    assert said.err.count("\n") == 1


def test_venues_without_a_connection_are_no_failure(connected: Call) -> None:
    said = connected("sync", "--venue", "aozora-hall", "--provider", "stripe", "--entity", "customers")
    assert said.code == 0
    assert "Not connected: aozora-hall/stripe" in said.err


def test_a_refused_record_is_exit_code_1_and_a_dead_letter(connected: Call, database: sa.Engine) -> None:
    with database.begin() as conn:
        first = conn.execute(
            sa.select(customers.c.id).where(customers.c.venue_id == "lantern-hall").limit(1)
        ).scalar_one()
        mine = (customers.c.venue_id == "lantern-hall", customers.c.id == first)
        conn.execute(sa.update(customers).where(*mine).values(phone="not a number"))
    said = connected("sync", *HALL, "--provider", "square", "--entity", "customers")
    assert said.code == 1
    assert "1 records could not be synced" in said.err
    letters = connected("letters", "list", "--json").json
    assert [(letter["record_id"], letter["entity"]) for letter in letters] == [(first, "customers")]
    assert first in connected("letters", "list", *HALL).out
    status = connected("status", *HALL, "--json").json
    assert {line["entity"]: line["dead_letters"] for line in status if line["provider"] == "square"} == {"customers": 1}


def test_status_shows_every_entity_that_was_synced(connected: Call) -> None:
    connected("sync", "--all")
    lines = connected("status", "--json").json
    assert {line["last_status"] for line in lines} == {"succeeded"}
    specs = load_providers(DEFS)
    declared = {(provider, entity) for provider in ("square", "stripe") for entity in specs[provider].entities}
    assert {(line["provider"], line["entity"]) for line in lines} == declared
    assert connected("status", "--venue", "aozora-hall").err.startswith("No venue is connected")
    assert connected("status", "--venue", "nowhere").code == 2


def test_verify_tells_equal_from_different(connected: Call, database: sa.Engine, square_sim: SquareSimulator) -> None:
    # Orders of the demo are paid at the providers in the demo only; without them there is nothing to be paid.
    with database.begin() as conn:
        conn.execute(sa.text("DELETE FROM venue.refunds"))
        conn.execute(sa.text("DELETE FROM venue.orders"))
    assert connected("sync", "--all").code == 0
    equal = connected("verify", "--json")
    assert (equal.code, equal.json["equal"], equal.json["differences"]) == (0, True, [])
    assert equal.json["compared"]["square stock"] == equal.json["compared"]["square product"] > 0
    square_sim.seed("ML1", "customers", [{"given_name": "Planted"}])
    different = connected("verify", "--venue", "lantern-hall")
    assert different.code == 1
    assert "square has it and the venue does not" in different.err
    with database.begin() as conn:
        found = conn.execute(
            sa.text("SELECT id FROM venue.products WHERE venue_id = 'lantern-hall' LIMIT 1")
        ).scalar_one()
        venue_edits.raise_price(conn, "lantern-hall", found, by_minor=100)
    assert connected("verify", "--json").json["found"] == 3


def test_a_provider_that_is_down_fails_the_venue_and_not_the_command(
    connected: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
    said = connected("verify")
    assert said.code == 3
    assert said.err.count("\n") == 1
