"""Whose a document is: the venue's id in its private note, where accountants see it and customers do not.

A private note is the one text that every kind of transaction has and no customer reads
(developer.intuit.com, all-entities/invoice, payment and refundreceipt).
"""

import re
from hashlib import blake2b

from sync_core.providers.protocol import Json, Sought
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.shapes import Body

MARK = "Mark"
"""Where a mapping puts the venue's id, and where a record shows it."""
NOTE = "PrivateNote"
_OURS = re.compile(r"venue-sync (?P<id>.+?)(?: Voided)?", re.DOTALL)


def signed(body: Body) -> Body:
    """The body with the venue's id in its note, where it is to be marked."""
    if MARK not in body:
        return body
    return {**{name: value for name, value in body.items() if name != MARK}, NOTE: f"venue-sync {body[MARK]}"}


def with_mark(found: Object) -> dict[str, Json]:
    """An object that shows the venue's id beside its fields instead of in its note, where it is one of ours."""
    mark = mark_of(found)
    if mark is None:
        return dict(found)
    return {**{name: value for name, value in found.items() if name != NOTE}, MARK: mark}


def mark_of(found: Object) -> str | None:
    """The venue's id in an object's note; None where the note is somebody else's."""
    match = _OURS.fullmatch(found.get(NOTE) or "")
    return None if match is None else match["id"]


def is_marked_for(found: Object, sought: Sought) -> bool:
    """Whether an object carries the id of the record that is sought."""
    return mark_of(found) == (sought.fields.get(MARK) or sought.local_id)


def number_of(prefix: str, mark: str) -> str:
    """The document number that follows from a record's id, always the same one, in 21 characters."""
    return f"{prefix}-{blake2b(mark.encode(), digest_size=9).hexdigest()}"
