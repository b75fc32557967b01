"""Is a webhook really from the provider? Decided on the raw bytes, in constant time, before anything reads them.

What must stay true: one changed bit in the body or in what is signed is refused; an old request cannot be sent again
later where the provider signs the time (Stripe, Mailchimp, Standard Webhooks); several secrets are tried, because a
secret that is being replaced goes on being used for a while.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from sync_core.errors import SignatureError

TOLERANCE = 300
"""Seconds that a signed time may differ from ours, into the past as into the future."""

_SECONDS = re.compile(r"[0-9]{1,12}")
_STANDARD_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A webhook as it came in; header names are in lower case."""

    body: bytes
    headers: Mapping[str, str]
    secrets: Sequence[str]
    url: str | None
    now: float


def verify(
    provider: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    secrets: Sequence[str],
    url: str | None,
    now: float,
) -> None:
    """Return if the webhook is from `provider`.

    Args:
        provider: "stripe", "square", "quickbooks", "mailchimp" or "standard" (Standard Webhooks).
        body: the body as received, not decoded.
        headers: the request's headers; their names are compared without regard to case.
        secrets: every secret that is good at the moment; empty ones count for nothing.
        url: the address the provider calls. Square signs the one it was given, to the letter; Mailchimp's carries the
            secret (?secret=...) where it does not sign.
        now: seconds since the epoch.

    Raises:
        SignatureError: it is not, or it was signed more than 300 s ago or ahead; the message holds no secret.
    """
    if provider not in _SCHEMES:
        raise SignatureError(f"There is no way known to verify a webhook of {provider!r}.")
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise SignatureError(f"No webhook secret of {provider} is set, so its webhooks cannot be believed.")
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        if lowered.setdefault(name.lower(), value) != value:
            raise SignatureError(f"The header {name.lower()} came twice, and it is not clear which of them counts.")
    _SCHEMES[provider](_Claim(body, lowered, usable, url, now))


def _stripe(claim: _Claim) -> None:
    """t=<seconds>,v1=<hex of HMAC-SHA256 over t.body>, v1 several times during a roll (docs.stripe.com/webhooks)."""
    _timed(claim, "stripe-signature")


def _mailchimp(claim: _Claim) -> None:
    """Signed as Stripe does where signing is on (opt-in since 2026), else known by the secret in its address.

    Source: mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks, "Securing webhooks".
    """
    if "x-mailchimp-signature" in claim.headers:
        _timed(claim, "x-mailchimp-signature")
        return
    query = parse_qsl(urlsplit(claim.url or "").query)
    _one_matches([value for name, value in query if name == "secret"], claim.secrets)


def _square(claim: _Claim) -> None:
    """Base64 of HMAC-SHA256 over address and body (developer.squareup.com/docs/webhooks/step3validate)."""
    if not claim.url:
        raise SignatureError("Square signs the address it calls, and ours is not known: set SQUARE_WEBHOOK_URL.")
    message = claim.url.encode() + claim.body
    _one_matches(
        [_header(claim, "x-square-hmacsha256-signature")], [_b64(_mac(s.encode(), message)) for s in claim.secrets]
    )


def _quickbooks(claim: _Claim) -> None:
    """Base64 of HMAC-SHA256 over the body (developer.intuit.com, webhooks, "Validating the notification")."""
    _one_matches([_header(claim, "intuit-signature")], [_b64(_mac(s.encode(), claim.body)) for s in claim.secrets])


def _standard(claim: _Claim) -> None:
    """v1,<base64 of HMAC-SHA256 over id.seconds.body>, several of them separated by blanks.

    Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
    """
    message_id, seconds = _header(claim, "webhook-id"), _header(claim, "webhook-timestamp")
    given = _header(claim, "webhook-signature").split(" ")
    _recent(seconds, claim.now)
    message = f"{message_id}.{seconds}.".encode() + claim.body
    keys = [key for secret in claim.secrets if (key := _standard_key(secret))]
    _one_matches(given, [f"v1,{_b64(_mac(key, message))}" for key in keys])


_SCHEMES: Mapping[str, Callable[[_Claim], None]] = {
    "stripe": _stripe,
    "square": _square,
    "quickbooks": _quickbooks,
    "mailchimp": _mailchimp,
    "standard": _standard,
}


def _timed(claim: _Claim, header: str) -> None:
    parts = [part.partition("=") for part in _header(claim, header).split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1:
        raise SignatureError(f"The header {header} does not say once when it was signed (t=).")
    _recent(times[0], claim.now)
    message = f"{times[0]}.".encode() + claim.body
    given = [value for name, _, value in parts if name == "v1"]
    _one_matches(given, [_mac(secret.encode(), message).hex() for secret in claim.secrets])


def _header(claim: _Claim, name: str) -> str:
    if not claim.headers.get(name):
        raise SignatureError(f"The header {name} is missing.")
    return claim.headers[name]


def _recent(seconds: str, now: float) -> None:
    if _SECONDS.fullmatch(seconds) is None:
        raise SignatureError("The time of signing is not a number of seconds.")
    if abs(now - int(seconds)) > TOLERANCE:
        raise SignatureError(f"It was signed more than {TOLERANCE} s from now: sent again, or a clock is wrong.")


def _one_matches(given: Iterable[str], expected: Sequence[str]) -> None:
    """All pairs are compared, so that the time taken tells nothing of which one matched."""
    encoded = [value.encode("utf-8", "surrogatepass") for value in given]
    matches = [hmac.compare_digest(value, good.encode()) for value in encoded for good in expected]
    if not any(matches):
        raise SignatureError("No signature fits: another secret, another address, or a changed body.")


def _standard_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except binascii.Error:
        return b""


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _b64(mac: bytes) -> str:
    return base64.b64encode(mac).decode()
