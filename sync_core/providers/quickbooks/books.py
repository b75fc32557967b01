"""What a company's books must have before anything is sold: an income account, the home currency, an item for tickets.

Each is asked for once per client and only when it is needed; the answers are the same whoever asks, so that a repeated
request has the same body.
"""

import threading
from collections.abc import Mapping, Sequence

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Json
from sync_core.providers.quickbooks.calls import Object, QuickBooksCalls
from sync_core.providers.quickbooks.faults import DUPLICATE_NAME, Refused

TICKET_SALES = "Ticket sales"
"""The item under which a sale is booked whose lines are kept at the venue."""
CURRENCY = "CurrencyRef.value"
"""Where a mapping puts the currency of an amount."""
_BEST = "SalesOfProductIncome"
_UNDEPOSITED = "UndepositedFunds"


class Books:
    """The accounts and collective item of one company; shared by its threads."""

    def __init__(self, calls: QuickBooksCalls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._account: Object | None = None
        self._money: Object | None = None
        self._item: str | None = None

    def income_account(self) -> str:
        """The id of the account to which sales are booked: one for products if there is one, else the oldest.

        Raises:
            ProviderRefused: The company has no income account.
        """
        return self._income()["Id"]

    def home_currency(self) -> str:
        """The ISO 4217 code of the currency in which the books are kept, which is that of every income account.

        Raises:
            ProviderRefused: The company has no income account.
        """
        return self._income()["CurrencyRef"]["value"]

    def in_home_currency(self, fields: Mapping[str, Json]) -> dict[str, Json]:
        """Fields without their currency, which need not be sent when it is the books' own.

        Raises:
            Refused: It is another one; amounts are never converted.
        """
        currency = fields.get(CURRENCY)
        if currency is not None and currency != self.home_currency():
            raise Refused(
                f"The books are kept in {self.home_currency()} and take no amount in {currency}.", code="CURRENCY"
            )
        return {path: value for path, value in fields.items() if path != CURRENCY}

    def ticket_item(self) -> str:
        """The id of the item under which whole sales are booked; it is made when it is missing."""
        account = self.income_account()
        with self._lock:
            if self._item is None:
                self._item = self._found_item() or self._made_item(account)
            return self._item

    def money_account(self) -> str:
        """The id of the account out of which money is given back: where sales wait for the bank, else the oldest bank.

        Raises:
            ProviderRefused: The company has neither.
        """
        with self._lock:
            if self._money is None:
                kinds = "AccountType IN ('Bank','Other Current Asset')"
                self._money = _till_of(self._calls.query("Account", f"WHERE {kinds} MAXRESULTS 1000"))
            return self._money["Id"]

    def _income(self) -> Object:
        with self._lock:
            if self._account is None:
                found = self._calls.query("Account", "WHERE AccountType = 'Income' MAXRESULTS 1000")
                self._account = _best_of(found)
            return self._account

    def _found_item(self) -> str | None:
        found = self._calls.query("Item", f"WHERE Name = '{TICKET_SALES}' MAXRESULTS 1")
        return found[0]["Id"] if found else None

    def _made_item(self, account: str) -> str:
        body = {"Name": TICKET_SALES, "Type": "Service", "IncomeAccountRef": {"value": account}}
        try:
            return self._calls.post("item", "venue-sync-ticket-sales", body)["Item"]["Id"]
        except Refused as exc:
            found = self._found_item() if exc.code == DUPLICATE_NAME else None
            if found is None:
                raise
            return found


def _till_of(accounts: Sequence[Object]) -> Object:
    known = [one for one in accounts if one["AccountType"] == "Bank" or one.get("AccountSubType") == _UNDEPOSITED]
    found = sorted(known, key=lambda one: (one.get("AccountSubType") != _UNDEPOSITED, int(one["Id"])))
    if not found:
        raise ProviderRefused("The QuickBooks company has no account for money received; its accountant must add one.")
    return found[0]


def _best_of(accounts: Sequence[Object]) -> Object:
    found = sorted(accounts, key=lambda one: (one.get("AccountSubType") != _BEST, int(one["Id"])))
    if not found:
        raise ProviderRefused("The QuickBooks company has no income account; its accountant must add one.")
    return found[0]
