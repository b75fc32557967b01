"""The sync engine, built once per run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from pydantic import Field

from mappings import FOLDER
from resources.database import pool
from sync_core import exporting
from sync_core.logs import form_in, install, usual
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store import lifelines
from sync_core.sync.engine import Engine, open_engine_for

WATCHED = "venue_sync/watched"
"""The tag of a run that shows that it lives (`sync_core.store.lifelines`)."""


class EngineResource(dg.ConfigurableResource[Engine]):
    """An `Engine` for the declared providers, with the vault and the limits that the environment names."""

    declarations: str = Field(description="Folder of the product's declarations; VENUE_SYNC_DECLARATIONS adds others.")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Engine]:
        """Build the engine, with a connection per worker; a run shows meanwhile that it lives.

        What the engine logs goes to the run's standard error, which Dagster keeps, and its spans to where the environment says.

        Raises ConfigurationError or DeclarationError.
        """
        form = form_in(os.environ)
        install(form, level=usual(form))
        exporting.install(os.environ)
        settings = read_settings(os.environ)
        specs = load_providers(Path(self.declarations), *settings.declarations)
        try:
            with pool(settings, size=settings.workers + 3) as database, _living(context, database):
                yield open_engine_for(settings, database, specs=specs, templates=FOLDER)
        finally:
            exporting.flush()


@contextmanager
def _living(context: dg.InitResourceContext, database: sa.Engine) -> Iterator[None]:
    """In a run, show that it lives; elsewhere nothing."""
    if context.run is None or context.instance is None:
        yield
        return
    with lifelines.held(database, context.run.run_id):
        context.instance.add_run_tags(context.run.run_id, {WATCHED: "yes"})
        yield
