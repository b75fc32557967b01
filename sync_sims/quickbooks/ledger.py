"""Double entry: what each document adds to accounts (debits positive), open balances, stock and other documents."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sync_sims.quickbooks.amounts import ZERO, exact
from sync_sims.quickbooks.chart import (
    ACCOUNTS_PAYABLE,
    ACCOUNTS_RECEIVABLE,
    COST_OF_GOODS,
    INVENTORY_ASSET,
    OPENING_EQUITY,
    SALES,
    TAX_PAYABLE,
    UNDEPOSITED,
)
from sync_sims.quickbooks.totals import Key

Row = dict[str, Any]
Rows = Mapping[str, Mapping[str, Row]]
Share = defaultdict[Key, Decimal]


def share_of(rows: Rows, entity: str, row: Row) -> dict[Key, Decimal]:
    """What a living document adds to the sums; name lists add nothing, but an item its opening stock."""
    share: Share = defaultdict(lambda: ZERO)
    write = _WRITERS.get(entity)
    if write is not None:
        write(rows, row, share)
    return {key: amount for key, amount in share.items() if amount or key[0] == "applied"}


def _post(share: Share, account_id: str, amount: Decimal) -> None:
    share["account", account_id] += amount


def _ref(row: Row, name: str, default: str) -> str:
    return row.get(name, {}).get("value", default)


def _lines(row: Row, detail: str) -> Iterable[tuple[Row, Row, Decimal]]:
    for line in row.get("Line", ()):
        if line.get("DetailType") == detail:
            yield line, line.get(detail, {}), exact(line.get("Amount", 0))


def _links(row: Row) -> Iterable[tuple[str, Decimal]]:
    for line in row.get("Line", ()):
        for linked in line.get("LinkedTxn", ()):
            yield f"{linked['TxnType']} {linked['TxnId']}", exact(line.get("Amount", 0))


def _move_stock(rows: Rows, share: Share, item_id: str, quantity: Decimal, *, against: str) -> None:
    """Add to the quantity of an inventory item, and its cost to the asset account against another."""
    item = rows["Item"].get(item_id, {})
    if item.get("Type") != "Inventory":
        return
    share["stock", item_id] += quantity
    cost = quantity * exact(item.get("PurchaseCost", 0))
    _post(share, _ref(item, "AssetAccountRef", INVENTORY_ASSET), cost)
    _post(share, against, -cost)


def _sale(rows: Rows, row: Row, share: Share, *, sign: int, money_account: str) -> None:
    _post(share, money_account, sign * exact(row["TotalAmt"]))
    _post(share, TAX_PAYABLE, -sign * exact(row.get("TxnTaxDetail", {}).get("TotalTax", 0)))
    for _, detail, amount in _lines(row, "SalesItemLineDetail"):
        item_id = _ref(detail, "ItemRef", "")
        item = rows["Item"].get(item_id, {})
        _post(share, _ref(detail, "ItemAccountRef", _ref(item, "IncomeAccountRef", SALES)), -sign * amount)
        cost_account = _ref(item, "ExpenseAccountRef", COST_OF_GOODS)
        _move_stock(rows, share, item_id, -sign * exact(detail.get("Qty", 0)), against=cost_account)
    for _, _, amount in _lines(row, "DiscountLineDetail"):
        _post(share, SALES, sign * amount)


def _invoice(rows: Rows, row: Row, share: Share) -> None:
    _sale(rows, row, share, sign=1, money_account=ACCOUNTS_RECEIVABLE)
    share["customer", row["CustomerRef"]["value"]] += exact(row["Balance"])


def _sales_receipt(rows: Rows, row: Row, share: Share) -> None:
    _sale(rows, row, share, sign=1, money_account=_ref(row, "DepositToAccountRef", UNDEPOSITED))


def _refund_receipt(rows: Rows, row: Row, share: Share) -> None:
    _sale(rows, row, share, sign=-1, money_account=_ref(row, "DepositToAccountRef", UNDEPOSITED))


def _payment(_: Rows, row: Row, share: Share) -> None:
    _post(share, _ref(row, "DepositToAccountRef", UNDEPOSITED), exact(row["TotalAmt"]))
    _post(share, ACCOUNTS_RECEIVABLE, -exact(row["TotalAmt"]))
    share["customer", row["CustomerRef"]["value"]] -= exact(row["UnappliedAmt"])
    for target, amount in _links(row):
        share["applied", target] += amount


def _deposit(_: Rows, row: Row, share: Share) -> None:
    _post(share, row["DepositToAccountRef"]["value"], exact(row["TotalAmt"]))
    for line, detail, amount in _lines(row, "DepositLineDetail"):
        source = UNDEPOSITED if line.get("LinkedTxn") else _ref(detail, "AccountRef", UNDEPOSITED)
        _post(share, source, -amount)
    for target, amount in _links(row):
        share["deposited", target] += amount


def _spending(rows: Rows, row: Row, share: Share, *, sign: int) -> None:
    for _, detail, amount in _lines(row, "AccountBasedExpenseLineDetail"):
        _post(share, detail["AccountRef"]["value"], sign * amount)
    for _, detail, amount in _lines(row, "ItemBasedExpenseLineDetail"):
        item_id = detail["ItemRef"]["value"]
        item = rows["Item"].get(item_id, {})
        if item.get("Type") == "Inventory":
            share["stock", item_id] += sign * exact(detail.get("Qty", 0))
            _post(share, _ref(item, "AssetAccountRef", INVENTORY_ASSET), sign * amount)
        else:
            _post(share, _ref(item, "ExpenseAccountRef", COST_OF_GOODS), sign * amount)


def _bill(rows: Rows, row: Row, share: Share) -> None:
    _spending(rows, row, share, sign=1)
    _post(share, _ref(row, "APAccountRef", ACCOUNTS_PAYABLE), -exact(row["TotalAmt"]))
    share["vendor", row["VendorRef"]["value"]] += exact(row["Balance"])


def _bill_payment(_: Rows, row: Row, share: Share) -> None:
    source = row.get("CheckPayment", {}).get("BankAccountRef") or row["CreditCardPayment"]["CCAccountRef"]
    _post(share, source["value"], -exact(row["TotalAmt"]))
    _post(share, _ref(row, "APAccountRef", ACCOUNTS_PAYABLE), exact(row["TotalAmt"]))
    for target, amount in _links(row):
        share["applied", target] += amount


def _purchase(rows: Rows, row: Row, share: Share) -> None:
    sign = -1 if row.get("Credit") else 1
    _spending(rows, row, share, sign=sign)
    _post(share, row["AccountRef"]["value"], -sign * exact(row["TotalAmt"]))


def _adjustment(rows: Rows, row: Row, share: Share) -> None:
    for _, detail, _amount in _lines(row, "ItemAdjustmentLineDetail"):
        account = row["AdjustAccountRef"]["value"]
        _move_stock(rows, share, detail["ItemRef"]["value"], exact(detail["QtyDiff"]), against=account)


def _item(rows: Rows, row: Row, share: Share) -> None:
    if row["Type"] == "Inventory":
        quantity, cost = exact(row["_opening"]), exact(row["_opening_cost"])
        share["stock", row["Id"]] += quantity
        _post(share, _ref(row, "AssetAccountRef", INVENTORY_ASSET), quantity * cost)
        _post(share, OPENING_EQUITY, -quantity * cost)
    del rows


_WRITERS = {
    "Invoice": _invoice,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _refund_receipt,
    "Payment": _payment,
    "Deposit": _deposit,
    "Bill": _bill,
    "BillPayment": _bill_payment,
    "Purchase": _purchase,
    "InventoryAdjustment": _adjustment,
    "Item": _item,
}
