"""QuickBooks' faults, and whose turn it is after one.

A fault may come with any status, 200 too, and as one entry of a batch; gateways spell its keys in small letters
(developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sync_core.errors import AuthorizationLost, ProviderRefused, SyncError, ThrottledError, TransientError
from sync_core.http.redact import redact

STALE = "5010"
"""The object changed since the SyncToken that was sent."""
DUPLICATE_NAME = "6240"
"""Another customer, vendor or employee, or another item, has the name."""
DUPLICATE_NUMBER = "6140"
"""Another transaction has the document number."""
GONE = "610"
"""The object does not exist, or was made inactive."""
THROTTLE_SECONDS = 60.0
"""No Retry-After comes with a 429; the allowance is counted by the minute (learn/limits-and-throttles)."""

_SUPPLIED = re.compile(r"(?<=Supplied value:).*|(?<=contains invalid characters\.).*", re.DOTALL)
"""Faults repeat what was sent, which may be personal."""
_TOKEN_CODES = frozenset({"120", "3100", "3200"})
_THROTTLED = "3001"
_LAPSED = "6190"
_SEVERE = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """The first error of a fault. `words` is QuickBooks' own sentence, short and without secrets."""

    kind: str
    code: str
    words: str

    @property
    def throttled(self) -> bool:
        """Whether QuickBooks asks us to slow down."""
        return self.code == _THROTTLED

    @property
    def passing(self) -> bool:
        """Whether it is QuickBooks' own trouble, and nobody knows what became of the request."""
        severe = self.code.isdigit() and int(self.code) >= _SEVERE
        return severe or self.throttled or self.kind == "SystemFault"

    @property
    def unauthorized(self) -> bool:
        """Whether the token does not open this company, or not any more."""
        return self.code in _TOKEN_CODES or self.kind in ("AuthenticationFault", "AUTHENTICATION")


class Refused(ProviderRefused):
    """QuickBooks refuses this request for what is in it."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def fault_in(answer: Mapping[str, Any]) -> Fault | None:
    """The fault of an answer, or of one entry of a batch; None when there is none."""
    fault = _part(answer, "Fault", "fault")
    if not isinstance(fault, dict):
        return None
    found = cast("Mapping[str, Any]", fault)
    errors = _part(found, "Error", "error")
    first = cast("Mapping[str, Any]", errors[0]) if isinstance(errors, list) and errors else {}
    words = str(_part(first, "Detail", "detail") or _part(first, "Message", "message") or "no reason given")
    element = first.get("element")
    shown = redact(_SUPPLIED.sub("", words))[:300].rstrip(". ")
    return Fault(
        kind=str(found.get("type", "")),
        code=str(first.get("code", "")),
        words=f"{element}: {shown}" if element else shown,
    )


def error_of(fault: Fault | None, *, status: int, endpoint: str, retry_after: float | None) -> SyncError:
    """The error that says who acts next.

    Args:
        fault: what the answer said, None when it was unreadable.
        status: the HTTP status.
        endpoint: its template, for people.
        retry_after: seconds that the answer named.
    """
    said = fault.words if fault else "no readable reason"
    if status in (401, 403) or (fault and fault.unauthorized):
        return AuthorizationLost(
            f"QuickBooks refuses the token for {endpoint} ({said}); the venue must connect the company again."
        )
    if status == 429 or (fault and fault.throttled):  # noqa: PLR2004 - HTTP
        return ThrottledError(
            f"QuickBooks asks us to slow down on {endpoint} ({said}); the call may be repeated later.",
            retry_after=THROTTLE_SECONDS if retry_after is None else retry_after,
        )
    if fault is None or fault.passing or status >= 500 or status == 408:  # noqa: PLR2004 - HTTP
        return TransientError(f"QuickBooks could not do {endpoint} ({status}, {said}); the call may be repeated later.")
    if fault.code == _LAPSED:
        return ProviderRefused(f"QuickBooks has closed the company ({said}); the venue must renew its subscription.")
    return Refused(f"QuickBooks refuses {endpoint}: {said}.", code=fault.code or f"HTTP_{status}")


def _part(found: Mapping[str, Any], *names: str) -> Any:
    return next((found[name] for name in names if found.get(name)), None)
