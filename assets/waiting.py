"""What waits for nobody's schedule: webhook events and syncs that people asked for, each worked off by one run at a time.

These are jobs and no assets: which venues they touch is known only when it is done, and a materialisation per event
would cost more than the event. What they did is in the run's metadata, in the inbox and in the queue.
"""

from dataclasses import asdict
from typing import Any

import dagster as dg
from pydantic import Field

from assets.telling import told_in_a_sentence
from sync_core.sync.asked import work_off
from sync_core.sync.engine import Engine
from sync_core.webhooks.apply import drain

DRAIN = "drain_webhooks"
WORK = "work_queue"


class LingerConfig(dg.Config):
    """How long a run stays when there is nothing to do."""

    quiet_seconds: float = Field(
        default=300, ge=0, description="The run ends when nothing has come for so long; until then it listens."
    )


@dg.op(name="drain", description="Applies webhook events as they come, until it has been quiet for a while.")
def drain_inbox(context: dg.OpExecutionContext, config: LingerConfig, engine: dg.ResourceParam[Engine]) -> None:
    """One drain; the counts of its events are the output's metadata."""
    with told_in_a_sentence():
        done = drain(engine, run_id=context.run.run_id, quiet_seconds=config.quiet_seconds)
    if done is None:
        context.log.info("Another process is draining the inbox: this run had nothing to do.")
    else:
        _tell(context, asdict(done))


@dg.op(name="work", description="Carries out the syncs in the queue, the most urgent first, until it has been quiet.")
def work_through(context: dg.OpExecutionContext, config: LingerConfig, engine: dg.ResourceParam[Engine]) -> None:
    """One worker on the queue; the counts of its items are the output's metadata."""
    with told_in_a_sentence():
        worked = work_off(engine, run_id=context.run.run_id, quiet_seconds=config.quiet_seconds)
    _tell(context, asdict(worked))


def waiting_jobs() -> list[dg.JobDefinition]:
    """The job of each; its runs go before all others in Dagster's own queue."""
    urgent = {"dagster/priority": "10"}

    @dg.job(name=DRAIN, tags=urgent, description="Webhook events, from the inbox to the venues' records.")
    def drain_webhooks() -> None:
        drain_inbox()

    @dg.job(name=WORK, tags=urgent, description="Syncs that people asked for, by urgency and fair between venues.")
    def work_queue() -> None:
        work_through()

    return [drain_webhooks, work_queue]


def _tell(context: dg.OpExecutionContext, counts: dict[str, Any]) -> None:
    context.add_output_metadata({name.replace("_", " "): dg.MetadataValue.int(value) for name, value in counts.items()})
