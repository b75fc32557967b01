"""An order's lines between the venue, which knows what a line costs, and Square, which knows what a piece costs.

Stays true: a line comes to the same minor unit on both sides. Where a line's amount is no multiple of its pieces, it goes
as two lines whose pieces differ by one minor unit; what the order costs beyond its lines goes as a line of its own. Each
carries the number of the venue's line in its metadata, by which the pieces are put together again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sync_core.providers.square.calls import Refused

Line = Mapping[str, Any]

MARK = "venue_line"
_BEYOND = "beyond"
"""The mark of what an order costs beyond its lines."""


def as_sold(lines: Sequence[Line], *, total: int, currency: str, prefix: str) -> list[dict[str, Any]]:
    """Square's lines of the venue's (quantity, total_money, and what is sold), which come to `total` together.

    `prefix` begins every uid, so that new lines never take the place of older ones.

    Raises:
        Refused: A line costs less than nothing, or the lines cost more than the order.
    """
    sold: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        amount, pieces = _amount(line), int(line.get("quantity") or 1)
        if amount < 0:
            raise Refused(f"Line {number} of the order costs less than nothing.", code="NEGATIVE_LINE")
        unit, odd = divmod(amount, pieces)
        what = {name: line[name] for name in ("catalog_object_id", "name") if line.get(name)}
        for suffix, count, price in (("", pieces - odd, unit), ("-odd", odd, unit + 1)):
            if count:
                uid = f"{prefix}{number}{suffix}"
                sold.append(what | _piece(uid, str(number), count=count, price=price, currency=currency))
    beyond = total - sum(_amount(line) for line in lines)
    if beyond < 0:
        raise Refused(f"The order's lines cost {-beyond} minor units more than the order.", code="LINES_EXCEED_TOTAL")
    if beyond:
        sold.append({"name": "Other"} | _piece(f"{prefix}{_BEYOND}", _BEYOND, count=1, price=beyond, currency=currency))
    return sold


def as_ordered(items: Sequence[Line]) -> list[dict[str, Any]]:
    """The venue's lines of Square's: pieces of one line together, and without what stands for no line.

    A quantity that is no whole number is a weight or a length, not a number of pieces, and is left out.
    """
    ordered: list[dict[str, Any]] = []
    places: dict[str, dict[str, Any]] = {}
    for item in items:
        mark = (item.get("metadata") or {}).get(MARK)
        if mark == _BEYOND:
            continue
        if mark in places:
            line = places[mark]
            line["quantity"] = str(int(line["quantity"]) + int(item["quantity"]))
            line["total_money"] = {**line["total_money"], "amount": _amount(line) + _amount(item)}
            continue
        line = dict(item)
        if not str(item.get("quantity", "")).isdigit():
            line.pop("quantity", None)
        elif mark is not None:
            places[mark] = line
        ordered.append(line)
    return ordered


def _piece(uid: str, mark: str, *, count: int, price: int, currency: str) -> dict[str, Any]:
    return {
        "uid": uid,
        "quantity": str(count),
        "base_price_money": {"amount": price, "currency": currency},
        "metadata": {MARK: mark},
    }


def _amount(line: Line) -> int:
    return int((line.get("total_money") or {}).get("amount") or 0)
