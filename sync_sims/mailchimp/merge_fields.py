"""The fields that a list knows about its members.

Source: the specification's /lists/{list_id}/merge-fields; a recorded list of 2026 begins with the six fields below.
"""

import re

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import ApiError, invalid, not_found
from sync_sims.mailchimp.finding import living_list
from sync_sims.mailchimp.merge_values import TYPES
from sync_sims.mailchimp.shape import FLAG, TEXT, WHOLE, Shape, choice, several, within
from sync_sims.mailchimp.shelf import Row

_FIRST = (
    ("FNAME", "First Name", "text"),
    ("LNAME", "Last Name", "text"),
    ("ADDRESS", "Address", "address"),
    ("PHONE", "Phone Number", "phone"),
    ("BIRTHDAY", "Birthday", "birthday"),
    ("COMPANY", "Company", "text"),
)
_OPTIONS = Shape(
    {
        "size": WHOLE,
        "default_country": WHOLE,
        "phone_format": TEXT,
        "date_format": TEXT,
        "choices": several(TEXT),
    }
)
_UPDATE = {
    "tag": TEXT,
    "name": TEXT,
    "required": FLAG,
    "default_value": TEXT,
    "public": FLAG,
    "display_order": WHOLE,
    "options": within(_OPTIONS),
    "help_text": TEXT,
}
UPDATE = Shape(_UPDATE)
CREATE = Shape({**_UPDATE, "type": choice(*TYPES)}, required=("name", "type"))
_TAG = re.compile(r"[A-Z0-9_]{1,10}")


def of_list(call: Call, list_id: str) -> list[Row]:
    """The fields of a list."""
    return list(call.books.merge_fields.family(list_id).values())


def write_first(call: Call, list_id: str) -> None:
    """Give a new list the fields that every list begins with."""
    for tag, name, kind in _FIRST:
        _write(call, list_id, {"tag": tag, "name": name, "type": kind})


def _write(call: Call, list_id: str, given: Row) -> Row:
    known = of_list(call, list_id)
    if len(known) >= call.terms.most_merge_fields:
        raise ApiError(400, "Merge Max Limit Exceeded", "Your list has reached its maximum of merge fields.")
    gone = [row for row in call.books.merge_fields.removed.values() if row["list_id"] == list_id]
    merge_id = max((row["merge_id"] for row in [*known, *gone]), default=0) + 1
    tag = _checked_tag(known, given.get("tag") or f"MMERGE{merge_id}")
    row: Row = {
        "merge_id": merge_id,
        "required": False,
        "default_value": "",
        "public": False,
        "display_order": merge_id + 1,
        "help_text": "",
        **given,
        "options": _options(given["type"], given.get("options", {})),
        "tag": tag,
        "list_id": list_id,
    }
    call.books.put(call.books.merge_fields, f"{list_id}/{merge_id}", row)
    return row


def _options(kind: str, given: Row) -> Row:
    if kind in {"radio", "dropdown"} and not given.get("choices"):
        raise invalid(("options.choices", "This value should not be blank."))
    match kind:
        case "text":
            return {"size": 25, **given}
        case "address":
            return {"default_country": 164, **given}
        case "phone":
            return {"phone_format": "none", **given}
        case "birthday":
            return {"date_format": "MM/DD", **given}
        case "date":
            return {"date_format": "MM/DD/YYYY", **given}
        case _:
            return dict(given)


def _checked_tag(known: list[Row], tag: str) -> str:
    upper = tag.upper()
    if _TAG.fullmatch(upper) is None or upper == "EMAIL":
        raise invalid(("tag", "A merge tag has at most 10 letters, digits and underscores."))
    if any(row["tag"] == upper for row in known):
        raise invalid(detail=f'A Merge Field with the tag "{upper}" already exists for this list.')
    return upper


def _living(call: Call) -> Row:
    row = call.books.merge_fields.rows.get(f"{living_list(call)['id']}/{call.ids[1]}")
    if row is None:
        raise not_found()
    return row


def _shown(call: Call, row: Row) -> Row:
    return call.linked(row, f"/lists/{row['list_id']}/merge-fields/{row['merge_id']}", "Lists/MergeFields")


def read_merge_fields(call: Call) -> Row:
    """GET /lists/{list_id}/merge-fields."""
    list_id = living_list(call)["id"]
    kind, required = call.asking.choice("type", TYPES), call.asking.flag("required")
    rows = [
        row
        for row in of_list(call, list_id)
        if (kind is None or row["type"] == kind) and (required is None or row["required"] == required)
    ]
    page = [_shown(call, row) for row in call.asking.page(rows)]
    path = f"/lists/{list_id}/merge-fields"
    return call.collection("merge_fields", page, total=len(rows), path=path, list_id=list_id)


def create_merge_field(call: Call) -> Row:
    """POST /lists/{list_id}/merge-fields."""
    list_id = living_list(call)["id"]
    return _shown(call, _write(call, list_id, call.given(CREATE)))


def read_merge_field(call: Call) -> Row:
    """GET /lists/{list_id}/merge-fields/{merge_id}."""
    return _shown(call, _living(call))


def update_merge_field(call: Call) -> Row:
    """PATCH /lists/{list_id}/merge-fields/{merge_id}; the type stays."""
    row = _living(call)
    changes = call.changes(UPDATE)
    others = [other for other in of_list(call, row["list_id"]) if other["merge_id"] != row["merge_id"]]
    if "tag" in changes:
        changes["tag"] = _checked_tag(others, changes["tag"])
    if "options" in changes:
        changes["options"] = {**row["options"], **changes["options"]}
    changed = {**row, **changes}
    call.books.put(call.books.merge_fields, f"{row['list_id']}/{row['merge_id']}", changed)
    if changed["tag"] != row["tag"]:
        _rename(call, row["list_id"], old=row["tag"], new=changed["tag"])
    return _shown(call, changed)


def _rename(call: Call, list_id: str, *, old: str, new: str) -> None:
    """Members keep their values under the new tag."""
    for key, member in list(call.books.members.family(list_id).items()):
        if old in member["merge_fields"]:
            values = {new if tag == old else tag: value for tag, value in member["merge_fields"].items()}
            call.books.put(call.books.members, key, {**member, "merge_fields": values})


def delete_merge_field(call: Call) -> None:
    """DELETE /lists/{list_id}/merge-fields/{merge_id}."""
    row = _living(call)
    call.books.remove(call.books.merge_fields, f"{row['list_id']}/{row['merge_id']}")
