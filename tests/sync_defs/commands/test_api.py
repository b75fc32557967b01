"""`venue-sync token` and `api-keys`: what they print opens the API, and nothing else is told."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from sync_api.caller import caller_of
from sync_api.errors import Refused
from sync_api.signing import open_verifier
from sync_core.clock import SystemClock
from sync_core.settings import read_settings
from sync_defs.cli import run


@pytest.fixture
def home(database: sa.Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VENUE_SYNC_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    with database.begin() as conn:
        conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES ('blue-note', 'Blue Note', 'USD')"))
    return tmp_path


def opens(home: Path, database: sa.Engine, credential: str) -> tuple[str, frozenset[str] | None]:
    """Role and venues of whoever holds the credential."""
    clock = SystemClock()
    verifier = open_verifier(read_settings({"VENUE_SYNC_HOME": str(home)}), clock)
    with database.begin() as conn:
        caller = caller_of(conn, credential, verifier=verifier, clock=clock)
    return caller.role, caller.venues


def test_a_token_opens_its_venue(home: Path, database: sa.Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "--venue", "blue-note"]) == 0

    assert opens(home, database, capsys.readouterr().out.strip()) == ("venue_admin", frozenset({"blue-note"}))
    assert (home / "development-jwt.pem").stat().st_mode & 0o777 == 0o600


def test_an_admin_s_token_opens_every_venue(
    home: Path, database: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", "--role", "admin"]) == 0

    assert opens(home, database, capsys.readouterr().out.strip()) == ("admin", None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["token"], "A venue_admin has venues"),
        (["token", "--venue", "blue-notes"], "did you mean blue-note?"),
        (["token", "--role", "root"], "There is no role 'root'"),
        (["api-keys", "create", "Reports", "--scope", "syncs:all"], "There is no scope 'syncs:all'"),
        (["api-keys", "revoke", "nonsense"], "There is no key 'nonsense'"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_cannot_be_is_refused_in_a_line(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2

    assert sentence in capsys.readouterr().err


def test_production_has_no_token_to_give(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VENUE_SYNC_STAGE", "production")

    assert run(["token", "--role", "admin"]) == 2
    assert "set VENUE_SYNC_JWT_KEYS" in capsys.readouterr().err
    assert not (home / "development-jwt.pem").exists()


def test_a_key_is_printed_once_listed_without_itself_and_opens_until_it_is_revoked(
    home: Path, database: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["api-keys", "create", "Reports", "--scope", "syncs:read", "--venue", "blue-note"]) == 0
    key = capsys.readouterr().out.strip()
    assert opens(home, database, key) == ("venue_admin", frozenset({"blue-note"}))

    assert run(["api-keys", "list", "--json"]) == 0
    listed = capsys.readouterr().out
    key_id, secret = key.removeprefix("vsk_").split("_", 1)
    assert key_id in listed
    assert secret not in listed

    assert run(["api-keys", "revoke", key_id]) == 0
    with pytest.raises(Refused, match="was revoked"):
        opens(home, database, key)


def test_the_development_key_of_one_installation_is_none_of_another_s(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run(["token", "--role", "admin"])
    here = read_settings({"VENUE_SYNC_HOME": str(home)})
    there = replace(here, home=tmp_path_factory.mktemp("other"))
    clock = SystemClock()

    assert open_verifier(here, clock).keys[0] != open_verifier(there, clock).keys[0]
