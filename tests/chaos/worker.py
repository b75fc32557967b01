"""A process that drains the inbox and works off the queue, and may be killed at any moment: python -m tests.chaos.worker NAME.

It is `venue-sync drain` but for the declarations: allowances that nobody waits for, and little patience with answers
that do not come, so that a time-out is over in a moment.
"""

import logging
import os
import sys
from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, Final

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec
from sync_core.store.database import open_engine
from sync_core.sync.asked import work_off
from sync_core.sync.engine import open_engine_for
from sync_core.webhooks.apply import drain
from sync_defs.commands.drain import told_to_leave
from tests.world import DEFS, unhurried

PATIENCE: Final = 2.0
"""Seconds until a call is given up."""
STAYING: Final = 86_400.0


def impatient() -> dict[str, ProviderSpec]:
    """The declarations, unhurried and impatient."""
    specs: Mapping[str, ProviderSpec] = unhurried(load_providers(DEFS))
    return {
        name: spec.model_copy(update={"api": spec.api.model_copy(update={"timeout_seconds": PATIENCE})})
        for name, spec in specs.items()
    }


def main(name: str) -> int:
    """Work until SIGTERM."""
    logging.basicConfig(level=logging.DEBUG, format=f"%(asctime)s {name} %(levelname)s %(name)s %(message)s")
    with told_to_leave() as leave, ThreadPoolExecutor(2) as pool:
        database = open_engine(os.environ["DATABASE_URL"])
        settings = read_settings(os.environ)
        engine = open_engine_for(settings, database, specs=impatient(), templates=mappings.FOLDER)
        how: Any = {"run_id": name, "quiet_seconds": STAYING, "stopping": leave.is_set}
        events: Future[Any] = pool.submit(drain, engine, **how)
        syncs: Future[Any] = pool.submit(work_off, engine, **how)
        wait((events, syncs), return_when=FIRST_EXCEPTION)
        leave.set()
        events.result()
        syncs.result()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
