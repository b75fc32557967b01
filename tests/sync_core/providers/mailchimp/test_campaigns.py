"""Mailings are read with what came of them: again for a month, variant by variant, and only those to our audience."""

from datetime import timedelta
from typing import Any

import pytest

from sync_core.errors import ProviderRefused
from sync_core.providers.mailchimp.campaigns import FOLLOWED
from tests.sync_core.providers.mailchimp.conftest import MailchimpAccount
from tests.sync_core.providers.mailchimp.writes import create
from tests.sync_core.providers.outside import read_all, write_one

CAMPAIGNS = "campaigns"
SUB_REPORTS = "GET /3.0/reports/{id}/sub-reports"
FIGURES = {"emails_sent": 100, "opens_total": 60, "unique_opens": 40, "clicks_total": 9, "unique_subscriber_clicks": 7}


def sent(mailchimp: MailchimpAccount, subject: str, **fields: Any) -> str:
    """Somebody sends a campaign; its id."""
    row = {"subject_line": subject, "title": subject, **FIGURES, **fields}
    return mailchimp.outside.seed(CAMPAIGNS, row)[0]["id"]


def read(mailchimp: MailchimpAccount, cursor: Any = None) -> tuple[dict[str, Any], Any]:
    """Records by title, and the cursor afterwards."""
    records, after = read_all(mailchimp.provider, CAMPAIGNS, cursor)
    return {one.record["campaign_title"]: one.record for one in records}, after


def test_a_report_has_its_figures_and_all_bounces_in_one(mailchimp: MailchimpAccount) -> None:
    sent(mailchimp, "Spring", hard_bounces=2, soft_bounces=3, syntax_errors=1, total_orders=4, total_revenue=120.5)
    report = read(mailchimp)[0]["Spring"]
    assert (report["type"], report["status"], report["variants"]) == ("regular", "sent", [])
    assert (report["emails_sent"], report["opens"]["unique_opens"], report["bounces"]["total"]) == (100, 40, 6)
    assert (report["ecommerce"]["total_revenue"], report["ecommerce"]["currency_code"]) == (120.5, "USD")


def test_variants_have_reports_of_their_own(mailchimp: MailchimpAccount) -> None:
    halves = [{"subject_line": f"{name}?", **FIGURES, "opens_total": n} for n, name in enumerate(("Tonight", "Today"))]
    sent(mailchimp, "Many", type="variate", variants=halves)
    sent(mailchimp, "Two", type="absplit", variants=halves)
    reports, _ = read(mailchimp)
    assert [(one["subject_line"], one["opens"]["opens_total"]) for one in reports["Many"]["variants"]] == [
        ("Tonight?", 0),
        ("Today?", 1),
    ]
    assert [
        (one["id"], one["opens"]["opens_total"], one["clicks"]["unique_subscriber_clicks"])
        for one in reports["Two"]["variants"]
    ] == [("a", 0, 7), ("b", 1, 7)]
    assert mailchimp.outside.counted()[SUB_REPORTS] == 1


def test_automations_are_mailings_of_their_own_kind(mailchimp: MailchimpAccount) -> None:
    seed = {"title": "Welcome", "status": "paused", "emails_sent": 12, "opens": 8, "subscriber_clicks": 3}
    mailchimp.outside.seed("automations", seed)
    welcome = read(mailchimp)[0]["Welcome"]
    assert (welcome["type"], welcome["status"], welcome["emails_sent"]) == ("automation", "paused", 12)
    assert (welcome["opens"]["opens_total"], welcome["clicks"]["unique_subscriber_clicks"]) == (8, 3)


def test_a_mailing_is_followed_for_a_month_and_then_left_to_full_readings(mailchimp: MailchimpAccount) -> None:
    first = sent(mailchimp, "First")
    _, cursor = read(mailchimp)
    mailchimp.clock.advance((FOLLOWED - timedelta(days=1)).total_seconds())
    sent(mailchimp, "Second")
    mailchimp.outside.seed("reports", {"id": first, "opens_total": 99})
    changed, cursor = read(mailchimp, cursor)
    assert (changed.keys(), changed["First"]["opens"]["opens_total"]) == ({"First", "Second"}, 99)
    mailchimp.clock.advance(timedelta(days=2).total_seconds())
    sent(mailchimp, "Third")
    _, cursor = read(mailchimp, cursor)
    assert read(mailchimp, cursor)[0].keys() == {"Second", "Third"}
    assert read(mailchimp)[0].keys() == {"First", "Second", "Third"}


def test_mailings_to_other_audiences_of_the_account_are_nobodys_here(mailchimp: MailchimpAccount) -> None:
    ours = mailchimp.bound(list_id=mailchimp.list_id)
    other = mailchimp.outside.seed("lists", {"name": "Friends"})[0]["id"]
    theirs = sent(mailchimp, "Theirs", list_id=other)
    mailchimp.outside.seed("automations", {"title": "Theirs too", "list_id": other})
    assert read_all(ours, CAMPAIGNS, None)[0] == []
    assert ours.fetch(CAMPAIGNS, [theirs])[0].deleted


@pytest.mark.parametrize("count", [2, 60])
def test_reports_are_fetched_as_reading_shows_them(mailchimp: MailchimpAccount, count: int) -> None:
    for n in range(60):
        sent(mailchimp, f"Evening {n}")
    draft = sent(mailchimp, "Draft", status="save")
    mailchimp.outside.seed("automations", {"title": "Welcome"})
    records, _ = read_all(mailchimp.provider, CAMPAIGNS, None)
    wanted = records[-count:]
    *fetched, gone = mailchimp.provider.fetch(CAMPAIGNS, [*(one.id for one in wanted), draft])
    assert fetched == wanted
    assert gone.deleted


def test_a_mailing_is_never_written(mailchimp: MailchimpAccount) -> None:
    with pytest.raises(ProviderRefused, match="only read"):
        write_one(mailchimp.provider, CAMPAIGNS, create("L1"))
    assert mailchimp.provider.find(CAMPAIGNS, []) == {}
