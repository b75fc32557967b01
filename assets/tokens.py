"""Access tokens kept fresh: one run refreshes all that are due, so that no sync has to wait for a token."""

import dagster as dg

from assets.telling import told_in_a_sentence
from sync_core.oauth.rounds import LOOKAHEAD, refresh_due
from sync_core.sync.engine import Engine

REFRESH = "refresh_tokens"


@dg.op(name="refresh", description="Refreshes every access token whose end is near, many at a time.")
def refresh_round(context: dg.OpExecutionContext, engine: dg.ResourceParam[Engine]) -> None:
    """One round. A connection that fails is told in the log and counted where it belongs; the run stays green."""
    with told_in_a_sentence():
        visits = refresh_due(engine, lookahead=LOOKAHEAD)
    failed = [visit for visit in visits if visit.error]
    for visit in failed:
        context.log.warning("%s: %s", visit.label, visit.error)
    counts = {"refreshed": len(visits) - len(failed), "failed": len(failed)}
    context.add_output_metadata({name: dg.MetadataValue.int(value) for name, value in counts.items()})


def token_jobs() -> list[dg.JobDefinition]:
    """The job of a round; it goes before the syncs, which would wait for it."""

    @dg.job(name=REFRESH, tags={"dagster/priority": "10"}, description="Access tokens whose end is near, refreshed.")
    def refresh_tokens() -> None:
        refresh_round()

    return [refresh_tokens]
