"""What the command line synced, told to Dagster: a materialisation without a run for each venue and entity.

Dagster's UI then shows the venue as synced, whoever did it. The sync is done by then, so a Dagster that cannot be
reached costs a warning and nothing else.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sync_core.sync.report import EntityReport
from sync_defs.commands.opening import declared
from sync_defs.commands.output import say

CONFIGURATION = "dagster.yaml"
VARIABLE = "DAGSTER_DATABASE_URL"  # as dagster.yaml names it


def tell_dagster(home: Path, storage_url: str, reports: Sequence[EntityReport]) -> None:
    """Report each venue's entity that went well; nothing happens where Dagster was never set up.

    Args:
        home: Dagster's home; it was never set up when there is no dagster.yaml.
        storage_url: Dagster's storage, with the driver it needs (store.database.dagster_url).
        reports: what was synced.
    """
    done = [report for report in reports if report.status == "succeeded"]
    if not done or not (home / CONFIGURATION).exists():
        return
    try:
        with _stored_in(storage_url):
            _report(str(home), done)
    except Exception as error:  # noqa: BLE001 - whatever ails Dagster, the sync itself went well
        say(f"Warning: the sync is done, but Dagster could not be told of it ({type(error).__name__}).")


@contextmanager
def _stored_in(url: str) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = url
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _report(home: str, done: Sequence[EntityReport]) -> None:
    # Dagster takes two seconds to import, which every other command would pay for.
    import dagster as dg  # noqa: PLC0415 - see above

    from assets.keys import synced_key  # noqa: PLC0415
    from assets.metadata import of_venue  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        with dg.DagsterInstance.from_config(home) as instance:
            for report in done:
                entity = declared()[report.provider].entities[report.entity]
                instance.report_runless_asset_event(
                    dg.AssetMaterialization(
                        asset_key=synced_key(report.provider, report.entity),
                        partition=report.venue,
                        metadata=of_venue(report, entity),
                    )
                )
