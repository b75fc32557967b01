"""What customers have bought, kept up with every order, so that showing a customer needs no look at all orders."""

from collections import defaultdict

from sync_sims.mailchimp.shelf import Row, Shelf


class Ledger:
    """Number and sum of the orders of each customer of each store; cancelled orders do not count."""

    def __init__(self, orders: Shelf) -> None:
        self._numbers: dict[str, int] = defaultdict(int)
        self._spent: dict[str, float] = defaultdict(float)
        orders.watch(self._changed)

    def _changed(self, key: str, before: Row | None, after: Row | None) -> None:
        del key
        for row, sign in ((before, -1), (after, 1)):
            if row is not None and not row["cancelled_at_foreign"]:
                customer = f"{row['store_id']}/{row['customer_id']}"
                self._numbers[customer] += sign
                self._spent[customer] = round(self._spent[customer] + sign * row["order_total"], 2)

    def number(self, customer_key: str) -> int:
        """How many orders."""
        return self._numbers.get(customer_key, 0)

    def spent(self, customer_key: str) -> float:
        """For how much, in units of the store's currency."""
        return self._spent.get(customer_key, 0.0)
