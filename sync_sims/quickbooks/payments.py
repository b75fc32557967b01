"""Payments of customers and of bills: money that is applied to other documents, as far as it reaches."""

from decimal import Decimal
from typing import Any

from sync_sims.quickbooks.amounts import ZERO, cents, decimal_of, exact, shown
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import ACCOUNTS_PAYABLE, UNDEPOSITED
from sync_sims.quickbooks.draft import required
from sync_sims.quickbooks.lines import amount_of
from sync_sims.quickbooks.products import wrong_account
from sync_sims.quickbooks.refusal import business, invalid_choice, invalid_reference, missing, unsupported_property
from sync_sims.quickbooks.sales import deposit_account, payment_method


def _applications(call: Call, draft: Row, *, to: str, party: tuple[str, str], payer: tuple[str, str]) -> list[Row]:
    """The payment's lines, each linked to one open document of the party.

    Args:
        call: The request.
        draft: The payment.
        to: The kind of document that is paid, "Invoice" or "Bill".
        party: The member that refers to the other side, and its id.
        payer: The payment itself, whose former lines do not count: entity and id.

    Raises:
        Refused: 2010, 2020, 2500 or 6000.
    """
    given = draft.get("Line", [])
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        raise unsupported_property("Line")
    lines: list[Row] = []
    spent: dict[str, Decimal] = {}
    for line in given:
        amount = amount_of(line)
        linked = _link(line, to)
        document = call.books.living(to, linked["TxnId"])
        if document is None or document[party[0]]["value"] != party[1]:
            raise invalid_reference("Line.LinkedTxn")
        key = ("applied", f"{to} {linked['TxnId']}")
        others = call.books.totals.of(key) - call.books.totals.givers(key).get(payer, ZERO)
        spent[linked["TxnId"]] = spent.get(linked["TxnId"], ZERO) + amount
        if amount < 0 or others + spent[linked["TxnId"]] > exact(document["TotalAmt"]):
            raise business("The amount applied to a transaction must not exceed its open balance.")
        lines.append({"Amount": shown(amount), "LinkedTxn": [linked]})
    return lines


def _link(line: Row, to: str) -> dict[str, str]:
    links = line.get("LinkedTxn")
    if not isinstance(links, list) or len(links) != 1 or not isinstance(links[0], dict):
        raise missing("Line.LinkedTxn")
    if links[0].get("TxnType") != to:
        raise invalid_choice("Line.LinkedTxn.TxnType", links[0].get("TxnType"))
    return {"TxnId": str(links[0].get("TxnId", "")), "TxnType": to}


def _applied(lines: list[Row]) -> Decimal:
    return sum((exact(line["Amount"]) for line in lines), ZERO)


def payment(call: Call, draft: Row, former: Row | None) -> Row:
    """Money from a customer; what its lines do not apply stays as the customer's credit.

    Raises:
        Refused: As documents are.
    """
    required(draft, "CustomerRef", "TotalAmt")
    customer = call.reference("Customer", draft["CustomerRef"], element="CustomerRef")
    amount = _whole(draft)
    payer = ("Payment", "" if former is None else former["Id"])
    lines = _applications(call, draft, to="Invoice", party=("CustomerRef", customer["value"]), payer=payer)
    if _applied(lines) > amount:
        raise business("The amounts applied must not exceed the amount of the payment.")
    deposit = draft.get("DepositToAccountRef", {"value": UNDEPOSITED})
    return {
        "ProcessPayment": False,
        **draft,
        **_dated(call, draft, former),
        **payment_method(call, draft),
        "CustomerRef": customer,
        "DepositToAccountRef": {"value": deposit_account(call, deposit)["value"]},
        "TotalAmt": shown(amount),
        "UnappliedAmt": shown(amount - _applied(lines)),
        "Line": lines,
    }


def _whole(draft: Row) -> Decimal:
    amount = cents(decimal_of(draft["TotalAmt"], "TotalAmt"))
    if amount < 0:
        raise business("The amount of a payment must not be negative.")
    return amount


def _dated(call: Call, draft: Row, former: Row | None) -> dict[str, Any]:
    today = former["TxnDate"] if former else call.today
    return {"TxnDate": draft.get("TxnDate", today), "CurrencyRef": call.currency}


def bill_payment(call: Call, draft: Row, former: Row | None) -> Row:
    """Money to a vendor, by check from a bank account or by credit card.

    Raises:
        Refused: As documents are.
    """
    required(draft, "VendorRef", "PayType", "TotalAmt", "Line")
    vendor = call.reference("Vendor", draft["VendorRef"], element="VendorRef")
    amount = _whole(draft)
    payer = ("BillPayment", "" if former is None else former["Id"])
    lines = _applications(call, draft, to="Bill", party=("VendorRef", vendor["value"]), payer=payer)
    if _applied(lines) != amount:
        raise business("The amounts applied must make the amount of the payment.")
    return {
        **draft,
        **_dated(call, draft, former),
        **_source(call, draft),
        "VendorRef": vendor,
        "APAccountRef": draft.get("APAccountRef", {"value": ACCOUNTS_PAYABLE}),
        "TotalAmt": shown(amount),
        "Line": lines,
    }


_SOURCES = {
    "Check": ("CheckPayment", "BankAccountRef", "Bank"),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
}


def _source(call: Call, draft: Row) -> dict[str, Any]:
    """The account that the money comes from, in the member that the way of payment has for it."""
    if draft["PayType"] not in _SOURCES:
        raise invalid_choice("PayType", draft["PayType"])
    member, name, kind = _SOURCES[draft["PayType"]]
    element = f"{member}.{name}"
    given = draft.get(member)
    if not isinstance(given, dict) or name not in given:
        raise missing(element)
    account = call.referred("Account", given[name], element=element)
    if account["AccountType"] != kind:
        raise wrong_account(element, account)
    return {member: {**given, name: {"value": account["Id"], "name": account["FullyQualifiedName"]}}}
