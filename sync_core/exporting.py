"""Where spans go: to OTEL_EXPORTER_OTLP_ENDPOINT by OTLP over HTTP, in the background, if it is set; else nowhere.

Everything else is said by the standard variables too, which OpenTelemetry's SDK reads itself. The SDK is loaded here
alone, and only by a process that exports.

Stays true: a receiver that is slow or away costs spans, never a sync: what cannot be sent is dropped, and nobody waits
for it longer than `LAST_SECONDS` at the end.
"""

import importlib.metadata
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sync_core import traces
from sync_core.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SERVICE: Final = "venue-sync"
PROTOCOL: Final = "http/protobuf"
LAST_SECONDS: Final = 3.0
"""So long a process that ends waits for its last spans to be taken."""
_EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"

_log = logging.getLogger(__name__)


class Exports:
    """By what this process exports, and what sent its last spans."""

    provider: "TracerProvider | None" = None
    sending: threading.Thread | None = None


exports: Final = Exports()


def install(environ: Mapping[str, str]) -> None:
    """Export the spans of this process if its environment says where to. May be called again.

    Raises ConfigurationError when it says something that is not understood.
    """
    endpoint = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if not endpoint or exports.provider is not None or environ.get("OTEL_TRACES_EXPORTER") == "none":
        return
    if not endpoint.startswith(("http://", "https://")):
        raise ConfigurationError("OTEL_EXPORTER_OTLP_ENDPOINT is no address: write it with http:// or https:// before.")
    protocol = environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL
    if protocol != PROTOCOL:
        raise ConfigurationError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: spans are sent by {PROTOCOL} alone, mostly to port 4318."
        )
    exports.provider = _provider()
    traces.use(exports.provider.get_tracer(SERVICE, _version()))


def flush() -> None:
    """Send what has ended by now, as far as the receiver takes it within `LAST_SECONDS`.

    One that has not taken it all the last time is not waited for again.
    """
    if exports.provider is None or (exports.sending is not None and exports.sending.is_alive()):
        return
    # The SDK's own time-out has no effect (open-telemetry/opentelemetry-python, issue 4568).
    exports.sending = threading.Thread(target=exports.provider.force_flush, name="last-spans", daemon=True)
    exports.sending.start()
    exports.sending.join(LAST_SECONDS)
    if exports.sending.is_alive():
        _log.warning("traces.lost: OTEL_EXPORTER_OTLP_ENDPOINT took not all spans: see whether a receiver is there.")


def _provider() -> "TracerProvider":
    # The SDK and its exporter take a tenth of a second to load, which no process without them should pay for.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    # One line for a batch that is lost is enough; each attempt would be one more.
    logging.getLogger(_EXPORTER).setLevel(logging.ERROR)
    ours = {"service.name": SERVICE, "service.version": _version()}
    told = OTELResourceDetector().detect().attributes  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
    provider = TracerProvider(resource=Resource.create({**ours, **told}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _version() -> str:
    return importlib.metadata.version("venue-sync")
