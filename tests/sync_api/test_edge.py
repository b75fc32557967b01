"""The edge of the API: request ids, bounded bodies, and one shape for every error."""

from collections.abc import Iterator

import pytest
import requests
import sqlalchemy as sa
from fastapi import APIRouter

from sync_api.app import create_app
from sync_api.gate import GatedRoute
from sync_api.serving import serving
from sync_api.signing import open_verifier
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.sync.engine import Engine


@pytest.fixture
def address(engine: Engine) -> Iterator[str]:
    with serving(
        create_app(engine, verifier=open_verifier(engine.settings, engine.clock), new_id=lambda: "made-here")
    ) as address:
        yield address


def test_a_request_id_is_made_or_taken_over_and_always_told(address: str) -> None:
    made = requests.get(f"{address}/health/live", timeout=5)
    taken = requests.get(f"{address}/health/live", headers={"X-Request-Id": "from-you.1"}, timeout=5)
    refused = requests.get(f"{address}/health/live", headers={"X-Request-Id": "a b <script>"}, timeout=5)

    told = [answer.headers["X-Request-Id"] for answer in (made, taken, refused)]
    assert told == ["made-here", "from-you.1", "made-here"]


def test_an_unknown_address_is_answered_in_the_one_shape(address: str) -> None:
    answer = requests.get(f"{address}/nowhere", timeout=5)

    assert answer.status_code == 404
    body = answer.json()
    assert body.pop("timestamp")
    assert body == {
        "success": False,
        "code": "NOT_FOUND",
        "error": "Not Found.",
        "category": None,
        "details": [],
        "requestId": "made-here",
    }


def test_a_process_that_lives_is_ready_only_with_its_database(
    address: str, engine: Engine, postgres: EmbeddedPostgres
) -> None:
    assert requests.get(f"{address}/health/ready", timeout=5).status_code == 200
    admin = open_engine(postgres.url_of("postgres"))
    name = engine.database.url.database
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        ended = sa.text("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = :name")
        conn.execute(ended, {"name": name})
    admin.dispose()

    answer = requests.get(f"{address}/health/ready", timeout=15)
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "5"
    assert requests.get(f"{address}/health/live", timeout=5).status_code == 200


def test_what_nobody_foresaw_is_a_500_with_its_id_and_a_log_without_values(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(engine, verifier=open_verifier(engine.settings, engine.clock), new_id=lambda: "made-here")
    router = APIRouter(route_class=GatedRoute)

    @router.get("/health/live")  # in the place of the real one, which cannot fail
    def broken() -> None:
        with engine.database.connect() as conn:
            conn.execute(sa.text("SELECT :secret || (1 / 0)"), {"secret": "sk_test_very_secret"})

    app.router.routes[:0] = router.routes
    with serving(app) as address:
        answer = requests.get(f"{address}/health/live", timeout=10)

    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert answer.headers["X-Request-Id"] == answer.json()["requestId"] == "made-here"
    [told] = [record for record in caplog.records if record.name == "sync_api.answers"]
    assert "division by zero" in told.getMessage()
    assert "request=made-here" in told.getMessage()
    assert "very_secret" not in caplog.text
