"""The one way in which a member comes to be or changes, whoever asks for it: the API, a batch, or the outside world.

What holds for everyone: an address that was deleted for good does not come back, nobody who unsubscribed or bounced is
subscribed by somebody else, and merge fields fit.
"""

import re
from collections.abc import Mapping

from sync_sims.mailchimp import lists, merge_fields
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import forgotten, in_compliance_state, invalid, member_exists
from sync_sims.mailchimp.identifiers import subscriber_hash, unique_email_id
from sync_sims.mailchimp.merge_values import complete, fitted
from sync_sims.mailchimp.shape import FLAG, MOMENT, NUMBER, OBJECT, TEXT, Kind, Shape, choice, several, within
from sync_sims.mailchimp.shelf import Row

STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
_EMAIL = re.compile(r"[^@\s,;<>()\"]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")
_PLAIN = ("email_type", "language", "vip", "ip_signup", "timestamp_signup", "ip_opt", "timestamp_opt", "location")
PROFILE: Mapping[str, Kind] = {
    "email_address": TEXT,
    "email_type": TEXT,
    "status": choice(*STATUSES),
    "merge_fields": OBJECT,
    "interests": OBJECT,
    "language": TEXT,
    "vip": FLAG,
    "location": within(Shape({"latitude": NUMBER, "longitude": NUMBER})),
    "marketing_permissions": several(OBJECT),
    "ip_signup": TEXT,
    "timestamp_signup": MOMENT,
    "ip_opt": TEXT,
    "timestamp_opt": MOMENT,
}


def checked_email(call: Call, email: str) -> str:
    """The address.

    Raises:
        ApiError: It is not one, or "looks fake or invalid".
    """
    if _EMAIL.fullmatch(email) is None:
        raise invalid(detail="Please provide a valid email address.")
    if email.rpartition("@")[2].lower() in call.terms.refused_domains:
        raise invalid(detail=f"{email} looks fake or invalid, please enter a real email address.")
    return email


def write_member(
    call: Call, list_id: str, before: Row | None, *, given: Row, status: str, skip_merge_validation: bool = False
) -> Row:
    """Create the member, or change the one that is there; a member that stays the same is not written.

    `given` has the fields of `PROFILE`, checked; `email_address` is needed where `before` is None.

    Raises:
        ApiError: Mailchimp would not have this member.
    """
    row = _begun(call, list_id, given["email_address"]) if before is None else dict(before)
    if before is not None and "email_address" in given:
        _readdress(call, row, given["email_address"])
    if given.get("interests"):
        raise invalid(("interests", "The list has no such interest."))
    row |= {name: given[name] for name in _PLAIN if name in given}
    row["merge_fields"] = _values(call, row, given.get("merge_fields", {}), skip=skip_merge_validation)
    _move(call, row, status)
    if row == before:
        return row
    row["last_changed"] = call.stamp
    key = f"{list_id}/{row['id']}"
    if before is not None and before["id"] != row["id"]:
        call.books.remove(call.books.members, f"{list_id}/{before['id']}")
    call.books.put(call.books.members, key, row)
    return row


def _values(call: Call, row: Row, given: Row, *, skip: bool) -> Row:
    fields = merge_fields.of_list(call, row["list_id"])
    rule = fitted if skip else complete
    return rule(given, fields, before=row["merge_fields"])


def _begun(call: Call, list_id: str, email: str) -> Row:
    """What is true of a member from the start."""
    checked_email(call, email)
    if f"{list_id}/{subscriber_hash(email)}" in call.books.forgotten.rows and not call.outside:
        raise forgotten(email)
    return {
        "id": subscriber_hash(email),
        "email_address": email,
        "unique_email_id": unique_email_id(email),
        "contact_id": call.identifiers.contact(),
        "web_id": call.identifiers.web(),
        "email_type": "html",
        "status": "",
        "unsubscribe_reason": "",
        "consents_to_one_to_one_messaging": True,
        "sms_phone_number": "",
        "sms_subscription_status": "",
        "sms_subscription_last_updated": "",
        "merge_fields": {},
        "interests": {},
        "ip_signup": "",
        "timestamp_signup": "",
        "ip_opt": "",
        "timestamp_opt": "",
        "member_rating": 2,
        "last_changed": call.stamp,
        "language": "",
        "vip": False,
        "email_client": "",
        "location": {},
        "source": "Simulated Web" if call.outside else "API - Generic",
        "tags": {},
        "list_id": list_id,
        "barred": False,
    }


def _readdress(call: Call, row: Row, email: str) -> None:
    """Another address is another id, of the same contact."""
    if email == row["email_address"]:
        return
    checked_email(call, email)
    changed = subscriber_hash(email)
    if changed != row["id"]:
        key = f"{row['list_id']}/{changed}"
        if key in call.books.members.rows:
            raise member_exists(email)
        if key in call.books.forgotten.rows and not call.outside:
            raise forgotten(email)
    row |= {"id": changed, "email_address": email, "unique_email_id": unique_email_id(email)}


def _move(call: Call, row: Row, status: str) -> None:
    """Give the member its status and what follows from it."""
    before = row["status"]
    if status == before:
        return
    if status == "subscribed" and row["barred"] and not call.outside:
        raise in_compliance_state(row["email_address"])
    row["status"] = status
    match status:
        case "subscribed":
            row |= {"barred": False, "unsubscribe_reason": "", "timestamp_opt": row["timestamp_opt"] or call.stamp}
            row["ip_opt"] = row["ip_opt"] or "203.0.113.1"
            lists.note_move(call, row["list_id"], last_sub_date=call.stamp)
        case "unsubscribed":
            reason = "" if call.outside else "N/A (Unsubscribed by an admin)"
            row |= {"barred": row["barred"] or call.outside or call.terms.api_unsubscribes_bind}
            row["unsubscribe_reason"] = reason
            lists.note_move(call, row["list_id"], last_unsub_date=call.stamp)
        case "cleaned":
            row["barred"] = True
        case "pending":
            row["timestamp_signup"] = row["timestamp_signup"] or call.stamp
        case _:
            pass
