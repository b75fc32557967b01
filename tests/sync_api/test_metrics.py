"""The metrics say what the database says, whoever did the work, and nothing that is nobody's business."""

from dataclasses import replace
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from sync_core.store import connections, inbox
from sync_core.store.inbox import Arrival
from sync_core.sync.report import EntityReport, Mode
from sync_core.sync.watch import look
from sync_core.webhooks.apply import drain
from sync_core.webhooks.event import Event
from tests.sync_api.desk import OTHER, OWN, Desk

KEY = "sk_test_metrics_key"
ACCOUNT = "acct_metrics"

ORDER: list[str] = [
    "provider",
    "of",
    "environment",
    "limit",
    "priority",
    "entity",
    "direction",
    "status",
    "outcome",
    "health",
    "kind",
    "severity",
    "state",
    "le",
]
"""Prometheus knows no order of labels; this is ours."""

Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def busy(stage: Desk) -> Desk:
    """A stage on which much has happened: good and bad syncs, throttles, webhooks, a connection in error."""
    stage.sim("stripe", "PUT", "accounts", credential=KEY, account_id=ACCOUNT, name="Blue Note")
    stage.engine.connect(OWN, "stripe", {"api_key": KEY}, environment="production")
    stage.connect(OTHER, status="error")
    people = (("good", "ada@example.com"), ("bad", "no address"))
    for name, mail in people:
        stage.sql(
            "INSERT INTO venue.customers (venue_id, id, given_name, email) VALUES (:venue, :id, 'Ada', :mail)",
            venue=OWN,
            id=name,
            mail=mail,
        )
    faults = [{"kind": "throttle", "times": 1}, {"kind": "error_before", "times": 1, "status": 503}]
    stage.sim("stripe", "POST", "faults", seed=1, faults=faults)
    assert _sync(stage).status == "succeeded"
    refusal = {"kind": "refuse", "times": 1, "status": 400}
    stage.sim("stripe", "POST", "faults", seed=1, faults=[refusal])
    assert _sync(stage, "charges").status == "failed"
    stage.sim("stripe", "DELETE", "faults")
    return stage


def _sync(desk: Desk, entity: str = "customers") -> EntityReport:
    with desk.engine.database.connect() as conn:
        found = connections.find(conn, OWN, "stripe")
    assert found is not None
    return desk.engine.sync(found, entity, mode=Mode(), run_id="run-1")


def _scrape(desk: Desk) -> tuple[str, Samples]:
    answer = desk.ask("GET", "/metrics", token=desk.token("admin"))
    assert answer.status_code == 200, answer.text
    samples = {
        (sample.name.removeprefix("venue_sync_"), _in_order(sample.labels)): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    return answer.text, samples


def _in_order(labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels[name] for name in sorted(labels, key=ORDER.index))


def _only(samples: Samples, name: str) -> dict[tuple[str, ...], float]:
    return {labels: value for (metric, labels), value in samples.items() if metric == name}


def _rows(desk: Desk, query: str) -> dict[tuple[Any, ...], float]:
    return {tuple(row[:-1]): float(row[-1]) for row in desk.sql(query)}


def test_every_number_is_the_databases(busy: Desk) -> None:
    desk = busy
    event = Event(
        id="evt_1",
        type="customer.updated",
        account_id=ACCOUNT,
        object_type="customer",
        object_id="cus_gone",
        occurred_at=None,
        payload={},
    )
    idle = replace(event, id="evt_2", type="nothing.we_know")
    with desk.engine.database.begin() as conn:
        inbox.store(conn, [Arrival("stripe", one, None) for one in (event, idle)])
    drained = drain(desk.engine, run_id="drain", quiet_seconds=0)
    assert drained is not None
    assert (drained.applied, drained.skipped) == (1, 1)
    with desk.engine.database.begin() as conn:
        inbox.store(conn, [Arrival("stripe", replace(event, id="evt_3"), None)])
    look(desk.engine.database, desk.engine.specs, now=desk.engine.clock.now())

    _, samples = _scrape(desk)

    log = "SELECT 'stripe', entity, status, count(*) FROM sync.sync_log GROUP BY 1, 2, 3"
    assert _only(samples, "syncs_total") == _rows(desk, log)
    calls = "SELECT 'stripe', 'production', sum(calls) FROM sync.call_hours"
    tested = 1  # the key was tried before there was a connection
    assert (
        _only(samples, "api_calls_total")["stripe", "production"] == _rows(desk, calls)["stripe", "production"] + tested
    )
    assert _only(samples, "api_throttles_total") == {("stripe", "production"): 1.0}
    assert _only(samples, "api_failures_total") == {("stripe", "production"): 1.0}
    assert _only(samples, "api_retries_total") == {("stripe", "production"): 2.0}
    assert _only(samples, "dead_letters") == {("stripe", "customers", "push"): 1.0}
    assert _only(samples, "records_total")["stripe", "customers", "created"] == 1.0
    assert _only(samples, "webhooks_total") == {("stripe", "applied"): 1.0, ("stripe", "skipped"): 1.0}
    assert _only(samples, "inbox_items") == {("stripe", "received"): 1.0}
    assert _only(samples, "connections") == {
        ("stripe", "connected", "degraded"): 1.0,
        ("stripe", "error", "unhealthy"): 1.0,
    }
    assert _only(samples, "alerts") == {("degraded", "warning"): 1.0, ("unhealthy", "error"): 1.0}
    assert _only(samples, "breakers")["stripe", "provider", "open"] == 0.0
    assert _only(samples, "quota_allowed") == {("quickbooks",): 500_000.0}
    assert sum(_only(samples, "kms_calls_total").values()) > 0
    assert _only(samples, "limited_accounts")["stripe", "production", "all per second"] == 1.0

    buckets = {labels[-1]: n for labels, n in _only(samples, "sync_seconds_bucket").items() if labels[1] == "customers"}
    assert buckets["+Inf"] == _only(samples, "sync_seconds_count")["stripe", "customers"] == 1.0
    assert list(buckets.values()) == sorted(buckets.values())


def test_counters_never_go_down_and_no_label_tells_of_a_venue(busy: Desk) -> None:
    text, before = _scrape(busy)
    _sync(busy)
    busy.sql("DELETE FROM sync.connections")  # with all that is kept about them
    later, after = _scrape(busy)

    growing = {name: value for name, value in before.items() if name[0].endswith(("_total", "_bucket", "_count"))}
    assert growing
    assert [name for name, value in growing.items() if after[name] < value] == []
    for secret in (KEY, ACCOUNT, OWN, OTHER, "ada@example.com", "Ada", busy.token("admin")):
        assert secret not in text + later


def test_metrics_are_for_administrators_and_their_keys(desk: Desk) -> None:
    assert desk.refusal("GET", "/metrics") == (403, "FORBIDDEN")
    wanted = {"name": "prometheus", "scopes": ["admin:read"]}
    made = desk.ask("POST", "/api-keys", token=desk.token("admin"), body=wanted)
    assert made.status_code < 300, made.text
    assert desk.ask("GET", "/metrics", token=made.json()["data"]["key"]).status_code == 200


def test_a_webhook_that_is_turned_away_is_counted(desk: Desk) -> None:
    refused = requests.post(f"{desk.address}/webhooks/stripe", data=b"{}", timeout=10)
    assert refused.status_code == 401
    _, samples = _scrape(desk)
    assert _only(samples, "webhooks_total") == {("stripe", "rejected"): 1.0}
