"""Who is due in a run, asked once for all its steps."""

import dagster as dg

from sync_core.sync.due import Round


class RoundResource(dg.ConfigurableResource[Round]):
    """A `Round` of each run's own: its steps, one after the other in one process, go by the same answer."""

    def create_resource(self, context: dg.InitResourceContext) -> Round:  # noqa: ARG002 - Dagster's signature
        """A round that has asked nothing yet."""
        return Round()
