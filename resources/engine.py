"""The sync engine, built once per run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from pydantic import Field

from mappings import FOLDER
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.sync.engine import Engine, open_engine_for


class EngineResource(dg.ConfigurableResource[Engine]):
    """An `Engine` for the declared providers, with the vault and the limits that the environment names."""

    database: dg.ResourceDependency[sa.Engine]
    declarations: str = Field(description="Folder with a defs.yaml per provider.")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Engine]:  # noqa: ARG002 - Dagster's signature
        """Build the engine on the database's pool. Raises ConfigurationError or DeclarationError as those parts do."""
        yield open_engine_for(
            read_settings(os.environ),
            self.database,
            specs=load_providers(Path(self.declarations)),
            templates=FOLDER,
        )
