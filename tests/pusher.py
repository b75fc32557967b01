"""A process that syncs one venue once and may be killed at any moment: python -m tests.pusher VENUE PROVIDER ENTITY."""

import os
import sys

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store import connections
from sync_core.store.database import open_engine
from sync_core.sync.engine import open_engine_for
from sync_core.sync.report import Mode
from tests.world import DEFS, unhurried


def main(venue: str, provider: str, entity: str) -> int:
    """Sync and say how it went."""
    settings = read_settings(os.environ)
    database = open_engine(os.environ["DATABASE_URL"])
    engine = open_engine_for(settings, database, specs=unhurried(load_providers(DEFS)), templates=mappings.FOLDER)
    with database.connect() as conn:
        connection = connections.find(conn, venue, provider)
    assert connection is not None
    report = engine.sync(connection, entity, mode=Mode(), run_id="pusher")
    sys.stdout.write(f"{report.status} {report.error or ''}\n")
    return 0 if report.status == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
