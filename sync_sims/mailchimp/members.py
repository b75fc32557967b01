"""One member at a time: add, look up, upsert, change, archive, delete for good.

Source: the specification's /lists/{list_id}/members and recorded answers. A member is named by the MD5 of the address in
lower case, by the address itself, or by the contact id.
"""

from sync_sims.mailchimp import tags
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import member_exists, not_allowed
from sync_sims.mailchimp.finding import living_list, living_member, member_on
from sync_sims.mailchimp.member_view import MemberView
from sync_sims.mailchimp.member_write import PROFILE, STATUSES, write_member
from sync_sims.mailchimp.shape import TEXT, Kind, Shape, choice, several
from sync_sims.mailchimp.shelf import Row

CREATE = Shape({**PROFILE, "tags": several(TEXT)}, required=("email_address", "status"))
UPSERT = Shape({**PROFILE, "status_if_new": choice(*STATUSES)})
# Nothing but the API's own "archived" is missing here, which nobody can set.
UPDATE = Shape(PROFILE)
NEW: dict[str, Kind] = {"email_address": TEXT, "status_if_new": choice(*STATUSES)}


def _skips(call: Call) -> bool:
    return bool(call.asking.flag("skip_merge_validation"))


def create_member(call: Call) -> Row:
    """POST /lists/{list_id}/members; someone who was archived comes back."""
    list_id = living_list(call)["id"]
    given = call.given(CREATE)
    before = member_on(call, list_id, given["email_address"]) if "@" in given["email_address"] else None
    if before is not None and before["status"] != "archived":
        raise member_exists(given["email_address"])
    row = write_member(call, list_id, before, given=given, status=given["status"], skip_merge_validation=_skips(call))
    if given.get("tags"):
        row = tags.add(call, row, given["tags"])
    return MemberView(call, list_id)(row)


def read_member(call: Call) -> Row:
    """GET /lists/{list_id}/members/{subscriber_hash}; an archived member is there and says so."""
    row = living_member(call)
    return MemberView(call, row["list_id"])(row)


def upsert_member(call: Call) -> Row:
    """PUT /lists/{list_id}/members/{subscriber_hash}: change the member, or add it with `status_if_new`."""
    list_id = living_list(call)["id"]
    given = call.given(UPSERT)
    before = member_on(call, list_id, call.ids[1])
    if before is None or before["status"] == "archived":
        needed = Shape(NEW, required=("email_address",) if "status" in given else ("email_address", "status_if_new"))
        call.given(needed)
        status = given.get("status") or given["status_if_new"]
        if before is None and member_on(call, list_id, given["email_address"]) is not None:
            raise member_exists(given["email_address"])
    else:
        status = given.get("status", before["status"])
    row = write_member(call, list_id, before, given=given, status=status, skip_merge_validation=_skips(call))
    return MemberView(call, list_id)(row)


def update_member(call: Call) -> Row:
    """PATCH /lists/{list_id}/members/{subscriber_hash}."""
    before = living_member(call)
    given = call.changes(UPDATE)
    status = given.get("status", before["status"])
    row = write_member(call, before["list_id"], before, given=given, status=status, skip_merge_validation=_skips(call))
    return MemberView(call, row["list_id"])(row)


def archive_member(call: Call) -> None:
    """DELETE /lists/{list_id}/members/{subscriber_hash}; who is archived cannot be archived again (recorded)."""
    row = living_member(call)
    if row["status"] == "archived":
        raise not_allowed("This list member cannot be removed.  Please contact support.")
    changed = {**row, "status": "archived", "last_changed": call.stamp}
    call.books.put(call.books.members, f"{row['list_id']}/{row['id']}", changed)


def forget_member(call: Call) -> None:
    """POST …/actions/delete-permanent: nothing is left but that this address must not come back."""
    row = living_member(call)
    key = f"{row['list_id']}/{row['id']}"
    call.books.put(call.books.members, key, {**row, **_NOBODY, "location": {}, "merge_fields": {}, "tags": {}})
    call.books.remove(call.books.members, key)
    call.books.put(call.books.forgotten, key, {"id": row["id"], "list_id": row["list_id"], "at": call.stamp})


_NOBODY = {"email_address": "", "unique_email_id": "", "ip_signup": "", "ip_opt": "", "status": "archived"}
