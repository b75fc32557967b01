"""Invoices, sales receipts and refund receipts."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sync_sims.quickbooks.amounts import ZERO, cents, decimal_of, exact, shown
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import UNDEPOSITED
from sync_sims.quickbooks.draft import required, with_addresses
from sync_sims.quickbooks.lines import description, discount, read_lines, sales_item, total
from sync_sims.quickbooks.products import wrong_account
from sync_sims.quickbooks.refusal import Refused, business

_READERS = {
    "SalesItemLineDetail": sales_item,
    "DiscountLineDetail": discount,
    "DescriptionOnly": description,
    "DescriptionLineDetail": description,
}
_FIRST_NUMBER = 1000
_MONEY = frozenset({"Bank", "Other Current Asset"})
_TERMS = timedelta(days=30)


def _sale(call: Call, entity: str, draft: Row, former: Row | None) -> Row:
    """What the three have in common."""
    required(draft, "Line")
    lines = read_lines(call, draft, _READERS)
    subtotal = total(lines)
    tax = _tax(draft)
    party = _customer(call, draft)
    return {
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
        "CustomField": [],
        "FreeFormAddress": True,
        **with_addresses(call.books, draft, former=former or {}),
        **party,
        "DocNumber": _number(call, entity, draft, former),
        "TxnDate": draft.get("TxnDate", former["TxnDate"] if former else call.today),
        "CurrencyRef": call.currency,
        "LinkedTxn": [] if former is None else former["LinkedTxn"],
        "Line": [*lines, {"Amount": shown(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
        "TxnTaxDetail": {**draft.get("TxnTaxDetail", {}), "TotalTax": shown(tax)},
        "TotalAmt": shown(subtotal + tax),
    }


def _tax(draft: Row) -> Decimal:
    given = draft.get("TxnTaxDetail", {}).get("TotalTax", 0)
    return cents(decimal_of(given, "TxnTaxDetail.TotalTax"))


def _customer(call: Call, draft: Row) -> dict[str, Any]:
    if "CustomerRef" not in draft:
        return {}
    customer = call.referred("Customer", draft["CustomerRef"], element="CustomerRef")
    addresses = {name: customer[name] for name in ("BillAddr", "ShipAddr") if name in customer and name not in draft}
    return {"CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]}, **addresses}


def _number(call: Call, entity: str, draft: Row, former: Row | None) -> str:
    """The document's number: the given one unless another sale has it, else the next.

    Raises:
        Refused: 6140.
    """
    wanted = draft.get("DocNumber")
    if wanted in (None, "AUTO_GENERATE"):
        if former is not None:
            return former["DocNumber"]
        while True:
            wanted = str(_FIRST_NUMBER + int(call.books.next_number("documents")))
            if wanted not in call.books.numbers:
                return wanted
    holder = call.books.numbers.get(str(wanted))
    mine = None if former is None else (entity, former["Id"])
    if holder is not None and holder != mine and call.terms.duplicate_numbers == "refuse":
        raise Refused(
            "6140",
            "Duplicate Document Number Error",
            "Duplicate Document Number Error : You must specify a different number. This number has already been "
            f"used. DocNumber={wanted} is assigned to TxnType={holder[0]} with TxnId={holder[1]}",
        )
    return str(wanted)


def invoice(call: Call, draft: Row, former: Row | None) -> Row:
    """An invoice; what was paid of it stays paid.

    Raises:
        Refused: 6000 where less would remain than was paid, and as documents are.
    """
    required(draft, "CustomerRef")
    row = _sale(call, "Invoice", draft, former)
    paid = ZERO if former is None else call.books.totals.of(("applied", f"Invoice {former['Id']}"))
    balance = exact(row["TotalAmt"]) - paid
    if exact(row["TotalAmt"]) < 0:
        raise business("The amount of an invoice must not be negative.")
    if balance < 0:
        raise business("An invoice must not be less than the payments that are linked to it.")
    if paid and former is not None and former["CustomerRef"]["value"] != row["CustomerRef"]["value"]:
        raise business("The customer of an invoice with linked payments cannot be changed.")
    due = (date.fromisoformat(row["TxnDate"]) + _TERMS).isoformat()
    return {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
        **row,
        "DueDate": draft.get("DueDate", due),
        "Balance": shown(balance),
    }


def sales_receipt(call: Call, draft: Row, former: Row | None) -> Row:
    """A sale that was paid on the spot; the money waits among the undeposited funds unless an account is named."""
    deposit = draft.get("DepositToAccountRef", {"value": UNDEPOSITED})
    draft = {**draft, "DepositToAccountRef": deposit_account(call, deposit), **payment_method(call, draft)}
    row = _sale(call, "SalesReceipt", draft, former)
    if exact(row["TotalAmt"]) < 0:
        raise business("The amount of a sales receipt must not be negative.")
    return {**row, "Balance": 0}


def refund_receipt(call: Call, draft: Row, former: Row | None) -> Row:
    """Money given back; the account it was taken from must be named."""
    required(draft, "DepositToAccountRef")
    deposit = deposit_account(call, draft["DepositToAccountRef"])
    draft = {**draft, "DepositToAccountRef": deposit, **payment_method(call, draft)}
    return {**_sale(call, "RefundReceipt", draft, former), "Balance": 0, "RemainingCredit": 0}


def deposit_account(call: Call, reference: Any) -> dict[str, str]:
    """The account that money goes to: a bank, or another current asset.

    Raises:
        Refused: 2500 or 6430.
    """
    account = call.referred("Account", reference, element="DepositToAccountRef")
    if account["AccountType"] not in _MONEY:
        raise wrong_account("DepositToAccountRef", account)
    return {"value": account["Id"], "name": account["FullyQualifiedName"]}


def payment_method(call: Call, draft: Row) -> dict[str, Any]:
    """The way of payment, completed, where there is one."""
    if "PaymentMethodRef" not in draft:
        return {}
    reference = call.reference("PaymentMethod", draft["PaymentMethodRef"], element="PaymentMethodRef")
    return {"PaymentMethodRef": reference}
