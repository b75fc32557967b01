"""The gate: repeated requests, allowances, keys and their scopes, tokens, and the audit log."""

import hmac
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sync_api.signing import development_key
from tests.fakes import FakeClock
from tests.sync_api.desk import OTHER, OWN, V1, Desk

ABOUT: dict[str, Any] = {"venueId": OWN}
SYNC = ABOUT | {"syncType": "customers"}


def once(desk: Desk, key: str, body: Mapping[str, Any] = SYNC, **rest: Any) -> requests.Response:
    return desk.ask("POST", "/sync/stripe/sync", body=body, headers={"Idempotency-Key": key}, **rest)


def test_the_same_request_under_the_same_key_is_carried_out_once_and_answered_alike(desk: Desk) -> None:
    desk.connect()

    first, second = once(desk, "k-1"), once(desk, "k-1")

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert desk.sql("SELECT count(*) FROM sync.work") == [(1,)]
    assert once(desk, "k-2").status_code == 409


def test_refusals_are_repeated_too_and_another_request_needs_another_key(desk: Desk) -> None:
    assert once(desk, "k-1").json()["code"] == "INTEGRATION_NOT_FOUND"
    desk.connect()

    assert once(desk, "k-1").json()["code"] == "INTEGRATION_NOT_FOUND"
    assert once(desk, "k-1", ABOUT | {"syncType": "products"}).json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert once(desk, "k-1", token=desk.token(subject="bo")).status_code == 202
    assert once(desk, "two words").status_code == 400


def test_of_twenty_at_once_one_is_carried_out(desk: Desk) -> None:
    desk.connect()
    token = desk.token()
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(once(desk, "k-1", token=token))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"IDEMPOTENCY_IN_PROGRESS"}
    assert len({a.content for a in answers if a.status_code == 202}) == 1
    assert desk.sql("SELECT count(*) FROM sync.work") == [(1,)]
    assert once(desk, "k-1", token=token).status_code == 202


def test_a_minute_has_a_hundred_requests_and_an_administrator_s_count_twice(still: Desk) -> None:
    clock = still.engine.clock
    assert isinstance(clock, FakeClock)
    token, admin = still.token(lasting=7200), still.token("admin", subject="root", lasting=7200)
    answers = [still.ask("GET", "", token=token, **ABOUT) for _ in range(101)]

    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert answers[0].headers["RateLimit-Limit"] == "100"
    assert [answer.headers["RateLimit-Remaining"] for answer in answers[98:100]] == ["1", "0"]
    assert (answers[100].json()["code"], answers[100].headers["Retry-After"]) == ("RATE_LIMIT_EXCEEDED", "1")
    clock.advance(0.6)
    assert still.ask("GET", "", token=token, **ABOUT).status_code == 200
    asked = [still.ask("GET", "/admin/queue-metrics", token=admin).status_code for _ in range(51)]
    assert asked == [200] * 50 + [429]


def test_guessing_credentials_is_slowed_down_and_does_not_slow_the_others(still: Desk) -> None:
    wrong = [still.ask("GET", "", token="vsk_nonsense", **ABOUT).status_code for _ in range(101)]

    assert wrong == [401] * 100 + [429]
    assert still.ask("GET", "", **ABOUT).status_code == 200


def make_key(desk: Desk, *scopes: str, **rest: Any) -> dict[str, Any]:
    return desk.data("POST", "/api-keys", body=ABOUT | {"name": "Reports", "scopes": list(scopes)} | rest)


def test_a_key_does_what_its_scopes_say_for_its_venue_alone(desk: Desk) -> None:
    desk.connect()
    desk.connect(OTHER)
    key = make_key(desk, "syncs:read", "connections:read")["key"]

    assert desk.data("GET", "/sync/stripe/sync/history", token=key, venueId=OWN) == []
    by_header = requests.get(f"{desk.address}{V1}", params=ABOUT, headers={"X-API-Key": key}, timeout=10)
    assert by_header.status_code == 200
    refused = [
        desk.refusal("POST", "/sync/stripe/sync", token=key, body=SYNC),
        desk.refusal("GET", "/health/stripe", token=key, venueId=OWN),
        desk.refusal("GET", "/sync/stripe/sync/history", token=key, venueId=OTHER),
        desk.refusal("GET", "/api-keys", token=key, venueId=OWN),
        desk.refusal("GET", "/admin/queue-metrics", token=key),
    ]
    assert refused == [(403, "FORBIDDEN")] * 5


def test_nobody_makes_a_key_that_may_more_than_oneself(desk: Desk) -> None:
    body = {"name": "Everything", "scopes": ["admin:read"]}

    assert desk.refusal("POST", "/api-keys", body=body) == (403, "FORBIDDEN")
    assert desk.refusal("POST", "/api-keys", body=body | ABOUT) == (400, "VALIDATION_ERROR")
    assert desk.refusal("POST", "/api-keys", token=desk.token("user"), body=body | ABOUT) == (403, "FORBIDDEN")
    made = desk.data("POST", "/api-keys", token=desk.token("admin"), body=body)
    assert desk.data("GET", "/admin/queue-metrics", token=made["key"]) == []


def test_a_rotated_key_and_its_heir_open_together_until_the_overlap_ends(still: Desk) -> None:
    clock = still.engine.clock
    assert isinstance(clock, FakeClock)
    old = make_key(still, "connections:read", expiresInDays=30)

    new = still.data("POST", f"/api-keys/{old['id']}/rotate", body={"overlapHours": 2})

    assert new["scopes"] == old["scopes"]
    clock.advance(7199)
    assert [still.ask("GET", "", token=key["key"], **ABOUT).status_code for key in (old, new)] == [200, 200]
    clock.advance(1)
    assert still.refusal("GET", "", token=old["key"], **ABOUT) == (401, "TOKEN_EXPIRED")
    assert still.ask("GET", "", token=new["key"], **ABOUT).status_code == 200
    again = still.refusal("POST", f"/api-keys/{old['id']}/rotate", body={}, token=still.token(lasting=9000))
    assert again == (409, "CONFLICT")
    still.ask("DELETE", f"/api-keys/{new['id']}", token=still.token(lasting=9000))
    assert still.refusal("GET", "", token=new["key"], **ABOUT) == (401, "INVALID_TOKEN")


def test_a_key_is_shown_once_and_nothing_that_is_stored_opens_anything(desk: Desk) -> None:
    body = ABOUT | {"name": "Reports", "scopes": ["syncs:read"]}
    headers = {"Idempotency-Key": "k-1"}

    made = desk.ask("POST", "/api-keys", body=body, headers=headers)
    again = desk.ask("POST", "/api-keys", body=body, headers=headers)

    key = made.json()["data"]["key"]
    assert again.json()["data"] == made.json()["data"] | {"key": None}
    secret = key.split("_", 2)[2]
    for table in ("api_keys", "api_requests", "audit_log"):
        assert secret not in str(desk.sql(f"SELECT * FROM sync.{table}"))
        assert secret.encode().hex() not in str(desk.sql(f"SELECT t::text FROM sync.{table} AS t"))


def forged(desk: Desk, key: Any, algorithm: str = "RS256", **changed: Any) -> str:
    now = desk.engine.clock.now()
    claims: dict[str, Any] = {
        "iss": "venue-sync",
        "aud": "venue-sync-api",
        "sub": "eve",
        "role": "admin",
        "exp": now + timedelta(hours=1),
    }
    return jwt.encode({k: v for k, v in (claims | changed).items() if v is not None}, key, algorithm=algorithm)


def confused(token: str, public: bytes) -> str:
    """The token signed anew with our public key as if it were a shared secret."""
    header = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    signed = header + b"." + token.split(".")[1].encode()
    mac = urlsafe_b64encode(hmac.digest(public, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + mac).decode()


def test_a_token_is_believed_only_with_our_key_our_algorithm_and_all_its_claims(desk: Desk) -> None:
    ours = development_key(desk.engine.settings)
    now = desk.engine.clock.now()
    public = ours.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    bad = [
        forged(desk, rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        confused(forged(desk, ours), public),
        forged(desk, None, "none"),
        forged(desk, ours, "RS512"),
        forged(desk, ours, iss="somebody"),
        forged(desk, ours, aud="something"),
        forged(desk, ours, exp=None),
        forged(desk, ours, sub=None),
        forged(desk, ours, role="root"),
        forged(desk, ours, role="user", venues=OWN),
        forged(desk, ours, nbf=now + timedelta(minutes=5)),
        forged(desk, ours, exp=now - timedelta(minutes=5)),
    ]

    assert desk.ask("GET", "/admin/queue-metrics", token=forged(desk, ours)).status_code == 200
    answers = [desk.ask("GET", "/admin/queue-metrics", token=token) for token in bad]
    assert [answer.status_code for answer in answers] == [401] * len(bad)
    assert [answer.json()["code"] for answer in answers] == ["INVALID_TOKEN"] * (len(bad) - 1) + ["TOKEN_EXPIRED"]


def test_every_change_is_in_the_audit_log_with_who_what_and_how_it_was_answered(desk: Desk) -> None:
    desk.connect()
    desk.ask("POST", "/sync/stripe/sync", body=SYNC, headers={"X-Request-Id": "req-1"})
    desk.ask("POST", "/stripe/api-key", body={"apiKey": "sk_test_very_secret_key", "nonsense": 1})
    desk.ask("GET", "", **ABOUT)
    desk.ask("POST", "/admin/clear-queue", body={})  # is no administrator's: refused before anything is tried

    lines = desk.data("GET", "/admin/audit", token=desk.token("admin"))

    told = [(line["actor"], line["venue_id"], line["action"], line["status"]) for line in lines]
    assert told == [("user:ana", None, "validate_api_key", 400), ("user:ana", OWN, "trigger_sync", 202)]
    assert lines[1]["request_id"] == "req-1"
    assert lines[1]["subject"] == f"{V1}/sync/stripe/sync"
    assert "very_secret" not in str(desk.sql("SELECT * FROM sync.audit_log"))
    assert desk.data("GET", "/admin/audit", token=desk.token("admin"), venueId=OTHER) == []


def test_a_body_that_is_too_large_or_no_json_is_refused_in_the_one_shape(desk: Desk) -> None:
    url, headers = f"{desk.address}{V1}/sync/stripe/sync", {"Authorization": f"Bearer {desk.token()}"}

    large = requests.post(url, data=b"x" * (1024 * 1024 + 1), headers=headers, timeout=10)
    broken = requests.post(url, data=b"{", headers=headers | {"Content-Type": "application/json"}, timeout=10)
    doubled = requests.post(
        url,
        data=f'{{"venueId": "{OWN}", "venueId": "{OTHER}"}}',
        headers=headers | {"Content-Type": "application/json"},
        timeout=10,
    )

    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert (broken.status_code, broken.json()["code"]) == (400, "VALIDATION_ERROR")
    assert (doubled.status_code, doubled.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("given", [{}, {"venueId": None}, {"venueId": ""}])
def test_a_venue_that_is_missing_is_asked_for(desk: Desk, given: dict[str, Any]) -> None:
    answer = desk.ask("POST", "/sync/stripe/sync", body=given)

    assert (answer.status_code, answer.json()["code"]) == (400, "VENUE_ID_REQUIRED")
    assert answer.json()["details"] == [{"field": "venueId", "message": "Field required"}]
