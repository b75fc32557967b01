"""What list and search see of the customers: a copy that lags behind, as Square's index does."""

from datetime import datetime, timedelta

from sync_sims.square.shelf import Row, Shelf
from sync_sims.square.timestamps import stamp


class CustomerIndex:
    """Follows the customers' shelf; a change shows once it is old enough, the former state until then."""

    def __init__(self, customers: Shelf) -> None:
        self._shelf = Shelf("customer_index")
        self._waiting: list[tuple[str, Row]] = []
        customers.watch(lambda key, row: self._waiting.append((key, row)))

    def visible(self, *, now: datetime, lag_seconds: float) -> Shelf:
        """The profiles as list and search show them at `now`."""
        if self._waiting:
            horizon = stamp(now - timedelta(seconds=lag_seconds)) if lag_seconds > 0 else "~"
            waiting: list[tuple[str, Row]] = []
            for key, row in self._waiting:
                if row["updated_at"] <= horizon:
                    self._shelf.put(key, row)
                else:
                    waiting.append((key, row))
            self._waiting = waiting
        return self._shelf
