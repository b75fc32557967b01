"""The sync engine, built once per run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import Field

from mappings import FOLDER
from resources.database import pool
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.sync.engine import Engine, open_engine_for


class EngineResource(dg.ConfigurableResource[Engine]):
    """An `Engine` for the declared providers, with the vault and the limits that the environment names."""

    declarations: str = Field(description="Folder of the product's declarations; VENUE_SYNC_DECLARATIONS adds others.")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Engine]:  # noqa: ARG002 - Dagster's signature
        """Build the engine, with a connection per worker. Raises ConfigurationError or DeclarationError."""
        settings = read_settings(os.environ)
        specs = load_providers(Path(self.declarations), *settings.declarations)
        with pool(settings, size=settings.workers + 2) as database:
            yield open_engine_for(settings, database, specs=specs, templates=FOLDER)
