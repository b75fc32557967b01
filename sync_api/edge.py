"""The outermost layer: every request gets its id, a bound on its body, safe headers, one line in the log and one span.

Line and span name the route's template, never the address: an OAuth callback's query holds a code, and the address of a
connection's webhooks is a secret.
"""

import logging
import re
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync_api.spans import answering, tell
from sync_core.clock import Clock
from sync_core.logs import correlated

REQUEST_ID: Final = "X-Request-Id"
MOST_BODY_BYTES: Final = 1024 * 1024
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_log = logging.getLogger(__name__)


class TooLarge(Exception):
    """The body is larger than this API reads."""


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, clock: Clock, new_id: Callable[[], str]) -> None:
        self._app = app
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else self._new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started = self._clock.monotonic()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with correlated(request_id), answering(scope, request_id) as span:
            try:
                await self._app(scope, _bounded(receive), answer)
            finally:
                route = getattr(scope.get("route"), "path", "-")
                method = scope.get("method", "WEBSOCKET")
                tell(span, method, route, status)
                took = (self._clock.monotonic() - started) * 1000
                _log.info(
                    "api.request method=%s route=%s status=%d ms=%.1f request=%s",
                    method,
                    route,
                    status,
                    took,
                    request_id,
                )


def _bounded(receive: Receive) -> Receive:
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MOST_BODY_BYTES:
                raise TooLarge
        return message

    return bounded
