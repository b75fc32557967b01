"""What a process does that syncs one venue once and may be killed at any moment."""

from collections.abc import Mapping

import mappings
from sync_core.mapping.compile import load_mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store import connections
from sync_core.store.database import open_engine
from sync_core.sync.engine import open_engine_for
from sync_core.sync.report import Mode
from tests.world import DEFS, unhurried

SPECS = unhurried(load_providers(DEFS))
load_mappings(SPECS, mappings.FOLDER)  # a process that is born where this was read need not read it again


def push(environ: Mapping[str, str], venue: str, provider: str, entity: str) -> None:
    """Sync once."""
    settings = read_settings(environ)
    database = open_engine(environ["DATABASE_URL"])
    engine = open_engine_for(settings, database, specs=SPECS, templates=mappings.FOLDER)
    with database.connect() as conn:
        connection = connections.find(conn, venue, provider)
    assert connection is not None
    engine.sync(connection, entity, mode=Mode(), run_id="pusher")
