"""Dead letters by HTTP: which ones are meant, who may touch them, and what the next sync makes of it."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from sync_core.store import connections, dead_letters, locks
from sync_core.store.dead_letters import Letter
from sync_core.sync.asked import work_off
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode
from tests.sync_api.desk import OTHER, Desk, desk_on

_numbers = itertools.count(1)

PILE = {
    # record: provider, entity, direction, category, code, days since it first failed
    "a": ("stripe", "customers", "push", "validation", "email_invalid", 3),
    "b": ("stripe", "customers", "push", "validation", "email_invalid", 0),
    "c": ("stripe", "customers", "push", "data", "resource_missing", 3),
    "d": ("stripe", "products", "push", "validation", "parameter_missing", 0),
    "e": ("square", "customers", "push", "validation", "INVALID_EMAIL_ADDRESS", 3),
}
CHOICES: list[tuple[dict[str, Any], str]] = [
    ({"provider": "square"}, "e"),
    ({"entity": "customers"}, "abce"),
    ({"category": "data"}, "c"),
    ({"code": "email_invalid"}, "ab"),
    ({"olderThanHours": 48}, "ace"),
    ({"provider": "stripe", "entity": "customers", "category": "validation", "olderThanHours": 48}, "a"),
    ({"code": "parameter_missing", "entity": "customers"}, ""),
]


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue of one test's own, and its administrator."""

    desk: Desk
    name: str

    @property
    def token(self) -> str:
        return self.desk.token("venue_admin", self.name)

    def connection(self, provider: str = "stripe") -> int:
        return self.desk.sql(
            "SELECT id FROM sync.connections WHERE venue_id = :v AND provider = :p", v=self.name, p=provider
        )[0][0]

    def bury(self, record: str, *about: Any) -> int:
        provider, entity, direction, category, code, days = about or PILE[record]
        return self.desk.sql(
            "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, category, reason, "
            "first_at, due_at) VALUES (:id, :entity, :direction, :record, :code, :category, 'It was bad.', "
            "now() - :days * interval '1 day', now() + interval '1 day') RETURNING id",
            id=self.connection(provider),
            entity=entity,
            direction=direction,
            record=record,
            code=code,
            category=category,
            days=days,
        )[0][0]

    def insert(self, record: str, mail: str = "ada@example.com") -> None:
        self.desk.sql(
            "INSERT INTO venue.customers (venue_id, id, given_name, email) VALUES (:v, :id, 'Ada', :mail)",
            v=self.name,
            id=record,
            mail=mail,
        )

    def open(self, **query: Any) -> str:
        found = self.desk.data("GET", "/dead-letters", token=self.token, venueId=self.name, **query)
        return "".join(sorted(one["record_id"] for one in found))

    def many(self, verb: str, token: str | None = None, **said: Any) -> requests.Response:
        return self.desk.ask(
            "POST", f"/dead-letters/{verb}", token=token or self.token, body={"venueId": self.name} | said
        )

    def one(self, method: str, letter: int, *rest: str) -> requests.Response:
        return self.desk.ask(method, "/".join((f"/dead-letters/{letter}", *rest)), token=self.token)

    def due(self) -> str:
        """The records that the next push looks at although nobody changed them."""
        found = self.desk.sql(
            "SELECT local_id FROM sync.pending p JOIN sync.connections c ON c.id = p.connection_id "
            "WHERE c.venue_id = :v AND due_at <= now() ORDER BY 1",
            v=self.name,
        )
        return "".join(one for (one,) in found)

    def queue(self) -> list[Any]:
        return self.desk.sql(
            "SELECT c.provider, w.entity, w.status FROM sync.work w JOIN sync.connections c ON c.id = w.connection_id "
            "WHERE c.venue_id = :v ORDER BY 1, 2",
            v=self.name,
        )

    def sync(self, entity: str = "customers") -> EntityReport:
        with self.desk.engine.database.connect() as conn:
            found = connections.find(conn, self.name, "stripe")
        assert found is not None
        return self.desk.engine.sync(found, entity, mode=Mode(), run_id="run")

    def at_stripe(self) -> list[str | None]:
        objects = self.desk.sim("stripe", "GET", f"accounts/acct_{self.name}/objects/customers")["objects"]
        return sorted(one["metadata"].get("venue_sync_id") or one["id"] for one in objects)


@pytest.fixture(scope="module")
def desk(loaded: Engine, shared_database: sa.Engine, providers: Mapping[str, str]) -> Iterator[Desk]:
    """The API and the simulated providers, for all tests here; each has a venue of its own."""
    bases = {f"{name.upper()}_API_BASE": base for name, base in providers.items()}
    settings = replace(loaded.settings, bases=bases)
    with desk_on(replace(loaded, database=shared_database, settings=settings)) as desk:
        yield desk


@pytest.fixture
def venue(desk: Desk) -> Iterator[Venue]:
    """A venue whose Stripe account is real to the simulator; its Square connection opens nothing."""
    name = f"letters{next(_numbers)}"
    key = f"sk_test_{name}"
    desk.sql("INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'USD')", id=name)
    desk.sim("stripe", "PUT", "accounts", credential=key, account_id=f"acct_{name}", name=name)
    desk.engine.connect(name, "stripe", {"api_key": key}, environment="production")
    desk.connect(name, "square")
    yield Venue(desk, name)
    desk.sim("stripe", "DELETE", "faults")
    desk.sql("DELETE FROM sync.work")


@pytest.fixture
def pile(venue: Venue) -> dict[str, int]:
    """Letters of five kinds, and as many of another venue; the ids of the first by record."""
    theirs = Venue(venue.desk, OTHER)
    for provider in ("stripe", "square"):
        if not venue.desk.sql(
            "SELECT 1 FROM sync.connections WHERE venue_id = :v AND provider = :p", v=OTHER, p=provider
        ):
            venue.desk.connect(OTHER, provider)
    venue.desk.sql("DELETE FROM sync.dead_letters")
    for record in PILE:
        theirs.bury(record)
    return {record: venue.bury(record) for record in PILE}


def untouched(desk: Desk) -> bool:
    """Whether nothing happened to the other venue's letters."""
    theirs = Venue(desk, OTHER)
    return (theirs.open(), theirs.due(), theirs.queue()) == ("abcde", "", [])


@pytest.mark.parametrize(("said", "meant"), CHOICES)
def test_all_that_is_said_must_apply_whoever_lists_retries_or_discards(
    venue: Venue, pile: dict[str, int], said: dict[str, Any], meant: str
) -> None:
    assert venue.open(**said) == meant

    retried = venue.many("retry", **said).json()["data"]
    assert retried == {"resolved": 0, "queued": len(meant), "still_open": 0}
    assert venue.due() == meant
    assert len(venue.queue()) == len({PILE[record][:2] for record in meant})

    assert venue.many("discard", **said).json()["data"] == {"discarded": len(meant)}
    assert venue.open() == "".join(sorted(set("abcde") - set(meant)))
    assert venue.due() == "", "and their rows wait no more"
    assert untouched(venue.desk)


@pytest.mark.parametrize("verb", ["retry", "discard"])
def test_ids_mean_the_venue_s_own_letters_only(venue: Venue, pile: dict[str, int], verb: str) -> None:
    theirs = [
        one["id"] for one in venue.desk.data("GET", "/dead-letters", token=venue.desk.token("admin"), venueId=OTHER)
    ]

    assert venue.many(verb, ids=theirs).json()["data"] in (
        {"discarded": 0},
        {"resolved": 0, "queued": 0, "still_open": 0},
    )
    assert venue.many(verb, ids=[pile["a"], pile["b"], *theirs, 999_999], code="email_invalid").status_code == 200

    assert (venue.open(), venue.due()) == (("abcde", "ab") if verb == "retry" else ("cde", ""))
    assert untouched(venue.desk)


@pytest.mark.parametrize("verb", ["retry", "discard"])
def test_who_says_nothing_or_nonsense_means_no_letter(venue: Venue, pile: dict[str, int], verb: str) -> None:
    nothing: list[dict[str, Any]] = [{}, {"provider": None, "category": None}, {"ids": []}]
    nonsense: list[dict[str, Any]] = [
        {"ids": ["1"]},
        {"category": "nonsense"},
        {"olderThanHours": -1},
        {"direction": "push"},
    ]
    for said in (*nothing, *nonsense):
        answer = venue.many(verb, **said)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), said
    answer = venue.many(verb, provider="nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "INVALID_PROVIDER")

    assert (venue.open(), venue.due(), venue.queue()) == ("abcde", "", [])


def test_a_user_looks_and_does_not_touch_and_a_key_does_what_its_scopes_say(venue: Venue, pile: dict[str, int]) -> None:
    desk, letter = venue.desk, pile["a"]
    user = desk.token("user", venue.name)
    scopes = {"letters:read": [200, 403, 403], "letters:write": [403, 200, 200], "syncs:write": [403, 403, 403]}
    keys = {
        scope: desk.data(
            "POST", "/api-keys", token=venue.token, body={"venueId": venue.name, "name": scope, "scopes": [scope]}
        )["key"]
        for scope in scopes
    }

    for token, expected in [(user, [200, 403, 403]), *((keys[scope], scopes[scope]) for scope in sorted(scopes))]:
        look = desk.ask("GET", f"/dead-letters/{letter}", token=token).status_code
        many = venue.many("retry", token, ids=[letter]).status_code
        one = desk.ask("DELETE", f"/dead-letters/{pile['b']}", token=token).status_code
        assert [look, many, one] == expected

    assert venue.open() == "acde"
    assert untouched(desk)


def test_asking_again_asks_for_no_second_sync_and_discards_nothing_twice(venue: Venue, pile: dict[str, int]) -> None:
    for _ in range(3):
        assert venue.one("POST", pile["a"], "retry").json()["data"] == {"resolved": 0, "queued": 1, "still_open": 0}
        assert venue.many("retry", entity="customers", provider="stripe").json()["data"]["queued"] == 3
    assert venue.queue() == [("stripe", "customers", "queued")]
    venue.desk.sql("UPDATE sync.work SET status = 'running', claimed_by = 'w', claimed_at = now()")
    venue.one("POST", pile["a"], "retry")
    assert [status for *_, status in venue.queue()] == ["running", "queued"], "what runs may be past the record"

    assert venue.one("DELETE", pile["a"]).status_code == 200
    assert [venue.one("DELETE", pile["a"]).status_code, venue.one("POST", pile["a"], "retry").status_code] == [404, 404]
    assert venue.many("discard", ids=[pile["a"]]).json()["data"] == {"discarded": 0}
    assert venue.many("retry", ids=[pile["a"]]).json()["data"] == {"resolved": 0, "queued": 0, "still_open": 0}
    assert venue.due() == "bc"


def test_the_next_sync_after_a_retry_sends_what_was_not_due_for_hours_and_sends_it_once(venue: Venue) -> None:
    for record in ("a", "b"):
        venue.insert(record)
    venue.desk.sim("stripe", "POST", "faults", seed=1, faults=[{"kind": "refuse", "method": "POST", "times": None}])
    venue.sync()
    venue.sync()
    venue.desk.sim("stripe", "DELETE", "faults")
    assert (venue.sync().counts.created, venue.open(), venue.due()) == (0, "ab", "")

    venue.many("retry", entity="customers")
    work_off(venue.desk.engine, run_id="worker", quiet_seconds=0)

    assert venue.at_stripe() == ["a", "b"]
    assert (venue.open(), venue.due()) == ("", "")
    assert venue.queue() == [("stripe", "customers", "succeeded")]


def test_a_discarded_record_is_left_alone_until_it_changes_and_then_counts_anew(venue: Venue) -> None:
    venue.insert("a", mail="no address")
    venue.sync()
    venue.desk.sql(
        "UPDATE sync.dead_letters SET first_at = now() - interval '9 days', attempts = 9 WHERE record_id = 'a'"
    )
    venue.many("discard", category="validation")

    assert (venue.sync().counts.failed, venue.open()) == (0, "")
    venue.desk.sql("UPDATE venue.customers SET email = 'nor this' WHERE venue_id = :v", v=venue.name)
    assert (venue.sync().counts.failed, venue.open()) == (1, "a")
    assert venue.open(olderThanHours=24) == "", "it failed for the first time a moment ago"
    [letter] = venue.desk.data("GET", "/dead-letters", token=venue.token, venueId=venue.name)
    assert letter["attempts"] == 1
    assert venue.sync().counts.failed == 1, "it is looked at by the next sync, like any letter that is new"
    assert [
        one["attempts"] for one in venue.desk.data("GET", "/dead-letters", token=venue.token, venueId=venue.name)
    ] == [2]


def test_a_letter_that_was_only_looked_at_again_is_as_old_as_before(venue: Venue) -> None:
    venue.bury("cus_1", "stripe", "customers", "pull", "validation", "bad", 3)
    key, again = (venue.connection(), "customers"), [Letter("cus_1", "bad", "It is bad still.")]
    with venue.desk.engine.database.begin() as conn:  # as a sync does that reads the object, and finds it as bad
        dead_letters.resolve(conn, *key, direction="pull", ids=["cus_1"])
        dead_letters.post(conn, *key, direction="pull", letters=again)

    assert venue.open(olderThanHours=48) == "cus_1"
    assert venue.desk.sql(
        "SELECT attempts, due_at > now() FROM sync.dead_letters WHERE connection_id = :id", id=key[0]
    ) == [(2, True)]


def test_an_object_that_cannot_be_read_keeps_none_of_the_others_that_were_retried_with_it(venue: Venue) -> None:
    for record in ("a", "b", "c"):
        venue.insert(record)
    venue.sync()
    remote = [
        one
        for (one,) in venue.desk.sql(
            "SELECT remote_id FROM sync.ledger WHERE connection_id = :id", id=venue.connection()
        )
    ]
    for each in remote:
        venue.bury(each, "stripe", "customers", "pull", "validation", "bad", 0)
    venue.desk.sim(
        "stripe", "POST", "faults", seed=1, faults=[{"kind": "refuse", "path": f"*{remote[1]}", "times": None}]
    )

    told = venue.many("retry", entity="customers").json()["data"]
    assert told == {"resolved": 0, "queued": 3, "still_open": 0}
    work_off(venue.desk.engine, run_id="worker", quiet_seconds=0)

    assert venue.open() == remote[1]


def test_what_a_sync_is_at_waits_for_the_one_after_it(venue: Venue) -> None:
    venue.insert("a")
    venue.sync()
    [(remote,)] = venue.desk.sql("SELECT remote_id FROM sync.ledger WHERE connection_id = :id", id=venue.connection())
    letter = venue.bury(remote, "stripe", "customers", "pull", "validation", "bad", 0)

    with (
        closing(venue.desk.engine.database.connect()) as conn,
        locks.holding(conn, venue.connection(), "customers") as mine,
    ):
        assert mine
        assert venue.one("POST", letter, "retry").json()["data"] == {"resolved": 0, "queued": 1, "still_open": 0}
    assert venue.one("POST", letter, "retry").json()["data"] == {"resolved": 1, "queued": 0, "still_open": 0}

    work_off(venue.desk.engine, run_id="worker", quiet_seconds=0)
    assert (venue.open(), venue.queue()) == ("", [("stripe", "customers", "succeeded")])


def test_letters_of_a_connection_that_is_gone_stay_and_keep_none_of_the_others(
    venue: Venue, pile: dict[str, int]
) -> None:
    gone = "UPDATE sync.connections SET status = 'disconnected' WHERE venue_id = :v AND provider = 'square'"
    venue.desk.sql(gone, v=venue.name)

    refused = venue.one("POST", pile["e"], "retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "INTEGRATION_NOT_CONNECTED")
    assert venue.many("retry", entity="customers").json()["data"] == {"resolved": 0, "queued": 3, "still_open": 1}
    assert venue.due() == "abc"
    assert venue.one("DELETE", pile["e"]).status_code == 200
    assert venue.open() == "abcd"


def test_what_an_administrator_has_tried_again_is_not_hidden_behind_letters_that_cannot_be(venue: Venue) -> None:
    admin = venue.desk.token("admin")
    venue.desk.sql("DELETE FROM sync.dead_letters")
    venue.bury("a")
    venue.desk.sql(
        "UPDATE sync.connections SET status = 'error' WHERE venue_id = :v AND provider = 'square'", v=venue.name
    )
    venue.desk.sql(
        "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, reason) "
        "SELECT :id, 'customers', 'push', n::text, 'bad', 'It was bad.' FROM generate_series(1, 1000) AS n",
        id=venue.connection("square"),
    )

    for _ in range(2):
        venue.desk.ask("POST", "/admin/process-dead-letter", token=admin)

    assert (venue.due(), venue.queue()) == ("a", [("stripe", "customers", "queued")])
