"""The span of one request to a provider, by OpenTelemetry's conventions for HTTP clients.

Its context stays with us: the request carries no `traceparent`, for a provider is a stranger.
"""

from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import requests
from opentelemetry.trace import Span, SpanKind

from sync_core import traces

_LONGEST_ID = 128


def calling(
    request: requests.PreparedRequest, endpoint: str, *, provider: str, connection: str, attempt: int
) -> AbstractContextManager[Span]:
    """One attempt at a request; of its address only the host and the endpoint's template are told."""
    if not traces.wanted():
        return traces.nothing()
    method, _, template = endpoint.partition(" ")
    host = urlsplit(request.url or "")
    told: dict[str, traces.Value] = {
        "http.request.method": method,
        "url.template": template,
        "server.address": host.hostname or "",
        "server.port": host.port or (80 if host.scheme == "http" else 443),
        "venue_sync.provider": provider,
        "venue_sync.connection": connection,
    }
    if attempt > 1:
        told["http.request.resend_count"] = attempt - 1
    return traces.span(endpoint, told, kind=SpanKind.CLIENT)


def answered(span: Span, response: requests.Response | None, *, code: str | None, request_id: str | None) -> None:
    """What came of it; `code` says why there is no response, `request_id` is the provider's own of the request."""
    if not span.is_recording():
        return
    if request_id is not None:
        span.set_attribute("venue_sync.provider_request", request_id[:_LONGEST_ID])
    if response is None:
        traces.failed(span, code or "no_answer")
        return
    span.set_attribute("http.response.status_code", response.status_code)
    if response.status_code >= 400:  # noqa: PLR2004 - HTTP
        traces.failed(span, str(response.status_code))
