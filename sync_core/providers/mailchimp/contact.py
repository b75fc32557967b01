"""The shape of a contact: how it is told apart, what is sent of it, and how it reads as a record.

A contact's own id (`contact_id`) stays when its e-mail address changes; the hash of the address, by which most of
the API calls it, does not. The merge field VENUEID holds the venue's id of the customer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from sync_core.providers.bodies import nest
from sync_core.providers.mailchimp.audience import MERGE
from sync_core.providers.mailchimp.tags import TAGS, names_of
from sync_core.providers.protocol import Json, Outcome, Remote, Write

Contact = Mapping[str, Any]

EMAIL = "email_address"
MARK = f"{MERGE}VENUEID"
STATUS_IF_NEW = "status_if_new"
SHOWN = ("id", "contact_id", "email_address", "status", "merge_fields", "tags", "tags_count", "last_changed")
"""The fields that are asked for; a whole contact is ten times as long."""


def address_in(fields: Mapping[str, Json]) -> str | None:
    """The e-mail address among `fields` in the form in which addresses are compared, None if there is none."""
    address = fields.get(EMAIL)
    return address.strip().lower() or None if isinstance(address, str) else None


def hash_of(address: str) -> str:
    """How the API calls the contact with this address: MD5 of it in lower case (mailchimp.com/developer, members)."""
    return md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def mark_of(write: Write) -> str:
    """What VENUEID says, or will say, of a record."""
    return str(write.fields.get(MARK) or write.local_id)


def marked(contact: Contact) -> str:
    """The VENUEID of a contact; empty when it has none."""
    return str(contact.get("merge_fields", {}).get("VENUEID") or "")


def is_archived(contact: Contact) -> bool:
    """Whether somebody put the contact away; nobody is taken out of the archive by us."""
    return contact.get("status") == "archived"


def body_of(fields: Mapping[str, Json]) -> dict[str, Json]:
    """What is sent of `fields`, never with a status or tags; an empty merge field is an empty text at Mailchimp."""
    apart = (STATUS_IF_NEW, TAGS)
    sent = {path: "" if value is None else value for path, value in fields.items() if path not in apart}
    if not sent.get(EMAIL):
        sent.pop(EMAIL, None)
    return nest(sent)


def new_body_of(write: Write) -> dict[str, Json]:
    """A contact to be created, with the status of a new one; nobody is subscribed who was not declared to be."""
    given = {path: value for path, value in write.fields.items() if value is not None}
    status = given.get(STATUS_IF_NEW) or "transactional"
    tags = {TAGS: given[TAGS]} if given.get(TAGS) else {}
    return {**body_of({**given, MARK: mark_of(write)}), **tags, "status": status}


def remote_contact(contact: Contact) -> Remote:
    """A contact as a record; its state holds the address under which it was last seen.

    A merge field without a value is an empty text at Mailchimp, and nothing here: else a field that nobody touched
    would look as if somebody there had emptied it. Tags are their names; none are nothing as well.
    """
    filled = {tag: value for tag, value in contact.get("merge_fields", {}).items() if value != ""}
    return Remote(
        id=contact.get("contact_id") or contact["id"],
        record={**contact, "merge_fields": filled, TAGS: names_of(contact) or None},
        state={"hash": contact["id"], EMAIL: contact[EMAIL]},
        updated_at=parsed(contact.get("last_changed")),
    )


def parsed(text: Any) -> datetime | None:
    """An ISO 8601 time as an aware one; None when it is absent, empty or not a time."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def holds(contact: Contact, fields: Mapping[str, Json]) -> bool:
    """Whether a contact is already what a write of `fields` would make of it."""
    return all(_held(contact, path) == _wanted(path, value) for path, value in fields.items() if path != STATUS_IF_NEW)


def _held(contact: Contact, path: str) -> Json:
    if path == TAGS:
        return names_of(contact)
    if path == EMAIL:
        return address_in(contact)
    return (contact.get("merge_fields", {}).get(path.removeprefix(MERGE)) if path.startswith(MERGE) else None) or ""


def _wanted(path: str, value: Any) -> Json:
    if path == TAGS:
        return sorted(value or ())
    return address_in({EMAIL: value}) if path == EMAIL else value or ""


def refused(write: Write, code: str, reason: str) -> Outcome:
    """This record was not written, for this reason."""
    return Outcome(local_id=write.local_id, refused_code=code, refused_reason=reason)


_ASK = "ask them to sign up by a form of the audience"
_FINAL = (
    (
        "permanently deleted",
        "FORGOTTEN",
        f"This address was deleted for good at Mailchimp, which takes it back from nobody but the person: {_ASK}.",
    ),
    (
        "compliance state",
        "COMPLIANCE",
        f"This address unsubscribed or bounced, and Mailchimp lets nobody but the person subscribe it: {_ASK}.",
    ),
)
"""Refusals that no repeat will change, by words in Mailchimp's own, because a batch gives them all one code
(mailchimp.com/developer/marketing/docs/errors)."""


def refused_contact(write: Write, code: str, *, said: str, reason: str) -> Outcome:
    """A contact that was not written; `said` is Mailchimp's reason, which may name the address, and `reason` ours."""
    final = next(((name, sentence) for words, name, sentence in _FINAL if words in said.lower()), None)
    return refused(write, *(final or (code, reason)))


def gone(write: Write, remote_id: str) -> Outcome:
    """The record is not in use at Mailchimp any more; no address of it is kept."""
    return Outcome(local_id=write.local_id, remote=Remote(id=remote_id, record={"id": remote_id}, deleted=True))
