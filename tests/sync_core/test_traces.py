"""A span says what it is about and how it went, in words of ours, to whoever is named by the environment and nobody else."""

import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from sync_core import exporting, logs, traces
from sync_core.errors import ConfigurationError, RecordRejected
from tests.tracing import Receiver, Spans, caught, receiving

ROOT = Path(__file__).parents[2]
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with caught() as spans:
        yield spans


def test_where_nobody_takes_spans_there_are_none() -> None:
    exporting.install({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "otlp"})
    exporting.install({ENDPOINT: "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"})

    assert not traces.wanted()
    with traces.span("outer"), traces.processing("work", [None], {}) as span:
        assert not span.is_recording()
        assert (traces.here(), traces.ids()) == (None, None)


@pytest.mark.parametrize(
    "environ",
    [{ENDPOINT: "collector:4318"}, {ENDPOINT: "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}],
)
def test_what_would_never_arrive_is_refused_at_once(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_"):
        exporting.install(environ)


def test_an_exception_is_told_by_its_class_and_never_by_its_text(spans: Spans) -> None:
    with pytest.raises(RecordRejected), traces.span("push"):
        raise RecordRejected("ada@example.com is no address", code="bad")

    span = spans.one("push")
    assert (span.error, span.attributes) == (True, {"error.type": "RecordRejected"})
    assert "ada" not in span.said


def test_what_one_request_brought_belongs_to_its_trace_and_what_several_did_is_linked_to_each(spans: Spans) -> None:
    origins: list[str | None] = []
    for name in ("first", "second"):
        with traces.span(name):
            origins.append(traces.here())
    first, second = spans.one("first"), spans.one("second")

    with traces.span("unconcerned"):
        for brought in ([origins[0]], [origins[0], origins[0], None], [*origins, None, "nonsense"], [None]):
            with traces.processing("webhook_events", brought, {"n": len(brought)}):
                pass

    alone, twice, both, none = spans.named("process webhook_events")
    for child in (alone, twice):
        assert (child.trace, child.parent, child.links) == (first.trace, first.id, ((first.trace, first.id),))
    assert (both.parent, both.links) == (None, ((first.trace, first.id), (second.trace, second.id)))
    assert both.trace not in (first.trace, second.trace)
    assert (none.parent, none.links) == (None, ())
    assert {one.kind for one in (alone, twice, both, none)} == {"CONSUMER"}


def test_a_structured_line_says_to_which_span_it_belongs(spans: Spans) -> None:
    def line() -> dict[str, object]:
        record = logging.LogRecord("sync_core.x", logging.INFO, "x.py", 1, "work.done", (), None)
        logs.Scrubbing().filter(record)
        return orjson.loads(logs.JsonLines().format(record))

    with traces.span("pull"), logs.correlated("run-1"):
        inside = line()

    span = spans.one("pull")
    assert (inside["trace_id"], inside["span_id"], inside["correlation"]) == (span.trace, span.id, "run-1")
    assert not {"trace_id", "span_id"} & line().keys()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """This process exports to a receiver that takes its time."""
    monkeypatch.setattr(exporting.exports, "provider", None)
    monkeypatch.setattr(exporting.exports, "sending", None)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    with receiving() as receiver:
        receiver.leaves_unanswered = True
        monkeypatch.setenv(ENDPOINT, receiver.address)
        exporting.install(os.environ)
        provider = exporting.exports.provider
        assert provider is not None
        yield receiver
        traces.use(None)
        receiver.answers_now.set()
        provider.shutdown()


def test_a_receiver_that_does_not_answer_holds_up_nobody(
    slow: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(exporting, "LAST_SECONDS", 0.2)
    with traces.span("first"):
        pass
    while not slow.asked:
        time.sleep(0.01)

    began = time.monotonic()
    for _ in range(3_000):
        with traces.span("sync"):
            pass
    with caplog.at_level(logging.WARNING, "sync_core.exporting"):
        exporting.flush()
        exporting.flush()

    assert time.monotonic() - began < 5
    assert (slow.asked, slow.spans.all) == (1, [])
    assert [record.msg.partition(":")[0] for record in caplog.records if record.name == "sync_core.exporting"] == [
        "traces.lost"
    ]


def test_one_module_alone_loads_the_sdk() -> None:
    packages = [ROOT / name for name in ("assets", "resources", "sensors", "sync_api", "sync_core", "sync_defs")]
    files = [file for package in packages for file in package.rglob("*.py")]

    loading = [file for file in files if re.search(r"opentelemetry\.(sdk|exporter)", file.read_text(encoding="utf-8"))]

    assert loading == [ROOT / "sync_core" / "exporting.py"]
