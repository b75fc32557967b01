"""What happens in the company itself, without our application: rows written by the code of the API.

A row without an `Id` is created. One with an `Id` is a sparse update of what exists, or its deletion with
`"status": "Deleted"`; whoever works in the company sees the current version, so no SyncToken is needed.
A row of the preferences chooses the home currency, which the API shows and does not let anybody change.
"""

from sync_sims.quickbooks.books import PREFERENCES, Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.company import keep_books_in
from sync_sims.quickbooks.entities import Entity
from sync_sims.quickbooks.operations import carry_out


def sow(call: Call, entity: Entity, row: Row) -> Row:
    """Make one row happen; returns the object as answers show it.

    Raises:
        KeyError: The row names an object that does not exist.
        Refused: QuickBooks would not let it happen.
    """
    if entity.name == PREFERENCES:
        return keep_books_in(call, row)
    if "Id" not in row:
        return carry_out(call, entity, row, operation="create")
    known = call.books.living(entity.name, str(row["Id"]))
    if known is None:
        raise KeyError(f"{entity.name} {row['Id']!r}")
    current = {**row, "SyncToken": known["SyncToken"]}
    if row.get("status") == "Deleted":
        return carry_out(call, entity, current, operation="delete")
    return carry_out(call, entity, {**current, "sparse": True}, operation="update")
