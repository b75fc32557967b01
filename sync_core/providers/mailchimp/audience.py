"""The one audience (list) of a connection, and the merge fields that hold what Mailchimp itself has no place for."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from sync_core.errors import ProviderRefused
from sync_core.providers.mailchimp.calls import MailchimpCalls, Refused, segment

MERGE = "merge_fields."
_MOST = 1000
FIELDS = {
    "FNAME": "First Name",
    "LNAME": "Last Name",
    "PHONE": "Phone Number",
    "VENUEID": "Venue ID",
    "COMPANY": "Company",
    "STREET": "Street",
    "CITY": "City",
    "REGION": "Region",
    "POSTCODE": "Postcode",
    "COUNTRY": "Country",
}
"""Merge tags of what a customer of the venue is, and what they are called at Mailchimp."""
_TYPES = {"PHONE": "phone"}


@dataclass(frozen=True, slots=True)
class List:
    """An audience: Mailchimp's id of it and the name that the account gave it."""

    id: str
    name: str


class Audience:
    """The audience that is kept in step: the `chosen` one, else the only one of the account."""

    def __init__(self, calls: MailchimpCalls, *, chosen: str | None) -> None:
        self._calls = calls
        self._chosen = chosen
        self._list: List | None = None
        self._tags: set[str] | None = None
        self._lock = threading.Lock()

    def list(self) -> List:
        """The audience; asked for once.

        Raises:
            ProviderRefused: The account has none, not the chosen one, or several of which none is chosen.
        """
        with self._lock:
            if self._list is None:
                self._list = self._ask()
            return self._list

    @property
    def path(self) -> str:
        """Where the audience is."""
        return f"/lists/{segment(self.list().id)}"

    def have_fields(self, paths: Iterable[str]) -> None:
        """See to it that FIELDS and the merge fields among `paths` (merge_fields.TAG) exist; not on sign-up forms.

        Mailchimp passes over values for tags that it does not know, in silence, and people there can fill only what
        there is: so all are made at once, not when the venue first has a value.
        """
        wanted = {*FIELDS} | {path.removeprefix(MERGE).partition(".")[0] for path in paths if path.startswith(MERGE)}
        where = f"{self.path}/merge-fields"
        with self._lock:
            if self._tags is None:
                shown = self._calls.get(where, count=_MOST, fields="merge_fields.tag")
                self._tags = {field["tag"] for field in shown["merge_fields"]}
            for tag in sorted(wanted - self._tags):
                self._create(where, tag)
                self._tags.add(tag)

    def _create(self, where: str, tag: str) -> None:
        field = {"tag": tag, "name": FIELDS.get(tag, tag.title()), "type": _TYPES.get(tag, "text"), "public": False}
        try:
            self._calls.post(where, field)
        except Refused:
            # Another sync of ours may have made it meanwhile, or the first answer was lost.
            shown = self._calls.get(where, count=_MOST, fields="merge_fields.tag")
            if tag not in {field["tag"] for field in shown["merge_fields"]}:
                raise

    def _ask(self) -> List:
        shown = self._calls.get("/lists", count=_MOST, fields="lists.id,lists.name")["lists"]
        lists = {one["id"]: List(one["id"], one.get("name") or one["id"]) for one in shown}
        if self._chosen is not None:
            if self._chosen not in lists:
                raise ProviderRefused(
                    f"The Mailchimp account has no audience {self._chosen}; connect again with another."
                )
            return lists[self._chosen]
        if len(lists) != 1:
            which = f"{len(lists)} audiences ({', '.join(sorted(lists))})" if lists else "no audience"
            raise ProviderRefused(
                f"The Mailchimp account has {which}; connect again with the list_id of the one to use."
            )
        return next(iter(lists.values()))
