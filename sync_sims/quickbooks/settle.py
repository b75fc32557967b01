"""What follows from a document for other objects: open balances, links between transactions, quantities on hand.

QuickBooks stamps the objects that such a change reaches as updated, though nobody edited them, and leaves their
SyncToken alone (recorded: a customer with SyncToken 0, changed weeks after it was made, by invoices).
"""

from sync_sims.quickbooks.amounts import cents, exact, shown
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.totals import Key

_PARTIES = {"customer": "Customer", "vendor": "Vendor"}


def settle(call: Call) -> None:
    """Bring all objects that the changes so far reach into agreement with the sums."""
    while call.books.changed:
        keys = sorted(call.books.changed)
        call.books.changed.clear()
        for key in keys:
            _settle_one(call, key)


def _settle_one(call: Call, key: Key) -> None:
    kind, name = key
    if kind == "applied":
        _settle_document(call, *name.split(" "))
    elif kind in _PARTIES:
        _settle_party(call, _PARTIES[kind], key)
    elif kind == "stock":
        item = call.books.living("Item", name)
        if item is not None and item["Type"] == "Inventory":
            _rewrite(call, "Item", item, {"QtyOnHand": shown(call.books.totals.of(key))})


def _settle_document(call: Call, entity: str, number: str) -> None:
    row = call.books.living(entity, number)
    if row is None:
        return
    key = ("applied", f"{entity} {number}")
    linked = [{"TxnId": payer, "TxnType": kind} for kind, payer in call.books.totals.givers(key)]
    kept = [link for link in row["LinkedTxn"] if link["TxnType"] not in {"Payment", "BillPayment"}]
    balance = shown(cents(exact(row["TotalAmt"]) - call.books.totals.of(key)))
    _rewrite(call, entity, row, {"Balance": balance, "LinkedTxn": [*kept, *linked]})


def _settle_party(call: Call, entity: str, key: Key) -> None:
    row = call.books.living(entity, key[1])
    if row is None:
        return
    balance = shown(cents(call.books.totals.of(key)))
    names = ("Balance", "BalanceWithJobs") if entity == "Customer" else ("Balance",)
    _rewrite(call, entity, row, dict.fromkeys(names, balance))


def _rewrite(call: Call, entity: str, row: Row, members: Row) -> None:
    if all(row.get(name) == value for name, value in members.items()):
        return
    call.books.put(entity, {**row, **members, "MetaData": {**row["MetaData"], "LastUpdatedTime": call.stamp}})


def unlink(call: Call, entity: str, number: str) -> None:
    """Take a document out of the payments that are applied to it; their money becomes free again."""
    for kind, payer in call.books.totals.givers(("applied", f"{entity} {number}")):
        row = call.books.rows[kind][payer]
        lines = [
            line
            for line in row["Line"]
            if {"TxnId": number, "TxnType": entity} not in [_plain(link) for link in line["LinkedTxn"]]
        ]
        members: Row = {"Line": lines}
        applied = sum(exact(line["Amount"]) for line in lines)
        if kind == "Payment":
            members["UnappliedAmt"] = shown(exact(row["TotalAmt"]) - applied)
        _rewrite(call, kind, row, members)


def _plain(link: Row) -> Row:
    return {"TxnId": link["TxnId"], "TxnType": link["TxnType"]}
