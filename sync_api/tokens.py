"""Callers' tokens: JSON Web Tokens signed with RS256 by whoever knows the people; here they are only checked.

What stays true: the algorithm is ours to say and never the token's, a token without a time of expiry is none, and
the key that this product makes for development is refused in production.

A token says who (`sub`), as what (`role`: admin, venue_admin or user) and for which venues (`venues`, a list of ids).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from sync_api.errors import Refused
from sync_core.clock import Clock

Role = Literal["admin", "venue_admin", "user"]
ROLES: Final[tuple[Role, ...]] = ("admin", "venue_admin", "user")
ALGORITHM: Final = "RS256"
LEEWAY: Final = timedelta(seconds=30)
"""How far the clocks of whoever signs and of this machine may be apart."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    subject: str
    role: Role
    venues: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks tokens against some public keys; several of them while keys change."""

    keys: Sequence[rsa.RSAPublicKey]
    issuer: str
    audience: str
    clock: Clock

    def claims(self, token: str) -> Claims:
        """What `token` says. Raises Refused INVALID_TOKEN or TOKEN_EXPIRED."""
        stated = self._signed(token)
        now = self.clock.now()
        if now >= _time(stated, "exp") + LEEWAY:
            raise Refused("TOKEN_EXPIRED", "The token has expired: get a new one.")
        if "nbf" in stated and now < _time(stated, "nbf") - LEEWAY:
            raise _invalid("it is not valid yet")
        role, subject, venues = stated.get("role"), stated.get("sub"), stated.get("venues", [])
        if role not in ROLES:
            raise _invalid(f"its role is none of {', '.join(ROLES)}")
        if not isinstance(subject, str) or not 0 < len(subject) <= 200 or not subject.isprintable():
            raise _invalid("it does not say whose it is (sub)")
        if not isinstance(venues, list) or not all(isinstance(venue, str) for venue in cast("list[Any]", venues)):
            raise _invalid("its venues are not a list of ids")
        return Claims(subject=subject, role=role, venues=frozenset(cast("list[str]", venues)))

    def _signed(self, token: str) -> Mapping[str, Any]:
        # The times are judged above, by the clock that was passed in; everything else is PyJWT's.
        options: Any = {"require": ["exp", "sub", "iss", "aud"], "verify_exp": False, "verify_nbf": False}
        options |= {"verify_iat": False}
        reason = "no key is known here"
        for key in self.keys:
            try:
                return jwt.decode(
                    token, key, algorithms=[ALGORITHM], issuer=self.issuer, audience=self.audience, options=options
                )
            except jwt.InvalidSignatureError:
                reason = "its signature is none of ours"
            except jwt.InvalidTokenError as error:
                raise _invalid(_REASONS.get(type(error), "it is malformed")) from None
        raise _invalid(reason)


_REASONS: Final[Mapping[type[Exception], str]] = {
    jwt.InvalidAlgorithmError: f"it is not signed with {ALGORITHM}",
    jwt.InvalidAudienceError: "it is for somebody else (aud)",
    jwt.InvalidIssuerError: "it comes from somebody else (iss)",
    jwt.MissingRequiredClaimError: "it lacks one of exp, sub, iss and aud",
}


def _invalid(reason: str) -> Refused:
    return Refused("INVALID_TOKEN", f"The token is refused: {reason}.")


def _time(stated: Mapping[str, Any], claim: str) -> datetime:
    value = stated[claim]
    try:
        return datetime.fromtimestamp(float(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise _invalid(f"its {claim} is not a time") from None
