"""The friends of the demo's venues: what is billed and contested at Stripe is the same on both sides in the end."""

from pathlib import Path

import sqlalchemy as sa

from sync_core.venue.demo import generate_demo
from sync_defs.commands.verify import verdict_on
from sync_defs.demo.edits import Edits, edit_both_sides
from sync_defs.demo.world import build_world, unsold_orders
from tests.world import World, world

PROVIDER = "stripe"
VENUES = 4  # with two, no and three decimals


def _sync(made: World) -> None:
    for entity in made.engine.specs[PROVIDER].in_order():
        for (venue,) in made.rows("SELECT id FROM venue.venues ORDER BY id"):
            report = made.sync(venue, PROVIDER, entity)
            assert (report.status, report.error) == ("succeeded", None)


def _edited(made: World) -> Edits:
    edits = edit_both_sides(made.engine)
    _sync(made)
    _sync(made)
    return edits


def test_friends_come_home_leave_and_are_answered_in_every_currency(database: sa.Engine, tmp_path: Path) -> None:
    with world(database, tmp_path) as made:
        generate_demo(database, venues=VENUES, customers_per_venue=2, providers=(PROVIDER,))
        build_world(made.engine, {PROVIDER: made.bases[PROVIDER]})
        _sync(made)
        names = made.rows("SELECT DISTINCT given_name FROM venue.customers WHERE email LIKE '%@friends.example'")
        assert {name for (name,) in names} == {"Ida", "Jon", "Liv"}
        assert made.rows("SELECT DISTINCT jsonb_array_length(lines) FROM venue.invoices ORDER BY 1") == [(1,), (12,)]

        told = _edited(made).told
        verdict = verdict_on(made.engine, venues=(), unsold=unsold_orders(made.engine, (PROVIDER,)))

        assert verdict.differences == ()
        compared = {what: count for (_, what), count in verdict.compared.items()}
        assert (compared["subscription"], compared["invoice"], compared["dispute"]) == (3 * VENUES, 9 * VENUES, VENUES)
        assert len([one for one in told if "was given up" in one]) == 2 * VENUES
        statuses = made.rows("SELECT status, cancel_at_period_end, count(*) FROM venue.subscriptions GROUP BY 1, 2")
        assert sorted(statuses) == [
            ("active", False, VENUES),
            ("active", True, VENUES),
            ("canceled", False, VENUES),
        ]
        assert made.rows("SELECT DISTINCT status, evidence_submitted FROM venue.disputes") == [("under_review", True)]
        assert made.rows("SELECT DISTINCT status FROM venue.invoices ORDER BY 1") == [("open",), ("paid",)]
        assert made.rows("SELECT count(DISTINCT currency) FROM venue.subscriptions") == [(VENUES,)]
