"""Campaigns as they come out of Mailchimp's editor and out of people's mailboxes.

A row: `{subject_line, title?, type?, list_id?, from_name?, status?, send_time?, create_time?, variants?, …}` and the figures
of `figures.FIELDS`. One without `status` was sent. `variants` are rows of the same kind: two for the type "absplit", any
number for "variate"; the campaign's own figures are then the sums of theirs, and `winner` is the position of the best.
"""

from sync_sims.mailchimp import campaigns, figures, reports
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import invalid, not_found
from sync_sims.mailchimp.shape import MOMENT, TEXT, WHOLE, Shape, choice, read, several, within
from sync_sims.mailchimp.shelf import Row

_VARIANT = {"subject_line": TEXT, "from_name": TEXT, **figures.FIELDS}
SEED = Shape(
    {
        "id": TEXT,
        "type": choice(*campaigns.TYPES),
        "list_id": TEXT,
        "title": TEXT,
        "status": choice(*campaigns.STATUSES),
        "send_time": MOMENT,
        "create_time": MOMENT,
        "variants": several(within(Shape(_VARIANT))),
        "winner": WHOLE,
        "winner_criteria": choice("opens", "clicks", "manual", "total_revenue"),
        "test_size": WHOLE,
        **_VARIANT,
    }
)
_EARNED = (*figures.COUNTS, *figures.SUMS, *figures.TIMES, "currency_code")


def sow_campaign(call: Call, row: Row) -> Row:
    """Send a campaign, or change the one with this `id`."""
    given = read(row, SEED)
    known = call.books.campaigns.rows.get(given.get("id", ""))
    variants = given.pop("variants", [])
    campaign = _campaign(call, given, known)
    if campaign["type"] == "absplit" and known is None:
        if len(variants) != 2:
            raise invalid(("variants", "A campaign of this type has two groups."))
        campaign["groups"] = [
            {
                "subject_line": campaign["subject_line"],
                "from_name": campaign["from_name"],
                **_earned(variant),
                **variant,
            }
            for variant in variants
        ]
    if campaign["type"] == "variate" and known is None:
        campaign["children"] = [_child(call, campaign, variant) for variant in variants]
    parts = [_earned(variant) for variant in variants]
    base = figures.added(parts) if parts else call.books.reports.rows.get(campaign["id"], figures.NONE)
    _note_earned(call, campaign["id"], {**base, **_sent_figures(given)})
    call.books.put(call.books.campaigns, campaign["id"], campaign)
    return campaigns.shown(call, campaign)


def _campaign(call: Call, given: Row, known: Row | None) -> Row:
    sent = given.get("status", "sent") == "sent"
    subject = given.get("subject_line", "")
    blank: Row = {
        "id": given.get("id") or call.identifiers.short(call.books.campaigns.rows),
        "web_id": call.identifiers.web(),
        "type": "regular",
        "list_id": next(iter(call.books.lists.rows), ""),
        "subject_line": subject,
        "title": subject,
        "from_name": call.books.facts["name"],
        "status": "sent",
        "send_time": call.stamp if sent else "",
        "create_time": given.get("send_time") or call.stamp,
        "parent_campaign_id": "",
        "children": [],
        "groups": [],
        "winner": None,
        "winner_criteria": "opens",
        "test_size": 100,
        "combination_id": "",
    }
    return {**(known or blank), **{name: value for name, value in given.items() if name not in _EARNED}}


def _child(call: Call, parent: Row, variant: Row) -> str:
    """The campaign that a combination is; its id."""
    subject = variant.get("subject_line", parent["subject_line"])
    child: Row = {
        **parent,
        "id": call.identifiers.short(call.books.campaigns.rows),
        "web_id": call.identifiers.web(),
        "subject_line": subject,
        "from_name": variant.get("from_name", parent["from_name"]),
        "parent_campaign_id": parent["id"],
        "combination_id": call.identifiers.short(()),
        "children": [],
    }
    _note_earned(call, child["id"], _earned(variant))
    call.books.put(call.books.campaigns, child["id"], child)
    return child["id"]


def _earned(variant: Row) -> Row:
    return {**figures.NONE, **_sent_figures(variant)}


def _sent_figures(given: Row) -> Row:
    return {name: given[name] for name in _EARNED if name in given}


def _note_earned(call: Call, campaign_id: str, earned: Row) -> None:
    row = {"unique_clicks": 0, **earned, "id": campaign_id}
    call.books.put(call.books.reports, campaign_id, row)


def sow_report(call: Call, row: Row) -> Row:
    """`{id, …figures}` -> the report of a campaign that was sent, with these figures."""
    given = read(row, figures.SHAPE)
    campaign = call.books.campaigns.rows.get(given["id"])
    if campaign is None:
        raise not_found()
    _note_earned(call, given["id"], {**call.books.reports.rows[given["id"]], **given})
    return reports.shown(call, campaign)
