"""What the steps of a run share: who is due, asked once for all of them, and the span that makes the run one trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from sync_core import exporting, traces
from sync_core.sync.due import Round


class RoundResource(dg.ConfigurableResource[Round]):
    """A `Round` of each run's own: its steps, one after the other in one process, go by the same answer."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Round]:
        """A round that has asked nothing yet; what is synced meanwhile belongs to the run's span."""
        if context.run is None:
            yield Round()
            return
        try:
            with traces.span(f"run {context.run.job_name}", {traces.CORRELATION: context.run.run_id}):
                yield Round()
        finally:
            exporting.flush()
