"""Campaigns that were sent, what came of them, and automations."""

from typing import Any

import pytest

from sync_sims.mailchimp import MailchimpSimulator
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask, HandClock


def test_a_campaign_and_its_report_have_the_same_figures(sdk: Any, simulator: MailchimpSimulator, audience: str):
    row = {
        "subject_line": "Spring",
        "send_time": "2026-03-01T10:00:00Z",
        "emails_sent": 110,
        "hard_bounces": 10,
        "opens_total": 80,
        "unique_opens": 50,
        "unique_subscriber_clicks": 5,
        "total_orders": 2,
        "total_revenue": 59.0,
    }
    made = simulator.seed(ACCOUNT, "campaigns", [row])[0]
    assert made["recipients"]["list_id"] == audience
    shown = sdk.campaigns.get(made["id"])
    assert shown["send_time"] == "2026-03-01T10:00:00+00:00"
    assert shown["report_summary"]["open_rate"] == 0.5
    report = sdk.reports.get_campaign_report(made["id"])
    assert (report["opens"]["unique_opens"], report["opens"]["open_rate"], report["clicks"]["click_rate"]) == (
        50,
        0.5,
        0.05,
    )
    assert report["ecommerce"]["total_revenue"] == 59.0
    assert report["bounces"]["hard_bounces"] == 10
    assert "ab_split" not in report
    later = simulator.seed(ACCOUNT, "reports", [{"id": made["id"], "unique_opens": 60}])[0]
    assert (later["opens"]["open_rate"], later["emails_sent"]) == (0.6, 110)


def test_groups_of_a_split_campaign_stand_in_its_report(ask: Ask, simulator: MailchimpSimulator):
    variants = [
        {"subject_line": "Play", "emails_sent": 50, "unique_opens": 10, "last_open": "2026-03-01T11:00:00Z"},
        {"subject_line": "Show", "emails_sent": 50, "unique_opens": 20, "unsubscribed": 1},
    ]
    made = simulator.seed(ACCOUNT, "campaigns", [{"type": "absplit", "subject_line": "Play", "variants": variants}])[0]
    assert (made["ab_split_opts"]["subject_a"], made["ab_split_opts"]["subject_b"]) == ("Play", "Show")
    report = ask("GET", f"/reports/{made['id']}").body
    assert (report["emails_sent"], report["opens"]["unique_opens"]) == (100, 30)
    assert (report["ab_split"]["a"]["unique_opens"], report["ab_split"]["b"]["unsubs"]) == (10, 1)
    assert report["ab_split"]["a"]["last_open"] == "2026-03-01T11:00:00+00:00"
    with pytest.raises(ValueError, match="two groups"):
        simulator.seed(ACCOUNT, "campaigns", [{"type": "absplit", "variants": variants[:1]}])


def test_combinations_of_a_campaign_with_variants_have_reports_of_their_own(ask: Ask, simulator: MailchimpSimulator):
    variants = [{"subject_line": f"S{number}", "emails_sent": 10, "unique_opens": number} for number in range(3)]
    row = {"type": "variate", "subject_line": "S0", "variants": variants, "winner": 2}
    made = simulator.seed(ACCOUNT, "campaigns", [row])[0]
    settings = made["variate_settings"]
    assert settings["subject_lines"] == ["S0", "S1", "S2"]
    assert [one["subject_line"] for one in settings["combinations"]] == [0, 1, 2]
    assert settings["winning_combination_id"] == settings["combinations"][2]["id"]
    children = ask("GET", f"/reports/{made['id']}/sub-reports").body
    assert [report["opens"]["unique_opens"] for report in children["reports"]] == [0, 1, 2]
    assert settings["winning_campaign_id"] == children["reports"][2]["id"]
    assert ask("GET", f"/reports/{made['id']}").body["emails_sent"] == 30
    assert ask("GET", "/reports").body["total_items"] == 1
    assert ask("GET", "/campaigns").body["total_items"] == 1
    assert ask("GET", f"/campaigns/{settings['winning_campaign_id']}").body["parent_campaign_id"] == made["id"]


def test_campaigns_can_be_filtered_and_sorted(ask: Ask, simulator: MailchimpSimulator, audience: str):
    rows = [
        {"subject_line": "B", "send_time": "2026-03-02T00:00:00Z"},
        {"subject_line": "A", "send_time": "2026-03-01T00:00:00Z", "type": "plaintext"},
        {"subject_line": "Draft", "status": "save"},
    ]
    simulator.seed(ACCOUNT, "campaigns", rows)

    def titles(path: str = "/campaigns", **query: str) -> list[str]:
        answer = ask("GET", path, **query).body
        if path == "/reports":
            return [row["campaign_title"] for row in answer["reports"]]
        return [row["settings"]["title"] for row in answer["campaigns"]]

    assert titles(sort_field="send_time", status="sent") == ["A", "B"]
    assert titles(since_send_time="2026-03-01T00:00:00Z") == ["B"]
    assert titles(before_send_time="2026-03-02T00:00:00Z") == ["A"]
    assert titles(status="save") == ["Draft"]
    assert titles(type="plaintext") == ["A"]
    assert titles(list_id="other") == []
    assert titles("/reports") == ["B", "A"]
    assert titles("/reports", since_send_time="2026-03-01T12:00:00Z") == ["B"]
    draft = ask("GET", "/campaigns", status="save").body["campaigns"][0]
    assert "report_summary" not in draft
    assert ask("GET", f"/reports/{draft['id']}").status == 404
    sent = simulator.seed(ACCOUNT, "campaigns", [{"id": draft["id"], "status": "sent", "emails_sent": 4}])[0]
    assert (sent["emails_sent"], ask("GET", f"/reports/{draft['id']}").status) == (4, 200)


def test_the_list_knows_its_campaigns(ask: Ask, simulator: MailchimpSimulator, audience: str):
    simulator.seed(ACCOUNT, "campaigns", [{"subject_line": "A", "send_time": "2026-03-01T00:00:00Z"}])
    stats = ask("GET", f"/lists/{audience}").body["stats"]
    assert (stats["campaign_count"], stats["campaign_last_sent"]) == (1, "2026-03-01T00:00:00+00:00")


def test_automations_can_be_listed(sdk: Any, simulator: MailchimpSimulator, clock: HandClock):
    rows = [{"title": "Welcome", "emails_sent": 3}, {"title": "Lapsed", "status": "paused"}]
    made = simulator.seed(ACCOUNT, "automations", rows)
    answer = sdk.automations.list(status="sending")
    assert [row["settings"]["title"] for row in answer["automations"]] == ["Welcome"]
    assert sdk.automations.get(made[1]["id"])["status"] == "paused"
    assert sdk.automations.list()["total_items"] == 2
