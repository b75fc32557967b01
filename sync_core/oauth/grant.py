"""What a provider granted: tokens, their ends, and what else the client needs to reach the account.

A grant is read from the provider's answer, kept sealed in the vault, and turned into the credential of the client.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sync_core.errors import AuthorizationLost, IntegrityError, ProviderRefused
from sync_core.spec.oauth import OAuthSpec
from sync_core.store.tokens import Times

KIND = "oauth"
AHEAD = timedelta(minutes=10)
"""So long before its end a token is refreshed by whoever looks after all of them."""

_PART = "part."
_ADDED = "added."
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,255}")
_LONGEST = 3_650 * 86_400


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens as they were granted. `version` counts them per connection, 0 before they are stored.

    `parts` came from the provider beside the tokens (realmId, dc); `added` are parts of the credential that the venue
    named itself (list_id).
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: str
    obtained_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    parts: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    added: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    version: int = 0

    def times(self, spec: OAuthSpec) -> Times:
        """When they were obtained, end, and are to be refreshed."""
        moments = [] if self.expires_at is None else [self.expires_at - AHEAD]
        if spec.refresh_after_hours is not None:
            moments.append(self.obtained_at + timedelta(hours=spec.refresh_after_hours))
        due_at = min(moments) if moments and self.refresh_token else None
        return Times(self.obtained_at, self.expires_at, self.refresh_expires_at, due_at)

    def sealable(self) -> dict[str, str]:
        """The parts of a secret for the vault."""
        written = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "scopes": self.scopes,
            "obtained_at": self.obtained_at.isoformat(),
            "expires_at": _written(self.expires_at),
            "refresh_expires_at": _written(self.refresh_expires_at),
            "version": str(self.version),
            **{_PART + name: value for name, value in self.parts.items()},
            **{_ADDED + name: value for name, value in self.added.items()},
        }
        return {name: value for name, value in written.items() if value is not None}

    def credential(self, spec: OAuthSpec) -> dict[str, str]:
        """What the provider's client asks for, by the declared names. Raises AuthorizationLost when a part is missing."""
        known = {**self.parts, "access_token": self.access_token}
        missing = [source for source in spec.secret.values() if source not in known]
        if missing:
            raise AuthorizationLost(f"The authorisation lacks {missing[0]}; the venue must connect again.")
        return {**self.added, **{name: known[source] for name, source in spec.secret.items()}}

    def kept_parts(self, given: Mapping[str, Any], names: tuple[str, ...]) -> "Grant":
        """The grant with these parts out of `given`.

        Raises:
            ProviderRefused: one is missing, or has other letters than an id has: parts get into addresses.
        """
        taken = {name: str(given.get(name, "")) for name in names}
        for name, value in taken.items():
            if not _HARMLESS.fullmatch(value):
                raise ProviderRefused(f"The provider gave no usable {name}; begin the connection again.")
        return replace(self, parts={**self.parts, **taken})


def from_answer(answer: Mapping[str, Any], spec: OAuthSpec, *, now: datetime, former: Grant | None = None) -> Grant:
    """The grant in the answer of a token endpoint; what a refresh does not repeat stays as it was in `former`.

    Raises:
        ProviderRefused: there is no access token in it.
    """
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise ProviderRefused("The provider's answer holds no access token; begin the connection again.")
    refresh_token = answer.get("refresh_token")
    kept = former.refresh_token if former is not None else None
    rotated = isinstance(refresh_token, str) and refresh_token not in ("", kept)
    ends = _moment(answer.get(spec.token.refresh_expiry), now) if spec.token.refresh_expiry else None
    scope = answer.get("scope")
    return Grant(
        access_token=token,
        refresh_token=str(refresh_token) if refresh_token else kept,
        scopes=scope if isinstance(scope, str) else former.scopes if former else " ".join(spec.authorize.scopes),
        obtained_at=now,
        expires_at=_moment(answer.get("expires_in"), now) or _moment(answer.get("expires_at"), now),
        refresh_expires_at=ends if ends is not None or rotated or former is None else former.refresh_expires_at,
        parts=former.parts if former is not None else {},
        added=former.added if former is not None else {},
        version=former.version if former is not None else 0,
    )


def opened(secret: Mapping[str, str]) -> Grant:
    """The grant that the vault held. Raises IntegrityError when it is none."""
    try:
        return Grant(
            access_token=secret["access_token"],
            refresh_token=secret.get("refresh_token"),
            scopes=secret["scopes"],
            obtained_at=datetime.fromisoformat(secret["obtained_at"]),
            expires_at=_read(secret.get("expires_at")),
            refresh_expires_at=_read(secret.get("refresh_expires_at")),
            parts=_beginning(_PART, secret),
            added=_beginning(_ADDED, secret),
            version=int(secret["version"]),
        )
    except (KeyError, ValueError):
        raise IntegrityError("A stored authorisation is not whole; the venue must connect again.") from None


def _beginning(prefix: str, secret: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in secret.items() if name.startswith(prefix)}


def _moment(given: Any, now: datetime) -> datetime | None:
    """A moment given as seconds from now (RFC 6749, 5.1) or as a time; None for neither, and for 0: it never ends.

    Mailchimp says `"expires_in": 0` of tokens that do not expire.
    """
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return now + timedelta(seconds=min(given, _LONGEST)) if given > 0 else None
    if not isinstance(given, str) or not given:
        return None
    if given.isdigit():
        return _moment(int(given), now)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
