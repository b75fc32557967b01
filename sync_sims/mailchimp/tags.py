"""Tags, which are static segments by another name: a tag is made by giving it to somebody.

Source: the specification's …/members/{subscriber_hash}/tags and /lists/{list_id}/tag-search.
"""

from collections.abc import Iterable

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.finding import living_list, living_member
from sync_sims.mailchimp.shape import FLAG, TEXT, Shape, choice, several, within
from sync_sims.mailchimp.shelf import Row

FIRST_ID = 3_730_000
SHAPE = Shape(
    {
        "tags": several(
            within(Shape({"name": TEXT, "status": choice("inactive", "active")}, required=("name", "status")))
        ),
        "is_syncing": FLAG,
    },
    required=("tags",),
)


def named(call: Call, list_id: str, name: str) -> Row | None:
    """The static segment of this name; case does not matter."""
    wanted = name.casefold()
    rows = call.books.segments.family(list_id).values()
    return next((row for row in rows if row["name"].casefold() == wanted), None)


def write_segment(call: Call, list_id: str, name: str) -> Row:
    """Make a static segment."""
    shelf = call.books.segments
    number = FIRST_ID + len(shelf.rows) + len(shelf.removed)
    row: Row = {
        "id": number,
        "name": name,
        "type": "static",
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "list_id": list_id,
    }
    call.books.put(shelf, f"{list_id}/{number}", row)
    return row


def replace(call: Call, member: Row, segments: dict[str, str]) -> Row:
    """Give the member exactly these segments, by id with the time each was added; unchanged, it is not written."""
    if segments == member["tags"]:
        return member
    changed = {**member, "tags": segments, "last_changed": call.stamp}
    call.books.put(call.books.members, f"{member['list_id']}/{member['id']}", changed)
    return changed


def add(call: Call, member: Row, names: Iterable[str]) -> Row:
    """Give the member these tags too."""
    return replace(call, member, {**member["tags"], **_segments(call, member, names)})


def set_all(call: Call, member: Row, names: Iterable[str]) -> Row:
    """Give the member these tags and no others."""
    return replace(call, member, _segments(call, member, names))


def _segments(call: Call, member: Row, names: Iterable[str]) -> dict[str, str]:
    list_id = member["list_id"]
    rows = [named(call, list_id, name) or write_segment(call, list_id, name) for name in names if name]
    return {str(row["id"]): member["tags"].get(str(row["id"]), call.stamp) for row in rows}


def read_member_tags(call: Call) -> Row:
    """GET /lists/{list_id}/members/{subscriber_hash}/tags."""
    member = living_member(call)
    rows = [
        {"id": row["id"], "name": row["name"], "date_added": added}
        for segment, added in member["tags"].items()
        for row in (call.books.segments.rows[f"{member['list_id']}/{segment}"],)
    ]
    path = f"/lists/{member['list_id']}/members/{member['id']}/tags"
    return call.collection("tags", call.asking.page(rows), total=len(rows), path=path)


def write_member_tags(call: Call) -> None:
    """POST /lists/{list_id}/members/{subscriber_hash}/tags; taking away a tag that nobody has does nothing."""
    member = living_member(call)
    given = call.given(SHAPE)["tags"]
    member = add(call, member, [tag["name"] for tag in given if tag["status"] == "active"])
    gone = [
        row
        for tag in given
        if tag["status"] == "inactive"
        for row in (named(call, member["list_id"], tag["name"]),)
        if row is not None
    ]
    numbers = {str(row["id"]) for row in gone}
    replace(call, member, {number: added for number, added in member["tags"].items() if number not in numbers})


def search_tags(call: Call) -> Row:
    """GET /lists/{list_id}/tag-search: all tags, or those whose names begin with `name`."""
    list_id = living_list(call)["id"]
    prefix = (call.asking.text("name") or "").casefold()
    rows = [
        {"id": row["id"], "name": row["name"]}
        for row in call.books.segments.family(list_id).values()
        if row["name"].casefold().startswith(prefix)
    ]
    return call.collection("tags", rows, total=len(rows), path=f"/lists/{list_id}/tag-search")
