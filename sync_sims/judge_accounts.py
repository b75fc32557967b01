"""What an account holds, read the plain way: GET until the last page, over the provider's public API.

Nothing here knows our clients or mappings. Sources: docs.stripe.com/api/pagination, docs.stripe.com/api/expanding_objects;
Square API reference: ListCustomers, ListCatalog, BatchRetrieveInventoryCounts, ListPayments, ListPaymentRefunds;
mailchimp.com/developer/marketing/docs/methods-parameters (count and offset); developer.intuit.com,
learn/explore-the-quickbooks-online-api/data-queries.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

STRIPE_VERSION = "2026-10-28.endive"
SQUARE_VERSION = "2026-09-16"
THE_BEGINNING = "2000-01-01T00:00:00Z"  # Square lists the last year only, unless told otherwise
PAGE = 100
LARGE_PAGE = 1000  # the most that Mailchimp and QuickBooks list at once
QUICKBOOKS_VERSION = "75"
QUICKBOOKS_REPORTS = ("ProfitAndLoss", "BalanceSheet", "CashFlow")
TRIES = 60
SECONDS_BETWEEN_TRIES = 0.5

Json = Mapping[str, Any]


class Unreadable(Exception):
    """The provider would not show the account; the sentence names it and the status."""


@dataclass(frozen=True, slots=True)
class Account:
    """One venue's account, and the key that opens it; `parts` is what else belongs to the credential."""

    venue: str
    provider: str
    base: str
    key: str = field(repr=False)
    parts: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything in an account that the venue should know: lists of the provider's own objects."""

    customers: list[Json]
    products: list[Json]
    payments: list[Json]
    refunds: list[Json]
    attempts: list[Json] = field(default_factory=list[Json])
    entries: list[Json] = field(default_factory=list[Json])
    counts: list[Json] = field(default_factory=list[Json])
    loyalty: list[Json] = field(default_factory=list[Json])
    receipts: list[Json] = field(default_factory=list[Json])
    subscriptions: list[Json] = field(default_factory=list[Json])
    invoices: list[Json] = field(default_factory=list[Json])
    disputes: list[Json] = field(default_factory=list[Json])
    deposits: list[Json] = field(default_factory=list[Json])
    bills: list[Json] = field(default_factory=list[Json])
    bill_payments: list[Json] = field(default_factory=list[Json])
    purchases: list[Json] = field(default_factory=list[Json])
    reports: list[Json] = field(default_factory=list[Json])
    orders: list[Json] = field(default_factory=list[Json])
    automations: list[Json] = field(default_factory=list[Json])


def read_account(account: Account) -> Holdings:
    """All that the account holds. Raises Unreadable when the provider does not show it."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {account.key}"
        return _READERS[account.provider](session, account)


def _stripe(session: requests.Session, account: Account) -> Holdings:
    session.headers["Stripe-Version"] = STRIPE_VERSION

    def everything(name: str, **parameters: str) -> list[Json]:
        return list(_stripe_pages(session, account, name, parameters))

    return Holdings(
        customers=everything("customers"),
        products=everything("products", **{"expand[]": "data.default_price"}),
        payments=everything("charges"),
        refunds=everything("refunds"),
        attempts=everything("payment_intents"),
        entries=everything("balance_transactions"),
        subscriptions=everything("subscriptions", status="all"),
        invoices=[_with_all_lines(session, account, invoice) for invoice in everything("invoices")],
        disputes=everything("disputes"),
    )


def _with_all_lines(session: requests.Session, account: Account, invoice: Json) -> Json:
    """An invoice shows its first ten lines; the others are read."""
    if not invoice["lines"]["has_more"]:
        return invoice
    return {**invoice, "lines": {"data": list(_stripe_pages(session, account, f"invoices/{invoice['id']}/lines", {}))}}


def _stripe_pages(
    session: requests.Session, account: Account, name: str, parameters: Mapping[str, str]
) -> Iterator[Json]:
    asked = {"limit": str(PAGE), **parameters}
    while True:
        page = _ask(session, account, "GET", f"/v1/{name}", query=asked)
        yield from page["data"]
        if not page["has_more"]:
            return
        asked["starting_after"] = page["data"][-1]["id"]


def _square(session: requests.Session, account: Account) -> Holdings:
    session.headers["Square-Version"] = SQUARE_VERSION

    def everything(path: str, name: str, **parameters: str) -> list[Json]:
        return list(_square_pages(session, account, path, name, parameters))

    return Holdings(
        customers=everything("/v2/customers", "customers", limit=str(PAGE)),
        products=everything("/v2/catalog/list", "objects", types="ITEM"),
        payments=everything("/v2/payments", "payments", begin_time=THE_BEGINNING, limit=str(PAGE)),
        refunds=everything("/v2/refunds", "refunds", begin_time=THE_BEGINNING, limit=str(PAGE)),
        counts=list(_square_found(session, account, "/v2/inventory/counts/batch-retrieve", "counts", _IN_STOCK)),
        orders=list(_square_found(session, account, "/v2/orders/search", "orders", _everywhere(session, account))),
        loyalty=list(
            _square_found(session, account, "/v2/loyalty/accounts/search", "loyalty_accounts", {"limit": 200})
        ),
    )


_IN_STOCK: Json = {"states": ["IN_STOCK"], "limit": 1000}


def _everywhere(session: requests.Session, account: Account) -> Json:
    """Every order at the locations of a seller of the demo, who has no more than a search takes."""
    places = _ask(session, account, "GET", "/v2/locations")["locations"]
    return {"location_ids": [place["id"] for place in places], "limit": 1000}


def _square_pages(
    session: requests.Session, account: Account, path: str, name: str, parameters: Mapping[str, str]
) -> Iterator[Json]:
    asked = dict(parameters)
    while True:
        page = _ask(session, account, "GET", path, query=asked)
        yield from page.get(name, [])
        if not page.get("cursor"):
            return
        asked["cursor"] = page["cursor"]


def _square_found(session: requests.Session, account: Account, path: str, name: str, question: Json) -> Iterator[Json]:
    asked: dict[str, Any] = dict(question)
    while True:
        page = _ask(session, account, "POST", path, body=asked)
        yield from page.get(name, [])
        if not page.get("cursor"):
            return
        asked["cursor"] = page["cursor"]


def _mailchimp(session: requests.Session, account: Account) -> Holdings:
    lists = list(_mailchimp_pages(session, account, "/3.0/lists", "lists"))
    audience = account.parts.get("list_id") or lists[0]["id"]
    stores = [
        store
        for store in _mailchimp_pages(session, account, "/3.0/ecommerce/stores", "stores")
        if store["list_id"] == audience
    ]
    reports = _mailchimp_pages(session, account, "/3.0/reports", "reports")
    automations = _mailchimp_pages(session, account, "/3.0/automations", "automations")
    return Holdings(
        customers=list(_mailchimp_pages(session, account, f"/3.0/lists/{audience}/members", "members")),
        products=[
            {**product, "currency": store["currency_code"]}
            for store in stores
            for product in _mailchimp_pages(
                session, account, f"/3.0/ecommerce/stores/{store['id']}/products", "products"
            )
        ],
        payments=[],
        refunds=[],
        orders=[
            order
            for store in stores
            for order in _mailchimp_pages(session, account, f"/3.0/ecommerce/stores/{store['id']}/orders", "orders")
        ],
        reports=[
            {**report, "variants": _mailchimp_variants(session, account, report)}
            for report in reports
            if report["list_id"] == audience
        ],
        automations=[one for one in automations if one["recipients"]["list_id"] == audience],
    )


def _mailchimp_variants(session: requests.Session, account: Account, report: Json) -> list[Json]:
    if report["type"] == "variate":
        return _ask(session, account, "GET", f"/3.0/reports/{report['id']}/sub-reports")["reports"]
    return list((report.get("ab_split") or {}).values())


def _mailchimp_pages(session: requests.Session, account: Account, path: str, name: str) -> Iterator[Json]:
    offset = 0
    while True:
        asked = {"count": str(LARGE_PAGE), "offset": str(offset)}
        page = _ask(session, account, "GET", path, query=asked)
        yield from page[name]
        offset += len(page[name])
        if not page[name] or offset >= page["total_items"]:
            return


def _quickbooks(session: requests.Session, account: Account) -> Holdings:
    session.headers["Accept"] = "application/json"

    def everything(name: str, *, columns: str = "*") -> list[Json]:
        return list(_quickbooks_pages(session, account, name, f"SELECT {columns} FROM {name}"))  # noqa: S608 - Intuit's query language; nothing of others gets in

    return Holdings(
        customers=everything("Customer"),
        products=everything("Item", columns="*, Sku"),
        payments=everything("Payment"),
        refunds=everything("RefundReceipt"),
        receipts=everything("SalesReceipt"),
        invoices=everything("Invoice"),
        deposits=everything("Deposit"),
        bills=everything("Bill"),
        bill_payments=everything("BillPayment"),
        purchases=everything("Purchase"),
        reports=list(_quickbooks_reports(session, account)),
    )


def _quickbooks_reports(session: requests.Session, account: Account) -> Iterator[Json]:
    """The reports of the company's month and the one before, which every sync reads again."""
    company = f"/v3/company/{account.parts['realm_id']}"
    version = {"minorversion": QUICKBOOKS_VERSION}
    told = _ask(session, account, "GET", f"{company}/companyinfo/{account.parts['realm_id']}", query=version)["time"]
    latest = datetime.fromisoformat(told).astimezone(UTC).date().replace(day=1)
    for month in ((latest - timedelta(days=1)).replace(day=1), latest):
        last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        for name in QUICKBOOKS_REPORTS:
            asked = {"start_date": str(month), "end_date": str(last), **version}
            yield _ask(session, account, "GET", f"{company}/reports/{name}", query=asked)


def _quickbooks_pages(session: requests.Session, account: Account, name: str, query: str) -> Iterator[Json]:
    start = 1
    while True:
        asked = {
            "query": f"{query} ORDERBY Id STARTPOSITION {start} MAXRESULTS {LARGE_PAGE}",
            "minorversion": QUICKBOOKS_VERSION,
        }
        path = f"/v3/company/{account.parts['realm_id']}/query"
        page = _ask(session, account, "GET", path, query=asked)["QueryResponse"].get(name, [])
        yield from page
        if len(page) < LARGE_PAGE:
            return
        start += len(page)


_READERS = {"stripe": _stripe, "square": _square, "mailchimp": _mailchimp, "quickbooks": _quickbooks}


def _ask(
    session: requests.Session,
    account: Account,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Json | None = None,
) -> dict[str, Any]:
    status = 0
    for _ in range(TRIES):
        try:
            answer = session.request(method, f"{account.base}{path}", params=query, json=body, timeout=60)
        except requests.RequestException as error:
            raise Unreadable(f"{account.provider} does not answer at all ({type(error).__name__}).") from None
        status = answer.status_code
        if status == 200:
            return answer.json()
        if status != 429 and status < 500:
            break
        time.sleep(SECONDS_BETWEEN_TRIES)
    raise Unreadable(f"{account.provider} answers {status} to {method} {path} of {account.venue}.")
