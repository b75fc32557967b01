"""Creating, updating, deleting and voiding, alike for all entities."""

from typing import Any

from sync_sims.quickbooks.amounts import exact, shown
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import CREDIT_NORMAL
from sync_sims.quickbooks.draft import read_draft
from sync_sims.quickbooks.entities import Entity
from sync_sims.quickbooks.refusal import missing, not_found, stale, unsupported_operation, unsupported_property
from sync_sims.quickbooks.settle import settle, unlink


def shown_row(call: Call, entity: Entity, row: Row) -> Row:
    """The object as answers show it."""
    visible = {name: value for name, value in row.items() if not name.startswith("_")}
    if entity.name == "Account":
        sign = -1 if row["Classification"] in CREDIT_NORMAL else 1
        balance = shown(sign * call.books.totals.of(("account", row["Id"])))
        visible |= {"CurrentBalance": balance, "CurrentBalanceWithSubAccounts": balance}
    return visible


def read(call: Call, entity: Entity, key: str) -> Row:
    """The object with the id.

    Raises:
        Refused: 610.
    """
    row = call.books.living(entity.name, key)
    if row is None:
        raise not_found()
    return shown_row(call, entity, row)


def save(call: Call, entity: Entity, given: Any) -> Row:
    """Create the object, or update the one whose Id it names; `sparse` leaves alone what is not named.

    Raises:
        Refused: The entity cannot be written, the SyncToken is stale, or what was given is wrong.
    """
    if not isinstance(given, dict):
        raise unsupported_property(entity.name)
    return _update(call, entity, given) if given.get("Id") not in (None, "", 0, "0") else _create(call, entity, given)


def _create(call: Call, entity: Entity, given: Row) -> Row:
    if entity.build is None:
        raise unsupported_operation("create")
    row = entity.build(call, read_draft(entity.name, given, former=None), None)
    key = call.books.next_number(entity.sequence)
    times = {"CreateTime": call.stamp, "LastUpdatedTime": call.stamp}
    written = {**row, "domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0", "MetaData": times}
    call.books.put(entity.name, written)
    settle(call)
    return shown_row(call, entity, call.books.rows[entity.name][key])


def _current(call: Call, entity: Entity, given: Row) -> Row:
    """The object that the request means, which it must know as it is now.

    Raises:
        Refused: 2020, 610 or 5010.
    """
    if given.get("Id") in (None, ""):
        raise missing("Id")
    row = call.books.living(entity.name, str(given["Id"]))
    if row is None:
        raise not_found()
    if given.get("SyncToken") in (None, ""):
        raise missing("SyncToken")
    if str(given["SyncToken"]) != row["SyncToken"]:
        raise stale()
    return row


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() == "true"


def _update(call: Call, entity: Entity, given: Row) -> Row:
    if entity.build is None:
        raise unsupported_operation("update")
    former = _current(call, entity, given)
    sparse = _is_true(given.get("sparse", False))
    draft = read_draft(entity.name, given, former=former if sparse else None)
    built = entity.build(call, draft, former)
    kept = {name: former[name] for name in ("domain", "sparse", "Id", "SyncToken", "MetaData")}
    row = {**built, **kept}
    if row == former:
        return shown_row(call, entity, former)
    _put_next(call, entity, row)
    settle(call)
    return shown_row(call, entity, call.books.rows[entity.name][row["Id"]])


def _put_next(call: Call, entity: Entity, row: Row) -> None:
    """Write the next version of a row."""
    times = {**row["MetaData"], "LastUpdatedTime": call.stamp}
    call.books.put(entity.name, {**row, "SyncToken": str(int(row["SyncToken"]) + 1), "MetaData": times})


def delete(call: Call, entity: Entity, given: Any) -> Row:
    """Delete a transaction; lists cannot be deleted from, only made inactive.

    Raises:
        Refused: 500, 2020, 610 or 5010.
    """
    if not entity.deletable:
        raise unsupported_operation("delete")
    if not isinstance(given, dict):
        raise unsupported_property(entity.name)
    row = _current(call, entity, given)
    unlink(call, entity.name, row["Id"])
    times = {**row["MetaData"], "LastUpdatedTime": call.stamp}
    call.books.put(entity.name, {**row, "status": "Deleted", "MetaData": times})
    settle(call)
    return {"status": "Deleted", "domain": "QBO", "Id": row["Id"]}


def void(call: Call, entity: Entity, given: Any) -> Row:
    """Make a transaction count for nothing, and keep it.

    Raises:
        Refused: 500, 2020, 610 or 5010.
    """
    if not entity.voidable:
        raise unsupported_operation("void")
    if not isinstance(given, dict):
        raise unsupported_property(entity.name)
    former = _current(call, entity, given)
    unlink(call, entity.name, former["Id"])
    row = call.books.rows[entity.name][former["Id"]]
    note = f"{row['PrivateNote']} Voided" if "PrivateNote" in row else "Voided"
    nothing = {name: 0 for name in ("TotalAmt", "Balance", "UnappliedAmt") if name in row}
    tax = {"TxnTaxDetail": {"TotalTax": 0}} if "TxnTaxDetail" in row else {}
    lines = [] if entity.name in {"Payment", "BillPayment"} else [_voided(line) for line in row["Line"]]
    _put_next(call, entity, {**row, **nothing, **tax, "Line": lines, "PrivateNote": note})
    settle(call)
    return shown_row(call, entity, call.books.rows[entity.name][row["Id"]])


def _voided(line: Row) -> Row:
    emptied = {**line, "Amount": 0} if "Amount" in line else dict(line)
    detail = line.get(line["DetailType"], {})
    if exact(detail.get("Qty", 0)):
        emptied[line["DetailType"]] = {**detail, "Qty": 0}
    return emptied
