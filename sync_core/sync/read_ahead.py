"""Reading the next pages while the last ones are being stored: the provider and the database wait for each other less."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEPTH = 1
"""Items held that nobody took yet; bounds memory whatever the length of the source."""


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    """The source ended, or failed with `error`."""

    error: BaseException | None


class _Reader(Generic[T]):
    """The thread's side and the taker's side of one queue."""

    def __init__(self, source: Iterable[T]) -> None:
        self._source = source
        self._ready: queue.Queue[T | _End[T]] = queue.Queue(maxsize=DEPTH)
        self._leave = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._read,), name="read-ahead", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._leave.set()
        self._thread.join()

    def taken(self) -> Iterator[T]:
        while True:
            item = self._ready.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._source:
                if not self._put(item):
                    return
        except BaseException as raised:  # noqa: BLE001 - handed to the taker, who raises it
            error = raised
        self._put(_End(error))

    def _put(self, item: T | _End[T]) -> bool:
        while not self._leave.is_set():
            try:
                self._ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


@contextmanager
def read_ahead(source: Iterable[T]) -> Iterator[Iterator[T]]:
    """Iterate `source` in a thread of its own, at most DEPTH items ahead.

    An error of the source is raised where the items are taken, after those before it. Leaving the block early stops
    the thread after the item it is reading.
    """
    reader = _Reader(source)
    reader.start()
    try:
        yield reader.taken()
    finally:
        reader.stop()
