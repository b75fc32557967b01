"""What the battery must know of a provider beyond its declaration: the one small thing that a new provider adds here.

A `Trial` names the simulator, a credential, an entity that is kept in step both ways (one like customers, of which
the columns are the venue's), one that is only pulled (None where there is none), and how objects are made and read at the provider without the product.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sync_core.mapping.countries import to_alpha2
from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.quickbooks.simulator import QuickBooksSimulator
from sync_sims.square.simulator import SquareSimulator
from sync_sims.stripe.simulator import StripeSimulator
from sync_sims.wire import Simulator

Json = Any
Row = dict[str, Any]
Facts = dict[str, Any]
Price = tuple[int, str]
Collections = Callable[[str], list[dict[str, Any]]]
"""What the provider holds of a collection."""


DECIMALS = {"JPY": 0, "USD": 2, "KWD": 3}
"""The currencies of the trials, with the decimals of each (ISO 4217)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An entity as the provider lists it: how to seed the n-th object, and the request that lists `page` at a time."""

    entity: str
    seeds: str
    row: Callable[[int], Row]
    page: int
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class TwoWay:
    """An entity that is kept in step both ways.

    `texts` are the columns that hold any text, with the longest that the provider takes, in code points.
    `made` turns facts (values by the venue's column) into a row to seed, `facts` an object at the provider into the
    facts of the columns in `columns`; None when it is deleted or out of use.
    `deletion` is the row to seed when somebody deletes the object of this id at the provider; None when the provider
    tells nobody. `writes` are method and path of all requests that write.
    """

    listed: Listed
    collection: str
    columns: tuple[str, ...]
    texts: Mapping[str, int]
    made: Callable[[Facts], Row]
    facts: Callable[[Mapping[str, Json]], Facts | None]
    deletion: Callable[[str], Row] | None
    writes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Money:
    """Entities with money.

    `pushed` is the entity of the venue's products; `prices` reads minor units and ISO 4217 currency of every price off
    what the provider holds of a collection. `taken` is the row to seed for so much money
    taken, among the objects of the pulled entity; None where no money comes home. `kept_in` are rows to seed, by their
    collection, where an account is kept in one currency.
    """

    pushed: str
    prices: Callable[[Collections], list[Price]]
    taken: Callable[[int, str], Row] | None
    kept_in: Callable[[str], Mapping[str, list[Row]]] = lambda _: {}


@dataclass(frozen=True, slots=True)
class Trial:
    """One provider. `credential` is what its simulator knows the account by, `secret` what the venue connects with.

    `computed` are the entities that the provider makes up of others, and so shows of an empty account, too.
    `defects` are tests that the client is known to fail, by a part of their name, each with what is wrong with it.
    """

    provider: str
    simulator: Callable[[], Simulator]
    account: str
    credential: str
    secret: Mapping[str, str]
    two_way: TwoWay
    pulled: Listed | None
    money: Money | None
    computed: frozenset[str] = frozenset()
    defects: Mapping[str, str] = field(default_factory=dict[str, str])


def person(n: int) -> Facts:
    """The n-th customer, by the columns that every provider has."""
    return {
        "given_name": f"Ana {n}",
        "family_name": "O'Brien",
        "email": f"guest{n}@example.com",
        "city": "Cork",
        "country": "IE",
        "note": f"Seat {n}",
    }


def _stripe_customer(facts: Facts) -> Row:
    names = {name: facts.get(name) for name in ("given_name", "family_name")}
    row: Row = {
        "name": " ".join(part for part in names.values() if part) or None,
        "metadata": {name: value for name, value in names.items() if value},
        "email": facts.get("email"),
        "description": facts.get("note"),
        "address": {"city": facts.get("city"), "country": facts.get("country")},
    }
    row["address"] = {name: value for name, value in row["address"].items() if value}
    return {name: value for name, value in row.items() if value}


def _stripe_facts(found: Mapping[str, Json]) -> Facts | None:
    if found.get("deleted"):
        return None
    address = found["address"] or {}
    return {
        "given_name": found["metadata"].get("given_name"),
        "family_name": found["metadata"].get("family_name"),
        "email": found["email"],
        "city": address.get("city"),
        "country": address.get("country"),
        "note": found["description"],
    }


def _stripe_prices(held: Collections) -> list[Price]:
    return [(price["unit_amount"], price["currency"].upper()) for price in held("prices")]


STRIPE = Trial(
    provider="stripe",
    simulator=StripeSimulator,
    account="acct_battery",
    credential="sk_test_51BatteryOfTrials",
    secret={"api_key": "sk_test_51BatteryOfTrials"},
    two_way=TwoWay(
        listed=Listed(
            "customers",
            "customers",
            lambda n: _stripe_customer(person(n)),
            page=100,
            method="GET",
            path="/v1/customers",
        ),
        collection="customers",
        columns=tuple(person(0)),
        texts={"given_name": 120, "family_name": 120, "city": 500, "note": 350},
        made=_stripe_customer,
        facts=_stripe_facts,
        deletion=lambda remote_id: {"id": remote_id, "deleted": True},
        writes=("POST", "/v1/customers*"),
    ),
    pulled=Listed(
        "charges",
        "payments",
        lambda n: {"amount": 1000 + n, "currency": "usd"},
        page=100,
        method="GET",
        path="/v1/charges",
    ),
    money=Money(
        pushed="products",
        prices=_stripe_prices,
        taken=lambda minor, currency: {"amount": minor, "currency": currency.lower()},
    ),
)

_SQUARE_NAMES = {
    "given_name": "given_name",
    "family_name": "family_name",
    "email": "email_address",
    "note": "note",
}


def _square_customer(facts: Facts) -> Row:
    row: Row = {theirs: facts.get(ours) for ours, theirs in _SQUARE_NAMES.items() if facts.get(ours)}
    address = {"locality": facts.get("city"), "country": facts.get("country")}
    return {**row, "address": {name: value for name, value in address.items() if value}}


def _square_facts(found: Mapping[str, Json]) -> Facts | None:
    if found.get("is_deleted"):
        return None
    address = found.get("address") or {}
    names = {ours: found.get(theirs) for ours, theirs in _SQUARE_NAMES.items()}
    return {**names, "city": address.get("locality"), "country": address.get("country")}


def _square_prices(held: Collections) -> list[Price]:
    variations = [found["item_variation_data"] for found in held("catalog") if found["type"] == "ITEM_VARIATION"]
    return [(one["price_money"]["amount"], one["price_money"]["currency"]) for one in variations]


SQUARE = Trial(
    provider="square",
    simulator=SquareSimulator,
    account="acct_battery",
    credential="EAAAEBatteryOfTrialsToken",
    secret={"access_token": "EAAAEBatteryOfTrialsToken"},
    two_way=TwoWay(
        listed=Listed(
            "customers",
            "customers",
            lambda n: _square_customer(person(n)),
            page=100,
            method="POST",
            path="/v2/customers/search",
        ),
        collection="customers",
        columns=tuple(person(0)),
        texts={"given_name": 300, "family_name": 300, "city": 500, "note": 4096},
        made=_square_customer,
        facts=_square_facts,
        deletion=None,
        writes=("POST", "/v2/customers/bulk-*"),
    ),
    pulled=Listed(
        "payments",
        "payments",
        lambda n: {"amount": 1000 + n, "currency": "USD"},
        page=100,
        method="GET",
        path="/v2/payments",
    ),
    money=Money(
        pushed="products",
        prices=_square_prices,
        taken=lambda minor, currency: {"amount": minor, "currency": currency},
    ),
)


def _mailchimp_contact(facts: Facts) -> Row:
    names = {"FNAME": facts.get("given_name"), "LNAME": facts.get("family_name")}
    named = {tag: value for tag, value in names.items() if value}
    return {"email_address": facts["email"], "status": "subscribed", "merge_fields": named}


def _mailchimp_facts(found: Mapping[str, Json]) -> Facts | None:
    if found.get("is_deleted") or found["status"] == "archived":
        return None
    values = found["merge_fields"]
    return {
        "given_name": values.get("FNAME") or None,
        "family_name": values.get("LNAME") or None,
        "email": found["email_address"],
    }


def _mailchimp_prices(held: Collections) -> list[Price]:
    (store,) = held("stores")
    currency = store["currency_code"]
    variants = [variant for product in held("products") for variant in product["variants"]]
    return [(int(Decimal(str(one["price"])).scaleb(DECIMALS[currency])), currency) for one in variants]


MAILCHIMP = Trial(
    provider="mailchimp",
    simulator=MailchimpSimulator,
    account="acct_battery",
    credential="0123456789abcdef0123456789abcdef-us19",
    secret={"api_key": "0123456789abcdef0123456789abcdef-us19"},
    two_way=TwoWay(
        listed=Listed(
            "members",
            "members",
            lambda n: _mailchimp_contact(person(n)),
            page=1000,
            method="GET",
            path="/3.0/lists/*/members",
        ),
        collection="members",
        columns=("given_name", "family_name", "email"),
        # 255 bytes, of which a code point takes four at most.
        texts={"given_name": 63, "family_name": 63},
        made=_mailchimp_contact,
        facts=_mailchimp_facts,
        deletion=None,
        writes=("POST", "/3.0/lists/*"),
    ),
    pulled=Listed(
        "campaigns",
        "campaigns",
        lambda n: {"subject_line": f"Evening {n}", "emails_sent": 100 + n, "opens_total": n},
        page=1000,
        method="GET",
        path="/3.0/reports",
    ),
    money=Money(pushed="store_products", prices=_mailchimp_prices, taken=None),
)


def _quickbooks_customer(facts: Facts) -> Row:
    names = {"GivenName": facts.get("given_name"), "FamilyName": facts.get("family_name")}
    named = " ".join(value for value in names.values() if value)
    row: Row = {
        **names,
        "DisplayName": facts.get("email") or named,
        "PrimaryEmailAddr": {"Address": facts.get("email")},
        "BillAddr": {"City": facts.get("city"), "Country": facts.get("country")},
        "Notes": facts.get("note"),
    }
    return {name: value for name, value in row.items() if value}


def _quickbooks_facts(found: Mapping[str, Json]) -> Facts | None:
    if not found["Active"]:
        return None
    address = found.get("BillAddr") or {}
    return {
        "given_name": found.get("GivenName"),
        "family_name": found.get("FamilyName"),
        "email": (found.get("PrimaryEmailAddr") or {}).get("Address"),
        "city": address.get("City"),
        "country": to_alpha2(address["Country"]) if address.get("Country") else None,
        "note": found.get("Notes"),
    }


def _quickbooks_purchase(n: int) -> Row:
    detail = {"AccountRef": {"value": "69"}}
    kind = "AccountBasedExpenseLineDetail"
    line = {"Amount": (1000 + n) / 100, "DetailType": kind, kind: detail}
    return {"AccountRef": {"value": "41"}, "PaymentType": "CreditCard", "Line": [line]}


def _quickbooks_kept_in(currency: str) -> Mapping[str, list[Row]]:
    return {"preferences": [{"CurrencyPrefs": {"HomeCurrency": {"value": currency}}}]}


def _quickbooks_prices(held: Collections) -> list[Price]:
    (preferences,) = held("preferences")
    currency = preferences["CurrencyPrefs"]["HomeCurrency"]["value"]
    return [(int(Decimal(str(one["UnitPrice"])).scaleb(DECIMALS[currency])), currency) for one in held("items")]


QUICKBOOKS = Trial(
    provider="quickbooks",
    simulator=QuickBooksSimulator,
    account="9341457021722202",
    credential="eyJlbmMiOiJBMTI4Q0JDLUhTMjU2Battery",
    secret={"access_token": "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2Battery", "realm_id": "9341457021722202"},
    two_way=TwoWay(
        listed=Listed(
            "customers",
            "customers",
            lambda n: _quickbooks_customer(person(n)),
            page=1000,
            method="GET",
            path="/v3/company/*/query",
        ),
        collection="customers",
        columns=tuple(person(0)),
        # QuickBooks takes no colon, tab or line break in a name, so names do not hold any text.
        texts={"city": 255, "note": 4000},
        made=_quickbooks_customer,
        facts=_quickbooks_facts,
        deletion=lambda remote_id: {"Id": remote_id, "Active": False},
        writes=("POST", "/v3/company/*"),
    ),
    pulled=Listed(
        "purchases",
        "purchases",
        _quickbooks_purchase,
        page=1000,
        method="GET",
        path="/v3/company/*/query",
    ),
    # What was spent is no money taken; what was is tried with the invoices that it pays.
    money=Money(pushed="items", prices=_quickbooks_prices, taken=None, kept_in=_quickbooks_kept_in),
    computed=frozenset({"reports"}),
)


TRIALS: Mapping[str, Trial] = {trial.provider: trial for trial in (MAILCHIMP, QUICKBOOKS, SQUARE, STRIPE)}
