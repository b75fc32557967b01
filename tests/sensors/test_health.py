"""A tick judges every connection, says what it found, and starts nothing."""

import dagster as dg
import sqlalchemy as sa

from sensors.health import health_sensor
from sync_core.spec.load import load_providers
from sync_core.store import alerts
from sync_core.store.database import open_engine
from sync_core.store.failures import SENTENCES
from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import venues
from tests.world import DEFS


def _tick(database: sa.Engine) -> str | None:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources={"database": database}) as context,
    ):
        result = health_sensor(load_providers(DEFS))(context)
    assert isinstance(result, dg.SkipReason)
    return result.skip_message


def test_a_tick_counts_connections_and_opens_alerts_once(database: sa.Engine) -> None:
    assert _tick(database) == "no connection; 0 changed, 0 alerts opened, 0 closed."
    with database.begin() as conn:
        for venue, status in (("a", "error"), ("b", "connected")):
            conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="EUR"))
            values = {"venue_id": venue, "provider": "stripe", "environment": "sandbox", "status": status}
            conn.execute(sa.insert(connections).values(values))

    assert _tick(database) == "1 unhealthy, 1 unknown; 2 changed, 1 alerts opened, 0 closed."
    assert _tick(database) == "1 unhealthy, 1 unknown; 0 changed, 0 alerts opened, 0 closed."
    with database.connect() as conn:
        assert [one.venue for one in alerts.opened(conn)] == ["a"]


def test_a_database_that_is_away_is_no_error() -> None:
    away = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    assert _tick(away) == SENTENCES["gone"]
    away.dispose()
