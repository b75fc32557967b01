"""What a sync did is seen in its span, step by step and call by call, without anything of a person."""

from collections.abc import Iterator

import pytest

from tests.tracing import Spans, caught
from tests.world import World, key


@pytest.fixture
def spans() -> Iterator[Spans]:
    with caught() as spans:
        yield spans


def test_a_sync_is_a_span_with_its_numbers_its_steps_and_their_calls(shared_world: World, spans: Spans) -> None:
    venue = shared_world.venue("seen")
    shared_world.insert("customers", venue, id="c1", given_name="Ada", email="ada@example.com")
    shared_world.insert("customers", venue, id="c2", given_name="Bob", email="no address")
    shared_world.faults("stripe", {"kind": "error_before", "times": 1, "status": 503, "path": "/v1/customers"})
    report = shared_world.sync(venue, "stripe", "customers")
    shared_world.no_faults("stripe")

    sync = spans.one("sync stripe/customers", venue=venue)
    expected = {"created": 1, "failed": 1, "calls": report.api_calls, "status": "succeeded", "correlation": "test"}
    assert {name: sync.attributes[f"venue_sync.{name}"] for name in expected} == expected
    steps = {one.name: one for one in spans.all if one.parent == sync.id}
    assert list(steps) == ["replay", "pull", "push"]
    calls = [one for one in spans.all if one.kind == "CLIENT" and one.trace == sync.trace]
    assert len(calls) == report.api_calls
    made = [one for one in calls if one.name == "POST /v1/customers" and not one.error]
    ways = {tuple(spans.way(one)) for one in calls}
    assert ways == {
        ("sync stripe/customers", "pull", "GET /v1/customers"),
        ("sync stripe/customers", "push", made[0].name),
    }
    assert [one.attributes["http.response.status_code"] for one in calls].count(503) == 1
    assert {str(one.attributes["venue_sync.provider_request"])[:4] for one in made} == {"req_"}
    for word in ("ada", "bob", "no address", key(venue, "stripe"), "Bearer"):
        assert word not in spans.said.lower()


def test_a_sync_that_failed_says_who_must_act_next(shared_world: World, spans: Spans) -> None:
    venue = shared_world.venue("refused")
    shared_world.faults("stripe", {"kind": "error_before", "status": 401})
    report = shared_world.sync(venue, "stripe", "customers")
    shared_world.no_faults("stripe")

    sync = spans.one("sync stripe/customers", venue=venue)
    assert (sync.error, sync.attributes["error.type"]) == (True, report.category)
    assert report.error is not None
    assert report.error not in spans.said
    assert spans.one("pull").attributes["error.type"] == "AuthorizationLost"
