"""Campaigns, to be read; they come to be in Mailchimp's own editor, which is what seeds are.

Source: the specification's /campaigns. A campaign with variants ("variate") has a child campaign for each combination,
which the list of campaigns does not show; one of the older kind ("absplit") has two groups within itself.
"""

from typing import Any

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import not_found
from sync_sims.mailchimp.figures import rates
from sync_sims.mailchimp.shelf import Row

TYPES = ("regular", "plaintext", "absplit", "rss", "variate")
STATUSES = ("save", "paused", "schedule", "sending", "sent")
_TIMES = ("send_time", "create_time")
_TRACKING: Row = {
    "opens": True,
    "html_clicks": True,
    "text_clicks": False,
    "goal_tracking": False,
    "ecomm360": False,
    "google_analytics": "",
    "clicktale": "",
}
_SETTINGS: Row = {
    "preview_text": "",
    "reply_to": "",
    "use_conversation": False,
    "to_name": "",
    "folder_id": "",
    "authenticate": True,
    "auto_footer": False,
    "inline_css": False,
    "auto_tweet": False,
    "fb_comments": True,
    "timewarp": False,
    "template_id": 0,
    "drag_and_drop": False,
}


def shown(call: Call, row: Row) -> Row:
    """A campaign as the API shows it."""
    figures = call.books.reports.rows[row["id"]]
    answer: dict[str, Any] = {
        "id": row["id"],
        "web_id": row["web_id"],
        "type": row["type"],
        "create_time": row["create_time"],
        "archive_url": f"http://eepurl.com/{row['id'][:6]}",
        "long_archive_url": f"https://mailchi.mp/{row['id']}",
        "status": row["status"],
        "emails_sent": figures["emails_sent"],
        "send_time": row["send_time"],
        "content_type": "template",
        "needs_block_refresh": False,
        "resendable": row["status"] == "sent",
        "recipients": _recipients(call, row, figures),
        "settings": {
            **_SETTINGS,
            "subject_line": row["subject_line"],
            "title": row["title"],
            "from_name": row["from_name"],
        },
        "tracking": dict(_TRACKING),
        "delivery_status": {"enabled": False},
    }
    if row["parent_campaign_id"]:
        answer["parent_campaign_id"] = row["parent_campaign_id"]
    if row["type"] == "variate" and not row["parent_campaign_id"]:
        answer["variate_settings"] = _variate(call, row)
    if row["type"] == "absplit":
        answer["ab_split_opts"] = _split(row)
    if row["status"] == "sent":
        answer["report_summary"] = _summary(figures)
    return call.linked(answer, f"/campaigns/{row['id']}", "Campaigns")


def _recipients(call: Call, row: Row, figures: Row) -> Row:
    audience = call.books.lists.rows.get(row["list_id"])
    return {
        "list_id": row["list_id"],
        "list_is_active": audience is not None,
        "list_name": "" if audience is None else audience["name"],
        "segment_text": "",
        "recipient_count": figures["emails_sent"],
    }


def _variate(call: Call, row: Row) -> Row:
    children = [call.books.campaigns.rows[child] for child in row["children"]]
    subjects = list(dict.fromkeys(child["subject_line"] for child in children))
    senders = list(dict.fromkeys(child["from_name"] for child in children))
    winner = row["winner"]
    return {
        "winning_combination_id": children[winner]["combination_id"] if winner is not None else "",
        "winning_campaign_id": children[winner]["id"] if winner is not None else "",
        "winner_criteria": row["winner_criteria"],
        "wait_time": 240,
        "test_size": row["test_size"],
        "subject_lines": subjects,
        "send_times": [],
        "from_names": senders,
        "reply_to_addresses": [],
        "contents": [],
        "combinations": [
            {
                "id": child["combination_id"],
                "subject_line": subjects.index(child["subject_line"]),
                "send_time": 0,
                "from_name": senders.index(child["from_name"]),
                "reply_to": 0,
                "content_description": 0,
                "recipients": call.books.reports.rows[child["id"]]["emails_sent"],
            }
            for child in children
        ],
    }


def _split(row: Row) -> Row:
    first, second = row["groups"]
    test = "subject" if first["subject_line"] != second["subject_line"] else "from_name"
    criteria = row["winner_criteria"]
    return {
        "split_test": test,
        "pick_winner": criteria if criteria in {"opens", "clicks", "manual"} else "manual",
        "wait_units": "hours",
        "wait_time": 4,
        "split_size": row["test_size"],
        "from_name_a": first["from_name"],
        "from_name_b": second["from_name"],
        "reply_email_a": "",
        "reply_email_b": "",
        "send_time_a": "",
        "send_time_b": "",
        "send_time_winner": "",
        "subject_a": first["subject_line"],
        "subject_b": second["subject_line"],
    }


def _summary(figures: Row) -> Row:
    open_rate, click_rate = rates(figures)
    return {
        "opens": figures["opens_total"],
        "unique_opens": figures["unique_opens"],
        "open_rate": open_rate,
        "clicks": figures["clicks_total"],
        "subscriber_clicks": figures["unique_subscriber_clicks"],
        "click_rate": click_rate,
        "ecommerce": {name: figures[name] for name in ("total_orders", "total_spent", "total_revenue")},
    }


def chosen(call: Call, *times: str) -> list[Row]:
    """The campaigns that the filters by type and by these times let pass; children never do."""
    kind, list_id = call.asking.choice("type", TYPES), call.asking.text("list_id")
    since = {name: call.asking.moment(f"since_{name}") for name in times}
    before = {name: call.asking.moment(f"before_{name}") for name in times}
    rows = [
        row
        for row in call.books.campaigns.rows.values()
        if not row["parent_campaign_id"] and kind in {None, row["type"]} and list_id in {None, row["list_id"]}
    ]
    for name in times:
        first, last = since[name], before[name]
        rows = [row for row in rows if (first is None or row[name] > first) and (last is None or "" < row[name] < last)]
    return rows


def read_campaigns(call: Call) -> Row:
    """GET /campaigns."""
    status = call.asking.choice("status", STATUSES)
    rows = [row for row in chosen(call, *_TIMES) if status in {None, row["status"]}]
    order = call.asking.choice("sort_field", _TIMES)
    if order is not None:
        rows.sort(key=lambda row: row[order], reverse=call.asking.choice("sort_dir", ("ASC", "DESC")) == "DESC")
    page = [shown(call, row) for row in call.asking.page(rows)]
    return call.collection("campaigns", page, total=len(rows), path="/campaigns")


def read_campaign(call: Call) -> Row:
    """GET /campaigns/{campaign_id}."""
    row = call.books.campaigns.rows.get(call.ids[0])
    if row is None:
        raise not_found()
    return shown(call, row)
