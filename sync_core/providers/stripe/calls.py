"""Stripe's wire: the official SDK on our session, and its errors as ours.

The SDK signs, versions and encodes; its typed objects are skipped, because building them takes ten times the call
itself for a page of 100 (docs/decisions/0005). Its own retries are off: the session repeats.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

import requests
import stripe

from sync_core.clock import Clock
from sync_core.errors import OutcomeUnknown, ProviderRefused, SyncError, Told
from sync_core.http.backoff import retry_after_seconds
from sync_core.http.calls import endpoint_of
from sync_core.http.redact import redact
from sync_core.providers.failing import failure_of


class Refused(ProviderRefused):
    """Stripe refuses this request for what is in it; `param` names the field where Stripe does.

    Codes: docs.stripe.com/error-codes.
    """

    def __init__(self, message: str, *, status: int, code: str, param: str | None, family: str | None = None) -> None:
        super().__init__(message, told=Told("stripe", status or None, code, family))
        self.status = status
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True)
class Answer:
    """What Stripe answered, and when by its own clock (Unix seconds, None when it does not say)."""

    data: Mapping[str, Any]
    at: int | None


class StripeCalls:
    """Calls on one account."""

    def __init__(
        self, session: requests.Session, *, base: str, api_key: str, version: str, timeout: float, clock: Clock
    ) -> None:
        self.version = version
        self.clock = clock
        # How long our calls take is no business of Stripe's, and telling it costs time with each of them.
        stripe.enable_telemetry = False
        # Below this level the SDK writes addresses with their queries and whole bodies to its logger.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self._client = stripe.StripeClient(
            api_key,
            http_client=stripe.RequestsClient(timeout=timeout, session=session),
            base_addresses={"api": base},
            stripe_version=version,
            max_network_retries=0,
        )

    def get(self, path: str, **params: Any) -> Answer:
        """Read. Parameters may be nested; lists are encoded the way Stripe wants them."""
        return self._call("get", path, params)

    def post(self, path: str, key: str, **params: Any) -> Answer:
        """Write, under an idempotency key of at most 255 characters.

        Raises:
            OutcomeUnknown: Stripe failed and will give the same answer to this key for ever.
        """
        return self._call("post", path, {**params, "idempotency_key": key})

    def delete(self, path: str) -> Answer:
        """Delete. Repeating it is harmless: the second time the object is missing."""
        return self._call("delete", path, {"headers": {"X-Repeat": "safe"}})

    def _call(self, method: str, path: str, params: Mapping[str, Any]) -> Answer:
        endpoint = endpoint_of(method, path)
        try:
            response = self._client.raw_request(method, path, **params)
        except stripe.APIConnectionError as exc:
            if isinstance(exc.__cause__, SyncError):
                raise exc.__cause__ from None
            raise ProviderRefused(
                f"Stripe could not be asked for {endpoint} ({type(exc.__cause__).__name__}); check the base address."
            ) from None
        except stripe.StripeError as exc:
            raise self._error(exc, method, endpoint) from None
        return Answer(data=cast("Mapping[str, Any]", response.data), at=_sent_at(response.headers))

    def _error(self, exc: stripe.StripeError, method: str, endpoint: str) -> SyncError:
        """Whose turn it is after an error (docs.stripe.com/api/errors)."""
        status = exc.http_status or 0
        headers: Mapping[str, str] = exc.headers or {}
        detail = _detail(exc)
        said = _said(detail)
        told = Told("stripe", status, detail.get("code") or detail.get("decline_code"), detail.get("type"))
        replayed = headers.get("Idempotent-Replayed") == "true"
        if method == "post" and (status == 500 or (status > 500 and replayed)):  # noqa: PLR2004 - HTTP
            # A 500 is stored under the key; 502, 503 and 504 come from in front of the API and are not.
            return OutcomeUnknown(
                f"Stripe failed during {endpoint} ({status}); look the object up before repeating it.", told=told
            )
        named = retry_after_seconds(headers.get("Retry-After"), now=self.clock.now())
        failure = failure_of(told, title="Stripe", endpoint=endpoint, said=said, retry_after=named)
        if failure is not None:
            return failure
        if told.family == "idempotency_error":
            return OutcomeUnknown(
                f"Stripe saw another request under the key of {endpoint}; look the object up first.", told=told
            )
        return Refused(
            f"Stripe refuses {endpoint}: {said}.",
            status=status,
            code=str(told.code or told.family or f"http_{status}"),
            param=detail.get("param"),
            family=told.family,
        )


def _sent_at(headers: Mapping[str, str]) -> int | None:
    """The Date header as Unix seconds."""
    try:
        return int(parsedate_to_datetime(headers["Date"]).timestamp())
    except (KeyError, ValueError):
        return None


def _detail(exc: stripe.StripeError) -> Mapping[str, Any]:
    """The error object of the answer's body; empty when there is no readable one."""
    body = exc.json_body
    error = cast("Mapping[str, Any]", body).get("error") if isinstance(body, Mapping) else None
    return cast("Mapping[str, Any]", error) if isinstance(error, Mapping) else {}


def _said(detail: Mapping[str, Any]) -> str:
    """Stripe's own words, short and without secrets, after the parameter they are about."""
    words = redact(str(detail.get("message") or detail.get("code") or "no reason given"))[:300].rstrip(". ")
    param = detail.get("param")
    return f"{param}: {words}" if param else words
