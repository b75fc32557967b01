"""The composition root: everything Dagster knows of this product, put together.

Importing this module does nothing; loading the definitions reads the declarations and mappings and nothing else: no
database, no credential, no environment variable.
"""

import importlib
import warnings
from pathlib import Path
from types import ModuleType

import dagster as dg

from assets.factory import venue_tables
from resources.database import DatabaseResource
from resources.engine import EngineResource
from sensors.venues import venues_to_partitions
from sync_core.spec.load import load_providers
from sync_defs.jobs import sync_jobs
from sync_defs.schedules import incremental_schedules

DECLARATIONS = "sync_defs.defs"


@dg.definitions
def defs() -> dg.Definitions:
    """The product's own declarations as Dagster definitions."""
    return definitions_of(importlib.import_module(DECLARATIONS))


def definitions_of(declarations: ModuleType) -> dg.Definitions:
    """The synced assets from a package of declarations, what they are made of, and what starts them.

    Raises DeclarationError when a declaration or mapping is wrong; Dagster shows it as the cause of its own error.
    """
    folder = Path(declarations.__path__[0])
    specs = load_providers(folder)
    declared = dg.ComponentTree(defs_module=declarations, project_root=folder.parent.parent)
    # Dagster warns of its own beta classes in every process that loads a component.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        synced = declared.build_defs()
    return dg.Definitions.merge(
        synced,
        dg.Definitions(
            assets=venue_tables(specs),
            jobs=sync_jobs(specs),
            schedules=incremental_schedules(specs),
            sensors=[venues_to_partitions],
            resources={"database": DatabaseResource(), "engine": EngineResource(declarations=str(folder))},
            executor=dg.in_process_executor,
        ),
    )
