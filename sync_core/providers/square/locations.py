"""The places a seller sells at; asked for once per client."""

import threading
from collections.abc import Sequence

from sync_core.errors import ProviderRefused
from sync_core.providers.square.calls import SquareCalls


class Locations:
    """A seller's locations; `chosen` is the id of the one that the venue named when it connected, if any."""

    def __init__(self, calls: SquareCalls, *, chosen: str | None) -> None:
        self._calls = calls
        self._chosen = chosen
        self._ids: Sequence[str] = ()
        self._lock = threading.Lock()

    def all(self) -> Sequence[str]:
        """Ids of all locations, active ones first.

        Raises:
            ProviderRefused: The seller has none.
        """
        with self._lock:
            if not self._ids:
                found = self._calls.get("/v2/locations").get("locations", ())
                ranked = sorted(found, key=lambda one: one.get("status") != "ACTIVE")
                self._ids = tuple(one["id"] for one in ranked)
            if not self._ids:
                raise ProviderRefused("The Square account has no location; the seller must add one.")
            return self._ids

    def stock(self) -> str:
        """The id of the location whose stock is kept in step: the chosen one, else the first active one."""
        return self._chosen or self.all()[0]
