"""Secrets of the service before this one: tested, sealed, proved; the import goes on after a kill and can be taken back."""

import json
from typing import Any

import pytest

from sync_core.errors import ConfigurationError
from sync_core.sync.legacy_import import Line, bring_in, take_back
from tests.sync_core.vault.test_legacy import encrypted
from tests.world import World, account, key

PASSPHRASE = "the passphrase of old"


def _line(venue: str, secret: str | None = None, **more: Any) -> bytes:
    sealed = encrypted(secret or key(venue, "stripe"), PASSPHRASE, b"salt" + venue.encode()[:4].ljust(4))
    return json.dumps({"venue": venue, "provider": "stripe", "secret": {"api_key": sealed}} | more).encode()


@pytest.fixture
def venues(small_world: World) -> World:
    """Three venues with a Stripe account each, none connected."""
    for name in ("aaaa", "bbbb", "cccc"):
        small_world.venue(name, providers=())
        small_world.sim(
            "stripe", "PUT", "accounts", credential=key(name, "stripe"), account_id=account(name), name=name
        )
    return small_world


def _imported(world: World, *lines: bytes, name: str = "one") -> list[tuple[str, str]]:
    heard: list[Line] = []
    done = bring_in(world.engine, lines, passphrase=PASSPHRASE, name=name, on_line=heard.append)
    assert heard == done
    return [(line.label, line.outcome) for line in done]


def _statuses(world: World) -> list[Any]:
    return world.rows("SELECT venue_id, status FROM sync.connections ORDER BY venue_id")


def test_what_the_provider_takes_is_stored_and_the_rest_is_named(venues: World) -> None:
    lines = [_line("aaaa"), b"", _line("bbbb", secret="sk_test_wrong"), b"no json", _line("nowhere"), b"[]"]
    lines.append(_line("cccc").replace(b"U2Fsd", b"U2Fse"))
    assert _imported(venues, *lines) == [
        ("aaaa/stripe", "stored"),
        ("bbbb/stripe", "refused"),
        ("line 4", "refused"),
        ("nowhere/stripe", "refused"),
        ("line 6", "refused"),
        ("line 7", "refused"),
    ]
    assert _statuses(venues) == [("aaaa", "connected")]


def test_an_import_that_is_repeated_stores_nothing_twice(venues: World) -> None:
    assert _imported(venues, _line("aaaa")) == [("aaaa/stripe", "stored")]
    before = venues.rows("SELECT envelope FROM sync.credentials")
    assert _imported(venues, _line("aaaa"), _line("bbbb")) == [("aaaa/stripe", "kept"), ("bbbb/stripe", "stored")]
    assert before[0] in venues.rows("SELECT envelope FROM sync.credentials")


def test_one_that_was_killed_between_storing_and_noting_finds_its_own_work(venues: World) -> None:
    _imported(venues, _line("aaaa"))
    venues.sql("DELETE FROM sync.legacy_imports")
    assert _imported(venues, _line("aaaa")) == [("aaaa/stripe", "stored")]
    assert [line.outcome for line in take_back(venues.engine, "one")] == ["taken back"]


def test_a_credential_that_is_there_is_left_alone(venues: World) -> None:
    venues.sim("stripe", "PUT", "accounts", credential="sk_test_newer", account_id=account("aaaa"), name="aaaa")
    venues.engine.connect("aaaa", "stripe", {"api_key": "sk_test_newer"}, environment="production")
    assert _imported(venues, _line("aaaa")) == [("aaaa/stripe", "kept")]
    with pytest.raises(ConfigurationError, match="no import named"):
        take_back(venues.engine, "one")


def test_an_import_is_taken_back_unless_the_venue_has_connected_anew(venues: World) -> None:
    _imported(venues, _line("aaaa"), _line("bbbb"))
    venues.engine.connect("bbbb", "stripe", {"api_key": key("bbbb", "stripe")}, environment="production")
    assert [(line.label, line.outcome) for line in take_back(venues.engine, "one")] == [
        ("aaaa/stripe", "taken back"),
        ("bbbb/stripe", "kept"),
    ]
    assert _statuses(venues) == [("bbbb", "connected")]
    assert venues.rows("SELECT count(*) FROM sync.credentials") == [(1,)]


def test_an_empty_passphrase_is_refused(venues: World) -> None:
    with pytest.raises(ConfigurationError, match="passphrase"):
        bring_in(venues.engine, [], passphrase="", name="one", on_line=lambda _: None)
