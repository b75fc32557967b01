"""Bills, purchases, deposits and adjustments of stock: documents whose other side is one of the company's accounts."""

from typing import Any

from sync_sims.quickbooks.amounts import cents, decimal_of, exact, shown
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import ACCOUNTS_PAYABLE
from sync_sims.quickbooks.draft import required, with_addresses
from sync_sims.quickbooks.lines import account_expense, amount_of, item_expense, quantity, read_lines, total
from sync_sims.quickbooks.products import wrong_account
from sync_sims.quickbooks.refusal import business, invalid_choice, invalid_reference, missing, unsupported_property
from sync_sims.quickbooks.sales import deposit_account, payment_method

_READERS = {"AccountBasedExpenseLineDetail": account_expense, "ItemBasedExpenseLineDetail": item_expense}
_PAYS_FROM = {"Cash": {"Bank", "Other Current Asset"}, "Check": {"Bank"}, "CreditCard": {"Credit Card"}}
_DEPOSITABLE = frozenset({"Payment", "SalesReceipt"})


def _document(call: Call, draft: Row, former: Row | None) -> dict[str, Any]:
    today = former["TxnDate"] if former else call.today
    return {"TxnDate": draft.get("TxnDate", today), "CurrencyRef": call.currency}


def bill(call: Call, draft: Row, former: Row | None) -> Row:
    """Money owed to a vendor; what was paid of it stays paid."""
    required(draft, "VendorRef", "Line")
    vendor = call.reference("Vendor", draft["VendorRef"], element="VendorRef")
    lines = read_lines(call, draft, _READERS)
    amount = total(lines)
    paid = 0 if former is None else call.books.totals.of(("applied", f"Bill {former['Id']}"))
    if amount - paid < 0:
        raise business("A bill must not be less than the payments that are linked to it.")
    row = _document(call, draft, former)
    payable = draft.get("APAccountRef", {"value": ACCOUNTS_PAYABLE})
    return {
        **with_addresses(call.books, draft, former=former or {}),
        **row,
        "VendorRef": vendor,
        "APAccountRef": call.reference("Account", payable, element="APAccountRef"),
        "DueDate": draft.get("DueDate", row["TxnDate"]),
        "LinkedTxn": [] if former is None else former["LinkedTxn"],
        "Line": [{**line, "LinkedTxn": []} for line in lines],
        "TotalAmt": shown(amount),
        "Balance": shown(amount - paid),
    }


def purchase(call: Call, draft: Row, former: Row | None) -> Row:
    """Money spent at once, from an account that the way of payment allows."""
    required(draft, "AccountRef", "PaymentType", "Line")
    kinds = _PAYS_FROM.get(str(draft["PaymentType"]))
    if kinds is None:
        raise invalid_choice("PaymentType", draft["PaymentType"])
    account = call.referred("Account", draft["AccountRef"], element="AccountRef")
    if account["AccountType"] not in kinds:
        raise wrong_account("AccountRef", account)
    lines = read_lines(call, draft, _READERS)
    return {
        "Credit": False,
        **with_addresses(call.books, draft, former=former or {}),
        **_document(call, draft, former),
        **payment_method(call, draft),
        **_entity(call, draft),
        "AccountRef": {"value": account["Id"], "name": account["FullyQualifiedName"]},
        "Line": lines,
        "TotalAmt": shown(total(lines)),
    }


def _entity(call: Call, draft: Row) -> dict[str, Any]:
    """Whom the money went to: a vendor unless the reference says otherwise."""
    given = draft.get("EntityRef")
    if given is None:
        return {}
    kind = str(given.get("type", "Vendor"))
    if kind not in {"Vendor", "Customer", "Employee"}:
        raise invalid_choice("EntityRef.type", kind)
    return {"EntityRef": {**call.reference(kind, given, element="EntityRef"), "type": kind}}


def deposit(call: Call, draft: Row, former: Row | None) -> Row:
    """Money brought to the bank: from accounts (fees are negative), or what payments and receipts left undeposited."""
    required(draft, "DepositToAccountRef", "Line")
    account = deposit_account(call, draft["DepositToAccountRef"])
    key = "" if former is None else former["Id"]
    given = draft["Line"]
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        raise unsupported_property("Line")
    lines = [
        {"Id": str(number), "LineNum": number, **_deposited(call, line, key)}
        for number, line in enumerate(given, start=1)
    ]
    amount = sum(exact(line["Amount"]) for line in lines)
    if amount < 0:
        raise business("The amount of a deposit must not be negative.")
    return {
        **draft,
        **_document(call, draft, former),
        "DepositToAccountRef": account,
        "Line": lines,
        "TxnTaxDetail": {},
        "TotalAmt": shown(cents(decimal_of(float(amount), "TotalAmt"))),
    }


def _deposited(call: Call, line: Row, key: str) -> Row:
    """One line of a deposit."""
    amount = amount_of(line)
    detail = line.get("DepositLineDetail", {})
    if not isinstance(detail, dict):
        raise unsupported_property("Line.DepositLineDetail")
    extra = {"Description": line["Description"]} if "Description" in line else {}
    shape = {**extra, "Amount": shown(amount), "DetailType": "DepositLineDetail", "CustomExtensions": []}
    if line.get("LinkedTxn"):
        return {**shape, "DepositLineDetail": detail, "LinkedTxn": [_undeposited(call, line, key)]}
    if "AccountRef" not in detail:
        raise missing("Line.DepositLineDetail.AccountRef")
    source = call.reference("Account", detail["AccountRef"], element="Line.DepositLineDetail.AccountRef")
    return {**shape, "DepositLineDetail": {**detail, "AccountRef": source, **payment_method(call, detail)}}


def _undeposited(call: Call, line: Row, key: str) -> dict[str, str]:
    """The payment or receipt that a line brings to the bank, which must not have been brought there before."""
    linked = line["LinkedTxn"][0] if isinstance(line["LinkedTxn"], list) else None
    if not isinstance(linked, dict) or str(linked.get("TxnType")) not in _DEPOSITABLE:
        raise invalid_choice("Line.LinkedTxn.TxnType", linked)
    kind, number = linked["TxnType"], str(linked.get("TxnId", ""))
    document = call.books.living(kind, number)
    givers = call.books.totals.givers(("deposited", f"{kind} {number}"))
    if document is None or givers.keys() - {("Deposit", key)}:
        raise invalid_reference("Line.LinkedTxn")
    if exact(document["TotalAmt"]) != exact(line["Amount"]):
        raise business("A linked transaction is deposited as a whole.")
    return {"TxnId": number, "TxnType": kind, "TxnLineId": str(linked.get("TxnLineId", "0"))}


def inventory_adjustment(call: Call, draft: Row, former: Row | None) -> Row:
    """A count that differed from the books."""
    required(draft, "AdjustAccountRef", "Line")
    return {
        **draft,
        **_document(call, draft, former),
        "AdjustAccountRef": call.reference("Account", draft["AdjustAccountRef"], element="AdjustAccountRef"),
        "Line": read_lines(call, draft, {"ItemAdjustmentLineDetail": quantity}),
    }
