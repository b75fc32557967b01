"""Traces: what one request, run or command has led to, in whatever process, as spans of OpenTelemetry.

Only OpenTelemetry's API is used here: `sync_core.exporting` gives a tracer where an exporter is configured, and without
one a span costs a comparison.

Stays true: a span names things of ours (venue, entity, endpoint template), numbers and states. No exception's text, no
address with a query, no body, no secret and nothing of a person gets into one; nor does a provider, who is a stranger,
hear of our traces.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Value = str | int | float | bool
Attributes = Mapping[str, Value]

CORRELATION: Final = "venue_sync.correlation"
"""The attribute that is the correlation id of our logs: of an HTTP request, a Dagster run or a command."""
_TRACEPARENT: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()
_NOTHING: Final = nullcontext[Span](trace.INVALID_SPAN)


class _Way:
    """Where this process's spans go; None: nobody asked for any."""

    tracer: Tracer | None = None


_way: Final = _Way()


def use(tracer: Tracer | None) -> None:
    """From now on spans of this process are this tracer's; with None there are none."""
    _way.tracer = tracer


def wanted() -> bool:
    """Whether somebody takes spans."""
    return _way.tracer is not None


def nothing() -> AbstractContextManager[Span]:
    """No span, in the place of one."""
    return _NOTHING


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    links: Sequence[Link] = (),
) -> AbstractContextManager[Span]:
    """What is done inside is one span, and the parent of those that begin meanwhile in copies of this context.

    Without `parent` it belongs to the span of this context. An exception is noted by its class alone: its text may
    quote a record.
    """
    tracer = _way.tracer
    if tracer is None:
        return _NOTHING
    return _recorded(tracer, name, attributes, kind=kind, parent=parent, links=links)


@contextmanager
def _recorded(
    tracer: Tracer,
    name: str,
    attributes: Attributes | None,
    *,
    kind: SpanKind,
    parent: Context | None,
    links: Sequence[Link],
) -> Iterator[Span]:
    with tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes=attributes,
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ) as begun:
        try:
            yield begun
        except BaseException as error:
            failed(begun, type(error).__name__)
            raise


def failed(one: Span, kind: str) -> None:
    """What the span stands for went wrong; `kind` says how in a word of few: a category, a class, a status."""
    one.set_attribute("error.type", kind)
    one.set_status(StatusCode.ERROR)


def processing(queue: str, origins: Sequence[str | None], attributes: Attributes) -> AbstractContextManager[Span]:
    """The work on what lay in a queue of ours; `origins` are what `here` said where each of it was put in.

    By OpenTelemetry's conventions for messaging
    (opentelemetry.io/docs/specs/semconv/messaging/messaging-spans, "Consumer spans") it is linked to each origin, and is
    a child of it where there is only one; else, having several, it begins a trace of its own.
    """
    tracer = _way.tracer
    if tracer is None:
        return _NOTHING
    known = [one for said in dict.fromkeys(origins) if (one := _origin(said)) is not None]
    parent = Context()
    if len(known) == 1:
        parent = trace.set_span_in_context(trace.NonRecordingSpan(known[0]), parent)
    common: Attributes = {
        "messaging.system": "postgresql",
        "messaging.destination.name": queue,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
    }
    return _recorded(
        tracer,
        f"process {queue}",
        {**common, **attributes},
        kind=SpanKind.CONSUMER,
        parent=parent,
        links=[Link(one) for one in known],
    )


def _origin(said: str | None) -> SpanContext | None:
    if said is None:
        return None
    found = trace.get_current_span(_W3C.extract({_TRACEPARENT: said}, Context())).get_span_context()
    return found if found.is_valid else None


def here() -> str | None:
    """The span of this context as W3C's `traceparent`, for whoever goes on later; None where there is none."""
    if _way.tracer is None:
        return None
    carrier = dict[str, str]()
    _W3C.inject(carrier)
    return carrier.get(_TRACEPARENT)


def ids() -> tuple[str, str] | None:
    """The ids of the trace and the span of this context, in hexadecimal; None where there is none."""
    if _way.tracer is None:
        return None
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        return None
    return trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id)
