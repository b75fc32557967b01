"""Requests that wait for a provider: nobody gets more than a few of the threads that serve everybody.

A provider may take half a minute for each answer of one account; whoever asks about it again and again waits behind
himself, and not everybody else behind him.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sync_api.errors import Refused
from sync_core.spec.provider import ProviderSpec

MOST_OF_ONE: Final = 2
"""So many requests of one venue wait for one provider at the same time, in one process."""


class Outside:
    """Who waits for whom, in this process. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def calling(self, whose: str, spec: ProviderSpec) -> Iterator[None]:
        """Around a call to a provider for `whose` sake (a venue's, a caller's). Raises Refused where enough of theirs wait."""
        key = whose, spec.provider
        with self._lock:
            if self._waiting[key] >= MOST_OF_ONE:
                sentence = f"{MOST_OF_ONE} requests of {whose} wait for {spec.title} already: wait for their answers."
                raise Refused("PROVIDER_UNAVAILABLE", sentence, retry_after=5)
            self._waiting[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[key] -= 1
                if not self._waiting[key]:
                    del self._waiting[key]
