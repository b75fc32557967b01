"""Processes of their own, with the standard environment: what a caller asked of one is done by another, in one trace."""

import signal
from datetime import timedelta
from pathlib import Path

import requests
import sqlalchemy as sa

from benchmarks.doors import until
from sync_api.signing import sign
from sync_core.clock import SystemClock
from sync_defs.ports import free_port
from tests.e2e.stage import started
from tests.tracing import receiving
from tests.world import World, world

HALL = "lantern-hall"
V1 = "/api/v1/integrations"
INTERRUPTED = 130


def _asked(world: World, address: str, **headers: str) -> requests.Response:
    now, lasting = SystemClock().now(), timedelta(hours=1)
    token = sign(world.settings, subject="ana", role="venue_admin", venues=[HALL], now=now, lasting=lasting)
    given = {"Authorization": f"Bearer {token}", **headers}
    body = {"venueId": HALL, "syncType": "customers"}
    return requests.post(f"{address}{V1}/sync/stripe/sync", json=body, headers=given, timeout=10)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health/live", timeout=5).ok
    except requests.RequestException:
        return False


def test_what_one_process_was_asked_another_does_in_the_same_trace(
    database: sa.Engine, database_url: str, tmp_path: Path
) -> None:
    port = free_port(24_000)
    address = f"http://127.0.0.1:{port}"
    with receiving() as receiver, world(database, tmp_path) as made:
        made.venue(HALL)
        made.insert("customers", HALL, id="c1", given_name="Ada", email="ada@example.com")
        environ = {
            "DATABASE_URL": database_url,
            "STRIPE_API_BASE": made.bases["stripe"],
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        }
        with (
            started("api", "--port", str(port), home=tmp_path, **environ, OTEL_SERVICE_NAME="the-door") as api,
            started("drain", "--quiet", "3600", home=tmp_path, **environ) as drain,
        ):
            until(lambda: _answers(address), seconds=60)
            assert _asked(made, address).status_code == 202
            until(lambda: made.rows("SELECT status FROM sync.work") == [("succeeded",)], seconds=60)
            for process in (api, drain):
                process.send_signal(signal.SIGTERM)
            assert (api.wait(30), drain.wait(30)) == (INTERRUPTED, 0)
        assert made.objects("stripe", HALL, "customers")
        spans = receiver.spans

    asked = spans.one(f"POST {V1}/sync/{{provider}}/sync")
    call = spans.one("POST /v1/customers")
    assert spans.way(call) == [asked.name, "process work", "sync stripe/customers", "push", call.name]
    assert {one.trace for one in spans.all if one.name.startswith(("process", "sync", "push"))} == {asked.trace}
    assert receiver.services == {"the-door", "venue-sync"}
    assert {one.scope for one in spans.all} == {"venue-sync"}
    assert "ada" not in spans.said.lower()
