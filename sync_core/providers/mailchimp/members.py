"""The contacts of one audience: read by time of change, written 500 at a time, found by address.

Stays true: nobody's status is ever changed. A status is sent only with a contact that is new; whoever unsubscribed,
bounced or was archived stays so. One contact stands for one customer of the venue: an address that is another
customer's already is refused.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sync_core.errors import BatchRefused
from sync_core.http.redact import redact
from sync_core.providers.mailchimp.audience import Audience
from sync_core.providers.mailchimp.calls import MailchimpCalls, Refused, segment
from sync_core.providers.mailchimp.contact import (
    EMAIL,
    SHOWN,
    Contact,
    address_in,
    body_of,
    gone,
    hash_of,
    holds,
    is_archived,
    mark_of,
    marked,
    new_body_of,
    refused,
    refused_contact,
    remote_contact,
)
from sync_core.providers.mailchimp.fetching import PAGE_SIZE, gathered, in_order
from sync_core.providers.mailchimp.tags import TAGS, Tags
from sync_core.providers.mailchimp.walk import walk
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write

EXISTS = "ERROR_CONTACT_EXISTS"
FEW = 25
"""Up to so many changes are made one by one: each by the contact's own id, without asking first who is there."""
_ONE = ",".join(SHOWN)
_MANY = ",".join(f"members.{name}" for name in SHOWN)
_LENIENT = {"skip_merge_validation": "true"}
"""A field that the audience's forms demand is no reason to refuse a customer who lacks it."""


class Members:
    """The contacts of an audience; `for_good` makes a deletion final, so that the address can never come back."""

    def __init__(self, calls: MailchimpCalls, audience: Audience, *, for_good: bool) -> None:
        self._calls = calls
        self._audience = audience
        self._for_good = for_good
        self._tags = Tags(calls, audience)
        self._archive: frozenset[str] | None = None
        self._hashes: Mapping[str, str] | None = None
        self._lock = threading.Lock()

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of contacts changed since `cursor`; see `walk`."""

        def fetch(since: datetime | None, offset: int) -> Sequence[Contact]:
            shown = self._calls.get(
                f"{self._audience.path}/members",
                since_last_changed=None if since is None else since.isoformat(timespec="seconds"),
                sort_field="last_changed",
                sort_dir="ASC",
                count=PAGE_SIZE,
                offset=offset,
                fields=_MANY,
            )["members"]
            return self._tags.whole(shown)

        return walk(fetch, cursor=cursor, now=self._calls.clock.now())

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out a batch: by one request, and one more for each contact that needs care of its own."""
        if batch.operation == "delete":
            return [self._farewell(write) for write in batch.writes]
        self._audience.have_fields({path for write in batch.writes for path in write.fields})
        outcomes = self._create(batch.writes) if batch.operation == "create" else self._update(batch.writes)
        return [outcomes[write.local_id] for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By the hash of the address; a contact without our mark is not what we wrote."""
        found: dict[str, Remote] = {}
        for one in sought:
            write = Write(operation="create", local_id=one.local_id, key="", fields=one.fields)
            contact = self._contact(hash_of(address_in(one.fields) or ""))
            if contact is not None and marked(contact) == mark_of(write):
                found[one.local_id] = remote_contact(contact)
        return found

    def fetch(self, ids: Sequence[str]) -> list[Remote]:
        """By the contact's own id. Who is archived is there; only who was deleted for good is gone."""
        found = gathered(ids, one=self._contact, page=self._page, key="contact_id")
        return in_order(ids, found, remote=remote_contact)

    def _create(self, writes: Sequence[Write]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        by_address: dict[str, Write] = {}
        for write in writes:
            address = address_in(write.fields)
            if address is None:
                outcomes[write.local_id] = refused(write, "NO_EMAIL", "Mailchimp knows people by e-mail address only.")
            elif address in by_address:
                outcomes[write.local_id] = _taken(write)
            else:
                by_address[address] = write
        archive = self._archived()
        fresh = {address: write for address, write in by_address.items() if hash_of(address) not in archive}
        # Without update_existing a contact that is there already is left alone and named among the errors.
        made, errors = self._send([new_body_of(write) for write in fresh.values()], update_existing=False)
        there: dict[str, Write] = {}
        for address, write in by_address.items():
            if address in made:
                outcomes[write.local_id] = Outcome(local_id=write.local_id, remote=remote_contact(made[address]))
            elif address not in fresh or errors.get(address, {}).get("error_code") == EXISTS:
                there[hash_of(address)] = write
            else:
                outcomes[write.local_id] = _refused_entry(write, errors.get(address))
        # After a lost answer these are all of a batch: read together, and as a rule they are what was sent.
        contacts = gathered(list(there), one=self._contact, page=self._page, key="id")
        return outcomes | {w.local_id: self._reclaim(w, which, contacts.get(which)) for which, w in there.items()}

    def _reclaim(self, write: Write, which: str, contact: Contact | None) -> Outcome:
        """A contact that is there already is ours only if it says so: an earlier answer was lost, or it is known again.

        Contacts of other origin became customers when they were read; to write into them here would make one contact
        two customers' own.
        """
        if contact is None:
            return self._change(write, which)
        if marked(contact) == mark_of(write):
            if holds(contact, write.fields):
                return Outcome(local_id=write.local_id, remote=remote_contact(contact))
            return self._change(write, str(contact.get("contact_id") or contact["id"]))
        if is_archived(contact):
            return refused(
                write, "ARCHIVED", "The contact is archived at Mailchimp; only a person can take it out of there."
            )
        return _taken(write)

    def _update(self, writes: Sequence[Write]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        together: dict[str, Write] = {}
        known = self._living() if len(writes) > FEW else {}
        for write in writes:
            address = address_in(write.remote_state)
            if write.remote_id is None:
                outcomes[write.local_id] = _unknown(write)
            elif address is None or address in together or not _stays(write, address, known):
                outcomes[write.local_id] = self._change(write, write.remote_id)
            else:
                together[address] = write
        made: dict[str, Contact] = {}
        for tagged in (False, True):
            bodies = [
                {**body_of(write.fields), EMAIL: address} | ({TAGS: write.fields[TAGS] or []} if tagged else {})
                for address, write in together.items()
                if (TAGS in write.fields) is tagged
            ]
            made |= self._send(bodies, update_existing=True, sync_tags=tagged)[0]
        for address, write in together.items():
            remote = remote_contact(made[address]) if address in made else None
            if remote is not None and remote.id == write.remote_id:
                outcomes[write.local_id] = Outcome(local_id=write.local_id, remote=remote)
            else:
                # Refused, or no longer under this address: asked for by its own id it says what is the matter.
                outcomes[write.local_id] = self._change(write, write.remote_id or "")
        return outcomes

    def _change(self, write: Write, which: str) -> Outcome:
        """Change one contact, whatever its address and status are now."""
        path = f"{self._audience.path}/members/{segment(which)}"
        body = body_of(write.fields)
        try:
            shown = self._calls.patch(path, body, **_LENIENT) if body else self._calls.get(path, fields=_ONE)
            (contact,) = self._tags.whole([shown])
            if TAGS in write.fields:
                contact = self._tags.settle(contact, write.fields[TAGS] or ())
        except Refused as exc:
            if exc.status == 404:  # noqa: PLR2004 - HTTP
                return refused(write, "NOT_FOUND", "Mailchimp has no such contact any more; it was deleted for good.")
            return refused_contact(write, exc.code, said=exc.said, reason=str(exc))
        return Outcome(local_id=write.local_id, remote=remote_contact(contact))

    def _farewell(self, write: Write) -> Outcome:
        if write.remote_id is None:
            return _unknown(write)
        where = f"{self._audience.path}/members"
        try:
            if self._for_good:
                # Final deletion takes the hash alone, which changes with the address.
                contact = self._contact(write.remote_id)
                if contact is not None:
                    self._calls.act(f"{where}/{segment(contact['id'])}/actions/delete-permanent")
            else:
                self._calls.delete(f"{where}/{segment(write.remote_id)}")
        except Refused as exc:
            if exc.status not in (404, 405):  # gone, or archived, already
                return refused(write, exc.code, str(exc))
        return gone(write, write.remote_id)

    def _page(self, offset: int) -> tuple[Sequence[Contact], int]:
        """Contacts from an offset on, and how many there are in all."""
        shown = self._calls.get(
            f"{self._audience.path}/members", count=PAGE_SIZE, offset=offset, fields=f"{_MANY},total_items"
        )
        return self._tags.whole(shown["members"]), shown["total_items"]

    def _contact(self, which: str) -> Contact | None:
        contact = self._calls.find(f"{self._audience.path}/members/{segment(which)}", fields=_ONE)
        return None if contact is None else self._tags.whole([contact])[0]

    def _archived(self) -> frozenset[str]:
        """Hashes of everybody in the archive, asked for once.

        A batch would take them out of it: to Mailchimp an archived address is a new one (mailchimp.com/help,
        "Archive and unarchive contacts"). A change of a single contact does not.
        """
        with self._lock:
            if self._archive is None:
                self._archive = frozenset(one["id"] for one in self._everybody(status="archived"))
            return self._archive

    def _living(self) -> Mapping[str, str]:
        """The hash of everybody who is not archived, by the contact's own id, asked for once.

        A batch makes a new contact of an address that it does not know, and subscribes it where no status is given:
        only who is certain to be there may be changed by one.
        """
        with self._lock:
            if self._hashes is None:
                shown = self._everybody(status=None)
                self._hashes = {one["contact_id"]: one["id"] for one in shown if not is_archived(one)}
            return self._hashes

    def _everybody(self, *, status: str | None) -> Iterator[Contact]:
        offset = 0
        while True:
            shown = self._calls.get(
                f"{self._audience.path}/members",
                status=status,
                count=PAGE_SIZE,
                offset=offset,
                fields="members.id,members.contact_id,members.status",
            )["members"]
            yield from shown
            if len(shown) < PAGE_SIZE:
                return
            offset += PAGE_SIZE

    def _send(
        self, bodies: Sequence[Mapping[str, Json]], *, update_existing: bool, sync_tags: bool = False
    ) -> tuple[dict[str, Contact], dict[str, Mapping[str, Any]]]:
        """The contacts that a batch made or changed, and the errors of the others, by address.

        With `sync_tags` each contact has afterwards the tags it comes with and no others
        (mailchimp.com/developer/release-notes/added-ability-sync-tags-existing-members).

        Raises:
            BatchRefused: The batch was refused for what is in one of several, and nothing was written.
        """
        if not bodies:
            return {}, {}
        try:
            how = {"update_existing": update_existing} | ({"sync_tags": True} if sync_tags else {})
            answer = self._calls.post(self._audience.path, {"members": list(bodies), **how}, **_LENIENT)
        except Refused as exc:
            if exc.status != 400:  # noqa: PLR2004 - HTTP
                raise
            if len(bodies) > 1:
                raise BatchRefused(f"{exc} None of the {len(bodies)} contacts was written; split the batch.") from None
            return {}, {address_in(bodies[0]) or "": {"error_code": exc.code, "error": exc.said}}
        done = self._tags.whole([*answer.get("new_members", ()), *answer.get("updated_members", ())])
        errors = answer.get("errors", ())
        return (
            {address: contact for contact in done if (address := address_in(contact)) is not None},
            {address: error for error in errors if (address := address_in(error)) is not None},
        )


def _stays(write: Write, address: str, known: Mapping[str, str]) -> bool:
    """Whether a contact is known to be in use under `address`, and is to stay there."""
    return known.get(write.remote_id or "") == hash_of(address) and address_in(write.fields) in (None, address)


def _refused_entry(write: Write, error: Mapping[str, Any] | None) -> Outcome:
    """One entry of a batch's errors."""
    if error is None:
        return refused(write, "UNANSWERED", "Mailchimp did not say what became of the contact.")
    code = str(error.get("error_code") or "ERROR_GENERIC")
    field = str(error.get("field") or "")
    words = str(error.get("field_message") or error.get("error") or "no reason given")
    said = redact(words)[:300].rstrip(". ")
    reason = f"Mailchimp refuses the contact: {f'{field}: ' if field else ''}{said}."
    return refused_contact(write, code, said=said, reason=reason)


def _taken(write: Write) -> Outcome:
    return refused(
        write, "EMAIL_TAKEN", "Another customer stands for this e-mail address already; a contact is one person."
    )


def _unknown(write: Write) -> Outcome:
    return refused(write, "NO_REMOTE_ID", "The record has no id at Mailchimp yet; it must be created first.")
