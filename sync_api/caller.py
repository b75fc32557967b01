"""Who asks: from the request's credential to a caller, or to a refusal.

A token or key stands in `Authorization: Bearer ...`; a key may stand in `X-API-Key` instead.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from starlette.datastructures import Headers

from sync_api.access import MEETS, Rule
from sync_api.errors import Refused
from sync_api.tokens import Role, Verifier
from sync_core.clock import Clock
from sync_core.store import api_keys

KEY_PREFIX: Final = "vsk"
_KEY: Final = re.compile(r"vsk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a good credential. `venues` None: all of them; `scopes` None: whatever the role may."""

    name: str  # user:<subject> or key:<id>
    role: Role
    venues: frozenset[str] | None
    scopes: frozenset[str] | None = None

    def sees(self, venue: str | None) -> bool:
        """Whether something of this venue (None: of no venue) is any of the caller's business."""
        return self.venues is None or venue in self.venues

    def refuse_unless_allowed(self, rule: Rule, method: str) -> None:
        """Raise Refused FORBIDDEN unless the caller may use a route with this rule."""
        if rule.need not in MEETS[self.role]:
            raise Refused("FORBIDDEN", f"Your role, {self.role}, may not do this.")
        if self.scopes is None:
            return
        scope = rule.scope(method)
        if scope is None:
            raise Refused("FORBIDDEN", "An API key may not do this: use a person's token.")
        if scope not in self.scopes:
            raise Refused("FORBIDDEN", f"This API key has not the scope {scope}.")


def credential_in(headers: Headers) -> str:
    """The credential that a request carries. Raises Refused AUTH_REQUIRED when there is none."""
    scheme, _, credential = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential.strip():
        return credential.strip()
    key = headers.get("X-API-Key", "").strip()
    if not key:
        raise Refused("AUTH_REQUIRED", "Send a token or an API key: Authorization: Bearer ...")
    return key


def caller_of(conn: sa.Connection, credential: str, *, verifier: Verifier, clock: Clock) -> Caller:
    """Whose credential it is. Raises Refused INVALID_TOKEN or TOKEN_EXPIRED."""
    if credential.startswith(f"{KEY_PREFIX}_"):
        return _key_holder(conn, credential, clock)
    claims = verifier.claims(credential)
    venues = None if claims.role == "admin" else claims.venues
    return Caller(name=f"user:{claims.subject}", role=claims.role, venues=venues)


def _key_holder(conn: sa.Connection, credential: str, clock: Clock) -> Caller:
    shape = _KEY.fullmatch(credential)
    known = api_keys.found(conn, shape[1]) if shape else None
    if shape is None or known is None or not hmac.compare_digest(hashed(shape[2]), known[1]):
        raise Refused("INVALID_TOKEN", "The API key is unknown.")
    key, now = known[0], clock.now()
    if key.revoked_at is not None:
        raise Refused("INVALID_TOKEN", "The API key was revoked.")
    if not key.is_good(now):
        raise Refused("TOKEN_EXPIRED", "The API key has expired.")
    api_keys.note_use(conn, key, now=now)
    return Caller(
        name=f"key:{key.id}",
        role="admin" if key.venue is None else "venue_admin",
        venues=None if key.venue is None else frozenset({key.venue}),
        scopes=frozenset(key.scopes),
    )


def hashed(secret: str) -> bytes:
    """What is kept of a key's secret part."""
    return hashlib.sha256(secret.encode()).digest()


def new_key(random_bytes: Callable[[int], bytes]) -> tuple[str, str, bytes]:
    """A fresh key of 256 random bits: its public id, the whole key to be shown once, and what is kept of it."""
    key_id = random_bytes(6).hex()
    secret = urlsafe_b64encode(random_bytes(32)).rstrip(b"=").decode()
    return key_id, f"{KEY_PREFIX}_{key_id}_{secret}", hashed(secret)
