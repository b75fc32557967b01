"""Orders that Square made itself around a payment: a sum and nothing else, and no id of ours.

Where the payment bears the id of one of the venue's orders, that order is what was sold, and the payment says that it was
paid; shown as an order too, the sale would be there twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sync_core.providers.square.calls import SquareCalls
from sync_core.providers.square.windows import parsed, stamp

_PAGE_SIZE = 100
_NEAR = timedelta(hours=1)
"""Payments this near to each other are listed together."""

Order = Mapping[str, Any]


def paid_alone(calls: SquareCalls, orders: Sequence[Order]) -> frozenset[str]:
    """Ids of those of `orders` that stand for a payment with a reference_id of its own.

    The payments are listed by the times of the orders' tenders: a call per hundred payments, not one for each.
    """
    paid = {tender["payment_id"]: (order, tender) for order in orders for tender in _tenders(order)}
    alone: set[str] = set()
    for location in {order["location_id"] for order, _ in paid.values()}:
        times = sorted(
            moment
            for order, tender in paid.values()
            if order["location_id"] == location and (moment := parsed(tender.get("created_at")))
        )
        for begin, end in _spans(times):
            for payment in _payments(calls, location, begin, end):
                if payment.get("reference_id") and payment["id"] in paid:
                    alone.add(paid[payment["id"]][0]["id"])
    return frozenset(alone)


def _tenders(order: Order) -> Sequence[Mapping[str, Any]]:
    """The tenders of an order that consists of sums alone and bears no id of ours."""
    lines = order.get("line_items", ())
    if order.get("reference_id") or any(line.get("item_type") != "CUSTOM_AMOUNT" for line in lines):
        return ()
    return [tender for tender in order.get("tenders", ()) if tender.get("payment_id")]


def _spans(times: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    start = end = None
    for moment in times:
        if start is None or end is None:
            start = end = moment
        elif moment - end > _NEAR:
            yield start, end
            start = end = moment
        else:
            end = moment
    if start is not None and end is not None:
        yield start, end


def _payments(calls: SquareCalls, location: str, begin: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    token: str | None = None
    while True:
        answer = calls.get(
            "/v2/payments",
            begin_time=stamp(begin - timedelta(seconds=1)),
            end_time=stamp(end + timedelta(seconds=1)),
            sort_order="ASC",
            location_id=location,
            limit=_PAGE_SIZE,
            cursor=token,
        )
        yield from answer.get("payments", ())
        following = answer.get("cursor") or None
        if following is None or following == token:
            return
        token = following
