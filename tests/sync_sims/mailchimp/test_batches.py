"""Batches, which are carried out later, and the archive of their results."""

import gzip
import io
import tarfile
from typing import Any

import orjson
import requests

from sync_sims.mailchimp import MailchimpSimulator
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask, HandClock


def add(audience: str, email: str, **more: Any) -> dict[str, Any]:
    body = orjson.dumps({"email_address": email, "status": "subscribed"}).decode()
    return {"method": "POST", "path": f"/lists/{audience}/members", "body": body, "operation_id": email, **more}


def results_at(http: requests.Session, url: str) -> list[dict[str, Any]]:
    answer = http.get(url)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = []
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(answer.content))) as tar:
        for entry in tar.getmembers():
            content = tar.extractfile(entry)
            found += [] if content is None else orjson.loads(content.read())
    return found


def test_operations_are_carried_out_and_their_results_come_in_an_archive(
    sdk: Any, http: requests.Session, audience: str
):
    operations = [
        add(audience, "a@hall.test"),
        add(audience, "a@hall.test"),
        {"method": "GET", "path": f"/lists/{audience}/members", "params": {"fields": "total_items"}},
        {"method": "DELETE", "path": f"lists/{audience}/members/a@hall.test", "operation_id": "gone"},
        {"method": "POST", "path": "/batches", "body": "{}"},
    ]
    started = sdk.batches.start({"operations": operations})
    assert (started["status"], started["total_operations"], started["response_body_url"]) == ("pending", 5, "")
    finished = sdk.batches.status(started["id"])
    assert (finished["status"], finished["finished_operations"], finished["errored_operations"]) == ("finished", 5, 2)
    assert finished["completed_at"] == "2026-09-21T14:13:20+00:00"
    results = results_at(http, finished["response_body_url"])
    assert [result["status_code"] for result in results] == [200, 400, 200, 204, 400]
    assert orjson.loads(results[1]["response"])["title"] == "Member Exists"
    assert orjson.loads(results[2]["response"]) == {"total_items": 1}
    assert (results[3]["operation_id"], results[3]["response"]) == ("gone", "")


def test_a_batch_goes_through_its_states_and_waits_for_the_one_before(
    ask: Ask, audience: str, simulator: MailchimpSimulator, clock: HandClock
):
    simulator.terms.batch_seconds = 10
    first = ask("POST", "/batches", {"operations": [add(audience, "a@hall.test")]}).body["id"]
    second = ask("POST", "/batches", {"operations": [add(audience, "b@hall.test")]}).body["id"]
    seen: list[tuple[str, int, str]] = []
    for _ in range(9):
        one, two = ask("GET", f"/batches/{first}").body, ask("GET", f"/batches/{second}").body
        seen.append((one["status"], len(simulator.objects(ACCOUNT, "members")), two["status"]))
        clock.forward(10)
    assert seen == [
        ("pending", 0, "pending"),
        ("preprocessing", 0, "pending"),
        ("started", 1, "pending"),
        ("finalizing", 1, "pending"),
        ("finished", 1, "preprocessing"),
        ("finished", 2, "started"),
        ("finished", 2, "finalizing"),
        ("finished", 2, "finished"),
        ("finished", 2, "finished"),
    ]


def test_a_deleted_batch_is_never_carried_out(ask: Ask, audience: str, simulator: MailchimpSimulator, clock: HandClock):
    simulator.terms.batch_seconds = 10
    batch = ask("POST", "/batches", {"operations": [add(audience, "a@hall.test")]}).body["id"]
    assert ask("DELETE", f"/batches/{batch}").status == 204
    clock.forward(100)
    assert ask("GET", f"/batches/{batch}").status == 404
    assert simulator.objects(ACCOUNT, "members") == []


def test_the_url_is_good_for_ten_minutes_and_the_results_for_a_week(
    http: requests.Session, address: str, sdk: Any, audience: str, clock: HandClock
):
    batch = sdk.batches.start({"operations": [add(audience, "a@hall.test")]})["id"]
    url = sdk.batches.status(batch)["response_body_url"]
    assert url.startswith(f"{address}/")
    assert http.get(url.replace("Signature=", "Signature=0")).status_code == 403
    assert http.get(url.replace("Expires=1", "Expires=2")).status_code == 403
    clock.forward(600)
    assert http.get(url).status_code == 403
    assert len(results_at(http, sdk.batches.status(batch)["response_body_url"])) == 1
    clock.forward(7 * 86_400)
    assert sdk.batches.status(batch)["response_body_url"] == ""
    assert sdk.batches.list()["total_items"] == 0


def test_many_results_come_in_several_files(http: requests.Session, sdk: Any, audience: str):
    operations = [{"method": "GET", "path": "/ping", "operation_id": str(number)} for number in range(1001)]
    batch = sdk.batches.start({"operations": operations})["id"]
    results = results_at(http, sdk.batches.status(batch)["response_body_url"])
    assert [result["operation_id"] for result in results] == [str(number) for number in range(1001)]


def test_no_more_than_500_batches_wait(ask: Ask, simulator: MailchimpSimulator):
    simulator.terms.batch_seconds = 10
    body = {"operations": [{"method": "GET", "path": "/ping"}]}
    statuses = [ask("POST", "/batches", body).status for _ in range(501)]
    assert statuses == [200] * 500 + [429]


def test_an_operation_must_say_what_to_do(ask: Ask):
    answer = ask("POST", "/batches", {"operations": [{"method": "HEAD", "path": "/ping", "body": {}}]})
    assert {entry["field"] for entry in answer.body["errors"]} == {"operations.item:0.method", "operations.item:0.body"}
