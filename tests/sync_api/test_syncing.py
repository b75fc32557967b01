"""Syncs by HTTP: asked for, seen, stopped, retried; records that need a person; and progress as it happens."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as websocket

from sync_core.store import connections
from sync_core.sync.asked import work_off
from sync_core.sync.report import EntityReport, Mode
from tests.sync_api.desk import OTHER, OWN, V1, Desk

ABOUT = {"venueId": OWN}
KEY = "sk_test_the_key_of_blue_note"


def ask_for(desk: Desk, what: str = "customers", **rest: Any) -> requests.Response:
    return desk.ask("POST", "/sync/stripe/sync", body=ABOUT | {"syncType": what}, **rest)


def asked(desk: Desk, *columns: str) -> list[Any]:
    return desk.sql(f"SELECT {', '.join(columns)} FROM sync.work ORDER BY id")


def test_a_sync_is_queued_with_high_priority_in_the_caller_s_name_and_found_by_its_id(desk: Desk) -> None:
    desk.connect()

    answer = ask_for(desk)

    assert answer.status_code == 202
    [request] = answer.json()["data"]["requests"]
    assert (request["entity"], request["priority"], request["status"]) == ("customers", "HIGH", "queued")
    assert asked(desk, "entity", "mode", "requested_by") == [("customers", "incremental", "user:ana")]
    assert desk.data("GET", f"/sync/requests/{request['id']}") == request


def test_everything_and_a_kind_are_queued_in_the_order_of_need(desk: Desk) -> None:
    desk.connect()
    order = desk.engine.spec("stripe").in_order()

    ask_for(desk, "transactions", token=desk.token("admin"))
    kinds = {name: entity.kind for name, entity in desk.engine.spec("stripe").entities.items()}
    assert [entity for (entity,) in asked(desk, "entity")] == [n for n in order if kinds[n] == "transactions"]

    desk.sql("DELETE FROM sync.work")
    ask_for(desk, "full")
    assert tuple(entity for (entity,) in asked(desk, "entity")) == order


def test_the_same_sync_is_not_queued_twice(desk: Desk) -> None:
    desk.connect()
    ask_for(desk)

    assert (ask_for(desk).status_code, ask_for(desk).json()["code"]) == (409, "SYNC_IN_PROGRESS")
    assert len(asked(desk, "id")) == 1


def test_force_looks_at_everything_and_a_date_at_what_changed_since(desk: Desk) -> None:
    desk.connect()
    for what, options in (("customers", {"force": True}), ("products", {"startDate": "2026-11-01T01:00:00+01:00"})):
        desk.ask("POST", "/sync/stripe/sync", body=ABOUT | {"syncType": what, "options": options})

    modes = [(mode, since and since.isoformat()) for mode, since in asked(desk, "mode", "since")]
    assert modes[0] == ("full", None)
    assert ("since", "2026-11-01T00:00:00+00:00") in modes


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"syncType": "nothing"}, "syncType"),
        ({"options": {"force": "yes"}}, "options.force"),
        ({"options": {"startDate": "2026-11-01T00:00:00"}}, "options.startDate"),
        ({"options": {"startDate": "2026-11-01T00:00:00Z", "force": True}}, "options.startDate"),
        ({"options": {"endDate": "2026-11-01"}}, "options.endDate"),
    ],
)
def test_what_is_wrong_with_a_wish_is_told_by_field(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    desk.connect()

    answer = desk.ask("POST", "/sync/stripe/sync", body=ABOUT | wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json()["details"]] == [field]


def test_stopping_cancels_what_is_queued_and_asks_what_runs_to_stop(desk: Desk) -> None:
    desk.connect()
    ask_for(desk, "customers")
    ask_for(desk, "products")
    desk.sql("UPDATE sync.work SET status = 'running', claimed_by = 'w' WHERE entity = 'customers'")

    desk.ask("POST", "/sync/stripe/sync/stop", body=ABOUT)

    states = dict(asked(desk, "entity", "status"))
    assert states.pop("customers") == "running"
    assert set(states.values()) == {"cancelled"}
    assert desk.sql("SELECT entity FROM sync.work WHERE stop_asked") == [("customers",)]
    status = desk.data("GET", "/sync/stripe/sync/status", venueId=OWN)
    assert status["integration"] == {"status": "connected", "last_sync_at": None}
    assert {line["status"]: line["count"] for line in status["queue"]} == {"running": 1, "cancelled": len(states)}


def test_failed_requests_are_queued_again_one_or_all(desk: Desk) -> None:
    desk.connect()
    ask_for(desk, "customers")
    ask_for(desk, "products")
    desk.sql("UPDATE sync.work SET status = 'dead'")
    first = asked(desk, "id")[0][0]

    desk.ask("POST", "/sync/stripe/sync/retry", body=ABOUT | {"queueItemId": first})
    assert desk.sql("SELECT id FROM sync.work WHERE status = 'queued'") == [(first,)]
    desk.ask("POST", "/sync/stripe/sync/retry", body=ABOUT)
    assert desk.sql("SELECT count(*) FROM sync.work WHERE status <> 'queued'") == [(0,)]
    wrong = ABOUT | {"queueItemId": 999_999}
    assert desk.refusal("POST", "/sync/stripe/sync/retry", body=wrong) == (404, "SYNC_NOT_FOUND")


@pytest.fixture
def synced(stage: Desk) -> Desk:
    """A stage on which blue-note is connected with Stripe and has a good customer and one that Stripe refuses."""
    stage.sim("stripe", "PUT", "accounts", credential=KEY, account_id="acct_bluenote", name="Blue Note")
    stage.engine.connect(OWN, "stripe", {"api_key": KEY}, environment="production")
    for name, mail in (("good", "ada@example.com"), ("bad", "no address")):
        stage.sql(
            "INSERT INTO venue.customers (venue_id, id, given_name, email) VALUES (:venue, :id, 'Ada', :mail)",
            venue=OWN,
            id=name,
            mail=mail,
        )
    return stage


def sync(desk: Desk, entity: str = "customers") -> EntityReport:
    with desk.engine.database.connect() as conn:
        found = connections.find(conn, OWN, "stripe")
    assert found is not None
    return desk.engine.sync(found, entity, mode=Mode(), run_id="run-1")


def test_the_id_of_a_request_is_found_in_the_history_and_was_told_to_the_provider(synced: Desk) -> None:
    synced.sim("stripe", "DELETE", "calls")
    answer = synced.ask(
        "POST", "/sync/stripe/sync", body=ABOUT | {"syncType": "customers"}, headers={"X-Request-Id": "from-the-portal"}
    )
    assert answer.headers["X-Request-Id"] == "from-the-portal"

    work_off(synced.engine, run_id="worker", quiet_seconds=0)
    synced.ask("POST", "/health/stripe/test", body=ABOUT, headers={"X-Request-Id": "a-look"})

    [request] = answer.json()["data"]["requests"]
    shown = synced.data("GET", f"/sync/requests/{request['id']}")
    assert (shown["status"], shown["request_id"]) == ("succeeded", "from-the-portal")
    [past] = synced.data("GET", "/sync/stripe/sync/history", venueId=OWN)
    assert past["sync_id"] == "from-the-portal"
    sources = synced.sim("stripe", "GET", "calls")["by_source"]
    assert sorted(source.split(" ")[1] for source in sources) == ["a-look", "from-the-portal"]


def test_history_health_metrics_and_costs_tell_of_a_sync(synced: Desk) -> None:
    report = sync(synced)
    assert (report.counts.created, report.counts.failed) == (1, 1)

    [past] = synced.data("GET", "/sync/stripe/sync/history", venueId=OWN)
    assert (past["entity_type"], past["operation"], past["status"]) == ("customers", "incremental_sync", "completed")
    assert (past["success_count"], past["error_count"], past["sync_id"]) == (1, 1, "run-1")
    assert past["api_calls_made"] == report.api_calls
    health = synced.data("GET", "/health/stripe", venueId=OWN)
    assert (health["status"], health["success_rate"], health["sync_count_24h"]) == ("healthy", 100.0, 1)
    metrics = synced.data("GET", "/health/stripe/metrics", venueId=OWN, period="7d")
    assert (metrics["total_syncs"], metrics["total_success_count"], metrics["total_error_count"]) == (1, 1, 1)
    costs = synced.data("GET", "/admin/costs", token=synced.token("admin"))
    assert [(line["venue_id"], line["total_api_calls"]) for line in costs["costs"]] == [(OWN, report.api_calls)]
    assert costs["total_api_calls"] == report.api_calls


def test_a_row_that_was_refused_is_pushed_by_the_next_sync_once_it_is_retried(synced: Desk) -> None:
    sync(synced)
    [letter] = synced.data("GET", "/dead-letters", venueId=OWN)
    assert (letter["record_id"], letter["direction"], letter["entity"]) == ("bad", "push", "customers")
    synced.sql("UPDATE sync.pending SET due_at = now() + interval '1 day'")

    told = synced.ask("POST", f"/dead-letters/{letter['id']}/retry").json()["data"]

    assert told == {"resolved": 0, "queued": 1, "still_open": 0}
    assert synced.sql("SELECT entity, priority FROM sync.work") == [("customers", "high")]
    assert synced.sql("SELECT local_id FROM sync.pending WHERE due_at <= now()") == [("bad",)]


def test_an_object_that_could_not_be_taken_in_is_read_again_at_once(synced: Desk) -> None:
    sync(synced)
    remote = synced.sql("SELECT remote_id FROM sync.ledger")[0][0]
    synced.sql(
        "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, reason) "
        "SELECT id, 'customers', 'pull', :remote, 'bad', 'It was bad.' FROM sync.connections",
        remote=remote,
    )

    told = synced.ask("POST", "/dead-letters/retry", body=ABOUT | {"provider": "stripe"}).json()["data"]

    assert told == {"resolved": 1, "queued": 1, "still_open": 0}
    assert [letter["direction"] for letter in synced.data("GET", "/dead-letters", venueId=OWN)] == ["push"]


def test_a_discarded_letter_is_gone_and_its_row_waits_no_more(synced: Desk) -> None:
    sync(synced)
    [letter] = synced.data("GET", "/dead-letters", venueId=OWN)

    assert synced.data("GET", f"/dead-letters/{letter['id']}") == letter
    assert synced.ask("DELETE", f"/dead-letters/{letter['id']}").status_code == 200

    assert synced.data("GET", "/dead-letters", venueId=OWN) == []
    assert synced.sql("SELECT count(*) FROM sync.pending") == [(0,)]
    assert synced.refusal("DELETE", f"/dead-letters/{letter['id']}") == (404, "DEAD_LETTER_NOT_FOUND")


def told(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """The states that a stream of events tells."""
    for line in answer.iter_lines():
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def test_progress_is_streamed_as_it_happens_and_only_the_venue_s_own(desk: Desk) -> None:
    desk.connect()
    theirs = desk.connect(OTHER)
    url = f"{desk.address}{V1}/sync/progress"
    headers = {"Authorization": f"Bearer {desk.token()}"}
    with requests.get(url, params=ABOUT, headers=headers, stream=True, timeout=20) as answer:
        states = told(answer)
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert next(states) == {"venue_id": OWN, "requests": [], "syncs": []}

        desk.sql(
            "INSERT INTO sync.work (connection_id, entity, mode, priority, requested_by) "
            "VALUES (:id, 'customers', 'full', 'high', 'user:bo')",
            id=theirs,
        )
        ask_for(desk)
        assert [(r["entity"], r["status"]) for r in next(states)["requests"]] == [("customers", "queued")]

        desk.sql(
            "UPDATE sync.work SET status = 'running', progress = '{\"done\": 7, \"total\": 10}' WHERE requested_by = 'user:ana'"
        )
        [request] = next(states)["requests"]
        assert (request["status"], request["progress"]) == ("running", {"done": 7, "total": 10})

        desk.sql("UPDATE sync.work SET status = 'succeeded', finished_at = now() WHERE requested_by = 'user:ana'")
        assert [r["status"] for r in next(states)["requests"]] == ["succeeded"]


def test_a_websocket_tells_the_same_to_whoever_offers_a_token(desk: Desk) -> None:
    desk.connect()
    url = f"{desk.address.replace('http', 'ws')}{V1}/sync/progress/ws?venueId={OWN}"

    with websocket(url, subprotocols=["venue-sync", desk.token()], open_timeout=10) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "venue-sync"
        assert json.loads(socket.recv(timeout=10)) == {"venue_id": OWN, "requests": [], "syncs": []}
        ask_for(desk)
        assert [r["status"] for r in json.loads(socket.recv(timeout=10))["requests"]] == ["queued"]


@pytest.mark.parametrize(("venue", "role", "status"), [(OWN, None, 401), (OTHER, "venue_admin", 403)])
def test_a_websocket_of_somebody_else_is_refused_before_it_opens(
    desk: Desk, venue: str, role: Any, status: int
) -> None:
    url = f"{desk.address.replace('http', 'ws')}{V1}/sync/progress/ws?venueId={venue}"
    headers = {"Authorization": f"Bearer {desk.token(role)}"} if role else {}

    with pytest.raises(InvalidStatus) as refused:
        websocket(url, additional_headers=headers, open_timeout=10)
    assert refused.value.response.status_code == status
