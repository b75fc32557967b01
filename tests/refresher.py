"""A process that works with one connection's tokens, told what to do line by line: python -m tests.refresher VENUE PROVIDER.

"use": make one call to the provider, as a request to the API would; "round": refresh what is due. Each line is answered.
"""

import os
import random
import sys

import mappings
from sync_core.clock import SystemClock
from sync_core.errors import SyncError
from sync_core.http.bearer import renewing
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.oauth.bearer import bearer_of
from sync_core.oauth.rounds import refresh_due
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import RateSpec
from sync_core.store import connections
from sync_core.store.connections import Connection
from sync_core.store.database import open_engine
from sync_core.sync.engine import Engine, open_engine_for
from tests.world import DEFS, unhurried


def _used(engine: Engine, connection: Connection) -> str:
    """The status of one call with the connection's token, which may have ended."""
    with engine.database.connect() as conn:
        bearer = bearer_of(engine, conn, connection)
    assert bearer is not None
    policy = CallPolicy("QuickBooks", connection.label, RateSpec(per_second=1_000), concurrency=2, timeout=30)
    company = connection.account_id
    address = f"{engine.settings.bases['QUICKBOOKS_API_BASE']}/v3/company/{company}/companyinfo/{company}"
    rng = random.Random(1)
    with open_session(policy, clock=SystemClock(), rng=rng, calls=CallLog(), correlation="test") as session:
        renewing(session, bearer)
        headers = {"Authorization": "Bearer whatever", "Accept": "application/json"}
        return str(session.get(address, headers=headers).status_code)


def main(venue: str, provider: str) -> None:
    """Do as told until standard input ends."""
    database = open_engine(os.environ["DATABASE_URL"])
    engine = open_engine_for(
        read_settings(os.environ), database, specs=unhurried(load_providers(DEFS)), templates=mappings.FOLDER
    )
    with database.connect() as conn:
        connection = connections.find(conn, venue, provider)
    assert connection is not None
    _say("ready")
    for line in sys.stdin:
        try:
            if line.strip() == "use":
                _say(_used(engine, connection))
            else:
                _say(";".join(str(visit.error) for visit in refresh_due(engine) if visit.error) or "done")
        except SyncError as failed:
            _say(f"{type(failed).__name__}: {failed}")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
