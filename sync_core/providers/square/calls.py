"""Square's wire: JSON on our session, and its errors as ours.

Every POST and PUT may be repeated: each either only asks, or carries an idempotency key or a version in its body, or deletes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import orjson
import requests

from sync_core.clock import Clock
from sync_core.errors import OutcomeUnknown, ProviderRefused, SyncError, Told
from sync_core.http.backoff import retry_after_seconds
from sync_core.http.calls import endpoint_of
from sync_core.http.redact import redact
from sync_core.http.session import REPEAT_HEADER
from sync_core.providers.failing import failure_of
from sync_core.trouble import look_up

Error = Mapping[str, Any]

STALE = frozenset({"CONFLICT", "VERSION_MISMATCH"})
"""Codes of a write with an old version; Square uses the one or the other (facts from the field, not all in its enum)."""


class Refused(ProviderRefused):
    """Square refuses this request for what is in it (developer.squareup.com/docs/build-basics/handling-errors)."""

    def __init__(self, message: str, *, code: str, status: int | None = None, family: str | None = None) -> None:
        super().__init__(message, told=Told("square", status, code, family))
        self.code = code


class SquareCalls:
    """Calls on one seller's account."""

    def __init__(self, session: requests.Session, *, base: str, access_token: str, version: str, clock: Clock) -> None:
        self.clock = clock
        self._answered_at: datetime | None = None
        self._session = session
        self._base = base
        self._headers = {
            "Authorization": f"Bearer {access_token}",
            "Square-Version": version,
            "Accept": "application/json",
        }
        self._post_headers = {**self._headers, "Content-Type": "application/json", REPEAT_HEADER: "safe"}

    def now(self) -> datetime:
        """Square's own clock as of its last answer; ours before the first one."""
        return self._answered_at or self.clock.now()

    def get(self, path: str, **params: str | int | None) -> Mapping[str, Any]:
        """Read; parameters that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        response = self._session.get(f"{self._base}{path}", params=given, headers=self._headers)
        return self._answer(response, endpoint_of("GET", path))

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask or write. The same body always makes the same bytes, which a replayed idempotency key demands.

        Raises:
            OutcomeUnknown: The idempotency key was used before for another body.
        """
        response = self._session.post(f"{self._base}{path}", data=orjson.dumps(body), headers=self._post_headers)
        return self._answer(response, endpoint_of("POST", path))

    def put(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change. Raises as `post`."""
        response = self._session.put(f"{self._base}{path}", data=orjson.dumps(body), headers=self._post_headers)
        return self._answer(response, endpoint_of("PUT", path))

    def _answer(self, response: requests.Response, endpoint: str) -> Mapping[str, Any]:
        body = _body_of(response)
        self._answered_at = _sent_at(response) or self._answered_at
        if response.status_code < 300 and body is not None:  # noqa: PLR2004 - HTTP
            return body
        raise self._error(response, errors_in(body or {}), endpoint)

    def _error(self, response: requests.Response, errors: Sequence[Error], endpoint: str) -> SyncError:
        """Whose turn it is after an error."""
        status, said, code = response.status_code, said_in(errors), code_in(errors)
        unreadable = "unreadable" if status < 300 else None  # noqa: PLR2004 - HTTP
        told = Told("square", status, code or unreadable, family_in(errors))
        if code == "IDEMPOTENCY_KEY_REUSED":
            return OutcomeUnknown(
                f"Square saw another request under the key of {endpoint}; look the records up first.", told=told
            )
        named = retry_after_seconds(response.headers.get("Retry-After"), now=self.clock.now())
        failure = failure_of(told, title="Square", endpoint=endpoint, said=said, retry_after=named, credential="token")
        return failure or Refused(
            f"Square refuses {endpoint}: {said}.", code=code or f"HTTP_{status}", status=status, family=told.family
        )


def errors_in(answer: Mapping[str, Any]) -> Sequence[Error]:
    """The errors of an answer, or of one entry of a bulk answer."""
    errors = answer.get("errors")
    return cast("Sequence[Error]", errors) if isinstance(errors, list) else ()


def code_in(errors: Sequence[Error]) -> str:
    """The first error's code; empty when there is none."""
    return str(errors[0].get("code", "")) if errors else ""


def family_in(errors: Sequence[Error]) -> str | None:
    """What Square sorts the first error under; None when there is none."""
    return str(errors[0].get("category") or "") or None if errors else None


def said_in(errors: Sequence[Error]) -> str:
    """Square's own words, short and without secrets, after the field they are about."""
    if not errors:
        return "no readable reason"
    words = redact(str(errors[0].get("detail") or errors[0].get("code") or "no reason given"))[:300].rstrip(". ")
    field = errors[0].get("field")
    return f"{field}: {words}" if field else words


def is_passing(errors: Sequence[Error]) -> bool:
    """Whether one entry of a bulk answer failed for Square's own reasons and may succeed when repeated."""
    troubles = [look_up("square", None, code_in([error]), family=family_in([error])) for error in errors]
    return any(found is not None and found.category in ("network", "provider", "rate_limit") for found in troubles)


def _sent_at(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None


def _body_of(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return cast("Mapping[str, Any]", body) if isinstance(body, dict) else None
