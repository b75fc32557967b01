"""Loyalty: one program per seller, accounts by telephone number, and a ledger of every point that came or went.

Sources: the Loyalty API in Square's specification, and developer.squareup.com/docs/loyalty-api/loyalty-points. The
program's own rule, a point for each 100 minor units, serves for points of an order that names none itself.
"""

import re
from typing import Any

from sync_sims.square.call import Call, with_cursor
from sync_sims.square.fields import Fields
from sync_sims.square.orders import living as living_order
from sync_sims.square.paging import Listing
from sync_sims.square.refusal import invalid, missing, not_found
from sync_sims.square.replay import Answer, once
from sync_sims.square.shelf import Row

LONGEST_KEY = 128
MINOR_PER_POINT = 100
_ACCOUNTS, _EVENTS = 200, 30
_DEFAULT_PAGE = 30
_MOST = 30
_PHONE = re.compile(r"\+[1-9]\d{7,14}")
_TYPES = frozenset(
    {
        "ACCUMULATE_POINTS",
        "CREATE_REWARD",
        "REDEEM_REWARD",
        "DELETE_REWARD",
        "ADJUST_POINTS",
        "EXPIRE_POINTS",
        "OTHER",
        "ACCUMULATE_PROMOTION_POINTS",
    }
)


def retrieve_program(call: Call) -> dict[str, Any]:
    """GET /v2/loyalty/programs/{id}, or `main`."""
    program = _program(call)
    if call.ids[0] not in ("main", program["id"]):
        raise not_found(f"Loyalty program with ID `{call.ids[0]}` not found.")
    return {"program": program}


def _program(call: Call) -> Row:
    """The seller's program, made by its first use."""
    known = call.books.loyalty_programs.rows
    if not known:
        program: Row = {
            "id": call.identifiers.uuid(known),
            "status": "ACTIVE",
            "terminology": {"one": "Point", "other": "Points"},
            "location_ids": [call.books.location_id],
            "accrual_rules": [
                {
                    "accrual_type": "SPEND",
                    "points": 1,
                    "spend_data": {
                        "amount_money": {"amount": MINOR_PER_POINT, "currency": call.books.currency or "USD"},
                        "tax_mode": "BEFORE_TAX",
                    },
                }
            ],
            "created_at": call.stamp,
            "updated_at": call.stamp,
        }
        call.books.put(call.books.loyalty_programs, program["id"], program)
    return next(iter(call.books.loyalty_programs.rows.values()))


def create_account(call: Call) -> Answer:
    """POST /v2/loyalty/accounts."""
    return once(
        call,
        lambda: {"loyalty_account": write_account(call, call.body.needed_inner("loyalty_account"))},
        longest=LONGEST_KEY,
    )


def write_account(call: Call, given: Fields) -> Row:
    """Enroll a telephone number, once; `customer_id` names the customer, `program_id` may be left to the seed."""
    program = _program(call)
    if given.text("program_id") not in (None, program["id"]):
        raise not_found("Loyalty program not found.", field=given.path("program_id"))
    mapping = given.needed_inner("mapping")
    phone = mapping.needed_text("phone_number")
    if not _PHONE.fullmatch(phone):
        raise mapping.wrong("INVALID_PHONE_NUMBER", "Expected a phone number in E.164 format.", "phone_number")
    books = call.books
    if any(row["mapping"]["phone_number"] == phone for row in books.loyalty_accounts.rows.values()):
        raise mapping.wrong("INVALID_VALUE", "The phone number is enrolled already.", "phone_number")
    customer_id = given.text("customer_id")
    if customer_id is not None and customer_id not in books.customers.rows:
        raise not_found(f"Customer with ID `{customer_id}` not found.", field=given.path("customer_id"))
    account: Row = {
        "id": call.identifiers.uuid(books.loyalty_accounts.rows),
        "program_id": program["id"],
        "balance": 0,
        "lifetime_points": 0,
        **({} if customer_id is None else {"customer_id": customer_id}),
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "enrolled_at": given.moment("enrolled_at") or call.stamp,
        "mapping": {
            "id": call.identifiers.uuid(books.loyalty_accounts.rows),
            "phone_number": phone,
            "created_at": call.stamp,
        },
    }
    books.put(books.loyalty_accounts, account["id"], account)
    return account


def living(call: Call, account_id: str) -> Row:
    """The account.

    Raises:
        Refused: 404.
    """
    account = call.books.loyalty_accounts.rows.get(account_id)
    if account is None:
        raise not_found(f"Loyalty account with ID `{account_id}` not found.", field="account_id")
    return account


def retrieve_account(call: Call) -> dict[str, Any]:
    """GET /v2/loyalty/accounts/{id}."""
    return {"loyalty_account": living(call, call.ids[0])}


def search_accounts(call: Call) -> dict[str, Any]:
    """POST /v2/loyalty/accounts/search: by telephone numbers or customers, oldest first."""
    query = call.body.inner("query") or Fields({}, "query")
    numbers = {one.needed_text("phone_number") for one in query.objects("mappings", most=_MOST)}
    customers = frozenset(query.texts("customer_ids", most=_MOST) or ())
    if numbers and customers:
        raise query.wrong("BAD_REQUEST", "mappings and customer_ids cannot be combined.", "customer_ids")

    def keep(row: Row) -> bool:
        return (not numbers or row["mapping"]["phone_number"] in numbers) and (
            not customers or row.get("customer_id") in customers
        )

    listing = Listing(call.books.loyalty_accounts, keep=keep, order=lambda row: row["created_at"])
    rows, cursor = call.page(listing, call.bookmark(call.body), limit=_limit(call.body, most=_ACCOUNTS))
    return with_cursor({"loyalty_accounts": rows}, cursor)


def accumulate(call: Call) -> Answer:
    """POST /v2/loyalty/accounts/{id}/accumulate: by an order's id, or by the number that the seller worked out."""

    def work() -> Answer:
        account = living(call, call.ids[0])
        given = call.body.needed_inner("accumulate_points")
        if call.body.needed_text("location_id") != call.books.location_id:
            raise not_found("Location not found.", field="location_id")
        order_id, points = given.text("order_id"), given.whole("points")
        if (order_id is None) == (points is None):
            raise call.body.wrong("BAD_REQUEST", "Either order_id or points must be set.", "accumulate_points")
        if points is not None and points < 1:
            raise given.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 1", "points")
        if order_id is not None:
            points = living_order(call, order_id)["total_money"]["amount"] // MINOR_PER_POINT
        details = {"points": points, **({} if order_id is None else {"order_id": order_id})}
        return {"events": [_note(call, account, "ACCUMULATE_POINTS", "accumulate_points", details)]}

    return once(call, work, longest=LONGEST_KEY)


def adjust(call: Call) -> Answer:
    """POST /v2/loyalty/accounts/{id}/adjust: points by hand, either way."""
    return once(
        call,
        lambda: {"event": write_adjustment(call, call.ids[0], call.body.needed_inner("adjust_points"))},
        longest=LONGEST_KEY,
    )


def write_adjustment(call: Call, account_id: str, given: Fields) -> Row:
    """Add or take points.

    Raises:
        Refused: Fewer are left than are to be taken.
    """
    account = living(call, account_id)
    points = given.whole("points")
    if points is None:
        raise missing(given.path("points"))
    if account["balance"] + points < 0 and not call.body.flag("allow_negative_balance"):
        raise invalid("BAD_REQUEST", "The balance would become negative.", field=given.path("points"))
    reason = given.text("reason", longest=3500)
    return _note(
        call, account, "ADJUST_POINTS", "adjust_points", {"points": points, **({"reason": reason} if reason else {})}
    )


def _note(call: Call, account: Row, kind: str, field: str, details: dict[str, Any]) -> Row:
    """Write an event and bring its account up to date."""
    books, points = call.books, details["points"]
    event: Row = {
        "id": call.identifiers.uuid(books.loyalty_events.rows),
        "type": kind,
        "created_at": call.stamp,
        field: {"loyalty_program_id": account["program_id"], **details},
        "loyalty_account_id": account["id"],
        "source": "LOYALTY_API" if call.endpoint != "seed" else "SQUARE",
        **({"location_id": books.location_id} if kind == "ACCUMULATE_POINTS" else {}),
    }
    books.put(books.loyalty_events, event["id"], event)
    changed = {
        **account,
        "balance": account["balance"] + points,
        "lifetime_points": account["lifetime_points"] + max(points, 0),
        "updated_at": call.stamp,
    }
    books.put(books.loyalty_accounts, account["id"], changed)
    return event


def search_events(call: Call) -> dict[str, Any]:
    """POST /v2/loyalty/events/search: newest first, by account, type, time, location and order."""
    query = call.body.inner("query") or Fields({}, "query")
    given = query.inner("filter") or Fields({}, query.path("filter"))
    account = given.inner("loyalty_account_filter")
    account_id = account.needed_text("loyalty_account_id") if account is not None else None
    order = given.inner("order_filter")
    order_id = order.needed_text("order_id") if order is not None else None
    kind = given.inner("type_filter")
    types = frozenset(kind.texts("types") or ()) if kind is not None else frozenset[str]()
    for value in types - _TYPES:
        raise given.wrong("INVALID_ENUM_VALUE", f"`{value}` is no type of a loyalty event.", "type_filter.types")
    times = given.inner("date_time_filter")
    span = times.needed_inner("created_at") if times is not None else Fields({})
    begin, end = span.moment("start_at"), span.moment("end_at")

    def keep(row: Row) -> bool:
        return (
            (account_id is None or row["loyalty_account_id"] == account_id)
            and (not types or row["type"] in types)
            and (begin is None or row["created_at"] >= begin)
            and (end is None or row["created_at"] < end)
            and (order_id is None or row.get("accumulate_points", {}).get("order_id") == order_id)
        )

    listing = Listing(call.books.loyalty_events, keep=keep, order=lambda row: row["created_at"], descending=True)
    rows, cursor = call.page(listing, call.bookmark(call.body), limit=_limit(call.body, most=_EVENTS))
    return with_cursor({"events": rows}, cursor)


def _limit(body: Fields, *, most: int) -> int:
    limit = body.whole("limit")
    if limit is None:
        return _DEFAULT_PAGE
    if limit < 1:
        raise body.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 1", "limit")
    if limit > most:
        raise body.wrong("VALUE_TOO_HIGH", f"Field must be less than or equal to {most}", "limit")
    return limit
