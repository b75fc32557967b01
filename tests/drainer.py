"""A process that drains the inbox, or stands by while another one does, and may be killed at any moment: python -m tests.drainer."""

import os
import signal
import sys
import threading

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store.database import open_engine
from sync_core.sync.engine import open_engine_for
from sync_core.webhooks.apply import drain
from tests.world import DEFS, unhurried

STANDING_BY = 0.1


def main() -> int:
    """Drain until SIGTERM."""
    leave = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leave.set())
    settings = read_settings(os.environ)
    database = open_engine(os.environ["DATABASE_URL"])
    engine = open_engine_for(settings, database, specs=unhurried(load_providers(DEFS)), templates=mappings.FOLDER)
    while not leave.is_set():
        if drain(engine, run_id="drainer", quiet_seconds=600, stopping=leave.is_set) is None:
            leave.wait(STANDING_BY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
