"""What a venue's accountant has booked by the time the venue is connected: suppliers' bills, expenses, a payout's deposit.

Amounts are whole, so that they are the same in every currency; days are counted back from today, so that last month's
reports and this month's have something to say.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sync_sims.quickbooks.chart import CHECKING, MASTERCARD, MERCHANT_FEES, SALES

Row = Mapping[str, Any]
Seed = Callable[[str, Sequence[Row]], Sequence[Row]]
"""Lets rows of a collection happen in the company and returns its objects."""

ADVERTISING, OFFICE = "7", "15"


def keep_books(seed: Seed, today: date) -> None:
    """Two suppliers, three bills of which one is paid and one half, three expenses, and a payout that reached the bank.

    Args:
        seed: for the company in which it happens.
        today: counted back from.
    """
    suppliers = seed("vendors", [{"DisplayName": "Nordlys Sound and Light"}, {"DisplayName": "Paper & Poster Co"}])
    sound, posters = ({"value": supplier["Id"]} for supplier in suppliers)
    bills = seed(
        "bills",
        [
            _bill(sound, "NSL-881", 420, OFFICE, _day(today, 38)),
            _bill(sound, "NSL-902", 300, OFFICE, _day(today, 12)),
            _bill(posters, "4471", 85, ADVERTISING, _day(today, 3)),
        ],
    )
    paid = [(bills[0], 420), (bills[1], 150)]
    seed("billpayments", [_payment(sound, paid, _day(today, 5))])
    seed(
        "purchases",
        [
            _purchase("CreditCard", MASTERCARD, 64, ADVERTISING, _day(today, 33)),
            {**_purchase("Check", CHECKING, 120, OFFICE, _day(today, 9)), "EntityRef": {**sound, "type": "Vendor"}},
            {**_purchase("Cash", CHECKING, 18, OFFICE, _day(today, 1)), "PrivateNote": "Batteries"},
        ],
    )
    payout = [_brought(SALES, 1250, "Tickets of the week"), _brought(MERCHANT_FEES, -36, "Fees")]
    deposited = {"TxnDate": _day(today, 2), "PrivateNote": "Payout", "DepositToAccountRef": {"value": CHECKING}}
    seed("deposits", [{**deposited, "Line": payout}])


def _day(today: date, ago: int) -> str:
    return (today - timedelta(days=ago)).isoformat()


def _spent(amount: int, account: str) -> Row:
    detail = {"AccountRef": {"value": account}}
    return {"Amount": amount, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}


def _bill(supplier: Row, number: str, amount: int, account: str, day: str) -> Row:
    return {"VendorRef": supplier, "DocNumber": number, "TxnDate": day, "Line": [_spent(amount, account)]}


def _payment(supplier: Row, paid: Sequence[tuple[Row, int]], day: str) -> Row:
    lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]} for bill, amount in paid]
    return {
        "VendorRef": supplier,
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": CHECKING}},
        "TotalAmt": sum(amount for _, amount in paid),
        "TxnDate": day,
        "Line": lines,
    }


def _purchase(way: str, source: str, amount: int, account: str, day: str) -> Row:
    return {"PaymentType": way, "AccountRef": {"value": source}, "TxnDate": day, "Line": [_spent(amount, account)]}


def _brought(account: str, amount: int, text: str) -> Row:
    detail = {"AccountRef": {"value": account}}
    return {"Amount": amount, "Description": text, "DetailType": "DepositLineDetail", "DepositLineDetail": detail}
