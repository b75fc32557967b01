"""The one way to reach a provider: a requests session whose every call is limited, retried, broken and counted.

Stays true: a request that may have had an effect is repeated only when its caller says that a repeat is harmless;
every call has a timeout; errors name provider, connection and endpoint, never a query, a body or a secret.
"""

import http.cookiejar
import importlib.metadata
import logging
import random
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
import tenacity
from opentelemetry.trace import Span
from requests.adapters import HTTPAdapter

from sync_core.clock import Clock
from sync_core.errors import Told, TransientError
from sync_core.http.allowance import OwnAllowance
from sync_core.http.backoff import HIGH, NORMAL, Patience, retry_after_seconds
from sync_core.http.breaker import Breaker, OwnBreaker, Pause
from sync_core.http.calls import CallCount, CallLog, endpoint_of
from sync_core.http.limiter import Limiter
from sync_core.http.slots import Lanes, OwnSlots
from sync_core.http.spans import answered, calling
from sync_core.http.turn import Turn
from sync_core.spec.provider import RateSpec
from sync_core.trouble import look_up

REPEAT_HEADER = "X-Repeat"
"""A request marked `X-Repeat: safe` is repeated like a GET; the mark is not sent."""
CONNECT_SECONDS = 10.0

_KEY_HEADER = "Idempotency-Key"
# How providers call a request of ours, for their support: Stripe (docs.stripe.com/api/request_ids), Mailchimp (recorded
# answers) and QuickBooks (developer.intuit.com, troubleshooting). Square documents none.
_PROVIDERS_ID_HEADERS = ("Request-Id", "X-Request-Id", "intuit_tid")
_SOURCE_HEADER = "X-Request-Source"
_log = logging.getLogger(__name__)
_NETWORK_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How hard and how patiently one connection works its provider.

    `connection` is a label for people ("venue/stripe"); `rate` is the allowance, of which 90 % are used; `concurrency`
    bounds the calls of one session; `timeout` in seconds bounds each wait for the provider; `patience` the repeats.
    `declared` is the provider's name in the table of troubles, None where there is none.
    """

    provider: str
    connection: str
    rate: RateSpec
    concurrency: int
    timeout: float
    patience: Patience = HIGH
    declared: str | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Guard:
    """What stands between us and one account of a provider, for all sessions that call it."""

    limiter: Limiter
    breaker: Breaker
    lanes: Lanes


def own_guard(rate: RateSpec, *, clock: Clock) -> Guard:
    """A guard that knows of this process alone."""
    lanes = Lanes(OwnSlots(), simultaneous=None, alone=(), clock=clock)
    return Guard(Limiter(rate, OwnAllowance(clock), clock=clock), OwnBreaker(clock=clock), lanes)


def open_session(
    policy: CallPolicy,
    *,
    clock: Clock,
    rng: random.Random,
    calls: CallLog,
    correlation: str,
    guard: Guard | None = None,
    turn: Turn | None = None,
) -> requests.Session:
    """A session for one connection; its threads may share it. Close it when done.

    After the last repeat the provider's answer is returned whatever its status; the client makes sense of it.

    Args:
        policy: limits and patience.
        clock: waits and measures.
        rng: draws the jitter.
        calls: where the calls are counted.
        correlation: id of the run or request on whose behalf we call; sent along for the provider's support.
        guard: limiter and breaker of the account; None for some of this session's own.
        turn: through which somebody else watches over the calls, and may end them.

    Raises (when used):
        TransientError: The provider could not be reached, or failed so often that nobody calls it for a while.
        Stopped: the turn was ended.
    """
    guard = guard or own_guard(policy.rate, clock=clock)
    adapter = _ReliableAdapter(policy, guard, turn or Turn(clock), clock=clock, rng=rng, calls=calls)
    session = requests.Session()
    # Proxies, .netrc and certificates out of the environment would change calls behind the declaration's back.
    session.trust_env = False
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = f"venue-sync/{_version()}"
    session.headers[_SOURCE_HEADER] = f"venue-sync/{_version()} {correlation}"
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@cache
def _version() -> str:
    return importlib.metadata.version("venue-sync")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one attempt came to: a response whose body is read, or the reason why there is none."""

    response: requests.Response | None
    reason: str = ""
    code: str | None = None
    retry_after: float | None = None

    @property
    def failed(self) -> bool:
        """Whether the provider is at fault now; an old failure that it replays is not news."""
        return self.response is None or (self.response.status_code >= 500 and not self._replayed)  # noqa: PLR2004 - HTTP

    @property
    def trouble(self) -> str:
        """What went wrong, for people: a status or why there is no answer."""
        return self.reason if self.response is None else f"HTTP {self.response.status_code}"

    @property
    def request_id(self) -> str | None:
        """What the provider calls the request, None where it does not say."""
        headers: Mapping[str, str] = {} if self.response is None else self.response.headers
        return next((headers[name] for name in _PROVIDERS_ID_HEADERS if name in headers), None)

    def patience_by(self, declared: str | None) -> Patience | None:
        """How patiently another attempt is made, by the table of troubles; None: it would come to the same."""
        found = look_up(declared, None if self.response is None else self.response.status_code, self.code)
        return None if found is None or self._replayed else found.patience

    @property
    def _replayed(self) -> bool:
        # Stripe stores the first answer to an idempotency key, a 500 too, and repeats it for ever
        # (docs.stripe.com/api/idempotent_requests).
        return self.response is not None and self.response.headers.get("Idempotent-Replayed") == "true"


class _ReliableAdapter(HTTPAdapter):
    """Breaker around retry around limiter around the real send."""

    def __init__(
        self, policy: CallPolicy, guard: Guard, turn: Turn, *, clock: Clock, rng: random.Random, calls: CallLog
    ) -> None:
        super().__init__(pool_connections=2, pool_maxsize=policy.concurrency)
        self._policy = policy
        self._clock = clock
        self._rng = rng
        self._calls = calls
        self._slots = threading.BoundedSemaphore(policy.concurrency)
        self._breaker = guard.breaker
        self._limiter = guard.limiter
        self._lanes = guard.lanes
        self._turn = turn

    def close(self) -> None:
        """Close the connections, and let others have the slots."""
        super().close()
        self._lanes.rest()

    def send(  # noqa: PLR0917 - the signature is requests' own
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - requests' own
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - requests' own
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        self._turn.check()
        endpoint = endpoint_of(request.method or "GET", request.path_url)
        with self._turn.calling():
            pause = self._pause()
        if pause is not None:
            whom = "several accounts" if pause.widely else self._policy.connection
            raise TransientError(
                f"{self._policy.provider} has failed repeatedly for {whom}, so {endpoint} was not called; "
                f"calls resume in {pause.seconds:.0f} s.",
                told=Told(code="breaker_open"),
            )
        limit = timeout if timeout is not None else self._policy.timeout
        real = {
            "stream": stream,
            "timeout": limit if isinstance(limit, tuple) else (min(CONNECT_SECONDS, limit), limit),
            "verify": verify,
            "cert": cert,
            "proxies": proxies,
        }
        try:
            with self._turn.calling():
                answer = self._call(request, endpoint, real)
        except BaseException:
            self._breaker.abandoned()
            raise
        if answer.failed:
            self._breaker.failed(answer.trouble)
        else:
            self._breaker.succeeded()
        if answer.response is None:
            raise TransientError(
                f"{self._policy.provider} did not answer {endpoint} for {self._policy.connection}: {answer.reason}; "
                f"the same call may succeed later.",
                told=Told(code=answer.code),
            )
        return answer.response

    def _pause(self) -> Pause | None:
        """None when a call may leave; who comes while another one tries waits for how that goes, not for the next sync."""
        until = self._clock.monotonic() + self._policy.patience.budget_seconds
        while True:
            pause = self._breaker.admit()
            if pause is None or not pause.trying or self._clock.monotonic() >= until:
                return pause
            self._clock.sleep(pause.seconds)

    def _call(self, request: requests.PreparedRequest, endpoint: str, real: Mapping[str, Any]) -> _Answer:
        """Attempt until there is a lasting answer, or patience ends."""
        marked = request.headers.pop(REPEAT_HEADER, None) == "safe"
        keyed = _KEY_HEADER in request.headers
        repeatable = marked or keyed or request.method in ("GET", "HEAD")
        began = self._clock.monotonic()

        def patience_with(answer: _Answer) -> Patience | None:
            # 409 on a keyed request: an earlier attempt with the same key is still being worked on.
            busy = keyed and answer.response is not None and answer.response.status_code == 409  # noqa: PLR2004 - HTTP
            due = NORMAL if busy else answer.patience_by(self._policy.declared)
            return None if due is None else due.within(self._policy.patience)

        def again(answer: _Answer) -> bool:
            return repeatable and patience_with(answer) is not None and not self._breaker.open

        def pause(state: tenacity.RetryCallState) -> float:
            answer = _result(state)
            patience = patience_with(answer) or self._policy.patience
            return patience.delay(state.attempt_number, answer.retry_after, rng=self._rng)

        def enough(state: tenacity.RetryCallState) -> bool:
            patience = patience_with(_result(state)) or self._policy.patience
            elapsed = self._clock.monotonic() - began + state.upcoming_sleep
            return state.attempt_number > patience.retries or elapsed > patience.budget_seconds

        def attempt() -> _Answer:
            return self._attempt(request, endpoint, real, number=retrying.statistics["attempt_number"])

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(again),
            wait=pause,
            stop=enough,
            sleep=self._clock.sleep,
            retry_error_callback=_result,
        )
        return retrying(attempt)

    def _attempt(
        self, request: requests.PreparedRequest, endpoint: str, real: Mapping[str, Any], *, number: int
    ) -> _Answer:
        with self._slots, self._lanes.lane(endpoint):
            self._limiter.acquire(endpoint)
            with self._span(request, endpoint, number) as span:
                began = self._clock.monotonic()
                with self._turn.asking():
                    answer = self._send_once(request, real)
                seconds = self._clock.monotonic() - began
                answered(span, answer.response, code=answer.code, request_id=answer.request_id)
                self._tell(request, endpoint, answer, seconds)
        response = answer.response
        throttled = response is not None and response.status_code == 429  # noqa: PLR2004 - HTTP
        if throttled:
            self._limiter.throttled(endpoint)
        self._calls.add(
            endpoint,
            CallCount(
                calls=1,
                retries=0 if number == 1 else 1,
                throttles=int(throttled),
                failures=int(answer.failed),
                bytes=0 if response is None else len(response.content),
                seconds=seconds,
            ),
        )
        return answer

    def _span(self, request: requests.PreparedRequest, endpoint: str, number: int) -> AbstractContextManager[Span]:
        provider, connection = self._policy.provider, self._policy.connection
        return calling(request, endpoint, provider=provider, connection=connection, attempt=number)

    def _tell(self, request: requests.PreparedRequest, endpoint: str, answer: _Answer, seconds: float) -> None:
        """A line in the log for what did not go well, and with debug for every call, with the provider's id of it."""
        good = answer.response is not None and answer.response.status_code < 400  # noqa: PLR2004 - HTTP
        level = logging.DEBUG if good else logging.INFO
        if not _log.isEnabledFor(level):
            return
        _log.log(
            level,
            "provider.call connection=%s endpoint=%s outcome=%s seconds=%.3f request=%s provider_request=%s",
            self._policy.connection,
            endpoint,
            answer.trouble,
            seconds,
            str(request.headers.get(_SOURCE_HEADER, "-")).rpartition(" ")[2],
            answer.request_id or "-",
        )

    def _send_once(self, request: requests.PreparedRequest, real: Mapping[str, Any]) -> _Answer:
        try:
            response = super().send(request, **real)
            # Read here, so that a body cut short is repeated and the connection goes back to the pool.
            _ = response.content
        except requests.exceptions.SSLError:
            return _Answer(None, reason="the TLS connection was refused", code="tls_refused")
        except requests.Timeout:
            return _Answer(None, reason=f"no answer within {self._policy.timeout:g} s", code="timeout")
        except _NETWORK_ERRORS:
            return _Answer(None, reason="the connection failed", code="connection_failed")
        named = retry_after_seconds(response.headers.get("Retry-After"), now=self._clock.now())
        return _Answer(response, retry_after=named)


def _result(state: tenacity.RetryCallState) -> _Answer:
    if state.outcome is None:
        raise RuntimeError("tenacity asked about an attempt that has not ended")
    return state.outcome.result()
