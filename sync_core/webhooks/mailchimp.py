"""Mailchimp's audience webhooks: form data with PHP's brackets, no id of their own.

A contact is named by its e-mail address; its id towards the API is the MD5 of the address in lower case.
Source: mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks; times are UTC without a zone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from sync_core.errors import UnreadableWebhook
from sync_core.webhooks.event import Event, fingerprint, moment, text, without_nul

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 1_000
_ADDRESSES = ("data[email]", "data[new_email]", "data[old_email]")


def events(body: bytes, content_type: str) -> list[Event]:
    """The event of a delivery, once for each object it is about. Raises UnreadableWebhook when it is no such form."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise UnreadableWebhook("A webhook of Mailchimp is not form data, although its secret is good.")
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise UnreadableWebhook(f"A webhook of Mailchimp has more than {MOST_FIELDS} fields.") from None
    fields: dict[str, str] = without_nul(dict(pairs))
    kind = text(fields.get("type"))
    if kind is None:
        raise UnreadableWebhook("A webhook of Mailchimp does not say its type, although its secret is good.")
    fired_at, list_id = text(fields.get("fired_at")), text(fields.get("data[list_id]"))
    return [
        Event(
            id=fingerprint(kind, fired_at, list_id, object_id, text(fields.get("data[id]"))),
            type=kind,
            account_id=list_id,
            object_type="campaign" if kind == "campaign" else "member",
            object_id=object_id,
            occurred_at=moment(fired_at),
            payload=fields,
            derived_id=True,
        )
        for object_id in dict.fromkeys(_subjects(kind, fields))
    ]


def _subjects(kind: str, fields: Mapping[str, str]) -> Iterator[str | None]:
    if kind == "campaign":
        yield text(fields.get("data[id]"))
        return
    addresses = [address for name in _ADDRESSES if (address := text(fields.get(name)))]
    # A changed address is two contacts to look at: the one that is now, and the one that was.
    yield from (subscriber_hash(address) for address in addresses)
    if not addresses:
        yield None


def subscriber_hash(address: str) -> str:
    """What Mailchimp's API calls the contact with this address."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()
