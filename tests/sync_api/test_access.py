"""Every route as every role, for one's own venue and for another one's: generated, so that no route can be forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from fastapi.routing import APIRoute, APIWebSocketRoute

from sync_api.access import CHANGING, MEETS, RULES, Rule
from sync_api.tokens import ROLES, Role
from tests.sync_api.desk import OTHER, OWN, Desk

REFUSED = {401, 403}
FILLED = {"provider": "stripe", "key_id": "0123456789ab"}


@dataclass(frozen=True, slots=True)
class Try:
    """One route and its rule."""

    method: str
    path: str
    rule: Rule

    def ask(self, desk: Desk, token: str | None, venue: str) -> requests.Response:
        """Ask about `venue` with this token, or with none."""
        path = re.sub(r"\{(\w+)\}", lambda name: FILLED.get(name[1], "999999"), self.path)
        query: dict[str, Any] = {"venueId": venue} if self.rule.venue.startswith("query") else {}
        if path.endswith("/progress"):
            query["seconds"] = 0
        body = {"venueId": venue} if self.rule.venue.startswith("body") else {}
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.request(
            self.method,
            f"{desk.address}{path}",
            params=query,
            json=body if self.method in CHANGING else None,
            headers=headers,
            allow_redirects=False,
            timeout=30,
        )


TRIES = [Try(method, path, rule) for (method, path), rule in RULES.items() if method != "WEBSOCKET"]
GUARDED = [each for each in TRIES if each.rule.need != "public"]
ABOUT_VENUES = [each for each in GUARDED if each.rule.venue != "nowhere"]


def routes(desk: Desk) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the application answers."""
    for route in desk.app.routes:
        if isinstance(route, APIWebSocketRoute):
            yield "WEBSOCKET", route.path
        elif isinstance(route, APIRoute):
            yield from ((method, route.path_format) for method in route.methods or ())
        else:
            assert getattr(route, "path", None) == "/openapi.json"


def test_every_route_has_its_line_in_the_table_and_every_line_its_route(desk: Desk) -> None:
    assert sorted(routes(desk)) == sorted(RULES)


def test_nobody_without_a_credential_and_nobody_with_a_wrong_one_comes_in(desk: Desk) -> None:
    desk.connect()
    wrong = [None, "nonsense", desk.token(lasting=-3600), f"{desk.token()}x", "vsk_0123456789ab_" + "a" * 43]
    for each in GUARDED:
        answers = [each.ask(desk, token, OWN) for token in wrong]
        assert [answer.status_code for answer in answers] == [401] * len(wrong), each
        assert all(answer.headers["WWW-Authenticate"] == "Bearer" for answer in answers)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_what_its_line_says_and_nothing_else(desk: Desk, role: Role) -> None:
    desk.connect()
    token = desk.token(role)
    for each in GUARDED:
        allowed = each.rule.need in MEETS[role]
        answer = each.ask(desk, token, OWN)
        if allowed:
            assert answer.status_code not in REFUSED or answer.json()["code"] not in ("FORBIDDEN", "INVALID_TOKEN"), (
                each
            )
            assert answer.status_code < 500, answer.text
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), each


@pytest.mark.parametrize("role", ["venue_admin", "user"])
def test_a_venue_cannot_name_another_one(desk: Desk, role: Role) -> None:
    desk.connect(OTHER)
    token = desk.token(role)
    asked = [each for each in ABOUT_VENUES if each.rule.need in MEETS[role]]
    assert len(asked) > 5

    for each in asked:
        answer = each.ask(desk, token, OTHER)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), each


def test_a_venue_that_is_not_there_is_answered_like_somebody_else_s(desk: Desk) -> None:
    ours, admin = desk.token(), desk.token("admin")
    for each in ABOUT_VENUES:
        if each.rule.need != "admin":
            assert each.ask(desk, ours, "no-such-venue").json()["code"] == "FORBIDDEN", each
        answer = each.ask(desk, admin, "no-such-venue")
        assert (answer.status_code, answer.json()["code"]) == (404, "VENUE_NOT_FOUND"), each


def test_what_belongs_to_another_venue_is_not_there_for_this_one(desk: Desk) -> None:
    theirs = desk.connect(OTHER)
    ids = {
        "letter_id": desk.sql(
            "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, reason) "
            "VALUES (:id, 'customers', 'push', 'c1', 'bad', 'It is bad.') RETURNING id",
            id=theirs,
        )[0][0],
        "item_id": desk.sql(
            "INSERT INTO sync.work (connection_id, entity, mode, priority, requested_by) "
            "VALUES (:id, 'customers', 'full', 'high', 'user:bo') RETURNING id",
            id=theirs,
        )[0][0],
        "key_id": desk.data(
            "POST",
            "/api-keys",
            token=desk.token("venue_admin", OTHER),
            body={"venueId": OTHER, "name": "Theirs", "scopes": ["syncs:read"]},
        )["id"],
    }
    ours, admin = desk.token(), desk.token("admin")
    one = [each for each in GUARDED if set(re.findall(r"\{(\w+)\}", each.path)) & set(ids)]
    assert len(one) >= len(ids)

    for each in one:
        path = re.sub(r"\{(\w+)\}", lambda name: str(ids[name[1]]), each.path)
        body = {} if each.method in CHANGING else None
        asked = [
            requests.request(
                each.method, f"{desk.address}{path}", json=body, headers={"Authorization": f"Bearer {who}"}, timeout=30
            )
            for who in ((ours, admin) if each.method == "GET" else (ours,))
        ]
        assert asked[0].status_code == 404, (each, asked[0].text)
        assert [answer.status_code for answer in asked[1:]] == [200] * len(asked[1:]), each


def test_lists_without_a_venue_show_the_caller_s_venues_only(desk: Desk) -> None:
    for venue in (OWN, OTHER):
        desk.sql(
            "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, reason) "
            "VALUES (:id, 'customers', 'push', 'c1', 'bad', 'It is bad.')",
            id=desk.connect(venue),
        )
        body = {"venueId": venue, "name": venue, "scopes": ["syncs:read"]}
        desk.data("POST", "/api-keys", token=desk.token("venue_admin", venue), body=body)

    for path in ("/dead-letters", "/api-keys"):
        assert {line["venue_id"] for line in desk.data("GET", path)} == {OWN}
        assert {line["venue_id"] for line in desk.data("GET", path, token=desk.token("admin"))} == {OWN, OTHER}
