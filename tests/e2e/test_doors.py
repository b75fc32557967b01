"""From a token to a customer changed at the provider and to the end of a connection, between real processes.

At the end no secret of the run may be found in anything that it left: logs, answers, tables, files.
"""

import dataclasses
import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from benchmarks.crowd import PROVIDERS, Account, open_account
from benchmarks.doors import Doors, opened, until
from benchmarks.webhook_latency import astray, connected, engine_for, measure, told
from sync_core.oauth.dance import STATE_KIND
from sync_core.oauth.keeping import held
from sync_core.store import connections
from sync_core.sync.engine import Engine
from tests.e2e.search import data_keys, found, house_keys, left_behind, written
from tests.e2e.visitor import Visitor

HALL, CLUB = "lantern-hall", "blue-note"
ENTITY = {"stripe": "customers", "square": "customers", "mailchimp": "members", "quickbooks": "customers"}
Accounts = Mapping[str, Account]


@pytest.fixture
def doors(tmp_path: Path, database_url: str) -> Iterator[Doors]:
    """Everything at work."""
    with opened(tmp_path, database_url) as doors, doors.at_work():
        yield doors


def test_a_venue_connects_is_kept_in_step_and_leaves_and_no_secret_is_left(doors: Doors) -> None:
    for venue in (HALL, CLUB):
        doors.venue(venue)
    engine = engine_for(doors)
    accounts = {name: open_account(doors.bases[name], name, HALL) for name in PROVIDERS}
    ana = Visitor(doors, token_for(doors, HALL, CLUB))
    connect_everywhere(doors, ana, accounts)
    connect_by_pkce(doors, ana, engine)
    ana.make_a_key(HALL)
    see_what_a_customer_becomes(ana)
    sync_everywhere(doors, ana, accounts)
    change_at_the_providers(doors, engine, accounts)
    remember_what_is_sealed(doors, engine)
    refresh(ana)
    remember_what_is_sealed(doors, engine)
    disconnect_everywhere(doors, engine, ana, accounts)
    search(doors, ana)


def token_for(doors: Doors, *venues: str) -> str:
    """A venue_admin's token from the command line."""
    named = [part for venue in venues for part in ("--venue", venue)]
    command = [sys.executable, "-m", "sync_defs", "token", *named]
    printed = subprocess.run(command, env=doors.environ, check=True, capture_output=True, text=True, timeout=90)
    doors.secrets["token of ana"] = printed.stdout.strip()
    return printed.stdout.strip()


def connect_everywhere(doors: Doors, ana: Visitor, accounts: Accounts) -> None:
    """Stripe by key, the others on the providers' own pages."""
    for name, account in accounts.items():
        doors.secrets[f"{name}: key of the account"] = account.key
    key = {"apiKey": accounts["stripe"].key}
    made = ana.data("POST", "/connect/stripe", venueId=HALL, credentials=key, environment="production")
    assert made["accountId"] == accounts["stripe"].id
    for name in ("square", "mailchimp", "quickbooks"):
        ana.let_in(ana.page(name, HALL), name, HALL, accounts[name].id)
    listed = {one["integration_type"]: one["status"] for one in ana.data("GET", "", venueId=HALL)}
    assert listed == dict.fromkeys(PROVIDERS, "connected")


def connect_by_pkce(doors: Doors, ana: Visitor, engine: Engine) -> None:
    """The application of Square's sandbox has no secret."""
    account = open_account(doors.bases["square"], "square", CLUB)
    url = ana.page("square", CLUB, environment="sandbox")
    [(envelope,)] = doors.sql("SELECT envelope FROM sync.oauth_states")
    hidden = engine.vault.open(bytes(envelope), venue=CLUB, provider="square", kind=STATE_KIND)
    doors.secrets["PKCE verifier"] = hidden["verifier"]
    ana.let_in(url, "square", CLUB, account.id)
    assert ana.data("GET", "/square", venueId=CLUB)["status"] == "connected"


def see_what_a_customer_becomes(ana: Visitor) -> None:
    """The mapping in force, and a sample through it."""
    sample = {"id": "c1", "given_name": "Ada", "family_name": "Byron", "email": "ada@example.com"}
    for name, entity in ENTITY.items():
        mapping = ana.data("GET", f"/mappings/{name}/mappings", venueId=HALL)["mappings"]
        assert f"{entity}.email" in mapping
        tried = ana.data("POST", f"/mappings/{name}/mappings/test", sampleData={entity: sample})
        assert tried["problems"] == []
        assert "Byron" in str(tried["mapped"][entity])


def sync_everywhere(doors: Doors, ana: Visitor, accounts: Accounts) -> None:
    """What is there goes both ways; how far it is, is told as it happens."""
    for account in accounts.values():
        account.invite(5)
    row = (
        "INSERT INTO venue.customers (venue_id, id, given_name, email) VALUES (:v, 'c1', 'Ada', 'ada@venue-guests.com')"
    )
    doors.sql(row, v=HALL)
    with ana.watching(HALL) as watch:
        asked = [ana.data("POST", f"/sync/{name}/sync", venueId=HALL, syncType="customers") for name in PROVIDERS]
        ids = [one["id"] for each in asked for one in each["requests"]]
        until(lambda: watch.statuses(ids) == dict.fromkeys(ids, "succeeded"))
    for name in PROVIDERS:
        assert ana.data("GET", f"/sync/{name}/sync/history", venueId=HALL)[0]["status"] == "completed"
        assert "Ada" in str(doors.sim(name, "GET", f"accounts/{accounts[name].id}/objects/{ENTITY[name]}"))
    assert astray(doors, list(accounts.values())) == []


def change_at_the_providers(doors: Doors, engine: Engine, accounts: Accounts) -> None:
    """Whoever gets another name there has it here, also while a hundred others a second do; a short measurement."""
    crowd = list(itertools.chain(*(connected(doors, engine, name, people=3) for name in ("crowd-1", "crowd-2"))))
    measured = measure(doors, list(accounts.values()), crowd, per_second=100, seconds=3)
    sys.stdout.write(f"{told(measured)}\n")
    assert measured.missing == []
    assert all(measured.seconds.values())
    assert astray(doors, [*accounts.values(), *crowd]) == []


def remember_what_is_sealed(doors: Doors, engine: Engine) -> None:
    """Tokens and data keys as they are now, which are secrets too."""
    home = Path(doors.environ["VENUE_SYNC_HOME"])
    doors.secrets.update(data_keys(doors.database, home))
    with doors.database.connect() as conn:
        for venue, name in ((HALL, "square"), (HALL, "mailchimp"), (HALL, "quickbooks"), (CLUB, "square")):
            connection = connections.find(conn, venue, name)
            assert connection is not None
            grant = held(engine, conn, connection)
            doors.secrets[f"{connection.label}: access token {grant.version}"] = grant.access_token
            if grant.refresh_token is not None:
                doors.secrets[f"{connection.label}: refresh token {grant.version}"] = grant.refresh_token


def refresh(ana: Visitor) -> None:
    """New tokens on demand; a key has none."""
    for venue, name in ((HALL, "square"), (HALL, "quickbooks"), (CLUB, "square")):
        assert ana.data("POST", f"/oauth/refresh/{name}", venueId=venue)["expiresAt"] is not None
    assert ana.refusal("POST", "/oauth/refresh/stripe", venueId=HALL) == "TOKEN_REFRESH_FAILED"


def disconnect_everywhere(doors: Doors, engine: Engine, ana: Visitor, accounts: Accounts) -> None:
    """The credential is gone, here and (where there is a way to say so) at the provider; nothing is called any more."""
    old = {name: doors.secrets[f"{HALL}/{name}: access token 2"] for name in ("square", "quickbooks")}
    for name in PROVIDERS:
        farewell = ana.ask("POST", f"/{name}/disconnect", venueId=HALL).json()
        assert farewell["revoked"] == (name in old), farewell
        assert ana.data("GET", f"/{name}", venueId=HALL)["status"] == "disconnected"
        assert ana.refusal("POST", f"/health/{name}/test", venueId=HALL) == "CREDENTIALS_NOT_FOUND"
        assert ana.refusal("POST", f"/sync/{name}/sync", venueId=HALL) == "INTEGRATION_NOT_CONNECTED"
    for table in ("credentials", "oauth_tokens"):
        rows = (
            "SELECT count(*) FROM sync.{} AS t JOIN sync.connections AS c ON c.id = t.connection_id WHERE venue_id = :v"
        )
        assert doors.sql(rows.format(table), v=HALL) == [(0,)]
    for name, token in old.items():
        with_token = dataclasses.replace(accounts[name], key=str(token))
        with pytest.raises(requests.HTTPError, match="401"):
            with_token.rename(with_token.people[0], "Nobody")
    nothing_comes_any_more(doors, accounts)


def nothing_comes_any_more(doors: Doors, accounts: Accounts) -> None:
    """Events of an account that nobody is connected to are kept, and read nothing."""

    def calls() -> dict[str, int]:
        return {name: doors.sim(name, "GET", f"calls?account={one.id}")["total"] for name, one in accounts.items()}

    before = calls()
    for account in accounts.values():
        account.rename(account.people[0], "Stranger")
    parked = "SELECT count(*) FROM sync.webhook_events WHERE reason = 'No connected venue has this account.'"
    until(lambda: doors.sql(parked)[0][0] >= len(accounts))
    assert doors.sql("SELECT count(*) FROM venue.customers WHERE given_name = 'Stranger'") == [(0,)]
    assert calls() == {name: number + 1 for name, number in before.items()}  # the seller's own


def search(doors: Doors, ana: Visitor) -> None:
    """Whatever the run left is looked through for whatever it kept secret; the search itself is tried first."""
    home = Path(doors.environ["VENUE_SYNC_HOME"])
    secrets = doors.secrets | house_keys(home)
    kinds = (
        "key of the account",
        "API key",
        "access token 2",
        "refresh token 1",
        "state",
        "code",
        "verifier",
        "webhooks",
        "data key",
    )
    assert [kind for kind in kinds if not any(kind in name for name in secrets)] == []
    metrics = requests.get(f"{doors.address}/metrics", headers={"Authorization": f"Bearer {ana.token}"}, timeout=60)
    everywhere = [
        ("metrics", metrics.text),
        *written(doors.database),
        *left_behind(doors.logs),
        *left_behind(home),  # and not what the simulated providers keep for themselves
        *((f"answer {number}", text) for number, text in enumerate(ana.heard)),
    ]
    places = {place for place, text in everywhere if text}
    assert {
        "table venue.customers",
        "table sync.webhook_events",
        "file api.log",
        "file drain.log",
        "answer 0",
    } <= places
    planted = ("a place", f"x={secrets['token of ana']}&")
    assert found(secrets, iter([planted])) == ["token of ana in a place"]
    assert found(secrets, iter(everywhere)) == []
