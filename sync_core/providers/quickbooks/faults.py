"""QuickBooks' faults, and whose turn it is after one.

A fault may come with any status, 200 too, and as one entry of a batch; gateways spell its keys in small letters
(developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sync_core.errors import ProviderRefused, SyncError, Told
from sync_core.http.redact import redact
from sync_core.providers.failing import failure_of
from sync_core.trouble import look_up

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
_LAPSED = "6190"
_SEVERE = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """The first error of a fault. `words` is QuickBooks' own sentence, short and without secrets."""

    kind: str
    code: str
    words: str

    @property
    def passing(self) -> bool:
        """Whether it is QuickBooks' own trouble, and nobody knows what became of the request."""
        found = look_up("quickbooks", None, self.code, family=self.kind)
        return found is not None and found.category in ("network", "provider", "rate_limit")


class Refused(ProviderRefused):
    """QuickBooks refuses this request for what is in it."""

    def __init__(self, message: str, *, code: str, status: int | None = None, family: str | None = None) -> None:
        super().__init__(message, told=Told("quickbooks", status, code, family))
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
    code = str(first.get("code", ""))
    severe = code.isdigit() and int(code) >= _SEVERE
    return Fault(
        kind="SystemFault" if severe else str(found.get("type", "")),
        code=code,
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
    told = Told("quickbooks", status, fault.code, fault.kind) if fault else _unreadable(status)
    if fault and fault.code == _LAPSED:
        # No matter of the token: paid again, the company opens to it as before.
        return ProviderRefused(
            f"QuickBooks has closed the company ({said}); the venue must renew its subscription.", told=told
        )
    wait = THROTTLE_SECONDS if retry_after is None else retry_after
    failure = failure_of(told, title="QuickBooks", endpoint=endpoint, said=said, retry_after=wait, credential="token")
    code = fault.code if fault else ""
    return failure or Refused(
        f"QuickBooks refuses {endpoint}: {said}.", code=code or f"HTTP_{status}", status=status, family=told.family
    )


def _unreadable(status: int) -> Told:
    """An answer without a fault: where its status does not say enough, it is of a gateway, and no refusal."""
    told_enough = status in (401, 403, 429) or status >= 500  # noqa: PLR2004 - HTTP
    return Told("quickbooks", status, None if told_enough else "unreadable")


def _part(found: Mapping[str, Any], *names: str) -> Any:
    return next((found[name] for name in names if found.get(name)), None)
