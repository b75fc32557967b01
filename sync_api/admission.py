"""Whether a request may go on: who asks, may they, how often, for which venue, and was it made before.

Everything here is decided from the request's credential, method, address and body, before any handler sees it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import sqlalchemy as sa
from starlette.datastructures import Headers

from sync_api.access import CHANGING, Rule
from sync_api.caller import Caller, caller_of, credential_in
from sync_api.context import Api
from sync_api.errors import FieldError, Refused
from sync_core.store import allowances, audit, idempotency
from sync_core.store.status import venue_exists

KEY: Final = re.compile(r"[!-~]{1,255}")
VENUE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ADMIN_COST: Final = 2
"""An administrator's endpoint counts twice, which halves the allowance there."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the gate looks at of a request."""

    method: str
    path: str
    action: str
    rule: Rule
    request_id: str
    address: str
    headers: Headers
    query: Mapping[str, str]
    raw_query: str
    body: bytes = field(repr=False)

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method in CHANGING

    @property
    def fingerprint(self) -> bytes:
        """What makes two requests the same one."""
        told = (self.method, self.path, self.raw_query)
        return hashlib.sha256(b"\0".join(text.encode() for text in told) + b"\0" + self.body).digest()


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on; or, with `before`, one that was answered already."""

    caller: Caller
    venue: str | None
    remaining: int
    key: str | None = None
    line: int | None = None
    before: idempotency.Answered | None = None


def admit(api: Api, ask: Ask) -> Admission:
    """Let a request in. Raises Refused with the first thing that is wrong."""
    # Each statement stands alone here, and a transaction around it would cost two more ways to the database.
    with api.database.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        caller = _identified(conn, api, ask)
        caller.refuse_unless_allowed(ask.rule, ask.method)
        remaining = _take(conn, api, caller.name, cost=ADMIN_COST if ask.rule.need == "admin" else 1)
        venue = _venue(ask)
        if venue is not None and not caller.sees(venue):
            raise Refused("FORBIDDEN", f"Venue {venue} is none of yours.")
        if venue is not None and not venue_exists(conn, venue):
            raise Refused("VENUE_NOT_FOUND", f"There is no venue {venue}.")
    return _begun(api, ask, Admission(caller, venue, remaining)) if ask.changes else Admission(caller, venue, remaining)


def _begun(api: Api, ask: Ask, admission: Admission) -> Admission:
    """Claim a change under its key and write it down, both or neither; or find that it was answered already."""
    key = _idempotency_key(ask)
    with api.database.begin() as conn:
        before = _claim(conn, api, ask, admission.caller, key) if key is not None else None
        if before is not None:
            return replace(admission, before=before)
        line = audit.begin(
            conn,
            at=api.clock.now(),
            actor=admission.caller.name,
            role=admission.caller.role,
            venue=admission.venue,
            action=ask.action,
            subject=ask.path,
            request_id=ask.request_id,
        )
    return replace(admission, key=key, line=line)


def _identified(conn: sa.Connection, api: Api, ask: Ask) -> Caller:
    """Whose credential a request carries. One that is refused counts against the address it came from."""
    try:
        return caller_of(conn, credential_in(ask.headers), verifier=api.verifier, clock=api.clock)
    except Refused as refused:
        if refused.code == "INVALID_TOKEN":
            _take(conn, api, f"address:{ask.address}", cost=1)
        raise


def _take(conn: sa.Connection, api: Api, name: str, *, cost: int) -> int:
    per_minute = api.settings.api_per_minute
    allowance = allowances.take(conn, name, cost=cost, per_minute=per_minute, now=api.clock.now())
    if allowance.wait:
        seconds = allowance.wait.total_seconds()
        sentence = f"More than {per_minute} requests in a minute: wait {seconds:.0f} seconds."
        raise Refused("RATE_LIMIT_EXCEEDED", sentence, retry_after=seconds)
    return allowance.remaining


def _venue(ask: Ask) -> str | None:
    place = ask.rule.venue
    if place == "nowhere":
        return None
    given = ask.query.get("venueId") if place.startswith("query") else _in_body(ask.body)
    if given is None or given == "":
        if place.endswith("_maybe"):
            return None
        missing = FieldError(field="venueId", message="Field required")
        raise Refused("VENUE_ID_REQUIRED", "Say which venue: venueId is missing.", details=[missing])
    if not isinstance(given, str) or not VENUE.fullmatch(given):
        wrong = FieldError(field="venueId", message="Input should be a venue's id, such as lantern-hall")
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=[wrong])
    return given


def _in_body(body: bytes) -> Any:
    try:
        parsed = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        raise Refused("VALIDATION_ERROR", "The body is not JSON.") from None
    return parsed.get("venueId") if isinstance(parsed, dict) else None


def _idempotency_key(ask: Ask) -> str | None:
    key = ask.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        wrong = FieldError(field="Idempotency-Key", message="Between 1 and 255 visible ASCII characters, no blank")
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=[wrong])
    return key


def _claim(conn: sa.Connection, api: Api, ask: Ask, caller: Caller, key: str) -> idempotency.Answered | None:
    claim = idempotency.claim(conn, caller.name, key, fingerprint=ask.fingerprint, now=api.clock.now())
    if claim == "in_progress":
        sentence = "The same request under this Idempotency-Key is being worked on: ask again in a moment."
        raise Refused("IDEMPOTENCY_IN_PROGRESS", sentence, retry_after=1)
    if claim == "another_request":
        sentence = "This Idempotency-Key was used for another request: take a new one."
        raise Refused("IDEMPOTENCY_KEY_REUSED", sentence)
    return None if claim == "mine" else claim
