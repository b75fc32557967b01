"""The whole way of what Stripe bills: subscriptions, invoices and disputes come home; ends and evidence go there."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from sync_core.sync.report import Mode
from tests.world import World, account

ORDER = ("customers", "products", "charges", "subscriptions", "invoices", "disputes")


class Club:
    """A venue with a customer at Stripe who subscribed there, and pays 15.00 a month for two."""

    def __init__(self, world: World, *, currency: str = "USD") -> None:
        self.world = world
        self.venue = world.venue(currency=currency)
        world.insert("customers", self.venue, id="ada", given_name="Ada", email="ada@example.com")
        world.insert("products", self.venue, id="friends", name="Friends", price_minor=9900, currency=currency)
        self.sync("customers", "products")
        self.customer = world.objects("stripe", self.venue, "customers")[0]["id"]
        self.product = world.objects("stripe", self.venue, "products")[0]["id"]
        monthly = {"unit_amount": 1500, "recurring": {"interval": "month"}}
        price = self.seed("prices", product=self.product, currency=currency.lower(), **monthly)
        self.items = [{"price": price["id"], "quantity": 2}]
        self.subscription = self.subscribe()

    def seed(self, collection: str, **row: Any) -> dict[str, Any]:
        path = f"accounts/{account(self.venue)}/seed/{collection}"
        return self.world.sim("stripe", "POST", path, rows=[row])["objects"][0]

    def subscribe(self) -> str:
        card = "pm_card_visa"
        return self.seed("subscriptions", customer=self.customer, items=self.items, default_payment_method=card)["id"]

    def sync(self, *entities: str, mode: Mode | None = None) -> Any:
        """One sync of each, all of which succeed; the last one's report."""
        reports = [self.world.sync(self.venue, "stripe", entity, mode) for entity in entities]
        assert [(report.status, report.error) for report in reports] == [("succeeded", None)] * len(reports)
        return reports[-1]

    def at_stripe(self, collection: str) -> dict[str, Any]:
        """The newest object of a collection."""
        return self.world.objects("stripe", self.venue, collection)[-1]

    def row(self, table: str, *columns: str) -> tuple[Any, ...]:
        (found,) = self.world.rows(f"SELECT {', '.join(columns)} FROM venue.{table} WHERE deleted_at IS NULL")
        return found

    def change(self, table: str, **values: Any) -> None:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        self.world.sql(f"UPDATE venue.{table} SET {sets}, updated_at = now()", **values)

    def letters(self) -> list[Any]:
        return self.world.rows("SELECT entity, code, reason FROM sync.dead_letters WHERE status = 'open'")

    def contest(self) -> str:
        """A dispute over the newest charge."""
        return self.seed("disputes", charge=self.at_stripe("charges")["id"], reason="product_not_received")["id"]


@pytest.fixture
def club(small_world: World) -> Club:
    return Club(small_world)


def test_a_subscription_comes_home_with_its_customer_price_and_period(club: Club) -> None:
    report = club.sync("subscriptions")

    assert (report.counts.pulled_created, report.counts.written) == (1, 0)
    home = club.row("subscriptions", "id", "provider", "customer_id", "price_minor", "currency", "quantity", "interval")
    assert home == (club.subscription, "stripe", "ada", 1500, "USD", 2, "month")
    count, status, ending, start, end = club.row(
        "subscriptions", "interval_count", "status", "cancel_at_period_end", "period_start", "period_end"
    )
    assert (count, status, ending) == (1, "active", False)
    assert timedelta(days=27) < end - start < timedelta(days=32)
    quiet = club.sync("subscriptions")
    assert (quiet.counts.written, quiet.counts.pulled_created, quiet.counts.pulled_updated) == (0, 0, 0)


def test_the_venue_lets_a_subscription_end_with_its_period(club: Club) -> None:
    club.sync("subscriptions")
    club.change("subscriptions", cancel_at_period_end=True)
    club.world.forget_calls()

    report = club.sync("subscriptions")

    there = club.at_stripe("subscriptions")
    assert (report.counts.updated, there["cancel_at_period_end"], there["status"]) == (1, True, "active")
    assert club.world.calls("stripe")["writes"] == 1
    assert club.sync("subscriptions").counts.written == 0
    (asked,) = club.row("subscriptions", "canceled_at")
    assert asked is not None
    club.seed("renewals", subscription=club.subscription)
    club.sync("subscriptions")
    status, ended, end = club.row("subscriptions", "status", "ended_at", "period_end")
    assert (status, ended) == ("canceled", end)


def test_the_venue_ends_a_subscription_at_once(club: Club) -> None:
    club.sync("subscriptions")
    club.change("subscriptions", status="canceled")
    club.world.forget_calls()

    report = club.sync("subscriptions")

    assert (report.counts.updated, club.at_stripe("subscriptions")["status"]) == (1, "canceled")
    assert club.world.calls("stripe")["by_endpoint"]["DELETE /v1/subscriptions/{id}"] == 1
    assert club.sync("subscriptions").counts.written == 0
    (ended,) = club.row("subscriptions", "ended_at")
    assert ended is not None


def test_a_subscription_whose_row_is_deleted_ends_and_stays_deleted(club: Club) -> None:
    club.sync("subscriptions")
    club.world.sql("UPDATE venue.subscriptions SET deleted_at = now(), updated_at = now()")

    assert club.sync("subscriptions").counts.deleted == 1
    assert club.at_stripe("subscriptions")["status"] == "canceled"
    club.sync("subscriptions")
    club.sync("subscriptions", mode=Mode("full"))
    assert club.world.rows("SELECT deleted_at IS NOT NULL FROM venue.subscriptions") == [(True,)]
    assert club.letters() == []


def test_a_subscription_that_ended_at_stripe_ends_at_home_and_is_not_begun_again(club: Club) -> None:
    club.sync("subscriptions")
    club.seed("subscriptions", id=club.subscription, deleted=True)

    report = club.sync("subscriptions")

    assert (report.counts.pulled_updated, report.counts.written) == (1, 0)
    assert club.row("subscriptions", "status") == ("canceled",)
    assert len(club.world.objects("stripe", club.venue, "subscriptions")) == 1


def test_a_status_that_only_stripe_can_give_is_a_dead_letter_with_the_reason(club: Club) -> None:
    club.sync("subscriptions")
    club.change("subscriptions", status="paused")

    report = club.sync("subscriptions")

    assert report.counts.failed == 1
    assert [(entity, code) for entity, code, _ in club.letters()] == [("subscriptions", "status_not_settable")]
    assert club.at_stripe("subscriptions")["status"] == "active"


def test_a_subscription_written_at_home_begins_nowhere(club: Club) -> None:
    club.world.insert("subscriptions", club.venue, id="wish", provider="stripe", currency="USD", status="active")

    assert club.sync("subscriptions").counts.written == 0
    assert club.letters() == []
    assert len(club.world.objects("stripe", club.venue, "subscriptions")) == 1


def test_an_invoice_comes_home_with_its_lines_and_what_they_are_about(club: Club) -> None:
    report = club.sync("charges", "subscriptions", "invoices")

    assert report.counts.pulled_created == 1
    home = club.row("invoices", "customer_id", "subscription_id", "status", "total_minor", "due_minor", "currency")
    assert home == ("ada", club.subscription, "paid", 3000, 0, "USD")
    number, issued, lines = club.row("invoices", "number", "issued_at", "lines")
    assert (number.endswith("-0001"), issued is not None) == (True, True)
    assert [(line["product_id"], line["quantity"], line["amount_minor"]) for line in lines] == [("friends", 2, 3000)]


def test_an_invoice_by_hand_changes_at_home_as_it_changes_there(club: Club) -> None:
    club.sync("subscriptions", "invoices")
    lines = [{"amount": 1000 + number, "description": f"Hour {number}"} for number in range(12)]
    drawn = club.seed("invoices", customer=club.customer, description="Hire", lines=lines, status="draft")
    club.sync("invoices")
    shown = club.world.rows(
        "SELECT status, memo, total_minor, number FROM venue.invoices WHERE id = :id", id=drawn["id"]
    )
    assert shown == [("draft", "Hire", sum(1000 + number for number in range(12)), None)]
    (kept,) = club.world.rows("SELECT lines FROM venue.invoices WHERE id = :id", id=drawn["id"])
    assert [(line["line"], line["description"], line["product_id"]) for line in kept[0]] == [
        (number + 1, f"Hour {number}", None) for number in range(12)
    ]
    club.seed("invoices", id=drawn["id"], status="open")
    club.sync("invoices")
    club.seed("invoices", id=drawn["id"], status="void")
    report = club.sync("invoices")
    assert (report.counts.pulled_updated, report.counts.written) == (1, 0)
    after = club.world.rows("SELECT status, due_minor FROM venue.invoices WHERE id = :id", id=drawn["id"])
    assert after == [("void", 0)]


def test_money_keeps_its_decimals_in_every_currency(small_world: World) -> None:
    club = Club(small_world, currency="ISK")
    club.contest()
    club.sync(*ORDER)
    assert club.row("subscriptions", "price_minor", "currency") == (15, "ISK")
    (lines,) = club.row("invoices", "lines")
    assert (club.row("invoices", "total_minor"), lines[0]["amount_minor"]) == ((30,), 30)
    assert club.row("disputes", "amount_minor", "currency") == (30, "ISK")


def test_a_dispute_comes_home_and_the_evidence_goes_out_as_a_draft_first(club: Club) -> None:
    contested = club.contest()

    assert club.sync("charges", "disputes").counts.pulled_created == 1
    home = club.row("disputes", "id", "amount_minor", "reason", "status", "evidence_submitted")
    assert home == (contested, 3000, "product_not_received", "needs_response", False)
    assert club.row("disputes", "payment_id") == club.row("payments", "id")
    club.change("disputes", evidence=" Both seats were taken. ", evidence_email="ada@example.com")
    assert club.sync("disputes").counts.updated == 1
    there = club.at_stripe("disputes")
    assert (there["status"], there["evidence"]["uncategorized_text"]) == ("needs_response", "Both seats were taken.")
    assert there["evidence_details"]["submission_count"] == 0
    assert club.sync("disputes").counts.written == 0


def test_evidence_is_submitted_when_the_venue_says_so_and_never_again(club: Club) -> None:
    club.contest()
    club.sync("disputes")
    club.change("disputes", evidence="Both seats were taken.", evidence_product="Two seats", evidence_submitted=True)

    club.sync("disputes")
    club.sync("disputes")
    club.sync("disputes", mode=Mode("full"))

    there = club.at_stripe("disputes")
    assert (there["status"], there["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert club.row("disputes", "status", "evidence_submitted") == ("under_review", True)
    club.change("disputes", evidence="All three seats were taken.")
    assert club.sync("disputes").counts.failed == 1
    assert [(entity, code) for entity, code, _ in club.letters()] == [("disputes", "evidence_submitted")]
    assert club.at_stripe("disputes")["evidence"]["uncategorized_text"] == "Both seats were taken."


def test_an_answer_that_is_lost_on_its_way_is_not_submitted_twice(club: Club) -> None:
    club.contest()
    club.sync("disputes")
    club.change("disputes", evidence="Both seats were taken.", evidence_submitted=True)
    club.world.faults("stripe", {"kind": "error_after", "status": 500, "path": "/v1/disputes/*", "times": 1})

    club.sync("disputes")

    assert club.at_stripe("disputes")["evidence_details"]["submission_count"] == 1
    assert club.sync("disputes").counts.written == 0
    assert club.letters() == []


def test_a_dispute_that_is_closed_takes_no_evidence_and_says_why(club: Club) -> None:
    contested = club.contest()
    club.sync("disputes")
    club.seed("disputes", id=contested, status="lost")
    club.change("disputes", evidence="Both seats were taken.", evidence_submitted=True)

    report = club.sync("disputes")

    assert report.counts.failed == 1
    ((entity, _, reason),) = club.letters()
    assert (entity, "already closed" in reason) == ("disputes", True)
    assert club.row("disputes", "status", "evidence") == ("lost", "Both seats were taken.")


def test_what_people_do_in_the_dashboard_comes_home(club: Club) -> None:
    contested = club.contest()
    club.sync("disputes")
    club.world.forget_calls()
    headers = {"Authorization": "Bearer sk_test_blue_note"}
    form = {"evidence[uncategorized_text]": "From the dashboard."}
    requests.post(f"{club.world.bases['stripe']}/v1/disputes/{contested}", data=form, headers=headers, timeout=10)

    club.sync("disputes")

    assert club.row("disputes", "evidence", "evidence_submitted", "status") == (
        "From the dashboard.",
        True,
        "under_review",
    )
    assert club.sync("disputes").counts.written == 0
