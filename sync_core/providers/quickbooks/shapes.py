"""What the reading and writing loops must know of a kind of object; each kind's module implements it."""

from collections.abc import Mapping
from typing import Any, Protocol

from sync_core.providers.protocol import Json, Remote, Sought, Write
from sync_core.providers.quickbooks.calls import Object, updated_at

Body = dict[str, Any]

SYNC_TOKEN = "sync_token"  # noqa: S105 - QuickBooks' name for an object's version
KEPT = "kept"
"""Where a record's state holds the parts of the object that a later sparse update must send again or judge by."""
VOIDED = "Voided"
"""What QuickBooks writes into the note of a voided transaction."""
STATUS = "TxnStatus"
"""Where a mapping and a record say what became of a sale, in the words of PaymentStatusEnum (Finance.xsd), or as voided."""
PAID, UNPAID = "Paid", "UnPaid"


class Listed(Protocol):
    """A kind of object that is read. `entity` is its name in queries, `columns` and `where` belong to them."""

    entity: str
    columns: str
    where: str

    def remote(self, found: Object) -> Remote | None:
        """An object as a record, None when it is of no concern here."""
        ...


class Written(Listed, Protocol):
    """A kind of object that is written, too."""

    kept: tuple[str, ...]

    def draft(self, write: Write) -> Body:
        """A new object. Raises Refused when the record cannot be said at QuickBooks."""
        ...

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The operation, "update" or "void", and its top-level fields. Raises Refused as `draft`.

        `kept` is what the object holds now of the parts that are kept.
        """
        ...

    def farewell(self) -> tuple[str, Body]:
        """The operation that ends an object, and its fields."""
        ...

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """The same body under a name that only this record can have; None when there is no such name."""
        ...

    def is_it(self, found: Object, sought: Sought) -> bool:
        """Whether an object is the one that a write in doubt would have made."""
        ...


def state_of(found: Object, kept: tuple[str, ...]) -> dict[str, Json]:
    """What the next write of an object needs: its version, and the parts that are kept."""
    return {SYNC_TOKEN: found.get("SyncToken"), KEPT: {name: found[name] for name in kept if name in found}}


def record_of(found: Object, shown: Mapping[str, Json], *, kept: tuple[str, ...] = (), deleted: bool = False) -> Remote:
    """An object as a record, showing `shown`."""
    return Remote(
        id=found["Id"],
        record=shown,
        state=state_of(found, kept),
        updated_at=updated_at(found),
        deleted=deleted or found.get("status") == "Deleted",
    )


def present(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The fields of a new object: those that have a value."""
    return {path: value for path, value in fields.items() if value is not None}


def cleared(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The fields of a sparse update: an empty text clears one."""
    return {path: "" if value is None else value for path, value in fields.items()}


def is_voided(found: Object) -> bool:
    """Whether a transaction was voided: QuickBooks keeps it with the amount 0 and says so in its note."""
    return not found.get("TotalAmt") and VOIDED in str(found.get("PrivateNote") or "")
