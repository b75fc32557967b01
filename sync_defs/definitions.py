"""The composition root: everything Dagster knows of this product, put together.

Importing this module does nothing; loading the definitions reads the declarations and mappings, those in the folders
of VENUE_SYNC_DECLARATIONS too, and nothing else: no database, no credential, no other environment variable.
"""

import importlib
import os
import warnings
from pathlib import Path
from types import ModuleType

import dagster as dg

from assets.factory import provider_assets, venue_tables
from assets.pruning import prune_job
from assets.tidying import tidy_job
from assets.tokens import token_jobs
from assets.waiting import waiting_jobs
from resources.database import DatabaseResource
from resources.engine import EngineResource
from resources.whose_turn import RoundResource
from sensors.health import health_sensor
from sensors.runs import runs_left_behind
from sensors.tokens import tokens_due
from sensors.venues import venues_to_partitions
from sensors.waiting import syncs_waiting, webhooks_waiting
from sync_core.settings import declarations_in
from sync_core.spec.load import load_providers
from sync_defs.jobs import sync_jobs
from sync_defs.schedules import incremental_schedules, prune_schedule, tidy_schedule

DECLARATIONS = "sync_defs.defs"


@dg.definitions
def defs() -> dg.Definitions:
    """The product's own declarations as Dagster definitions."""
    return definitions_of(importlib.import_module(DECLARATIONS))


def definitions_of(declarations: ModuleType) -> dg.Definitions:
    """The synced assets from a package of declarations, what they are made of, and what starts them.

    A provider from a folder of VENUE_SYNC_DECLARATIONS, which is no package, gets the same assets without a component.
    Raises DeclarationError when a declaration or mapping is wrong; Dagster shows it as the cause of its own error.
    """
    folder = Path(declarations.__path__[0])
    outside = declarations_in(os.environ)
    specs = load_providers(folder, *outside)
    added = [asset for spec in load_providers(*outside).values() for asset in provider_assets(spec, specs)]
    declared = dg.ComponentTree(defs_module=declarations, project_root=folder.parent.parent)
    # Dagster warns of its own beta classes in every process that loads a component.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        synced = declared.build_defs()
    return dg.Definitions.merge(
        synced,
        dg.Definitions(
            assets=[*venue_tables(specs), *added],
            jobs=[*sync_jobs(specs), *waiting_jobs(), *token_jobs(), tidy_job(), prune_job()],
            schedules=[*incremental_schedules(specs), tidy_schedule(), prune_schedule()],
            sensors=[
                venues_to_partitions,
                webhooks_waiting,
                syncs_waiting,
                tokens_due,
                health_sensor(specs),
                runs_left_behind,
            ],
            resources={
                "database": DatabaseResource(),
                "engine": EngineResource(declarations=str(folder)),
                "whose_turn": RoundResource(),
            },
            executor=dg.in_process_executor,
        ),
    )
