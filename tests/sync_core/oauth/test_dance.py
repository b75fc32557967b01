"""There and back at the four providers, and everything that must not come through."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

import mappings
from sync_core.errors import AuthorizationRefused, ConfigurationError, TransientError
from sync_core.oauth import Callback, begin, complete
from sync_core.oauth.application import application_of
from sync_core.settings import read_settings
from sync_core.store.database import open_engine
from sync_core.sync.engine import open_engine_for
from sync_core.sync.report import Mode
from tests.sync_core.oauth.conftest import CALLBACK, ENTITY, SECRETS, Place, account

each_provider = pytest.mark.parametrize("provider", sorted(ENTITY))


def _refused(place: Place, callback: Callback) -> str:
    with pytest.raises(AuthorizationRefused) as refused:
        complete(place.engine, callback)
    return refused.value.code


@each_provider
def test_a_venue_connects_and_is_synced_with_its_tokens(place: Place, provider: str) -> None:
    place.venue("blue-note", provider)
    connected = place.connect("blue-note", provider)
    assert (connected.venue, connected.provider, connected.user) == ("blue-note", provider, "ada")
    assert connected.account.id.startswith(account("blue-note"))
    connection = place.connection("blue-note", provider)
    assert (connection.status, connection.id) == ("connected", connected.connection_id)
    report = place.engine.sync(connection, ENTITY[provider], mode=Mode(), run_id="test")
    assert (report.status, report.error) == ("succeeded", None)
    assert place.counts(provider) == {"allowed": 1, "exchanges": 1}


@each_provider
def test_the_page_is_asked_with_a_state_of_256_bits_and_the_declared_scopes(place: Place, provider: str) -> None:
    place.venue("blue-note")
    url = place.begin("blue-note", provider)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(place.bases[provider])
    assert (query["response_type"], query["client_id"]) == ("code", f"id-{provider}")
    assert query["redirect_uri"] == CALLBACK
    assert len(query["state"]) == 43
    oauth = place.engine.spec(provider).auth.oauth
    assert oauth is not None
    assert query.get("scope", "").split() == list(oauth.authorize.scopes)


def test_while_a_person_is_on_the_page_the_connection_is_connecting(place: Place) -> None:
    place.venue("blue-note", "square")
    url = place.begin("blue-note", "square")
    assert place.connection("blue-note", "square").status == "connecting"
    came = place.answer(url, venue="blue-note", decision="deny")
    assert _refused(place, Callback("square", came)) == "access_denied"
    assert place.connection("blue-note", "square").status == "disconnected"


def test_a_state_is_good_once(place: Place) -> None:
    place.venue("blue-note", "stripe")
    came = place.answer(place.begin("blue-note", "stripe"), venue="blue-note")
    complete(place.engine, Callback("stripe", came))
    assert _refused(place, Callback("stripe", came)) == "state_invalid"
    assert place.connection("blue-note", "stripe").status == "connected"


def test_of_many_who_come_with_one_state_at_once_one_is_let_in(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    callback = Callback("quickbooks", place.answer(place.begin("blue-note", "quickbooks"), venue="blue-note"))

    def attempt(_: int) -> str:
        try:
            complete(place.engine, callback)
        except AuthorizationRefused as refused:
            return refused.code
        return "connected"

    with ThreadPoolExecutor(8) as pool:
        came = sorted(pool.map(attempt, range(8)))
    assert came == ["connected", *["state_invalid"] * 7]
    assert place.counts("quickbooks")["exchanges"] == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"provider": "square"},
        {"user": "eve"},
        {"parameters": {"state": "x" * 43, "code": "c"}},
        {"parameters": {"code": "c"}},
        {"parameters": {}},
    ],
    ids=["other provider", "other person", "unknown state", "no state", "nothing"],
)
def test_a_state_that_is_not_theirs_lets_nobody_in(place: Place, changed: dict[str, Any]) -> None:
    place.venue("blue-note", "stripe")
    came = place.answer(place.begin("blue-note", "stripe"), venue="blue-note")
    assert _refused(place, replace(Callback("stripe", came, user="ada"), **changed)) == "state_invalid"
    assert place.counts("stripe") == {"allowed": 1}


def test_whoever_shows_anothers_state_has_used_it_up(place: Place) -> None:
    place.venue("blue-note", "stripe")
    came = place.answer(place.begin("blue-note", "stripe"), venue="blue-note")
    assert _refused(place, Callback("stripe", came, user="eve")) == "state_invalid"
    assert _refused(place, Callback("stripe", came, user="ada")) == "state_invalid"


def test_a_state_is_good_for_ten_minutes(place: Place) -> None:
    place.venue("blue-note", "square")
    late = place.answer(place.begin("blue-note", "square"), venue="blue-note")
    place.clock.advance(600)
    assert _refused(place, Callback("square", late)) == "state_invalid"
    assert place.connection("blue-note", "square").status == "disconnected"
    in_time = place.answer(place.begin("blue-note", "square"), venue="blue-note")
    place.clock.advance(299)  # Square's code lives for five minutes
    complete(place.engine, Callback("square", in_time))


def test_another_process_may_finish_what_one_began(place: Place) -> None:
    """Nothing of an authorisation lives in memory: a new engine on a new pool takes the person in."""
    place.venue("blue-note", "mailchimp")
    came = place.answer(place.begin("blue-note", "mailchimp"), venue="blue-note")
    database = open_engine(place.engine.database.url.render_as_string(hide_password=False))
    other = open_engine_for(read_settings(place.environ), database, specs=place.engine.specs, templates=mappings.FOLDER)
    assert complete(replace(other, clock=place.clock), Callback("mailchimp", came)).venue == "blue-note"
    database.dispose()


def test_the_database_holds_neither_state_nor_verifier_nor_token(place: Place) -> None:
    place.venue("blue-note", "square")
    url = place.begin("blue-note", "square")
    state = parse_qs(urlsplit(url).query)["state"][0]
    under_way = str(place.rows("SELECT * FROM sync.oauth_states"))
    assert state not in under_way
    complete(place.engine, Callback("square", place.answer(url, venue="blue-note")))
    with place.engine.database.connect() as conn:
        dump = "".join(
            str(row)
            for table in ("connections", "credentials", "oauth_tokens", "oauth_states", "alerts")
            for row in conn.execute(sa.text(f"SELECT * FROM sync.{table}"))
        )
    for secret in (state, "EAAA", "EQAA", "sq0cgp"):
        assert secret not in dump


def test_an_application_without_a_secret_goes_by_pkce(place: Place) -> None:
    place.venue("blue-note", "square")
    place.sim("square", "PUT", "applications", client_id="id-square", secret=None, redirect_uris=[CALLBACK])
    without = {name: value for name, value in place.environ.items() if name != "SQUARE_CLIENT_SECRET"}
    public = replace(place, engine=replace(place.engine, settings=read_settings(without)))
    url = public.begin("blue-note", "square")
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    connected = complete(public.engine, Callback("square", public.answer(url, venue="blue-note")))
    assert connected.account.id == account("blue-note")
    assert place.standing("blue-note", "square").refresh_expires_at is not None


def test_the_application_of_the_sandbox_never_goes_with_the_secret_of_the_other_one(place: Place) -> None:
    settings = read_settings(dict(place.environ) | {"SANDBOX_SQUARE_CLIENT_ID": "id-sandbox"})
    spec = place.engine.spec("square")
    ours = {kind: application_of(spec, settings, environment=kind) for kind in ("sandbox", "production")}
    assert (ours["sandbox"].client_id, ours["sandbox"].client_secret) == ("id-sandbox", None)
    assert (ours["production"].client_id, ours["production"].client_secret) == ("id-square", SECRETS["square"])
    settings = read_settings(dict(place.environ) | {"SANDBOX_STRIPE_CLIENT_ID": "id-sandbox"})
    with pytest.raises(ConfigurationError, match="SANDBOX_STRIPE_CLIENT_SECRET"):
        application_of(place.engine.spec("stripe"), settings, environment="sandbox")


def test_the_part_that_a_venue_adds_reaches_the_client(place: Place) -> None:
    place.venue("blue-note", "mailchimp")
    place.sim("mailchimp", "POST", f"accounts/{account('blue-note')}/seed/lists", rows=[{"name": "Second"}])
    lists = place.sim("mailchimp", "GET", f"accounts/{account('blue-note')}/objects/lists")["objects"]
    came = place.answer(place.begin("blue-note", "mailchimp"), venue="blue-note")
    with pytest.raises(AuthorizationRefused, match="list_id"):
        complete(place.engine, Callback("mailchimp", came))
    connected = place.connect("blue-note", "mailchimp", parts={"list_id": lists[1]["id"]})
    assert connected.account.id.endswith(lists[1]["id"])
    with pytest.raises(ConfigurationError, match="takes no part"):
        place.begin("blue-note", "mailchimp", parts={"api_key": "x"})


def test_another_account_than_the_synced_one_is_refused_and_nothing_changes(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    place.venue("red-note", "quickbooks")
    place.connect("blue-note", "quickbooks")
    with place.engine.database.begin() as conn:
        conn.execute(
            sa.text("INSERT INTO venue.customers (venue_id, id, given_name) VALUES ('blue-note', 'c1', 'Ada')")
        )
    report = place.engine.sync(place.connection("blue-note", "quickbooks"), "customers", mode=Mode(), run_id="t")
    assert report.counts.created == 1
    before = place.rows("SELECT envelope FROM sync.credentials")
    came = place.answer(place.begin("blue-note", "quickbooks"), venue="red-note")
    with pytest.raises(ConfigurationError, match="was synced with the account"):
        complete(place.engine, Callback("quickbooks", came))
    assert place.rows("SELECT envelope FROM sync.credentials") == before
    assert place.connection("blue-note", "quickbooks").status == "connected"


@pytest.mark.parametrize("realm", ["1000001", "../../v3", ""])
def test_a_company_id_that_the_token_does_not_open_is_refused(place: Place, realm: str) -> None:
    place.venue("blue-note", "quickbooks")
    came = place.answer(place.begin("blue-note", "quickbooks"), venue="blue-note") | {"realmId": realm}
    assert _refused(place, Callback("quickbooks", came)) == "exchange_failed"
    assert place.rows("SELECT count(*) FROM sync.credentials") == [(0,)]


def test_a_code_that_the_provider_refuses_connects_nobody(place: Place) -> None:
    place.venue("blue-note", "square")
    came = place.answer(place.begin("blue-note", "square"), venue="blue-note") | {"code": "sq0cgp-another"}
    assert _refused(place, Callback("square", came)) == "exchange_failed"


def test_a_provider_that_is_down_uses_up_the_state_and_says_so(place: Place) -> None:
    place.venue("blue-note", "quickbooks")
    came = place.answer(place.begin("blue-note", "quickbooks"), venue="blue-note")
    place.sim("quickbooks", "POST", "faults", faults=[{"kind": "error_before", "status": 503, "path": "/oauth2/*"}])
    with pytest.raises(TransientError, match="fails to give tokens"):
        complete(place.engine, Callback("quickbooks", came))
    assert _refused(place, Callback("quickbooks", came)) == "state_invalid"


def test_what_is_not_set_up_is_named(place: Place) -> None:
    place.venue("blue-note")
    for missing in ("STRIPE_CLIENT_ID", "STRIPE_CLIENT_SECRET"):
        without = {name: value for name, value in place.environ.items() if name != missing}
        engine = replace(place.engine, settings=read_settings(without))
        with pytest.raises(ConfigurationError, match=missing):
            begin(engine, "blue-note", "stripe", environment="production", user="ada", redirect_uri=CALLBACK)
    for venue, provider in (("nowhere", "stripe"), ("blue-note", "nobody")):
        with pytest.raises(ConfigurationError, match="There is no"):
            place.begin(venue, provider)


def test_a_key_takes_the_place_of_tokens_and_tokens_the_place_of_a_key(place: Place) -> None:
    place.venue("blue-note", "square")
    place.connect("blue-note", "square")
    place.engine.connect("blue-note", "square", {"access_token": "key_of_blue-note"}, environment="production")
    assert place.rows("SELECT kind FROM sync.credentials") == [("api_key",)]
    assert place.rows("SELECT count(*) FROM sync.oauth_tokens") == [(0,)]
    place.connect("blue-note", "square")
    assert place.rows("SELECT kind FROM sync.credentials") == [("oauth",)]
