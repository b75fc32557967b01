"""`venue-sync db`: up, down, where it stands, and a clear sentence for a revision that does not exist."""

import pytest

from sync_core.store.migrate import newest
from tests.sync_defs.conftest import Call


@pytest.fixture
def empty(call: Call, monkeypatch: pytest.MonkeyPatch, empty_database_url: str) -> Call:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    return call


def test_up_and_down_and_up_again(empty: Call) -> None:
    assert empty("db", "status", "--json").json == {"current": None, "newest": newest(), "up_to_date": False}
    assert empty("db", "upgrade").code == 0
    assert empty("db", "status", "--json").json == {"current": newest(), "newest": newest(), "up_to_date": True}
    assert empty("db", "downgrade", "--revision", "base", "--yes").code == 0
    refused = empty("venues", "list")
    assert refused.code == 2
    assert "run 'venue-sync db upgrade'" in refused.err
    assert empty("db", "upgrade").code == 0
    assert empty("venues", "list", "--json").json == []


def test_an_unknown_revision_is_refused(empty: Call) -> None:
    said = empty("db", "upgrade", "--revision", "9999")
    assert said.code == 2
    assert "'9999'" in said.err
    assert said.err.count("\n") == 1


def test_status_as_a_table(empty: Call) -> None:
    said = empty("db", "status")
    assert "nothing" in said.out
    assert newest() in said.out
