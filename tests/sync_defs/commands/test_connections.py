"""`venue-sync connect`, `connections`, `disconnect`: tested before it is stored, sealed, and destroyed."""

import io
import sys
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from sync_core.store.sync_tables import credentials
from tests.sync_defs.conftest import STRIPE_KEY, Call


def stored(database: sa.Engine) -> int:
    with database.connect() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(credentials)).scalar_one()


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    buffer = io.BytesIO(text.encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer, isatty=lambda: False))


def test_a_good_key_connects_and_is_never_shown(at_work: Call, database: sa.Engine) -> None:
    said = at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    assert said.code == 0
    assert "account acct_1" in said.err
    listed = at_work("connections", "--json")
    assert [(c["venue"], c["provider"], c["status"], c["environment"]) for c in listed.json] == [
        ("lantern-hall", "stripe", "connected", "sandbox")
    ]
    assert stored(database) == 1
    assert STRIPE_KEY not in said.out + said.err + listed.out + at_work("connections").out


def test_settings_are_changed_one_by_one_shown_and_written_down(at_work: Call, database: sa.Engine) -> None:
    at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    ours = ("connection", "settings", "lantern-hall", "stripe")

    first = at_work(
        *ours,
        *("--interval", "3600", "--direction", "customers=pull"),
        *("--filter", "customers.country=NO,SE", "--filter", "products.active=true", "--json"),
    )
    assert first.json == {
        "enabled": True,
        "interval_seconds": 3600,
        "direction": {"customers": "pull"},
        "filters": {"customers": {"country": ["NO", "SE"]}, "products": {"active": [True]}},
    }
    then = at_work(*ours, "--off", "--interval", "0", "--direction", "customers=both", "--filter", "products.active=")
    assert then.code == 0
    assert "NO, SE" in then.out
    [listed] = at_work("connections", "--json").json
    assert listed["settings"] == {
        "enabled": False,
        "interval_seconds": None,
        "direction": {},
        "filters": {"customers": {"country": ["NO", "SE"]}},
    }
    assert "off, customers: country NO or SE" in at_work("status").out
    assert "Not connected" in at_work("sync", "--all", "--provider", "stripe").err
    for wrong in (("--direction", "customers"), ("--direction", "guests=pull"), ("--filter", "x"), ("--interval", "5")):
        assert at_work(*ours, *wrong).code == 2
    with database.connect() as conn:
        lines = conn.execute(sa.text("SELECT actor, action, subject, status FROM sync.audit_log")).all()
    assert [tuple(line) for line in lines] == [("command line", "change_settings", "lantern-hall/stripe", 200)] * 2


def test_a_key_comes_as_json_on_standard_input(at_work: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, f'{{"api_key": "{STRIPE_KEY}"}}')
    assert at_work("connect", "lantern-hall", "stripe", "--production").code == 0
    assert at_work("connections", "--json").json[0]["environment"] == "production"


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"api_key": 7}', '{"token": "x"}', '{"api_key": ""}'])
def test_an_unusable_credential_on_standard_input_is_refused(
    at_work: Call, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    give(monkeypatch, text)
    said = at_work("connect", "lantern-hall", "stripe")
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith("venue-sync: ")


def test_a_key_that_the_provider_refuses_is_not_stored(
    at_work: Call, monkeypatch: pytest.MonkeyPatch, database: sa.Engine
) -> None:
    monkeypatch.setenv("WRONG", "sk_test_wrong987654321")
    said = at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=WRONG")
    assert said.code == 3
    assert "sk_test_wrong987654321" not in said.err
    assert stored(database) == 0
    assert at_work("connections", "--json").json == []


def test_a_secret_given_instead_of_a_variable_is_not_repeated(at_work: Call) -> None:
    for pair in (STRIPE_KEY, f"api_key={STRIPE_KEY}"):
        said = at_work("connect", "lantern-hall", "stripe", "--secret-env", pair)
        assert said.code == 2
        assert STRIPE_KEY not in said.out + said.err


def test_unknown_names_come_back_with_the_nearest(at_work: Call) -> None:
    assert "did you mean lantern-hall" in at_work("connect", "lantren-hall", "stripe").err
    assert "did you mean stripe" in at_work("connect", "lantern-hall", "strip").err


def test_disconnecting_destroys_the_credential(connected: Call, database: sa.Engine) -> None:
    assert stored(database) == 2
    assert connected("disconnect", "lantern-hall", "stripe").code == 0
    assert stored(database) == 1
    states = {c["provider"]: c["status"] for c in connected("connections", "--json").json}
    assert states == {"stripe": "disconnected", "square": "connected"}


def test_what_was_never_connected_cannot_be_disconnected(at_work: Call) -> None:
    said = at_work("disconnect", "lantern-hall", "square")
    assert said.code == 2
    assert "never connected" in said.err
