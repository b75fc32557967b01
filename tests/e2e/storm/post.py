"""The storm's post: webhooks in the providers' own words, sent in any order, some of them often, each until it got a 2xx."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import orjson
import requests

from sync_sims.changes import Change
from sync_sims.messages import FORM, Message, Style, messages_of, signed

SENDERS = 6
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery of one webhook; `copy` says that the same webhook is sent another time beside it."""

    provider: str
    message: Message
    copy: bool


@dataclass(frozen=True, slots=True)
class Signing:
    """What a provider signs with, and the address that it believes to call."""

    secret: str = field(repr=False)
    url: str


@dataclass(slots=True)
class Post:
    """Takes in changes, sends webhooks.

    Args:
        signing: by provider.
        chance: which webhook goes next and to which door.
        duplicates: the share of all deliveries that are of a webhook that is delivered anyway, from 0 to 1.
        window: from among how many the next one is drawn.
    """

    signing: Mapping[str, Signing]
    chance: Random
    duplicates: float
    window: int
    doors: Sequence[str] = ()
    webhooks: int = 0
    copies: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    delivered: int = 0
    _letters: list[Letter] = field(default_factory=list[Letter])
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _last: bool = False
    _under_way: int = 0

    def hand_in(self, provider: str, changes: Sequence[Change]) -> None:
        """Make webhooks of what changed together."""
        with self._changed:
            style = Style(self.chance, lambda: datetime.now(UTC))
            for message in messages_of(provider, changes, style):
                self.webhooks += 1
                self._letters.append(Letter(provider, message, copy=False))
                while self.chance.random() < self.duplicates:
                    self.copies += 1
                    self._letters.append(Letter(provider, message, copy=True))
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many are still to be delivered."""
        return len(self._letters) + self._under_way

    def last_call(self) -> None:
        """Nothing more comes: what is there goes out to the last one."""
        with self._changed:
            self._last = True
            self._changed.notify_all()

    def deliver(self) -> None:
        """What one sender does until everything is delivered."""
        with requests.Session() as session:
            while (letter := self._next()) is not None:
                taken = self._sent(session, letter)
                with self._changed:
                    self._under_way -= 1
                    if taken:
                        self.delivered += 1
                        self.accepted.update((letter.provider, name) for name in names_in(letter.message))
                    else:
                        self._letters.append(letter)
                    self._changed.notify_all()

    def _next(self) -> Letter | None:
        with self._changed:
            while True:
                enough = 1 if self._last else self.window
                if len(self._letters) >= enough:
                    place = self.chance.randrange(len(self._letters))
                    self._letters[place], self._letters[-1] = self._letters[-1], self._letters[place]
                    self._under_way += 1
                    return self._letters.pop()
                if self._last and not self._under_way:
                    return None
                self._changed.wait(1)

    def _sent(self, session: requests.Session, letter: Letter) -> bool:
        door = self.chance.choice(self.doors)
        signing = self.signing[letter.provider]
        headers = signed(letter.provider, letter.message, secret=signing.secret, url=signing.url, now=time.time())
        headers["Content-Type"] = letter.message.content_type
        try:
            answer = session.post(
                f"{door}/webhooks/{letter.provider}", data=letter.message.body, headers=headers, timeout=PATIENCE
            )
        except requests.RequestException as error:
            self.refused[type(error).__name__] += 1
            time.sleep(0.05)
            return False
        if not answer.ok:
            self.refused[f"{answer.status_code}"] += 1
        return answer.ok


def names_in(message: Message) -> list[str]:
    """What a webhook's events are told apart by, read without the product's own parser."""
    if message.content_type == FORM:
        return [form_name(dict(parse_qsl(message.body.decode(), keep_blank_values=True)))]
    sent: Any = orjson.loads(message.body)
    return [one["id"] for one in sent] if isinstance(sent, list) else [sent.get("event_id") or sent["id"]]


def form_name(fields: Mapping[str, str]) -> str:
    """What tells Mailchimp's webhooks apart, which have no id: those of one contact, kind and second are one."""
    parts = ("type", "fired_at", "data[list_id]", "data[email]", "data[new_email]", "data[old_email]")
    return "|".join(fields.get(part, "") for part in parts)
