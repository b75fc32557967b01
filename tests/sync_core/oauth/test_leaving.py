"""The end of a connection, and bringing one back: nothing of the venue's stays in our hands, whatever the provider says."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sync_core.errors import AuthorizationLost
from sync_core.oauth import disconnect, forget, reconnect, refresh
from sync_core.oauth.keeping import held
from sync_core.oauth.rounds import refresh_due
from sync_core.store import connections, queue
from sync_core.store.queue import Asked
from tests.sync_core.oauth.conftest import Place, account

REVOKES = ("quickbooks", "square", "stripe")


@pytest.mark.parametrize("provider", REVOKES)
def test_disconnecting_revokes_at_the_provider_and_destroys_here(place: Place, provider: str) -> None:
    place.venue("blue-note", provider)
    place.connect("blue-note", provider)
    with place.engine.database.connect() as conn:
        grant = held(place.engine, conn, place.connection("blue-note", provider))
    farewell = disconnect(place.engine, place.connection("blue-note", provider))
    assert (farewell.revoked, farewell.remark) == (True, None)
    assert place.counts(provider)["revocations"] == 1
    assert place.connection("blue-note", provider).status == "disconnected"
    assert place.rows("SELECT count(*) FROM sync.credentials") == [(0,)]
    assert place.rows("SELECT count(*) FROM sync.oauth_tokens") == [(0,)]
    path = {"quickbooks": f"/v3/company/{account('blue-note')}/companyinfo/1", "square": "/v2/merchants/me"}
    answer = requests.get(
        place.bases[provider] + path.get(provider, "/v1/account"),
        headers={"Authorization": f"Bearer {grant.access_token}"},
        timeout=10,
    )
    assert answer.status_code == 401


def test_mailchimp_has_no_way_to_revoke_and_we_say_so(place: Place) -> None:
    place.venue("blue-note", "mailchimp")
    place.connect("blue-note", "mailchimp")
    farewell = disconnect(place.engine, place.connection("blue-note", "mailchimp"))
    assert not farewell.revoked
    assert farewell.remark is not None
    assert "in its account" in farewell.remark
    assert place.rows("SELECT count(*) FROM sync.credentials") == [(0,)]


def test_a_provider_that_is_down_hinders_nobody_from_leaving(place: Place) -> None:
    place.venue("blue-note", "square")
    place.connect("blue-note", "square")
    place.sim("square", "POST", "faults", faults=[{"kind": "error_before", "status": 503, "path": "/oauth2/*"}])
    farewell = disconnect(place.engine, place.connection("blue-note", "square"))
    place.sim("square", "DELETE", "faults")
    assert not farewell.revoked
    assert place.rows("SELECT count(*) FROM sync.credentials") == [(0,)]


def test_leaving_drops_what_waits_and_what_is_under_way(place: Place) -> None:
    place.venue("blue-note", "square")
    number = place.connect("blue-note", "square").connection_id
    with place.engine.database.begin() as conn:
        queue.enqueue(conn, Asked(number, "customers", "incremental", "normal", "ada"))
    place.begin("blue-note", "square")
    disconnect(place.engine, place.connection("blue-note", "square"))
    assert place.rows("SELECT status FROM sync.work") == [("cancelled",)]
    assert place.rows("SELECT count(*) FROM sync.oauth_states") == [(0,)]


def test_a_refresh_under_way_is_waited_for_and_its_tokens_are_revoked_too(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    place.connect("blue-note", "quickbooks")
    connection = place.connection("blue-note", "quickbooks")
    fault = {"kind": "delay", "seconds": 0.5, "path": "/oauth2/v1/tokens/bearer"}
    place.sim("quickbooks", "POST", "faults", faults=[fault])
    with ThreadPoolExecutor(1) as pool:
        refreshed = pool.submit(refresh, place.engine, connection)
        while not place.standing("blue-note", "quickbooks").attempted_at:
            pass
        farewell = disconnect(place.engine, connection)
        assert refreshed.result().version == 2
    assert farewell.revoked
    assert place.rows("SELECT count(*) FROM sync.credentials") == [(0,)]


def test_forgetting_lets_another_account_in(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    place.connect("blue-note", "quickbooks")
    forget(place.engine, place.connection("blue-note", "quickbooks"))
    assert place.rows("SELECT count(*) FROM sync.connections") == [(0,)]


def test_a_connection_in_error_whose_tokens_are_good_comes_back_without_the_venue(place: Place) -> None:
    place.venue("blue-note", "square")
    place.connect("blue-note", "square")
    with place.engine.database.begin() as conn:
        connections.mark_failed(conn, place.connection("blue-note", "square").id, reason="It was refused.")
    assert reconnect(place.engine, place.connection("blue-note", "square")).id == account("blue-note")
    assert place.connection("blue-note", "square").status == "connected"


def test_a_connection_whose_access_was_taken_back_needs_the_venue(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    place.connect("blue-note", "quickbooks")
    place.sim("quickbooks", "DELETE", "grants", account_id=account("blue-note"), all=True)
    with pytest.raises(AuthorizationLost):
        reconnect(place.engine, place.connection("blue-note", "quickbooks"))
    assert place.connection("blue-note", "quickbooks").status == "error"


def test_one_round_refreshes_everything_that_is_due_and_nothing_else(place: Place) -> None:
    for number in range(12):
        place.venue(f"v{number}", "quickbooks")
        place.connect(f"v{number}", "quickbooks")
    assert refresh_due(place.engine) == []
    place.clock.advance(3_001)
    place.sim("quickbooks", "DELETE", "grants", account_id=account("v3"), all=True)
    visits = refresh_due(place.engine)
    assert len(visits) == 12
    assert [visit.label for visit in visits if visit.error] == ["v3/quickbooks"]
    assert place.counts("quickbooks")["refreshes"] == 11
    assert refresh_due(place.engine) == []


def test_a_suspended_connection_keeps_its_tokens_fresh_and_syncs_nothing(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    place.connect("blue-note", "quickbooks")
    number = place.connection("blue-note", "quickbooks").id
    with place.engine.database.begin() as conn:
        assert connections.suspend(conn, number, reason="The venue asked for it.")
        assert not connections.suspend(conn, number, reason="Again.")
    place.clock.advance(3_001)
    assert [visit.error for visit in refresh_due(place.engine)] == [None]
    assert place.connection("blue-note", "quickbooks").status == "suspended"
    with place.engine.database.begin() as conn:
        assert connections.resume(conn, number)
    assert place.connection("blue-note", "quickbooks").status == "connected"
