"""Which accounts hang: they took many seconds for an answer when they were last called.

Stays true: what this process has seen itself counts. Of a connection that it has not called yet, what all processes
have counted of its calls within the last hour or two tells, and that is asked once.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from sync_core.clock import Clock
from sync_core.store import call_counts

HANGING_SECONDS: Final = 5.0
"""An account that takes longer for an answer hangs. A large batch may, too: then it is treated so until its next one."""
LOOK_BACK: Final = timedelta(hours=1)


class Hanging:
    """The connections of one process whose accounts hang. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[int, bool] = {}

    def learn(self, conn: sa.Connection, connection_ids: Collection[int]) -> None:
        """Ask what others have counted of those among these that this process knows nothing of."""
        unknown = [one for one in connection_ids if one not in self._known]
        if unknown:
            counted = call_counts.of_hours(conn, unknown, since=self._clock.now() - LOOK_BACK)
            self._known |= {
                one: one in counted and counted[one].seconds > HANGING_SECONDS * counted[one].calls for one in unknown
            }

    def found(self, connection_id: int) -> None:
        """An answer has been waited for so long."""
        self._known[connection_id] = True

    def note(self, connection_id: int, last_answer: float | None) -> None:
        """A task of this connection has ended, whose last answer took so many seconds; None: it got none."""
        if last_answer is not None:
            self._known[connection_id] = last_answer > HANGING_SECONDS

    def __contains__(self, connection_id: int) -> bool:
        return self._known.get(connection_id, False)

    def ids(self) -> list[int]:
        """All of them."""
        return [one for one, hangs in list(self._known.items()) if hangs]
