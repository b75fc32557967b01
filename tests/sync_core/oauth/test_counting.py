"""What is asked of a provider for the sake of tokens is counted like every other call, by connection."""

from datetime import UTC, date, datetime

import pytest

from sync_core.errors import AuthorizationRefused, SyncError
from sync_core.oauth import Callback, complete, disconnect, refresh
from sync_core.store import call_counts
from tests.sync_core.oauth.conftest import Place

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def counted(place: Place, venue: str, provider: str) -> dict[str, int]:
    """The connection's calls by endpoint."""
    connection = place.connection(venue, provider)
    with place.engine.database.connect() as conn:
        found = call_counts.by_endpoint(conn, connection.id, since=LONG_AGO)
    return {endpoint: count.calls for endpoint, count in found.items()}


@pytest.mark.parametrize(
    ("provider", "exchange", "rest"),
    [
        ("quickbooks", "POST /oauth2/v1/tokens/bearer", {"POST /v2/oauth2/tokens/revoke": 1}),
        ("square", "POST /oauth2/token", {"POST /oauth2/revoke": 1}),
        ("mailchimp", "POST /oauth2/token", {"GET /oauth2/metadata": 1}),
    ],
)
def test_exchange_refresh_metadata_and_revocation_are_the_connection_s(
    place: Place, provider: str, exchange: str, rest: dict[str, int]
) -> None:
    place.venue("blue-note", provider)
    place.connect("blue-note", provider)
    assert counted(place, "blue-note", provider)[exchange] == 1

    connection = place.connection("blue-note", provider)
    refreshes = provider != "mailchimp"
    if refreshes:
        refresh(place.engine, connection)
    disconnect(place.engine, connection)

    assert counted(place, "blue-note", provider) == {exchange: 1 + refreshes} | rest


def test_what_fails_and_what_is_refused_is_counted_too_and_is_metered_by_nobody(place: Place) -> None:
    exchange = "POST /oauth2/v1/tokens/bearer"
    place.venue("blue-note", "quickbooks")
    came = place.answer(place.begin("blue-note", "quickbooks"), venue="blue-note")
    with pytest.raises(AuthorizationRefused):
        complete(place.engine, Callback("quickbooks", came | {"code": "another"}, user="ada"))
    assert counted(place, "blue-note", "quickbooks") == {exchange: 1}

    place.connect("blue-note", "quickbooks")
    connection = place.connection("blue-note", "quickbooks")
    place.sim("quickbooks", "POST", "faults", faults=[{"kind": "error_before", "status": 503, "path": "*bearer"}])
    with pytest.raises(SyncError):
        refresh(place.engine, connection)

    assert counted(place, "blue-note", "quickbooks") == {exchange: 3}
    with place.engine.database.connect() as conn:
        [use] = call_counts.used(conn, first=date(2020, 1, 1), last=date(2100, 1, 1), venue="blue-note")
        totals = call_counts.totals(conn)
    assert (use.calls.calls, use.calls.failures, use.metered) == (3, 1, 0)
    of_ours = totals["api_calls", ("quickbooks", "production")]
    assert of_ours == 4, "and the look at the account, which is in no venue's costs"
