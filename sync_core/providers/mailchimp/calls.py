"""Mailchimp's wire: JSON on our session, and its errors as ours.

Mailchimp knows no idempotency keys. Every request made here has the same effect twice as once, so each may be repeated;
but for what is sent by `act_once`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, cast
from urllib.parse import quote

import orjson
import requests

from sync_core.clock import Clock
from sync_core.errors import OutcomeUnknown, ProviderRefused, SyncError, ThrottledError, Told, TransientError
from sync_core.http.backoff import retry_after_seconds
from sync_core.http.calls import endpoint_of
from sync_core.http.redact import redact
from sync_core.http.session import REPEAT_HEADER
from sync_core.providers.failing import failure_of

VERSION_PATH = "/3.0"
Json = Mapping[str, Any]
_BETWEEN_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Refused(ProviderRefused):
    """Mailchimp refuses this request for what is in it (mailchimp.com/developer/marketing/docs/errors).

    `status` is HTTP's; `code` is the error's title in capitals, such as RESOURCE_NOT_FOUND or MEMBER_EXISTS; `said` is
    Mailchimp's own reason.
    """

    def __init__(self, message: str, *, status: int, code: str, said: str) -> None:
        super().__init__(message, told=Told("mailchimp", status, code))
        self.status = status
        self.code = code
        self.said = said


class MailchimpCalls:
    """Calls on one account."""

    def __init__(self, session: requests.Session, *, base: str, api_key: str, clock: Clock) -> None:
        self._session = session
        self._base = base + VERSION_PATH
        self.clock = clock
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def get(self, path: str, **params: str | int | None) -> Json:
        """Read; parameters that are None are left out."""
        return self._call("GET", path, params=params)

    def find(self, path: str, **params: str | int | None) -> Json | None:
        """Read what may not be there: None when it is not."""
        try:
            return self.get(path, **params)
        except Refused as refused:
            if refused.status == 404:  # noqa: PLR2004 - HTTP
                return None
            raise

    def post(self, path: str, body: Json, **params: str) -> Json:
        """Create. Raises Refused."""
        return self._call("POST", path, body=body, params=params)

    def act(self, path: str, body: Json | None = None) -> None:
        """Do what the path names, to what the body names, if anything; no answer is shown. Raises Refused."""
        self._call("POST", path, body=body)

    def act_once(self, path: str, body: Json) -> None:
        """Do what the path names, which is not the same twice as once: never repeated.

        Raises:
            Refused, ThrottledError, AuthorizationLost: Surely not done.
            OutcomeUnknown: Done or not.
        """
        try:
            self._call("POST", path, body=body, repeat="never")
        except ThrottledError:
            raise
        except TransientError as exc:
            raise OutcomeUnknown(f"{exc} Whether it was done is not known.", told=exc.told) from None

    def put(self, path: str, body: Json) -> Json:
        """Create or replace. Raises Refused."""
        return self._call("PUT", path, body=body)

    def patch(self, path: str, body: Json, **params: str) -> Json:
        """Change what is named and nothing else. Raises Refused."""
        return self._call("PATCH", path, body=body, params=params)

    def delete(self, path: str) -> None:
        """Take away, or archive. Raises Refused."""
        self._call("DELETE", path)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | None] | None = None,
        body: Json | None = None,
        repeat: Literal["safe", "never"] = "safe",
    ) -> Json:
        given = {name: value for name, value in (params or {}).items() if value is not None}
        response = self._session.request(
            method,
            self._base + path,
            params=given,
            data=None if body is None else orjson.dumps(body),
            headers={**self._headers, REPEAT_HEADER: repeat},
        )
        if response.status_code == 204:  # noqa: PLR2004 - HTTP
            return {}
        answer = _body_of(response)
        if response.status_code < 300 and answer is not None:  # noqa: PLR2004 - HTTP
            return answer
        raise self._error(response, answer, endpoint_of(method, VERSION_PATH + path))

    def _error(self, response: requests.Response, problem: Json | None, endpoint: str) -> SyncError:
        """Whose turn it is after an error."""
        status, said = response.status_code, said_in(problem)
        code = code_of(problem) or None
        if problem is None and status == 403:  # noqa: PLR2004 - HTTP
            # At very high volume the edge in front of the API answers 403 without a JSON body instead of 429
            # (mailchimp.com/developer/marketing/docs/fundamentals, "Throttling").
            code = "NO_BODY"
        elif problem is None and status < 300:  # noqa: PLR2004 - HTTP
            code = "unreadable"
        told = Told("mailchimp", status, code)
        named = retry_after_seconds(response.headers.get("Retry-After"), now=self.clock.now())
        failure = failure_of(told, title="Mailchimp", endpoint=endpoint, said=said, retry_after=named)
        return failure or Refused(
            f"Mailchimp refuses {endpoint}: {said}.", status=status, code=code or f"HTTP_{status}", said=said
        )


def segment(text: str) -> str:
    """One segment of a path, whatever is in it."""
    return quote(text, safe="")


def code_of(problem: Json | None) -> str:
    """A problem's title as a code: MEMBER_EXISTS for "Member Exists" or "MemberExists"; empty when there is none.

    Recorded titles are written in the one way, the glossary's names in the other (mailchimp.com/developer/marketing/
    docs/errors).
    """
    return "_".join(_BETWEEN_WORDS.sub(" ", str((problem or {}).get("title") or "")).upper().split())


def said_in(problem: Json | None) -> str:
    """Mailchimp's own words, short and without secrets; the first field at fault, where it names one."""
    if problem is None:
        return "no readable reason"
    first: Json = next(iter(problem.get("errors") or ()), {})
    if first.get("message"):
        return f"{first.get('field') or 'the request'}: {_short(first['message'])}"
    return _short(problem.get("detail") or problem.get("title") or "no reason given")


def _short(words: Any) -> str:
    return redact(str(words))[:300].rstrip(". ")


def _body_of(response: requests.Response) -> Json | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return cast("Json", body) if isinstance(body, dict) else None
