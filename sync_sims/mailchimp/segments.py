"""Static segments of a list, and the members in them.

Source: the specification's /lists/{list_id}/segments. Segments by conditions are not simulated: they are refused rather
than shown with members that nobody counted.
"""

from sync_sims.mailchimp import tags
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import ApiError, bad_request, not_found
from sync_sims.mailchimp.finding import living_list, member_on
from sync_sims.mailchimp.member_view import MemberView
from sync_sims.mailchimp.shape import OBJECT, TEXT, Shape, several
from sync_sims.mailchimp.shelf import Row

MOST = 500
WRITE = Shape({"name": TEXT, "static_segment": several(TEXT), "options": OBJECT}, required=("name",))
MOVE = Shape({"members_to_add": several(TEXT, most=MOST), "members_to_remove": several(TEXT, most=MOST)})
_NOT_ON_LIST = "Email addresses could not be found on the list."


def _living(call: Call) -> Row:
    row = call.books.segments.rows.get(f"{living_list(call)['id']}/{call.ids[1]}")
    if row is None:
        raise not_found()
    return row


def _shown(call: Call, row: Row) -> Row:
    key = f"{row['list_id']}/{row['id']}"
    answer = {**row, "member_count": call.books.rosters.size(key)}
    return call.linked(answer, f"/lists/{row['list_id']}/segments/{row['id']}", "Lists/Segments")


def read_segments(call: Call) -> Row:
    """GET /lists/{list_id}/segments."""
    list_id = living_list(call)["id"]
    kind = call.asking.choice("type", ("saved", "static", "fuzzy"))
    since = {name: call.asking.moment(f"since_{name}") or "" for name in ("created_at", "updated_at")}
    before = {name: call.asking.moment(f"before_{name}") or "~" for name in ("created_at", "updated_at")}
    rows = [
        row
        for row in call.books.segments.family(list_id).values()
        if kind in {None, row["type"]} and all(since[name] < row[name] < before[name] for name in since)
    ]
    page = [_shown(call, row) for row in call.asking.page(rows)]
    path = f"/lists/{list_id}/segments"
    return call.collection("segments", page, total=len(rows), path=path, list_id=list_id)


def create_segment(call: Call) -> Row:
    """POST /lists/{list_id}/segments; addresses that are not on the list are left out."""
    list_id = living_list(call)["id"]
    given = call.given(WRITE)
    _refuse_conditions(given)
    if tags.named(call, list_id, given["name"]) is not None:
        raise bad_request(f'Sorry, that tag already exists: "{given["name"]}".')
    row = tags.write_segment(call, list_id, given["name"])
    _put_in(call, row, given.get("static_segment", []))
    return _shown(call, row)


def _refuse_conditions(given: Row) -> None:
    if "options" in given:
        raise ApiError(400, "Invalid Action", "Segments by conditions are not part of this simulation.")


def read_segment(call: Call) -> Row:
    """GET /lists/{list_id}/segments/{segment_id}."""
    return _shown(call, _living(call))


def update_segment(call: Call) -> Row:
    """PATCH /lists/{list_id}/segments/{segment_id}; `static_segment` replaces who is in it."""
    row = _living(call)
    given = call.changes(WRITE)
    _refuse_conditions(given)
    changed = {**row, "name": given.get("name", row["name"]), "updated_at": call.stamp}
    call.books.put(call.books.segments, f"{row['list_id']}/{row['id']}", changed)
    if "static_segment" in given:
        stay = {found["id"] for email in given["static_segment"] if (found := member_on(call, row["list_id"], email))}
        for member in _inside(call, row):
            if member["id"] not in stay:
                _leave(call, row, member)
        _put_in(call, row, given["static_segment"])
    return _shown(call, changed)


def delete_segment(call: Call) -> None:
    """DELETE /lists/{list_id}/segments/{segment_id}; the members lose the tag and stay."""
    row = _living(call)
    for member in _inside(call, row):
        _leave(call, row, member)
    call.books.remove(call.books.segments, f"{row['list_id']}/{row['id']}")


def _inside(call: Call, row: Row) -> list[Row]:
    keys = call.books.rosters.tagged(f"{row['list_id']}/{row['id']}")
    return [call.books.members.rows[key] for key in keys]


def _put_in(call: Call, row: Row, emails: list[str]) -> tuple[list[Row], list[str]]:
    """The members that are in the segment now, and the addresses that are not on the list."""
    added: list[Row] = []
    unknown: list[str] = []
    for email in emails:
        member = member_on(call, row["list_id"], email)
        if member is None or member["status"] == "archived":
            unknown.append(email)
        else:
            segments = {str(row["id"]): call.stamp, **member["tags"]}
            added.append(tags.replace(call, member, segments))
    return added, unknown


def _leave(call: Call, row: Row, member: Row) -> Row:
    segments = {number: added for number, added in member["tags"].items() if number != str(row["id"])}
    return tags.replace(call, member, segments)


def move_members(call: Call) -> Row:
    """POST /lists/{list_id}/segments/{segment_id}: add and remove up to 500 members each."""
    row = _living(call)
    given = call.given(MOVE)
    added, unknown = _put_in(call, row, given.get("members_to_add", []))
    removed: list[Row] = []
    for email in given.get("members_to_remove", []):
        member = member_on(call, row["list_id"], email)
        if member is None or str(row["id"]) not in member["tags"]:
            unknown.append(email)
        else:
            removed.append(_leave(call, row, member))
    view = MemberView(call, row["list_id"])
    return {
        "members_added": [view(member) for member in added],
        "members_removed": [view(member) for member in removed],
        "errors": [{"email_addresses": unknown, "error": _NOT_ON_LIST}] if unknown else [],
        "total_added": len(added),
        "total_removed": len(removed),
        "error_count": len(unknown),
        "_links": [],
    }


def read_segment_members(call: Call) -> Row:
    """GET /lists/{list_id}/segments/{segment_id}/members: subscribers, and others where asked for."""
    row = _living(call)
    statuses = {"subscribed", "pending"}
    statuses |= {name for name in ("cleaned", "transactional", "unsubscribed") if call.asking.flag(f"include_{name}")}
    rows = [member for member in _inside(call, row) if member["status"] in statuses]
    view = MemberView(call, row["list_id"])
    page = [view(member) for member in call.asking.page(rows)]
    path = f"/lists/{row['list_id']}/segments/{row['id']}/members"
    return call.collection("members", page, total=len(rows), path=path)
