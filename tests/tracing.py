"""Spans as tests see them: caught in this process, or taken by a receiver on 127.0.0.1 from processes of their own."""

import gzip
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import format_span_id, format_trace_id

from sync_core import traces


@dataclass(frozen=True, slots=True)
class Told:
    """A span, whichever way it came; ids are hexadecimal, `links` are trace and span ids."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str | None
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]
    error: bool
    said: str
    """Everything that it says in words: status, events, attributes, name."""
    scope: str = "venue-sync"


@dataclass(slots=True)
class Spans:
    """All spans that have ended."""

    all: list[Told] = field(default_factory=list[Told])

    def one(self, name: str, **attributes: Any) -> Told:
        """The only span of this name and these attributes of ours."""
        [found] = self.named(name, **attributes)
        return found

    def named(self, name: str, **attributes: Any) -> list[Told]:
        """The spans of this name and these attributes of ours, in the order of their ends."""
        wanted = {f"venue_sync.{key}": value for key, value in attributes.items()}
        return [one for one in self.all if one.name == name and wanted.items() <= one.attributes.items()]

    def way(self, span: Told) -> list[str]:
        """The names from the outermost span that is here down to this one."""
        by_id = {one.id: one for one in self.all}
        names = [span.name]
        while span.parent in by_id:
            span = by_id[span.parent]
            names.insert(0, span.name)
        return names

    @property
    def said(self) -> str:
        """All that the spans say."""
        return "\n".join(one.said for one in self.all)


class _Catcher(SpanExporter):
    def __init__(self, into: Spans) -> None:
        self._into = into

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._into.all.extend(_told(one) for one in spans)
        return SpanExportResult.SUCCESS


def _told(span: ReadableSpan) -> Told:
    assert span.context is not None
    return Told(
        name=span.name,
        kind=span.kind.name,
        trace=format_trace_id(span.context.trace_id),
        id=format_span_id(span.context.span_id),
        parent=None if span.parent is None else format_span_id(span.parent.span_id),
        links=tuple(
            (format_trace_id(link.context.trace_id), format_span_id(link.context.span_id)) for link in span.links
        ),
        attributes=dict(span.attributes or {}),
        error=span.status.status_code.name == "ERROR",
        said=span.to_json(),
    )


@contextmanager
def caught() -> Iterator[Spans]:
    """The spans of this process, as they end."""
    spans, provider = Spans(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(_Catcher(spans)))
    traces.use(provider.get_tracer("venue-sync"))
    try:
        yield spans
    finally:
        traces.use(None)


class Receiver(ThreadingHTTPServer):
    """A collector that speaks OTLP over HTTP, and takes spans without ever answering while `leaves_unanswered`, until `answers_now`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans = Spans()
        self.services = set[str]()
        self.asked = 0
        self.leaves_unanswered = False
        self.answers_now = threading.Event()

    @property
    def address(self) -> str:
        """For OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who does not wait for an answer is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        if self.server.leaves_unanswered:
            self.server.answers_now.wait(60)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for of in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.services |= {
                one.value.string_value for one in of.resource.attributes if one.key == "service.name"
            }
            for scope in of.scope_spans:
                self.server.spans.all.extend(_received(one, scope.scope.name) for one in scope.spans)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        pass


def _received(span: Any, scope: str) -> Told:
    def value(of: Any) -> Any:
        return getattr(of, of.WhichOneof("value"))

    return Told(
        name=span.name,
        kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex() or None,
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        attributes={one.key: value(one.value) for one in span.attributes},
        error=span.status.code == span.status.STATUS_CODE_ERROR,
        said=str(span),
        scope=scope,
    )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.answers_now.set()
        receiver.shutdown()
        thread.join()
        receiver.server_close()
