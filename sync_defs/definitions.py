"""The composition root: everything Dagster knows of this product, put together.

Importing this module does nothing; loading the definitions reads the declarations and mappings and nothing else: no
database, no credential, no environment variable.
"""

import importlib
from pathlib import Path

import dagster as dg

from assets.factory import venue_tables
from resources.database import DatabaseResource
from resources.engine import EngineResource
from sensors.venues import venues_to_partitions
from sync_core.spec.load import load_providers
from sync_defs.jobs import sync_jobs
from sync_defs.schedules import incremental_schedules

PACKAGE = Path(__file__).parent
DECLARATIONS = PACKAGE / "defs"


@dg.definitions
def defs() -> dg.Definitions:
    """The synced assets from the declarations, what they are made of, and what starts them."""
    specs = load_providers(DECLARATIONS)
    declared = dg.ComponentTree(
        defs_module=importlib.import_module(f"{__package__}.{DECLARATIONS.name}"), project_root=PACKAGE.parent
    )
    database = DatabaseResource()
    return dg.Definitions.merge(
        declared.build_defs(),
        dg.Definitions(
            assets=venue_tables(specs),
            jobs=sync_jobs(specs),
            schedules=incremental_schedules(specs),
            sensors=[venues_to_partitions],
            resources={
                "database": database,
                "engine": EngineResource(database=database, declarations=str(DECLARATIONS)),
            },
            executor=dg.in_process_executor,
        ),
    )
