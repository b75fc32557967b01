"""The company itself, and the lists that it is founded with."""

from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import LAST_SEEDED_ACCOUNT, seeded_lists


def founded(call: Call, name: str) -> list[tuple[str, Row]]:
    """Entity and row of everything that a new company holds; its sequences go on after them."""
    times = {"CreateTime": call.stamp, "LastUpdatedTime": call.stamp}
    common: Row = {"domain": "QBO", "sparse": False, "SyncToken": "0", "MetaData": times}
    lists = seeded_lists(common, call.currency)
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
        "Id": "1",
    }
    return [("CompanyInfo", company), *lists]
