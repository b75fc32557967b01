"""The friends of a venue, who pay at Stripe month by month: what is billed and contested there when the venue connects.

They are customers whom the venue does not know yet. Amounts are what Stripe takes in every currency: hundreds of its
smallest units, and no less than its smallest charge. Days are counted back from today.
"""

from datetime import UTC, date, datetime, timedelta

from sync_defs.demo.books import Row, Seed
from sync_sims.stripe.currencies import SMALLEST_CHARGE

NAMES = ("Ida Brekke", "Jon Moe", "Liv Sand")
JOINED, HIRED, DINED, CONTESTED = 40, 6, 20, 4  # days ago
MONTHLY = 1500
LINES = 12  # an invoice shows ten of its lines, the others are listed apart


def gather_friends(seed: Seed, today: date, currency: str) -> None:
    """Three subscriptions that were renewed once, three invoices by hand, and a payment that its payer contests.

    Args:
        seed: for the account in which it happens.
        today: counted back from.
        currency: the venue's, ISO 4217.
    """
    code = currency.lower()
    joined = _moment(today, JOINED)
    fee = max(MONTHLY, SMALLEST_CHARGE.get(code, 1))
    friends = seed(
        "customers",
        [{"name": name, "email": f"{name.split()[0].lower()}@friends.example", "created": joined} for name in NAMES],
    )
    monthly = {"currency": code, "unit_amount": fee, "recurring": {"interval": "month"}}
    club = seed("products", [{"name": "Friends of the house", "default_price_data": monthly, "created": joined}])[0]
    begun = seed(
        "subscriptions",
        [
            {
                "customer": friend["id"],
                "items": [{"price": club["default_price"], "quantity": 1 + number}],
                "default_payment_method": "pm_card_visa",
                "created": joined,
            }
            for number, friend in enumerate(friends)
        ],
    )
    renewals = [{"subscription": one["id"], "created": _period_end(one)} for one in begun]
    seed("renewals", renewals)
    _bill(seed, friends[0]["id"], code, fee, _moment(today, HIRED))
    dinner = {"amount": 4 * fee, "currency": code, "description": "Dinner of the friends"}
    paid = seed("payments", [{**dinner, "created": _moment(today, DINED)}])[0]
    contested = {"charge": paid["latest_charge"], "reason": "product_not_received"}
    seed("disputes", [{**contested, "created": _moment(today, CONTESTED)}])


def _bill(seed: Seed, customer: str, code: str, fee: int, when: int) -> None:
    hours = [{"amount": fee + 100 * hour, "description": f"Hall, hour {hour}"} for hour in range(1, LINES + 1)]
    common = {"customer": customer, "currency": code, "created": when}
    seed(
        "invoices",
        [
            {**common, "description": "Hire of the hall", "lines": hours},
            {**common, "lines": [{"amount": fee, "description": "Broken glasses"}], "status": "paid"},
            {**common, "lines": [{"amount": fee, "description": "Catering"}], "status": "draft"},
        ],
    )


def _period_end(subscription: Row) -> int:
    return subscription["items"]["data"][0]["current_period_end"]


def _moment(today: date, ago: int) -> int:
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    return int((noon - timedelta(days=ago)).timestamp())
