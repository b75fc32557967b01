"""The span of a sync: what it was about when it begins, and its report's numbers when it ends."""

from contextlib import AbstractContextManager
from dataclasses import asdict

from opentelemetry.trace import Span

from sync_core import traces
from sync_core.store.connections import Connection
from sync_core.sync.report import EntityReport, Mode


def about(connection: Connection, entity: str) -> dict[str, traces.Value]:
    """Whose it is, as attributes."""
    return {
        "venue_sync.venue": connection.venue,
        "venue_sync.provider": connection.provider,
        "venue_sync.entity": entity,
    }


def syncing(what: str, connection: Connection, entity: str, *, mode: Mode, run_id: str) -> AbstractContextManager[Span]:
    """One sync, or one reading again, of one entity of one connection."""
    if not traces.wanted():
        return traces.nothing()
    told = {traces.CORRELATION: run_id, "venue_sync.mode": mode.kind}
    return traces.span(f"{what} {connection.provider}/{entity}", {**about(connection, entity), **told})


def ended(span: Span, report: EntityReport) -> None:
    """How it went: an error is told by its category, its sentence is in the log."""
    span.set_attribute("venue_sync.status", report.status)
    if report.status == "failed":
        traces.failed(span, report.category or "unknown")


def counted(span: Span, report: EntityReport) -> None:
    """How it went, in the numbers of its report."""
    ended(span, report)
    if not span.is_recording():
        return
    span.set_attribute("venue_sync.calls", report.api_calls)
    for name, number in asdict(report.counts).items():
        if number:
            span.set_attribute(f"venue_sync.{name}", number)
