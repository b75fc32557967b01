"""A process that drains the inbox and may be killed at any moment: python -m tests.drainer."""

import os
import sys

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store.database import open_engine
from sync_core.sync.engine import open_engine_for
from sync_core.webhooks.apply import drain
from tests.world import DEFS, unhurried


def main() -> int:
    """Drain until somebody ends it."""
    settings = read_settings(os.environ)
    database = open_engine(os.environ["DATABASE_URL"])
    engine = open_engine_for(settings, database, specs=unhurried(load_providers(DEFS)), templates=mappings.FOLDER)
    drain(engine, run_id="drainer", quiet_seconds=60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
