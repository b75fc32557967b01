"""Tags of a contact: a list of names here, whatever Mailchimp makes of them.

With a batch they travel inside it; a single contact's are given and taken by a call of their own, which names each tag
that changes (mailchimp.com/developer/marketing/api/list-member-tags). Names that differ only in case are one tag.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync_core.providers.mailchimp.audience import Audience
from sync_core.providers.mailchimp.calls import MailchimpCalls, segment
from sync_core.providers.mailchimp.fetching import PAGE_SIZE

TAGS = "tags"
Contact = Mapping[str, Any]


def names_of(contact: Contact) -> list[str]:
    """The names of a contact's tags, sorted."""
    return sorted(tag["name"] for tag in contact.get(TAGS) or ())


class Tags:
    """The tags of an audience's contacts."""

    def __init__(self, calls: MailchimpCalls, audience: Audience) -> None:
        self._calls = calls
        self._audience = audience

    def whole(self, contacts: Iterable[Contact]) -> list[Contact]:
        """`contacts` with all of their tags: a contact shows its first 50 only, and how many there are."""
        return [
            {**one, TAGS: self._all(one["id"])} if one.get("tags_count", 0) > len(one.get(TAGS) or ()) else one
            for one in contacts
        ]

    def settle(self, contact: Contact, wanted: Sequence[str]) -> Contact:
        """Give and take so that the contact has the `wanted` tags and no others; no call where it has them. Raises Refused."""
        there = {name.casefold(): name for name in names_of(contact)}
        want = {name.casefold(): name for name in wanted}
        changes = [{"name": want[key], "status": "active"} for key in sorted(want.keys() - there.keys())]
        changes += [{"name": there[key], "status": "inactive"} for key in sorted(there.keys() - want.keys())]
        if changes:
            self._calls.act(self._path(contact["id"]), {TAGS: changes})
        return {**contact, TAGS: [{"name": there.get(key, name)} for key, name in want.items()]}

    def _all(self, member: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        while True:
            shown = self._calls.get(self._path(member), count=PAGE_SIZE, offset=len(found), fields="tags.name")[TAGS]
            found += shown
            if len(shown) < PAGE_SIZE:
                return found

    def _path(self, member: str) -> str:
        return f"{self._audience.path}/members/{segment(member)}/tags"
