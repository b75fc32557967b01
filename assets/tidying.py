"""What was kept long enough is deleted once a day, whether or not an API is running that does so every hour."""

from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa

from assets.telling import told_in_a_sentence
from sync_core.store import retention

TIDY = "tidy"


@dg.op(
    name="forget", description="Deletes what was kept long enough: see docs/runbooks/database-full.md for the times."
)
def forget(context: dg.OpExecutionContext, database: dg.ResourceParam[sa.Engine]) -> None:
    """One round; how many of each were deleted is the output's metadata."""
    with told_in_a_sentence():
        done = retention.tidy(database, now=datetime.now(UTC))
    if done is None:
        context.log.info("Another process is at it: this run had nothing to do.")
        return
    context.add_output_metadata({name: dg.MetadataValue.int(value) for name, value in asdict(done).items()})


def tidy_job() -> dg.JobDefinition:
    """The job of a round."""

    @dg.job(name=TIDY, description="Old syncs, events, requests and audit lines, deleted.")
    def tidy() -> None:
        forget()

    return tidy
