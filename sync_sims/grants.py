"""What a provider's authorisation server keeps: applications, codes, tokens, and how long each is good for.

The providers differ in a handful of numbers and in their words; this is what they share. Time and chance are passed in.
A change is told to `record` as JSON, and `restore` makes it again after a restart; codes, good for minutes, are not kept.
"""

import base64
import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sync_sims.accounts import Accounts

Refreshes = Literal["never", "kept", "single_use", "rolling"]


@dataclass(slots=True)
class Life:
    """How long things are good for, in seconds; may be changed while the simulator runs.

    `refreshes`: whether there are refresh tokens, and what becomes of one that is used. "rolling": its value changes
    when it is `rotate_after` old, and the former value goes on for `grace`. None: for ever.
    """

    access: float | None
    code: float = 300.0
    refreshes: Refreshes = "never"
    refresh: float | None = None
    rotate_after: float = 0.0
    grace: float = 0.0


@dataclass(frozen=True, slots=True)
class Application:
    """An application that sellers may let in; one without a secret proves itself by PKCE."""

    client_id: str
    secret: str | None
    redirect_uris: tuple[str, ...]


@dataclass(slots=True)
class Token:
    """An access or a refresh token. `dies_at` is in Unix seconds, None: never."""

    text: str
    client_id: str
    account_id: str
    scope: str
    born: float
    dies_at: float | None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """What an application gets."""

    access: Token
    refresh: Token | None


@dataclass(slots=True)
class _Code:
    client_id: str
    account_id: str
    scope: str
    redirect_uri: str
    challenge: str | None
    dies_at: float
    spent: bool = False


class NotGranted(Exception):
    """A refusal in OAuth's own words (RFC 6749, 5.2): `error`, and a sentence."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True, slots=True)
class Shapes:
    """How a provider's codes and tokens look; each takes the source of chance."""

    code: Callable[[random.Random], str]
    access: Callable[[random.Random], str]
    refresh: Callable[[random.Random], str]


@dataclass(slots=True)
class Grants:
    """The books of one provider's authorisation server. Access tokens work at the API through `accounts`."""

    accounts: Accounts
    life: Life
    shapes: Shapes
    clock: Callable[[], float]
    chance: random.Random
    record: Callable[[dict[str, Any]], None]
    public_life: Life | None = None  # of applications without a secret
    applications: dict[str, Application] = field(default_factory=dict[str, Application])
    counts: Counter[str] = field(default_factory=Counter[str])
    _codes: dict[str, _Code] = field(default_factory=dict[str, _Code])
    _access: dict[str, Token] = field(default_factory=dict[str, Token])
    _refresh: dict[str, Token] = field(default_factory=dict[str, Token])
    _next_end: float = float("inf")

    def register(self, application: Application) -> None:
        """Let sellers let this application in."""
        self._note({"application": [application.client_id, application.secret, list(application.redirect_uris)]})

    def known(self, client_id: str, secret: str | None) -> Application:
        """The application that proves itself. Raises NotGranted when it does not."""
        application = self.applications.get(client_id)
        if application is None or application.secret != secret:
            raise NotGranted("invalid_client", "Client authentication failed.")
        return application

    def authorize(
        self, application: Application, account_id: str, *, redirect_uri: str, scope: str, challenge: str | None
    ) -> str:
        """A seller allows: a code for the application."""
        code = self.shapes.code(self.chance)
        dies_at = self.clock() + self._life(application).code
        self._codes[code] = _Code(application.client_id, account_id, scope, redirect_uri, challenge, dies_at)
        self.counts["allowed"] += 1
        return code

    def exchange(
        self, application: Application, code: str, *, redirect_uri: str | None, verifier: str | None = None
    ) -> Granted:
        """Tokens for a code. Raises NotGranted; a code that comes twice takes back what it gave (RFC 6749, 4.1.2)."""
        known = self._codes.get(code)
        if known is None or known.client_id != application.client_id or known.dies_at <= self.clock():
            raise NotGranted("invalid_grant", "Authorization code does not exist, or is expired.")
        if known.spent:
            self.take_back(known.account_id, application.client_id)
            raise NotGranted("invalid_grant", "Authorization code was used already.")
        if redirect_uri is not None and redirect_uri != known.redirect_uri:
            raise NotGranted("invalid_grant", "The redirect address is not the one of the authorization.")
        if known.challenge is not None and _challenge(verifier or "") != known.challenge:
            raise NotGranted("invalid_grant", "The code verifier does not fit the challenge.")
        known.spent = True
        self.counts["exchanges"] += 1
        return self._grant(application, known.account_id, known.scope)

    def refresh(self, application: Application, text: str) -> Granted:
        """Fresh tokens for a refresh token. Raises NotGranted."""
        token, now = self._refresh.get(text), self.clock()
        if token is None or token.client_id != application.client_id or _dead(token, now):
            self.counts["refused"] += 1
            raise NotGranted("invalid_grant", "Token is invalid, expired or revoked.")
        life = self._life(application)
        self.counts["refreshes"] += 1
        access = self._born(self.shapes.access, token, life.access)
        fresh = token
        if life.refreshes == "single_use" or (life.refreshes == "rolling" and now - token.born >= life.rotate_after):
            fresh = self._born(self.shapes.refresh, token, life.refresh)
            grace = life.grace if life.refreshes == "rolling" else 0.0
            self._note({"refresh": asdict(fresh)})
            self._note({"until": [text, now + grace]})
        self._note({"access": asdict(access)})
        return Granted(access, fresh)

    def access(self, text: str) -> Token | None:
        """A living access token."""
        token = self._access.get(text)
        return None if token is None or _dead(token, self.clock()) else token

    def take_back(self, account_id: str, client_id: str | None = None) -> int:
        """Every token that an application (None: any) has of an account is worthless from now on; how many there were."""
        taken = [
            token.text
            for token in (*self._access.values(), *self._refresh.values())
            if token.account_id == account_id and client_id in (None, token.client_id)
        ]
        if taken:
            self._note({"taken": taken})
            self.counts["revocations"] += 1
        return len(taken)

    def owner(self, text: str) -> Token | None:
        """The access or refresh token with this text, whatever its age."""
        return self._access.get(text) or self._refresh.get(text)

    def end_access(self, account_id: str) -> int:
        """The access tokens of an account have come to their end, before their time; how many there were."""
        ended = [token.text for token in self._access.values() if token.account_id == account_id]
        for text in ended:
            self._note({"until": [text, self.clock()]})
        return len(ended)

    def sweep(self) -> None:
        """Let access tokens whose time is over work no more."""
        now = self.clock()
        if now < self._next_end:
            return
        for token in [token for token in self._access.values() if _dead(token, now)]:
            self.accounts.expire(token.text)
            del self._access[token.text]
        self._next_end = min((token.dies_at or float("inf") for token in self._access.values()), default=float("inf"))

    def restore(self, entry: dict[str, Any]) -> None:
        """Make a recorded change again."""
        if "application" in entry:
            client_id, secret, uris = entry["application"]
            self.applications[client_id] = Application(client_id, secret, tuple(uris))
        elif "access" in entry:
            token = Token(**entry["access"])
            self._access[token.text] = token
            self._next_end = min(self._next_end, token.dies_at or float("inf"))
            self.accounts.admit(token.text, token.account_id)
        elif "refresh" in entry:
            self._refresh[entry["refresh"]["text"]] = Token(**entry["refresh"])
        elif "until" in entry:
            text, dies_at = entry["until"]
            (self._access.get(text) or self._refresh[text]).dies_at = dies_at
            self._next_end = min(self._next_end, dies_at)
        else:
            for text in entry["taken"]:
                self._refresh.pop(text, None)
                if self._access.pop(text, None) is not None:
                    self.accounts.revoke(text)

    def clear(self) -> None:
        """Forget codes, tokens and counts; applications stay."""
        self._codes.clear()
        self._access.clear()
        self._refresh.clear()
        self.counts.clear()

    def _note(self, entry: dict[str, Any]) -> None:
        self.restore(entry)
        self.record(entry)

    def _life(self, application: Application) -> Life:
        return self.public_life if application.secret is None and self.public_life is not None else self.life

    def _grant(self, application: Application, account_id: str, scope: str) -> Granted:
        life = self._life(application)
        like = Token("", application.client_id, account_id, scope, 0.0, None, public=application.secret is None)
        access = self._born(self.shapes.access, like, life.access)
        refresh = None if life.refreshes == "never" else self._born(self.shapes.refresh, like, life.refresh)
        self._note({"access": asdict(access)})
        if refresh is not None:
            self._note({"refresh": asdict(refresh)})
        return Granted(access, refresh)

    def _born(self, shape: Callable[[random.Random], str], like: Token, seconds: float | None) -> Token:
        now = self.clock()
        dies_at = None if seconds is None else now + seconds
        return Token(shape(self.chance), like.client_id, like.account_id, like.scope, now, dies_at, like.public)


def _dead(token: Token, now: float) -> bool:
    return token.dies_at is not None and token.dies_at <= now


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
