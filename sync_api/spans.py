"""The span of a request to this API, by OpenTelemetry's conventions for HTTP servers.

The framework's own, which it would make by itself, writes the whole address; it is switched off in `app.py`.
"""

from contextlib import AbstractContextManager
from typing import Final

from opentelemetry import propagate
from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers
from starlette.types import Scope

from sync_core import traces

_KNOWN: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_NO_ROUTE: Final = "-"


def answering(scope: Scope, request_id: str) -> AbstractContextManager[Span]:
    """One request. It belongs to the trace that its headers name (`traceparent`), else it begins one.

    Who watches over a WebSocket stays for hours: that is no request.
    """
    if not traces.wanted() or scope["type"] != "http":
        return traces.nothing()
    method = _known(scope["method"])
    told: traces.Attributes = {"http.request.method": method, traces.CORRELATION: request_id}
    return traces.span(_named(method), told, kind=SpanKind.SERVER, parent=propagate.extract(Headers(scope=scope)))


def tell(span: Span, method: str, route: str, status: int) -> None:
    """Which route it was, and how it was answered; `status` is 0 where it was not."""
    if not span.is_recording():
        return
    if route != _NO_ROUTE:
        span.update_name(f"{_named(_known(method))} {route}")
        span.set_attribute("http.route", route)
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= 500:
        traces.failed(span, str(status))


def _known(method: str) -> str:
    return method if method in _KNOWN else "_OTHER"


def _named(known: str) -> str:
    return "HTTP" if known == "_OTHER" else known
