"""What came of the campaigns that were sent.

Source: the specification's /reports, /reports/{campaign_id}, …/sub-reports, and a recorded report of a regular campaign.
"""

from typing import Any

from sync_sims.mailchimp import campaigns
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import not_found
from sync_sims.mailchimp.figures import rates
from sync_sims.mailchimp.shelf import Row

_GROUP = (
    ("bounces", "hard_bounces"),
    ("abuse_reports", "abuse_reports"),
    ("unsubs", "unsubscribed"),
    ("recipient_clicks", "unique_subscriber_clicks"),
    ("forwards", "forwards_count"),
    ("forwards_opens", "forwards_opens"),
    ("opens", "opens_total"),
    ("last_open", "last_open"),
    ("unique_opens", "unique_opens"),
)


def shown(call: Call, campaign: Row) -> Row:
    """A report as the API shows it."""
    figures = call.books.reports.rows[campaign["id"]]
    open_rate, click_rate = rates(figures)
    audience = call.books.lists.rows.get(campaign["list_id"])
    answer: dict[str, Any] = {
        "id": campaign["id"],
        "campaign_title": campaign["title"],
        "type": campaign["type"],
        "list_id": campaign["list_id"],
        "list_is_active": audience is not None,
        "list_name": "" if audience is None else audience["name"],
        "subject_line": campaign["subject_line"],
        "preview_text": "",
        "emails_sent": figures["emails_sent"],
        "abuse_reports": figures["abuse_reports"],
        "unsubscribed": figures["unsubscribed"],
        "send_time": campaign["send_time"],
        "bounces": {name: figures[name] for name in ("hard_bounces", "soft_bounces", "syntax_errors")},
        "forwards": {name: figures[name] for name in ("forwards_count", "forwards_opens")},
        "opens": _opens(figures, open_rate),
        "clicks": {
            "clicks_total": figures["clicks_total"],
            "unique_clicks": figures["unique_clicks"],
            "unique_subscriber_clicks": figures["unique_subscriber_clicks"],
            "click_rate": click_rate,
            "last_click": figures["last_click"],
        },
        "facebook_likes": {"recipient_likes": 0, "unique_likes": 0, "facebook_likes": 0},
        "list_stats": {
            "sub_rate": 0,
            "unsub_rate": 0,
            "open_rate": 0,
            "proxy_excluded_open_rate": 0,
            "click_rate": 0,
        },
        "timeseries": [_hour(campaign, figures)],
        "ecommerce": {
            name: figures[name] for name in ("total_orders", "total_spent", "total_revenue", "currency_code")
        },
        "delivery_status": {"enabled": False},
    }
    if campaign["type"] == "absplit":
        answer["ab_split"] = {name: _group(group) for name, group in zip("ab", campaign["groups"], strict=True)}
    return call.linked(answer, f"/reports/{campaign['id']}", "Reports")


def _opens(figures: Row, rate: float) -> Row:
    """Mailchimp counts opens by privacy proxies too, and again without them; here there are none."""
    opens = {name: figures[name] for name in ("opens_total", "unique_opens", "last_open")}
    without = {
        "proxy_excluded_opens": figures["opens_total"],
        "proxy_excluded_unique_opens": figures["unique_opens"],
        "proxy_excluded_open_rate": rate,
    }
    return {**opens, "open_rate": rate, **without}


def _hour(campaign: Row, figures: Row) -> Row:
    hour = campaign["send_time"][: len("2026-05-21T19")] + ":00:00+00:00"
    opens = figures["unique_opens"]
    return {
        "timestamp": hour,
        "emails_sent": figures["emails_sent"],
        "unique_opens": opens,
        "proxy_excluded_unique_opens": opens,
        "recipients_clicks": figures["unique_subscriber_clicks"],
    }


def _group(figures: Row) -> Row:
    return {name: figures[source] for name, source in _GROUP}


def _sent(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["status"] == "sent"]


def read_reports(call: Call) -> Row:
    """GET /reports."""
    rows = _sent(campaigns.chosen(call, "send_time"))
    page = [shown(call, row) for row in call.asking.page(rows)]
    return call.collection("reports", page, total=len(rows), path="/reports")


def _living(call: Call) -> Row:
    row = call.books.campaigns.rows.get(call.ids[0])
    if row is None or row["status"] != "sent":
        raise not_found()
    return row


def read_report(call: Call) -> Row:
    """GET /reports/{campaign_id}."""
    return shown(call, _living(call))


def read_sub_reports(call: Call) -> Row:
    """GET /reports/{campaign_id}/sub-reports: a report for each combination of a campaign with variants."""
    row = _living(call)
    rows = [call.books.campaigns.rows[child] for child in row["children"]]
    page = [shown(call, child) for child in call.asking.page(rows)]
    path = f"/reports/{row['id']}/sub-reports"
    return call.collection("reports", page, total=len(rows), path=path, campaign_id=row["id"])
