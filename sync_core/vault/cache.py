"""Data keys kept for a while, so that ten thousand reads cost a handful of KMS calls and a KMS outage can be outlived.

A cache is a keyring in front of a keyring. What stays true: a data key is used no longer than `max_age` seconds and
encrypts no more than `max_uses` messages; it is found only under the very context it was made for; a failure is never
kept; and while one thread asks the master key, others ask for the same key only through it, others' keys freely.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from sync_core.clock import Clock
from sync_core.errors import ConfigurationError, SyncError
from sync_core.vault.context import canonical
from sync_core.vault.keyring import DataKey, Keyring

_Slot = tuple[bytes, bytes | None]  # canonical context; wrapped data key, None for the key that encrypts
_TO_ENCRYPT: Final = None


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """How often the master key was asked and a cached data key served; `entries` is how many are kept now."""

    generated: int
    opened: int
    failed: int
    hits: int
    entries: int

    @property
    def calls(self) -> int:
        """Requests that reached the master key, failed ones included."""
        return self.generated + self.opened + self.failed

    def plus(self, other: "CacheCounts") -> "CacheCounts":
        """Both together."""
        return CacheCounts(
            generated=self.generated + other.generated,
            opened=self.opened + other.opened,
            failed=self.failed + other.failed,
            hits=self.hits + other.hits,
            entries=self.entries + other.entries,
        )


@dataclass(slots=True)
class _Entry:
    key: DataKey
    born: float
    uses_left: int


class DataKeyCache:
    """A keyring that remembers the data keys of another keyring, within bounds. Safe to share between threads."""

    def __init__(
        self,
        keyring: Keyring,
        *,
        clock: Clock,
        max_age: float = 300.0,
        max_uses: int = 1_000,
        max_entries: int = 10_000,
    ) -> None:
        """Put a cache in front of `keyring`.

        Args:
            keyring: the master key.
            clock: its monotonic seconds measure age.
            max_age: seconds a data key is used for.
            max_uses: messages one data key encrypts; opening is not counted.
            max_entries: data keys kept; the one unused for longest goes first.

        Raises:
            ConfigurationError: a bound is not above zero.
        """
        if max_age <= 0 or max_uses < 1 or max_entries < 1:
            raise ConfigurationError(
                "A bound of the data-key cache is not above zero; correct its age, uses or entries."
            )
        self._keyring = keyring
        self._clock = clock
        self._max_age = max_age
        self._max_uses = max_uses
        self._max_entries = max_entries
        self._lock = Lock()
        self._entries: OrderedDict[_Slot, _Entry] = OrderedDict()
        self._asking: dict[_Slot, Future[None]] = {}
        self._sweep_at = clock.monotonic() + max_age
        self._counts = CacheCounts(generated=0, opened=0, failed=0, hits=0, entries=0)

    @property
    def name(self) -> str:
        """How a person calls the master key behind this cache."""
        return self._keyring.name

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        """A data key to encrypt one message with: the cached one of this context, or a fresh one."""
        return self._get((canonical(context), _TO_ENCRYPT), lambda: self._keyring.new_data_key(context))

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The plain data key, from memory where this wrapped key was opened or made under this context before."""

        def ask() -> DataKey:
            return DataKey(plain=self._keyring.open_data_key(wrapped, context), wrapped=wrapped, key_id="")

        return self._get((canonical(context), wrapped), ask).plain

    def check(self) -> None:
        """Check the master key itself; nothing is answered from memory."""
        self._keyring.check()

    def counts(self) -> CacheCounts:
        """How the cache has done since it was made."""
        with self._lock:
            return replace(self._counts, entries=len(self._entries))

    def _get(self, slot: _Slot, ask: Callable[[], DataKey]) -> DataKey:
        while True:
            with self._lock:
                key = self._find(slot)
                if key is not None:
                    self._counts = replace(self._counts, hits=self._counts.hits + 1)
                    return key
                asked = self._asking.get(slot)
                if asked is None:
                    mine = self._asking[slot] = Future[None]()
                    break
            asked.result()
        return self._ask(slot, ask, mine)

    def _ask(self, slot: _Slot, ask: Callable[[], DataKey], answered: Future[None]) -> DataKey:
        asked_at = self._clock.monotonic()  # before the call: a slow answer must not lengthen a key's life
        try:
            key = ask()
        except BaseException as exc:
            with self._lock:
                self._counts = replace(self._counts, failed=self._counts.failed + 1)
                del self._asking[slot]
            if isinstance(exc, SyncError):
                answered.set_exception(exc)
            else:  # an interrupt is this thread's own; the others ask for themselves
                answered.set_result(None)
            raise
        with self._lock:
            self._keep(slot, key, asked_at)
            del self._asking[slot]
        answered.set_result(None)
        return key

    def _find(self, slot: _Slot) -> DataKey | None:
        """Under the lock: the cached key if it may still be used, and one use of it."""
        entry = self._entries.get(slot)
        if entry is None:
            return None
        if self._clock.monotonic() - entry.born >= self._max_age or entry.uses_left < 1:
            del self._entries[slot]
            return None
        if slot[1] is _TO_ENCRYPT:
            entry.uses_left -= 1
        self._entries.move_to_end(slot)
        return entry.key

    def _keep(self, slot: _Slot, key: DataKey, born: float) -> None:
        """Under the lock: remember a key the master key has just given, and count the call."""
        context, wrapped = slot
        if wrapped is _TO_ENCRYPT:
            self._counts = replace(self._counts, generated=self._counts.generated + 1)
            self._entries[slot] = _Entry(key, born, self._max_uses - 1)
            # Whoever sealed with it will read it back, also while the master key cannot be reached.
            self._entries[context, key.wrapped] = _Entry(key, born, 1)
        else:
            self._counts = replace(self._counts, opened=self._counts.opened + 1)
            self._entries[slot] = _Entry(key, born, 1)
        self._drop_expired()
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    def _drop_expired(self) -> None:
        """Under the lock, once per `max_age`: plain keys nobody asks for any more leave memory too."""
        now = self._clock.monotonic()
        if now < self._sweep_at:
            return
        self._sweep_at = now + self._max_age
        for slot in [slot for slot, entry in self._entries.items() if now - entry.born >= self._max_age]:
            del self._entries[slot]
