"""What administrators see and do, mappings as callers see them, and how this process is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync_core.http.calls import CallCount
from sync_core.store import call_counts
from sync_core.store.call_counts import Called
from tests.sync_api.desk import OTHER, OWN, Desk

ABOUT = {"venueId": OWN}


def test_an_administrator_sees_every_venue_by_status_and_in_sum(desk: Desk) -> None:
    desk.connect()
    desk.connect(OTHER, status="error")
    admin = desk.token("admin")

    everyone = desk.data("GET", "/admin/all-venues", token=admin)
    assert [(line["venue_id"], line["health_status"]) for line in everyone] == [(OWN, "unknown"), (OTHER, "unhealthy")]
    failing = desk.data("GET", "/admin/all-venues", token=admin, status="error", healthStatus="unhealthy")
    assert [line["venue_id"] for line in failing] == [OTHER]
    summary = desk.data("GET", "/admin/health-summary", token=admin)
    assert summary["integrations"] | {"total": 2, "connected": 1, "error": 1, "unhealthy": 1} == summary["integrations"]


def test_force_sync_goes_before_all_others_and_the_queue_is_counted_cleared_and_recovered(desk: Desk) -> None:
    desk.connect()
    admin = desk.token("admin")
    entities = desk.engine.spec("stripe").in_order()

    answer = desk.ask("POST", "/admin/force-sync", token=admin, body=ABOUT | {"integrationType": "stripe"})
    assert (answer.status_code, len(answer.json()["data"]["requests"])) == (202, len(entities))
    [line] = desk.data("GET", "/admin/queue-metrics", token=admin)
    assert (line["priority"], line["status"], line["count"]) == ("CRITICAL", "queued", len(entities))

    desk.sql(
        "UPDATE sync.work SET status = 'running', claimed_by = 'w', claimed_at = now() - interval '31 minutes' "
        "WHERE entity = :entity",
        entity=entities[0],
    )
    assert "1 requests" in desk.ask("POST", "/admin/recover-stale", token=admin).json()["message"]
    elsewhere = desk.ask("POST", "/admin/clear-queue", token=admin, body={"venueId": OTHER}).json()
    assert elsewhere["message"] == "0 queue items cleared"
    cleared = desk.ask("POST", "/admin/clear-queue", token=admin, body={}).json()
    assert cleared["message"] == f"{len(entities)} queue items cleared"


def test_what_failed_for_good_is_tried_again_where_the_connection_is_well(desk: Desk) -> None:
    for venue, status in ((OWN, "connected"), (OTHER, "error")):
        connection = desk.connect(venue, status=status)
        desk.sql(
            "INSERT INTO sync.work (connection_id, entity, mode, priority, requested_by, status) "
            "VALUES (:id, 'products', 'full', 'high', 'user:bo', 'dead')",
            id=connection,
        )
        desk.sql(
            "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, reason) "
            "VALUES (:id, 'customers', 'push', 'c1', 'bad', 'It is bad.')",
            id=connection,
        )

    desk.ask("POST", "/admin/process-dead-letter", token=desk.token("admin"))

    query = (
        "SELECT c.venue_id, w.entity, w.status FROM sync.work AS w JOIN sync.connections AS c ON c.id = w.connection_id "
        "ORDER BY 1, 2"
    )
    assert desk.sql(query) == [
        (OWN, "customers", "queued"),
        (OWN, "products", "queued"),
        (OTHER, "products", "dead"),
    ]
    assert desk.sql("SELECT local_id FROM sync.pending") == [("c1",)]


def test_costs_are_of_the_days_named(desk: Desk) -> None:
    connection = desk.connect()
    desk.sql(
        "INSERT INTO sync.sync_log (connection_id, entity, run_id, mode, status, started_at, finished_at, api_calls) "
        "VALUES (:id, 'customers', 'r', 'full', 'succeeded', '2026-11-03T23:59:59Z', '2026-11-04T00:00:10Z', 7)",
        id=connection,
    )
    counted = CallCount(calls=9, throttles=2, bytes=1_000)  # those for webhooks among them
    with desk.engine.database.begin() as conn:
        called = [Called(connection, "GET /v1/customers", counted, metered=4)]
        call_counts.add(conn, calls=called, present=datetime(2026, 11, 3, 23, 59, tzinfo=UTC))
    admin = desk.token("admin")

    def costs(first: str, last: str) -> Any:
        return desk.data("GET", "/admin/costs", token=admin, startDate=first, endDate=last)

    [line] = costs("2026-11-03", "2026-11-03")["costs"]
    assert (line["syncs"], line["total_api_calls"], line["metered_calls"], line["throttled_calls"]) == (1, 9, 4, 2)
    assert [costs("2026-11-03", "2026-11-03")["total_api_calls"], costs("2026-11-04", "2026-11-05")["costs"]] == [9, []]
    [quota] = costs("2026-11-04", "2026-11-05")["quotas"]
    assert (quota["integration_type"], quota["name"], quota["allowed"]) == ("quickbooks", "CorePlus calls", 500_000)
    wrong = {"startDate": "2026-11-05", "endDate": "2026-11-04"}
    assert desk.refusal("GET", "/admin/costs", token=admin, **wrong) == (400, "VALIDATION_ERROR")


def test_everything_this_process_depends_on_is_told_to_administrators(desk: Desk) -> None:
    desk.connect(status="error")

    desk.sql(
        "INSERT INTO sync.breakers (name, failures, failed_by, reason, opened_at, changed_at) "
        "VALUES ('stripe/production/acct_1', 5, '{}', 'HTTP 500', now(), now())"
    )
    deep = desk.ask("GET", "/health/deep", token=desk.token("admin")).json()

    assert (deep["status"], deep["database"], deep["keyring"]["status"]) == (
        "ok",
        {"status": "ok", "detail": None},
        "ok",
    )
    assert deep["providers"]["stripe"] == {
        "connected": 0,
        "in_error": 1,
        "syncs_24h": 0,
        "failed_24h": 0,
        "breaker": "closed",
        "paused_accounts": 1,
    }
    assert deep["inbox_backlog"] == 0
    assert desk.refusal("GET", "/health/deep") == (403, "FORBIDDEN")


def test_the_declared_mapping_is_shown_and_accepted_as_it_is(desk: Desk) -> None:
    fields = desk.data("GET", "/mappings/stripe/fields")
    current = desk.data("GET", "/mappings/stripe/mappings", venueId=OWN)

    assert "customers.email" in fields["source"]
    assert current["mappings"]["customers.email"] == "customers.email"
    assert current["templateId"] == "default"
    assert set(current["mappings"].values()) <= set(fields["target"])
    same = ABOUT | {"mappings": current["mappings"]}
    assert desk.ask("PUT", "/mappings/stripe/mappings", body=same).status_code == 200


@pytest.mark.parametrize("provider", ["stripe", "square", "mailchimp", "quickbooks"])
def test_every_provider_s_mapping_can_be_asked_for(desk: Desk, provider: str) -> None:
    current = desk.data("GET", f"/mappings/{provider}/mappings", venueId=OWN)["mappings"]

    assert desk.ask("PUT", f"/mappings/{provider}/mappings", body=ABOUT | {"mappings": current}).status_code == 200
    assert "0 mappings" in desk.ask("POST", f"/mappings/{provider}/mappings/heal", body=ABOUT).json()["message"]


def test_a_wrong_mapping_is_refused_and_a_right_one_of_one_s_own_counts(desk: Desk) -> None:
    current = desk.data("GET", "/mappings/stripe/mappings", venueId=OWN)["mappings"]
    path = "/mappings/stripe/mappings"

    def judged(pairs: dict[str, str]) -> tuple[int, str]:
        return desk.refusal("PUT", path, body=ABOUT | {"mappings": pairs})

    assert judged(current | {"customers.shoe_size": "customers.email"}) == (400, "MAPPING_INVALID")
    assert judged(current | {"customers.email": "customers.nowhere"}) == (400, "MAPPING_INVALID")
    assert judged({"customers.email": "customers.email"}) == (422, "REQUIRED_FIELD_MISSING")
    assert judged({}) == (400, "MAPPING_INVALID")
    own = {name: to for name, to in current.items() if name.startswith("customers.") and name != "customers.note"}
    own["customers.company"] = "customers.metadata.firm"
    assert judged(own) == (404, "INTEGRATION_NOT_FOUND")
    desk.connect()
    assert judged(own | {"customers.id": "customers.metadata.other"}) == (400, "MAPPING_INVALID")
    assert judged(own | {"customers.company": "customers.metadata.a b"}) == (400, "MAPPING_INVALID")
    assert judged(own | {"customers.company": "customers.metadata.venue_sync_id"}) == (400, "MAPPING_INVALID")

    said = desk.ask("PUT", path, body=ABOUT | {"mappings": own}).json()["message"]

    assert said == "These count from the next sync on: customers@1"
    counts = desk.data("GET", path, venueId=OWN)
    assert (counts["templateId"], counts["versions"]) == ("custom", {"customers": 1})
    assert counts["mappings"]["customers.company"] == "customers.metadata.firm"
    assert "customers.note" not in counts["mappings"]
    assert counts["mappings"]["products.name"] == "products.name"
    others = desk.token("venue_admin", OTHER)
    assert desk.data("GET", path, token=others, venueId=OTHER)["templateId"] == "default"
    again = ABOUT | {"templates": counts["templates"]}
    assert desk.ask("PUT", path, body=again).json()["message"] == "Mappings count already"
    unknown = ABOUT | {"templates": {"unicorns": {}}}
    assert desk.refusal("PUT", path, body=unknown) == (400, "MAPPING_INVALID")


def test_a_mapping_is_reset_restored_and_its_versions_are_told(desk: Desk) -> None:
    desk.connect()
    path = "/mappings/stripe/mappings"
    pairs = desk.data("GET", path, venueId=OWN)["mappings"] | {"customers.company": "customers.metadata.firm"}
    assert desk.ask("PUT", path, body=ABOUT | {"mappings": pairs}).status_code == 200

    assert "customers@2" in desk.ask("POST", f"{path}/reset", body=ABOUT).json()["message"]
    assert "already" in desk.ask("POST", f"{path}/apply-template", body=ABOUT).json()["message"]
    assert desk.data("GET", path, venueId=OWN)["templateId"] == "default"
    for wrong in ("comedy", "customers@9", "customers@x", f"customers@{10**30}", "unicorns@1"):
        body = ABOUT | {"templateId": wrong}
        assert desk.refusal("POST", f"{path}/apply-template", body=body) == (404, "TEMPLATE_NOT_FOUND")
    restored = desk.ask("POST", f"{path}/apply-template", body=ABOUT | {"templateId": "customers@1"})
    assert "customers@3" in restored.json()["message"]

    kept = desk.data("GET", f"{path}/history", venueId=OWN)
    assert [(one["templateId"], one["active"], one["template"] is None, one["madeBy"]) for one in kept] == [
        ("customers@3", True, False, "user:ana"),
        ("customers@2", False, True, "user:ana"),
        ("customers@1", False, False, "user:ana"),
    ]
    audit = desk.data("GET", "/admin/audit", token=desk.token("admin"), venueId=OWN)
    assert {line["action"] for line in audit} == {"update_mappings", "reset_mappings", "apply_template"}
    desk.sql('UPDATE sync.venue_mappings SET template = template || \'{"model": "products"}\' WHERE active')
    found = desk.ask("POST", f"{path}/heal", body=ABOUT).json()
    assert found["message"].startswith("1 mappings")
    assert found["data"] == {"customers": "must stay customers"}
    assert "customers@4" in desk.ask("POST", f"{path}/reset", body=ABOUT).json()["message"]


def test_a_mapping_is_tried_on_the_venue_s_own_rows_before_it_counts(stage: Desk) -> None:
    account = {"credential": "sk_test_hall", "account_id": "acct_hall", "name": "Hall"}
    stage.sim("stripe", "PUT", "accounts", **account)
    key = {"credentials": {"api_key": "sk_test_hall"}, "environment": "sandbox"}
    assert stage.ask("POST", "/connect/stripe", body=ABOUT | key).status_code < 300
    stage.sql(
        f"INSERT INTO venue.customers (venue_id, id, email, company) VALUES ('{OWN}', 'c1', 'a@x.example', 'Firm')"
    )
    current = stage.data("GET", "/mappings/stripe/mappings", venueId=OWN)["mappings"]
    own = {name: to for name, to in current.items() if name.startswith("customers.")}
    own["customers.company"] = "customers.metadata.firm"

    shown = stage.data("POST", "/mappings/stripe/mappings/preview", body=ABOUT | {"mappings": own})

    assert [(one["direction"], one["operation"], one["record"]) for one in shown] == [("push", "create", "c1")]
    assert shown[0]["fields"]["metadata.firm"] == [None, "Firm"]
    assert stage.data("GET", "/mappings/stripe/mappings", venueId=OWN)["versions"] == {}


def test_a_sample_shows_what_the_provider_would_get_and_why_it_would_not(desk: Desk) -> None:
    good: dict[str, Any] = {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com"}
    sample = {"sampleData": {"customers": [good, {"email": "no address"}]}}

    tried = desk.data("POST", "/mappings/stripe/mappings/test", body=sample)

    assert tried["original"] == sample["sampleData"]
    mapped, refused = tried["mapped"]["customers"]
    assert (mapped["email"], mapped["name"]) == ("ada@example.com", "Ada Lovelace")
    assert refused is None
    assert [(problem["row"], problem["field"]) for problem in tried["problems"]] == [(1, "email")]
    assert "no address" not in tried["problems"][0]["message"]
    other = {
        "sampleData": {"customers": good | {"company": "Firm"}},
        "mappings": {"customers.company": "customers.metadata.firm"},
    }
    elsewhere = desk.data("POST", "/mappings/stripe/mappings/test", body=other)
    assert elsewhere["mapped"]["customers"]["metadata"]["firm"] == "Firm"
    nothing = {"sampleData": {"unicorns": {}}}
    assert desk.refusal("POST", "/mappings/stripe/mappings/test", body=nothing) == (400, "MAPPING_INVALID")
