"""Dagster's event log is pruned once a day, by a run of its own: nothing else does so, and it grows with every venue."""

from dataclasses import asdict

import dagster as dg

from assets.telling import told_in_a_sentence
from sync_core.store.dagster_history import prune
from sync_core.sync.engine import Engine

PRUNE = "prune_history"


@dg.op(name="prune", description="Deletes runs and events that are old and that nothing needs any more.")
def prune_old(context: dg.OpExecutionContext, engine: dg.ResourceParam[Engine]) -> None:
    """One round; how many of each were deleted is the output's metadata."""
    with told_in_a_sentence():
        pruned = prune(engine.database, older_than=engine.settings.run_history)
    if pruned is None:
        context.log.info("Dagster's storage is not in the venues' database: it is pruned by whoever keeps it.")
        return
    context.add_output_metadata({name: dg.MetadataValue.int(value) for name, value in asdict(pruned).items()})


def prune_job() -> dg.JobDefinition:
    """The job of a round."""

    @dg.job(name=PRUNE, description="Dagster's old runs and events, without those that say how things stand today.")
    def prune_history() -> None:
        prune_old()

    return prune_history
