"""Whatever comes signed: every body gets an answer, none a stumble, and what is kept can be read by people."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import requests
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync_core.store import inbox
from sync_core.sync.engine import Engine
from sync_core.webhooks.apply import drain
from tests.sync_api.desk import Desk, desk_on
from tests.sync_core.webhooks.signing import signed

SECRET = "signing-secret"
SQUARE_URL = "https://sync.example/webhooks/square"
PROVIDERS = ("stripe", "square", "quickbooks", "mailchimp")
TYPES = ("application/json", "application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-16", "")
FORM = b"type=profile&fired_at=2026-11-20+10%3A00%3A00&data[list_id]=l1&data[email]=a%40x.example"

texts = st.text(max_size=20) | st.sampled_from(["event", "customer", "price", "inventory_counts", "\x00", "x" * 600])
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts
names = st.sampled_from(
    [
        "id",
        "event_id",
        "type",
        "object",
        "data",
        "account",
        "created",
        "merchant_id",
        "created_at",
        "eventNotifications",
        "realmId",
        "dataChangeEvent",
        "entities",
        "name",
        "lastUpdated",
        "inventory_counts",
        "related_object",
        "\x00",
    ]
)
jsons = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6))
bodies = (
    st.builds(lambda sent: orjson.dumps(sent, option=orjson.OPT_NON_STR_KEYS), jsons)
    | st.binary(max_size=200)
    | st.builds(lambda tail: FORM + b"&" + tail, st.binary(max_size=80))
)


@pytest.fixture(scope="module")
def desk(loaded: Engine, shared_database: sa.Engine) -> Iterator[Desk]:
    """The API of an application that has webhooks with all four providers."""
    known = dict.fromkeys(PROVIDERS, (SECRET,))
    chosen = replace(loaded.settings, webhook_secrets=known, square_webhook_url=SQUARE_URL)
    with desk_on(replace(loaded, database=shared_database, settings=chosen)) as made:
        yield made


def send(desk: Desk, provider: str, body: bytes, kind: str, *, secret: str = SECRET, at: float = 0) -> int:
    headers = signed(provider, body, secret=secret, now=time.time() + at, url=SQUARE_URL)
    if kind:
        headers["Content-Type"] = kind
    return requests.post(f"{desk.address}/webhooks/{provider}", data=body, headers=headers, timeout=30).status_code


def kept(desk: Desk) -> int:
    return desk.sql("SELECT count(*) FROM sync.webhook_events")[0][0]


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(provider=st.sampled_from(PROVIDERS), body=bodies, kind=st.sampled_from(TYPES))
@example(provider="stripe", body=b"[" * 100_000 + b"]" * 100_000, kind="application/json")
@example(provider="square", body=b'{"type":"t","data":' + b"[" * 900 + b"]" * 900 + b"}", kind="application/json")
@example(provider="quickbooks", body=orjson.dumps([{}] * 20_000), kind="application/json")
@example(provider="stripe", body=b'{"object":"event","type":"t","created":1e300,"id":"\\u0000"}', kind="")
@example(provider="square", body=b'{"type":"t","created_at":"0001-01-01T00:00:00+14:00"}', kind="text/plain")
@example(provider="stripe", body=b'{"object":"event","id":"e","id":"f","n":1e999,"m":-0.0}', kind="application/json")
def test_a_signed_body_is_kept_or_refused_and_never_stumbled_over(
    desk: Desk, provider: str, body: bytes, kind: str
) -> None:
    assert send(desk, provider, body, kind) in (200, 400)


def test_what_was_kept_of_it_can_be_shown_and_drained(desk: Desk) -> None:
    """After the bodies above: people see the lines, and a drain settles or parks each of them."""
    with desk.engine.database.connect() as conn:
        lines = inbox.inspect(conn, limit=1_000)
        for line in lines[:50]:
            assert inbox.find(conn, line.id) is not None
    assert drain(desk.engine, run_id="test", quiet_seconds=0) is not None
    with desk.engine.database.connect() as conn:
        assert inbox.backlog(conn) == 0
    assert lines


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_old_signature_is_worth_nothing_and_a_replay_adds_nothing(desk: Desk, provider: str) -> None:
    sent: dict[str, Any] = {"id": "evt_r", "event_id": "r", "object": "event", "type": "customer.updated"}
    body = {"quickbooks": b'[{"id":"r","type":"qbo.customer.updated.v1"}]', "mailchimp": FORM}.get(
        provider, orjson.dumps(sent)
    )
    kind = TYPES[provider == "mailchimp"]
    assert send(desk, provider, body, kind) == 200
    before = kept(desk)

    assert send(desk, provider, body, kind) == 200
    timed = provider in ("stripe", "mailchimp")  # the others sign no time: what comes again is known by its id
    assert send(desk, provider, body, kind, at=-301) == (401 if timed else 200)
    assert send(desk, provider, body, kind, at=310) == (401 if timed else 200)
    assert send(desk, provider, body, kind, secret="the one before the last") == 401
    assert kept(desk) == before
