"""The data-key cache: few calls to the master key, hard bounds, one caller at a time per key."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync_core.errors import ConfigurationError, IntegrityError, TransientError
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.context import credential_context
from sync_core.vault.envelope import read_header, seal, unseal
from sync_core.vault.keyring import DataKey
from sync_core.vault.local import LocalKeyring


def of(venue: str) -> dict[str, str]:
    return credential_context(venue=venue, provider="stripe", kind="api_key")


class Gate:
    """A keyring whose every call waits until the gate is opened, and fails while it is told to."""

    name = "gate"

    def __init__(self, keyring: LocalKeyring) -> None:
        self._keyring = keyring
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.failure: BaseException | None = None

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        self._wait()
        return self._keyring.new_data_key(context)

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self._wait()
        return self._keyring.open_data_key(wrapped, context)

    def check(self) -> None:
        self._keyring.check()

    def _wait(self) -> None:
        self.entered.release()
        assert self.open.wait(10)
        if self.failure is not None:
            raise self.failure


def test_sealing_and_opening_ten_thousand_times_asks_once_per_thousand_seals(
    local_keyring: LocalKeyring, clock: Any
) -> None:
    cache = DataKeyCache(local_keyring, clock=clock)
    sealed = [seal(b"secret", context=of("v1"), keyring=cache) for _ in range(10_000)]
    assert cache.counts().generated == 10
    assert {unseal(one, context=of("v1"), keyring=cache) for one in sealed} == {b"secret"}
    assert cache.counts().calls == 10
    assert cache.counts().hits == 10_000 - 10 + 10_000


def test_a_data_key_encrypts_no_more_messages_than_allowed(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock, max_uses=3)
    wrapped = [read_header(seal(b"", context=of("v1"), keyring=cache)).wrapped for _ in range(7)]
    assert [wrapped.count(key) for key in dict.fromkeys(wrapped)] == [3, 3, 1]


def test_a_data_key_is_used_up_to_its_age_and_not_longer(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock, max_age=300)
    sealed = seal(b"secret", context=of("v1"), keyring=cache)
    clock.sleep(299.9)
    unseal(sealed, context=of("v1"), keyring=cache)
    seal(b"secret", context=of("v1"), keyring=cache)
    assert cache.counts().calls == 1
    clock.sleep(0.1)
    unseal(sealed, context=of("v1"), keyring=cache)
    assert cache.counts().opened == 1
    seal(b"secret", context=of("v1"), keyring=cache)
    assert cache.counts().generated == 2


def test_reading_does_not_lengthen_a_keys_life(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock, max_age=300)
    sealed = seal(b"secret", context=of("v1"), keyring=local_keyring)
    for _ in range(10):
        unseal(sealed, context=of("v1"), keyring=cache)
        clock.sleep(100)
    assert cache.counts().opened == 4


def test_a_slow_answer_does_not_lengthen_a_keys_life(local_keyring: LocalKeyring, clock: Any) -> None:
    gate = Gate(local_keyring)
    cache = DataKeyCache(gate, clock=clock, max_age=300)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cache.new_data_key, of("v1"))
        assert gate.entered.acquire(timeout=10)
        clock.sleep(299)
        gate.open.set()
        slow.result()
    clock.sleep(1)
    cache.new_data_key(of("v1"))
    assert cache.counts().generated == 2


def test_the_key_unused_for_longest_makes_room(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock, max_entries=2)
    sealed = {venue: seal(b"secret", context=of(venue), keyring=local_keyring) for venue in ("v1", "v2", "v3")}
    for venue in ("v1", "v2", "v1", "v3"):
        unseal(sealed[venue], context=of(venue), keyring=cache)
    assert (cache.counts().opened, cache.counts().entries) == (3, 2)
    unseal(sealed["v1"], context=of("v1"), keyring=cache)
    assert cache.counts().opened == 3
    unseal(sealed["v2"], context=of("v2"), keyring=cache)
    assert cache.counts().opened == 4


def test_expired_keys_leave_memory_although_nobody_asks_for_them(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock, max_age=300)
    for number in range(50):
        cache.new_data_key(of(f"v{number}"))
    assert cache.counts().entries == 100
    clock.sleep(301)
    cache.new_data_key(of("v0"))
    assert cache.counts().entries == 2


def test_a_cached_key_is_not_found_under_another_context(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock)
    sealed = seal(b"secret", context=of("v1"), keyring=cache)
    unseal(sealed, context=of("v1"), keyring=cache)
    with pytest.raises(IntegrityError):
        unseal(sealed, context=of("v2"), keyring=cache)
    assert cache.new_data_key(of("v2")).wrapped != cache.new_data_key(of("v1")).wrapped


def test_an_empty_wrapped_key_never_finds_the_key_that_encrypts(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock)
    cache.new_data_key(of("v1"))
    with pytest.raises(IntegrityError):
        cache.open_data_key(b"", of("v1"))


def test_threads_that_need_the_same_key_ask_once(local_keyring: LocalKeyring, clock: Any) -> None:
    gate = Gate(local_keyring)
    cache = DataKeyCache(gate, clock=clock)
    sealed = seal(b"secret", context=of("v1"), keyring=local_keyring)
    with ThreadPoolExecutor(16) as pool:
        reads = [pool.submit(unseal, sealed, context=of("v1"), keyring=cache) for _ in range(16)]
        assert gate.entered.acquire(timeout=10)
        gate.open.set()
        assert {read.result(10) for read in reads} == {b"secret"}
    assert (cache.counts().opened, cache.counts().hits) == (1, 15)


def test_a_venue_waiting_for_the_master_key_does_not_hold_up_another(local_keyring: LocalKeyring, clock: Any) -> None:
    gate = Gate(local_keyring)
    cache = DataKeyCache(gate, clock=clock)
    gate.open.set()
    cache.new_data_key(of("quick"))
    gate.open.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(cache.new_data_key, of("slow"))
        assert gate.entered.acquire(timeout=10)
        pool.submit(cache.new_data_key, of("quick")).result(10)
        assert not waiting.done()
        gate.open.set()
        waiting.result(10)


def test_a_failure_reaches_everyone_who_waited_and_is_not_kept(local_keyring: LocalKeyring, clock: Any) -> None:
    gate = Gate(local_keyring)
    gate.failure = TransientError("KMS is away; try again later.")
    cache = DataKeyCache(gate, clock=clock)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(cache.new_data_key, of("v1")) for _ in range(4)]
        assert gate.entered.acquire(timeout=10)
        gate.open.set()
        assert {type(one.exception(10)) for one in asked} == {TransientError}
    assert cache.counts().generated == 0
    gate.failure = None
    assert len(cache.new_data_key(of("v1")).plain) == 32


def test_an_interrupt_of_one_thread_stays_its_own(local_keyring: LocalKeyring, clock: Any) -> None:
    gate = Gate(local_keyring)
    gate.failure = KeyboardInterrupt()
    cache = DataKeyCache(gate, clock=clock)
    raised: list[BaseException] = []

    def interrupted() -> None:
        try:
            cache.new_data_key(of("v1"))
        except KeyboardInterrupt as exc:
            gate.failure = None
            raised.append(exc)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(interrupted)
        assert gate.entered.acquire(timeout=10)
        second = pool.submit(cache.new_data_key, of("v1"))
        gate.open.set()
        first.result(10)
        assert len(second.result(10).plain) == 32
    assert len(raised) == 1


def test_many_threads_keep_every_bound(local_keyring: LocalKeyring, clock: Any) -> None:
    cache = DataKeyCache(local_keyring, clock=clock, max_uses=5, max_entries=8)

    def work(number: int) -> bytes:
        context = of(f"v{number % 4}")
        sealed = seal(b"%d" % number, context=context, keyring=cache)
        assert unseal(sealed, context=context, keyring=cache) == b"%d" % number
        return read_header(sealed).wrapped

    with ThreadPoolExecutor(16) as pool:
        wrapped = list(pool.map(work, range(2_000)))
    assert max(wrapped.count(key) for key in set(wrapped)) <= 5
    assert cache.counts().entries <= 8


def test_the_check_is_never_answered_from_memory(local_keyring: LocalKeyring, clock: Any) -> None:
    gate = Gate(local_keyring)
    cache = DataKeyCache(gate, clock=clock)
    cache.check()
    assert cache.counts().calls == 0
    assert cache.name == "gate"


@pytest.mark.parametrize("bound", [{"max_age": 0}, {"max_uses": 0}, {"max_entries": 0}])
def test_a_bound_of_nothing_is_refused(local_keyring: LocalKeyring, clock: Any, bound: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="not above zero"):
        DataKeyCache(local_keyring, clock=clock, **bound)
