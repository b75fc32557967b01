"""The company itself, the lists that it is founded with, and the currency in which its books are kept.

The home currency is chosen while the books are empty, and not any more once somebody or something bears it
(developer.intuit.com, workflows/manage-multiple-currencies). Our companies keep one currency.
"""

import re
from typing import Any

from sync_sims.quickbooks.books import ONLY, PREFERENCES, Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import LAST_SEEDED_ACCOUNT, seeded_lists
from sync_sims.quickbooks.currencies import currency_reference
from sync_sims.quickbooks.refusal import business, invalid_choice, unsupported_property

FIRST_CURRENCY = "USD"
_CODE = re.compile(r"[A-Z]{3}")


def founded(call: Call, name: str) -> list[tuple[str, Row]]:
    """Entity and row of everything that a new company holds; its sequences go on after them."""
    times = {"CreateTime": call.stamp, "LastUpdatedTime": call.stamp}
    common: Row = {"domain": "QBO", "sparse": False, "SyncToken": "0", "MetaData": times}
    currency = currency_reference(FIRST_CURRENCY)
    lists = seeded_lists(common, currency)
    methods = sum(entity == "PaymentMethod" for entity, _ in lists)
    call.books.counters |= {"accounts": LAST_SEEDED_ACCOUNT, "payment methods": methods}
    company = {
        "CompanyName": name,
        "LegalName": name,
        "CompanyStartDate": call.today,
        "FiscalYearStartMonth": "January",
        "Country": call.terms.country,
        "SupportedLanguages": "en",
        "DefaultTimeZone": "America/Los_Angeles",
        "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
        **common,
        "Id": ONLY,
    }
    preferences = {
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": currency},
        **common,
        "Id": ONLY,
    }
    return [("CompanyInfo", company), (PREFERENCES, preferences), *lists]


def keep_books_in(call: Call, given: Any) -> Row:
    """Choose the home currency, which the accounts then bear; returns the preferences.

    Raises:
        Refused: 2010 or 2170 for what is no currency, 6000 when somebody or something bears the former one.
    """
    prefs = given.get("CurrencyPrefs") if isinstance(given, dict) else None
    home = prefs.get("HomeCurrency") if isinstance(prefs, dict) else None
    if not isinstance(home, dict):
        raise unsupported_property("CurrencyPrefs.HomeCurrency")
    code = home.get("value")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise invalid_choice("CurrencyPrefs.HomeCurrency", code)
    books = call.books
    bearing = {entity for entity, rows in books.rows.items() if any("CurrencyRef" in row for row in rows.values())}
    if bearing - {"Account"}:
        raise business("The home currency cannot be changed once the books are in use.")
    currency = currency_reference(code)
    for account in list(books.rows["Account"].values()):
        books.put("Account", {**account, "CurrencyRef": currency})
    row = books.rows[PREFERENCES][ONLY]
    books.put(PREFERENCES, {**row, "CurrencyPrefs": {**row["CurrencyPrefs"], "HomeCurrency": currency}})
    return books.rows[PREFERENCES][ONLY]
