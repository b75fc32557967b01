"""What a venue's till at Square has sold by the time the venue is connected, and who collects points there.

None of it is known to the venue yet. Amounts are hundreds of minor units, so that they can be said in every currency;
days are counted back from today.
"""

from datetime import UTC, date, datetime, timedelta

from sync_defs.demo.books import Row, Seed

SOLD = (9, 3, 1)  # days ago
COLLECTORS = (("+442079460101", 40), ("+442079460102", 0), ("+442079460103", 115))


def ring_up(seed: Seed, today: date, currency: str) -> None:
    """Two sales that were paid for, a bill that is still open, and three customers with points.

    Args:
        seed: for the account in which it happens.
        today: counted back from.
        currency: the venue's, ISO 4217.
    """
    sales = (
        [_line("Programme", "2", 1200, currency), _line("Ice cream", "3", 400, currency)],
        [_line("Ribbon by the metre", "1.5", 800, currency), _line(None, "1", 2500, currency)],
        [_line("Interval drinks", "4", 900, currency)],
    )
    seed(
        "orders",
        [
            {"line_items": lines, "created_at": _moment(today, ago), "paid": place < len(sales) - 1}
            for place, (lines, ago) in enumerate(zip(sales, SOLD, strict=True))
        ],
    )
    seed("loyalty_accounts", [{"phone_number": number, "points": points} for number, points in COLLECTORS])


def _line(name: str | None, quantity: str, price: int, currency: str) -> Row:
    line = {"quantity": quantity, "base_price_money": {"amount": price, "currency": currency}}
    return line if name is None else {"name": name, **line}


def _moment(today: date, ago: int) -> str:
    return (datetime(today.year, today.month, today.day, 19, tzinfo=UTC) - timedelta(days=ago)).isoformat()
