"""`venue-sync webhooks`: what came, a connection's own address, and a drain without Dagster."""

import io
import sys
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from sync_core.store import inbox
from sync_core.webhooks import Event
from tests.sync_defs.conftest import Call


def store(database: sa.Engine, *, account: str, number: int = 1) -> None:
    event = Event(f"evt_{number}", "customer.updated", account, "customer", f"cus_{number}", None, {})
    with database.begin() as conn:
        inbox.store(conn, [inbox.Arrival("stripe", event)])


def test_what_came_is_shown_drained_and_tried_again(at_work: Call, database: sa.Engine) -> None:
    assert "No webhook has come yet" in at_work("webhooks", "show").err
    at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    store(database, account="acct_1")
    store(database, account="acct_of_nobody", number=2)

    drained = at_work("webhooks", "drain")
    assert drained.code == 0
    assert "applied 1," in drained.err
    shown = at_work("webhooks", "show", "--json").json
    assert [(line["object_id"], line["status"]) for line in shown["latest"]] == [
        ("cus_2", "received"),
        ("cus_1", "applied"),
    ]
    assert "cus_1" in at_work("webhooks", "show").out

    number = str(shown["latest"][1]["id"])
    assert at_work("webhooks", "retry", number).code == 0
    assert at_work("webhooks", "show", "--json").json["latest"][1]["status"] == "received"
    assert at_work("webhooks", "retry", number, "999999").code == 2


def test_a_connections_address_is_shown_once_and_its_secret_never(
    at_work: Call, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    monkeypatch.setenv("HOOK_SECRET", "whsec_of_the_hall")  # pragma: allowlist secret - of nobody
    assert at_work("webhooks", "secret", "lantern-hall", "stripe", "--secret-env", "HOOK_SECRET").code == 2

    opened = at_work("webhooks", "open", "lantern-hall", "stripe")
    assert opened.out.startswith("http://127.0.0.1:3007/webhooks/stripe/")
    said = at_work("webhooks", "secret", "lantern-hall", "stripe", "--secret-env", "HOOK_SECRET")
    assert said.code == 0
    assert "whsec_of_the_hall" not in said.out + said.err
    buffer = io.BytesIO(b" \n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer, isatty=lambda: False))
    assert at_work("webhooks", "secret", "lantern-hall", "stripe").code == 2
    assert at_work("webhooks", "open", "lantern-hall", "square").code == 2

    token = opened.out.strip().rpartition("/")[2]
    with database.connect() as conn:
        for table in ("credentials", "webhook_addresses"):
            for row in conn.execute(sa.text(f"SELECT t::text FROM sync.{table} AS t")).scalars():
                assert token not in row
                assert "whsec_of_the_hall" not in row
