"""QuickBooks customers: people and companies, known by a unique display name that is made of their names.

Stays true: our name for a customer changes with its parts, but a display name that somebody chose at QuickBooks stays;
an address, an e-mail address and a telephone number are sent whole, so that it does not matter whether QuickBooks merges
or replaces them in a sparse update.
"""

from collections.abc import Mapping
from typing import Any

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Remote, Sought, Write
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.faults import Refused
from sync_core.providers.quickbooks.names import PARTS, display_name, follows, is_named, with_suffix
from sync_core.providers.quickbooks.shapes import Body, cleared, present, record_of

NAME = "DisplayName"
_WHOLE = ("BillAddr", "PrimaryEmailAddr", "PrimaryPhone")
_WORKED_OUT = ("Lat", "Long")
"""What QuickBooks works out of an address by itself."""


class CustomerShape:
    """How a customer looks. Sub-customers and projects are jobs of a customer, not customers of the venue."""

    entity: str = "Customer"
    columns: str = "*"
    where: str = "Active IN (true,false)"
    kept: tuple[str, ...] = (NAME, *PARTS, *_WHOLE, "Active")

    def remote(self, found: Object) -> Remote | None:
        """A customer as a record; one who has nothing but a display name shows it as the given name."""
        if found.get("Job") or found.get("IsProject"):
            return None
        shown = dict(found)
        name = found.get(NAME)
        if name and not is_named(found) and not follows(name, display_name(found)):
            shown["GivenName"] = name
        return record_of(found, shown, kept=self.kept, deleted=found.get("Active") is False)

    def draft(self, write: Write) -> Body:
        """A new customer under the name made of its parts."""
        body = nest(present(write.fields))
        body[NAME] = display_name(body)
        if not body[NAME]:
            raise Refused(
                "QuickBooks needs a name, a company, an e-mail address or a telephone number.", code="NO_NAME"
            )
        return body

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The changed fields; an empty text clears one."""
        body = nest(cleared(write.fields))
        for name in _WHOLE:
            if name in body:
                before = {part: value for part, value in kept.get(name, {}).items() if part not in _WORKED_OUT}
                body[name] = before | body[name]
        after = display_name({**kept, **body})
        before = display_name(_shown(kept))
        if after and after != before and (follows(kept.get(NAME), before) or not kept.get(NAME)):
            body[NAME] = after
        if kept.get("Active") is False:
            body["Active"] = True
        return "update", body

    def farewell(self) -> tuple[str, Body]:
        """Names are never deleted, only taken out of use."""
        return "update", {"Active": False}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """The same customer with the short local id behind its name."""
        return {**body, NAME: with_suffix(body[NAME], local_id)} if NAME in body else None

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the name that only this record can have, else by its plain name with its e-mail address or its telephone.

        Not by all that was sent: somebody may have changed some of it since. One who has neither goes by the parts of
        the name.
        """
        body = self.draft(Write(operation="create", local_id=sought.local_id, key="", fields=sought.fields))
        if found.get(NAME) == with_suffix(body[NAME], sought.local_id):
            return True
        reached = [name for name in _WHOLE[1:] if name in body]
        same = any if reached else all
        return found.get(NAME) == body[NAME] and same(
            _same(found.get(name), body.get(name)) for name in reached or PARTS
        )


def _shown(kept: Object) -> Mapping[str, Any]:
    """A customer that has nothing but a display name counts as having it as the given name."""
    return kept if is_named(kept) or not kept.get(NAME) else {**kept, "GivenName": kept[NAME]}


def _same(found: Any, sent: Any) -> bool:
    if isinstance(sent, dict):
        return isinstance(found, Mapping) and all(found.get(name) == value for name, value in sent.items())
    return (found or None) == (sent or None)
