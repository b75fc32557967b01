"""Classic automations, to be listed.

Source: the specification's GET /automations.
"""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import not_found
from sync_sims.mailchimp.shape import TEXT, WHOLE, Shape, choice
from sync_sims.mailchimp.shelf import Row

STATUSES = ("save", "paused", "sending")
_SUMMED = ("opens", "unique_opens", "clicks", "subscriber_clicks")
SEED = Shape(
    {
        "id": TEXT,
        "list_id": TEXT,
        "title": TEXT,
        "from_name": TEXT,
        "status": choice(*STATUSES),
        "emails_sent": WHOLE,
        "workflow_type": TEXT,
        **dict.fromkeys(_SUMMED, WHOLE),
    },
    required=("title",),
)


def write_automation(call: Call, given: Row) -> Row:
    """Set up an automation, or change the one with this id."""
    number = given.get("id") or call.identifiers.short(call.books.automations.rows)
    blank: Row = {
        "list_id": next(iter(call.books.lists.rows)),
        "from_name": call.books.facts["name"],
        "status": "sending",
        "emails_sent": 0,
        "workflow_type": "welcomeSeries",
        "create_time": call.stamp,
        **dict.fromkeys(_SUMMED, 0),
    }
    row = {**call.books.automations.rows.get(number, blank), **given, "id": number}
    call.books.put(call.books.automations, number, row)
    return row


def shown(call: Call, row: Row) -> Row:
    """An automation as the API shows it."""
    audience = call.books.lists.rows.get(row["list_id"])
    answer: Row = {
        "id": row["id"],
        "create_time": row["create_time"],
        "start_time": "" if row["status"] == "save" else row["create_time"],
        "status": row["status"],
        "emails_sent": row["emails_sent"],
        "recipients": {
            "list_id": row["list_id"],
            "list_is_active": audience is not None,
            "list_name": "" if audience is None else audience["name"],
            "store_id": "",
        },
        "settings": {
            "title": row["title"],
            "from_name": row["from_name"],
            "reply_to": "",
            "use_conversation": False,
            "to_name": "",
            "authenticate": True,
            "auto_footer": False,
            "inline_css": False,
        },
        "trigger_settings": {
            "workflow_type": row["workflow_type"],
            "workflow_title": row["title"],
            "workflow_emails_count": 1,
        },
        "report_summary": {name: row[name] for name in _SUMMED}
        | {
            "open_rate": row["unique_opens"] / row["emails_sent"] if row["emails_sent"] else 0,
            "click_rate": row["subscriber_clicks"] / row["emails_sent"] if row["emails_sent"] else 0,
        },
    }
    return call.linked(answer, f"/automations/{row['id']}", "Automations")


def read_automations(call: Call) -> Row:
    """GET /automations."""
    status = call.asking.choice("status", STATUSES)
    since, before = call.asking.moment("since_create_time"), call.asking.moment("before_create_time")
    rows = [
        row
        for row in call.books.automations.rows.values()
        if status in {None, row["status"]}
        and (since is None or row["create_time"] > since)
        and (before is None or row["create_time"] < before)
    ]
    page = [shown(call, row) for row in call.asking.page(rows)]
    return call.collection("automations", page, total=len(rows), path="/automations")


def read_automation(call: Call) -> Row:
    """GET /automations/{workflow_id}."""
    row = call.books.automations.rows.get(call.ids[0])
    if row is None:
        raise not_found()
    return shown(call, row)
