"""Webhooks on their way: sent by threads of their own, so that no request waits for them, and badly where a test wants it.

Like the providers it sends again what was not answered with 2xx, a few times and soon; the order of what it sends again
is anybody's guess, as theirs is.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from random import Random
from typing import Any

import requests

from sync_sims.messages import Message, Style, messages_of, signed
from sync_sims.wire import Simulator

RETRIES = 8
MOST_AT_ONCE = 64
FIRST_RETRY = 0.25
_LAST_WORDS = 2.0
REORDERED_BY = 0.5
"""Seconds by which a message may be overtaken, at most."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where webhooks go and how they are signed; the shares, from 0 to 1, say how badly.

    `duplicates` are sent twice, `reordered` come up to half a second late, and beside `bad_signatures` goes a forged
    copy. Every message waits `delay_seconds`. `old_form` is QuickBooks' notification before CloudEvents. With `at_once`
    above 1 so many are on their way at the same time, as the providers' are, and none waits for the answer to another.
    """

    url: str
    secret: str = field(default="", repr=False)
    duplicates: float = 0.0
    reordered: float = 0.0
    bad_signatures: float = 0.0
    delay_seconds: float = 0.0
    seed: int = 0
    old_form: bool = False
    at_once: int = 1


@dataclass(slots=True)
class Posted:
    """What became of the messages: `forged` copies are counted apart, by whether they were refused.

    `doubled` messages were sent a second time without need, `late` ones after others that came later.
    """

    delivered: int = 0
    retried: int = 0
    given_up: int = 0
    forged: int = 0
    forged_taken: int = 0
    doubled: int = 0
    late: int = 0


@dataclass(order=True, slots=True)
class _Letter:
    due: float
    number: int
    message: Message = field(compare=False)
    attempts: int = field(default=0, compare=False)
    forged: bool = field(default=False, compare=False)


def subscription_from(row: dict[str, Any]) -> Subscription:
    """A subscription as a test gives it. Raises ValueError when it is not one."""
    known = {each.name for each in fields(Subscription)}
    if not set(row) <= known or not isinstance(row.get("url"), str):
        raise ValueError(f"A subscription has a url, and of {', '.join(sorted(known - {'url'}))} what it needs.")
    if not 1 <= row.get("at_once", 1) <= MOST_AT_ONCE:
        raise ValueError(f"A subscription's at_once is from 1 to {MOST_AT_ONCE}.")
    return Subscription(**row)


class Messenger:
    """Sends the webhooks of one simulator to one address at a time."""

    def __init__(self, simulator: Simulator, clock: Callable[[], float] = time.time) -> None:
        self._simulator = simulator
        self._clock = clock
        self._subscription: Subscription | None = None
        self._chance = Random(0)
        self._letters: list[_Letter] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._under_way = 0
        self._posted = Posted()

    def subscribe(self, subscription: Subscription | None) -> None:
        """From now on everything that changes is sent there; None: to nobody, and what waits is dropped."""
        with self._changed:
            self._subscription = subscription
            self._chance = Random(subscription.seed if subscription else 0)
            self._letters.clear()
            self._posted = Posted()
            self._changed.notify_all()
        self._simulator.changes.take()
        self._simulator.changes.wanted = subscription is not None
        while subscription is not None and len(self._threads) < subscription.at_once:
            name = f"{self._simulator.name}-webhooks-{len(self._threads)}"
            thread = threading.Thread(target=self._run, args=(len(self._threads),), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def notice(self) -> None:
        """Make messages of what has changed since the last time; called after every request, and cheap."""
        subscription = self._subscription
        changes = self._simulator.changes.take() if subscription is not None else []
        if not changes or subscription is None:
            return
        style = Style(self._chance, lambda: datetime.fromtimestamp(self._clock(), UTC), subscription.old_form)
        with self._changed:
            for message in messages_of(self._simulator.name, changes, style):
                self._post(message, subscription)
            self._changed.notify_all()

    def standing(self) -> dict[str, Any]:
        """What was sent and how much still waits; the secret is not shown."""
        with self._changed:
            subscription = self._subscription
            shown = None if subscription is None else {**asdict(subscription), "secret": None}
            waiting = len(self._letters) + self._under_way
            return {"subscription": shown, "waiting": waiting, **asdict(self._posted)}

    def close(self) -> None:
        """Stop sending."""
        self.subscribe(None)
        threads, self._threads = self._threads, []
        with self._changed:
            self._changed.notify_all()
        for thread in threads:
            thread.join(_LAST_WORDS)

    def _post(self, message: Message, subscription: Subscription) -> None:
        chance, due = self._chance, time.monotonic() + subscription.delay_seconds
        copies = 1 + (chance.random() < subscription.duplicates)
        self._posted.doubled += copies - 1
        for _ in range(copies):
            late = chance.uniform(0, REORDERED_BY) if chance.random() < subscription.reordered else 0.0
            self._posted.late += late > 0
            heapq.heappush(self._letters, _Letter(due + late, next(self._numbers), message))
        if chance.random() < subscription.bad_signatures:
            heapq.heappush(self._letters, _Letter(due, next(self._numbers), message, forged=True))

    def _run(self, place: int) -> None:
        with requests.Session() as session:
            while threading.current_thread() in self._threads:
                letter, subscription = self._next(place)
                if letter is not None and subscription is not None:
                    self._settle(letter, subscription, self._sent(session, letter, subscription))

    def _next(self, place: int) -> tuple[_Letter | None, Subscription | None]:
        """The next letter that is due, for one of those who send; None after a while, or when something changed."""
        with self._changed:
            wanted = self._subscription is not None and place < self._subscription.at_once
            wait = self._letters[0].due - time.monotonic() if self._letters and wanted else 1.0
            if wait > 0:
                self._changed.wait(min(wait, 1.0))
                return None, None
            self._under_way += 1
            return heapq.heappop(self._letters), self._subscription

    def _sent(self, session: requests.Session, letter: _Letter, subscription: Subscription) -> bool:
        secret = subscription.secret + ("-forged" if letter.forged else "")
        name, message = self._simulator.name, letter.message
        headers = signed(name, message, secret=secret, url=subscription.url, now=self._clock())
        headers["Content-Type"] = message.content_type
        try:
            answer = session.post(
                subscription.url, data=message.body, headers=headers, timeout=10, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.ok and not answer.is_redirect

    def _settle(self, letter: _Letter, subscription: Subscription, taken: bool) -> None:  # noqa: FBT001 - how it went
        with self._changed:
            self._under_way -= 1
            if self._subscription is not subscription:
                return
            if letter.forged:
                self._posted.forged += 1
                self._posted.forged_taken += taken
            elif taken:
                self._posted.delivered += 1
            elif letter.attempts >= RETRIES:
                self._posted.given_up += 1
            else:
                self._posted.retried += 1
                letter.due = time.monotonic() + FIRST_RETRY * 2**letter.attempts
                letter.attempts += 1
                heapq.heappush(self._letters, letter)
