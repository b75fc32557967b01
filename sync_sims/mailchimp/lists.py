"""Audiences, which the API calls lists.

Source: the specification's paths /lists and /lists/{list_id}, and recorded answers for the form of an empty audience.
"""

from typing import Any

from sync_sims.mailchimp import merge_fields
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import ApiError
from sync_sims.mailchimp.finding import living_list
from sync_sims.mailchimp.identifiers import subscriber_hash
from sync_sims.mailchimp.shape import FLAG, TEXT, Shape, within
from sync_sims.mailchimp.shelf import Row

_CONTACT = ("company", "address1", "address2", "city", "state", "zip", "country", "phone")
_DEFAULTS = ("from_name", "from_email", "subject", "language")
SHAPE = Shape(
    {
        "name": TEXT,
        "contact": within(Shape(dict.fromkeys(_CONTACT, TEXT), required=("company", "address1", "city", "country"))),
        "permission_reminder": TEXT,
        "campaign_defaults": within(Shape(dict.fromkeys(_DEFAULTS, TEXT))),
        "email_type_option": FLAG,
        "use_archive_bar": FLAG,
        "notify_on_subscribe": TEXT,
        "notify_on_unsubscribe": TEXT,
        "double_optin": FLAG,
        "marketing_permissions": FLAG,
    },
    required=("name", "contact", "permission_reminder", "campaign_defaults", "email_type_option"),
)


def write_new(call: Call, given: Row) -> Row:
    """Create a list with the merge fields that every list begins with."""
    if len(call.books.lists.rows) >= call.terms.most_lists:
        raise ApiError(403, "Forbidden", "You have reached the limit of audiences that your plan includes.")
    list_id = given.get("id") or call.identifiers.short(call.books.lists.rows)
    row: Row = {
        "id": list_id,
        "web_id": call.identifiers.web(),
        "use_archive_bar": True,
        "notify_on_subscribe": "",
        "notify_on_unsubscribe": "",
        "date_created": call.stamp,
        "list_rating": 0,
        "visibility": "prv",
        "double_optin": False,
        "has_welcome": False,
        "marketing_permissions": False,
        "modules": [],
        **given,
    }
    row["id"] = list_id
    row["contact"] = {**dict.fromkeys(_CONTACT, ""), **given["contact"]}
    row["campaign_defaults"] = {**dict.fromkeys(_DEFAULTS, ""), **given["campaign_defaults"]}
    call.books.put(call.books.lists, list_id, row)
    merge_fields.write_first(call, list_id)
    return row


def _stats(call: Call, row: Row) -> Row:
    counts = call.books.rosters.counts(row["id"])
    campaigns = [one for one in call.books.campaigns.rows.values() if not one["parent_campaign_id"]]
    sent = [one["send_time"] for one in campaigns if one["list_id"] == row["id"]]
    stats = {
        "member_count": counts["subscribed"],
        "unsubscribe_count": counts["unsubscribed"],
        "cleaned_count": counts["cleaned"],
        "member_count_since_send": counts["subscribed"] if not any(sent) else 0,
        "unsubscribe_count_since_send": 0,
        "cleaned_count_since_send": 0,
        "campaign_count": len(sent),
        "campaign_last_sent": max(sent, default=""),
        "merge_field_count": len(call.books.merge_fields.family(row["id"])),
        "avg_sub_rate": 0,
        "avg_unsub_rate": 0,
        "target_sub_rate": 0,
        "open_rate": 0,
        "click_rate": 0,
        "last_sub_date": row.get("last_sub_date", ""),
        "last_unsub_date": row.get("last_unsub_date", ""),
    }
    if call.asking.flag("include_total_contacts"):
        stats["total_contacts"] = sum(counts.values()) - counts["archived"]
    return stats


def shown(call: Call, row: Row) -> Row:
    """A list as the API shows it."""
    datacenter = call.books.facts["datacenter"]
    inner = {name: value for name, value in row.items() if name not in {"last_sub_date", "last_unsub_date"}}
    answer = {
        **inner,
        "subscribe_url_short": f"http://eepurl.com/{row['id'][:6]}",
        "subscribe_url_long": f"https://{datacenter}.list-manage.com/subscribe?u={call.books.account_id}&id={row['id']}",
        "beamer_address": f"{datacenter}-{row['id']}@inbound.mailchimp.com",
        "stats": _stats(call, row),
    }
    return call.linked(answer, f"/lists/{row['id']}", "Lists")


def read_lists(call: Call) -> Row:
    """GET /lists."""
    asking = call.asking
    since, before = asking.moment("since_date_created"), asking.moment("before_date_created")
    email, selling = asking.text("email"), asking.flag("has_ecommerce_store")
    sellers = {store["list_id"] for store in call.books.stores.rows.values()}
    rows = [
        row
        for row in call.books.lists.rows.values()
        if (since is None or row["date_created"] > since)
        and (before is None or row["date_created"] < before)
        and (email is None or f"{row['id']}/{subscriber_hash(email)}" in call.books.members.rows)
        and (selling is None or (row["id"] in sellers) == selling)
    ]
    if asking.choice("sort_field", ("date_created",)):
        rows.sort(key=lambda row: row["date_created"], reverse=asking.choice("sort_dir", ("ASC", "DESC")) == "DESC")
    constraints = {
        "may_create": len(call.books.lists.rows) < call.terms.most_lists,
        "max_instances": call.terms.most_lists,
        "current_total_instances": len(call.books.lists.rows),
    }
    page = [shown(call, row) for row in asking.page(rows)]
    return call.collection("lists", page, total=len(rows), path="/lists", constraints=constraints)


def create_list(call: Call) -> Row:
    """POST /lists."""
    return shown(call, write_new(call, call.given(SHAPE)))


def read_list(call: Call) -> Row:
    """GET /lists/{list_id}."""
    return shown(call, living_list(call))


def update_list(call: Call) -> Row:
    """PATCH /lists/{list_id}."""
    row = living_list(call)
    changes = call.changes(SHAPE)
    for name in ("contact", "campaign_defaults"):
        if name in changes:
            changes[name] = {**row[name], **changes[name]}
    changed = {**row, **changes}
    call.books.put(call.books.lists, row["id"], changed)
    return shown(call, changed)


def delete_list(call: Call) -> None:
    """DELETE /lists/{list_id}, with everything on it."""
    list_id = living_list(call)["id"]
    books = call.books
    for shelf in (books.members, books.segments, books.merge_fields):
        for key in list(shelf.family(list_id)):
            books.remove(shelf, key)
    books.remove(books.lists, list_id)


def note_move(call: Call, list_id: str, **moments: Any) -> None:
    """Set `last_sub_date` or `last_unsub_date`; nothing is written when it is set already."""
    row = call.books.lists.rows[list_id]
    if any(row.get(name) != value for name, value in moments.items()):
        call.books.put(call.books.lists, list_id, {**row, **moments})
