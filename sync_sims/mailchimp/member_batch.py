"""Up to 500 members in one request, each of which succeeds or fails by itself.

Source: the specification's POST /lists/{list_id}. The sentence about existing members is a recorded answer; the one about
duplicates is not published.
"""

from sync_sims.mailchimp import tags
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import ApiError
from sync_sims.mailchimp.finding import living_list, member_on
from sync_sims.mailchimp.member_view import MemberView
from sync_sims.mailchimp.member_write import PROFILE, write_member
from sync_sims.mailchimp.shape import FLAG, TEXT, Shape, several, within
from sync_sims.mailchimp.shelf import Row

MOST = 500
_ITEM = Shape({**PROFILE, "tags": several(TEXT)})
SHAPE = Shape(
    {"members": several(within(_ITEM), most=MOST), "update_existing": FLAG, "sync_tags": FLAG}, required=("members",)
)


class _RefusedError(Exception):
    """One member that is not added or changed."""

    def __init__(
        self, email: str, error: str, *, code: str = "ERROR_GENERIC", field: str = "", message: str = ""
    ) -> None:
        super().__init__(error)
        self.entry = {
            "email_address": email,
            "error": error,
            "error_code": code,
            "field": field,
            "field_message": message,
        }


def batch_members(call: Call) -> Row:
    """POST /lists/{list_id}."""
    list_id = living_list(call)["id"]
    given = call.given(SHAPE)
    view = MemberView(call, list_id)
    made: dict[str, Row] = {}
    changed: dict[str, Row] = {}
    errors: list[Row] = []
    seen: set[str] = set()
    for item in given["members"]:
        try:
            before, after = _one(call, list_id, item, given, seen)
            (made if before is None or before["status"] == "archived" else changed)[after["id"]] = view(after)
        except _RefusedError as refusal:
            errors.append(refusal.entry)
    return {
        "new_members": list(made.values()),
        "updated_members": list(changed.values()),
        "errors": errors,
        "total_created": len(made),
        "total_updated": len(changed),
        "error_count": len(errors),
        "_links": [call.link("self", f"/lists/{list_id}", "GET", "Lists")],
    }


def _one(call: Call, list_id: str, item: Row, given: Row, seen: set[str]) -> tuple[Row | None, Row]:
    """The member before and after.

    Raises:
        _RefusedError: What `errors` will say about it.
    """
    email = item.get("email_address", "")
    if email.lower() in seen:
        if call.asking.flag("skip_duplicate_check"):
            kept = member_on(call, list_id, email)
            if kept is not None:
                return kept, kept
        raise _RefusedError(email, f"{email} is more than once in this request.")
    seen.add(email.lower())
    before = member_on(call, list_id, email) if "@" in email else None
    here = before is not None and before["status"] != "archived"
    if here and not given.get("update_existing"):
        raise _RefusedError(
            email,
            f"{email} is already a list member, do you want to update? please provide update_existing:true in the"
            " request body",
            code="ERROR_CONTACT_EXISTS",
        )
    status = item.get("status") or (before["status"] if here and before is not None else "subscribed")
    skips = bool(call.asking.flag("skip_merge_validation"))
    try:
        after = write_member(
            call, list_id, before, given={"email_address": email, **item}, status=status, skip_merge_validation=skips
        )
    except ApiError as error:
        field, message = error.fields[0] if error.fields else ("", "")
        raise _RefusedError(email, error.detail, field=field, message=message) from None
    names = item.get("tags", [])
    return before, (tags.set_all if given.get("sync_tags") else tags.add)(call, after, names)
