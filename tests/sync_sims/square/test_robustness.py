"""Whatever a client sends, Square answers: with a result or with an error in its own shape, never by breaking."""

import random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_sims.square import SquareSimulator
from sync_sims.square.catalog_drafts import DATA
from sync_sims.square.profiles import WRITABLE
from sync_sims.square.routes import ROUTES, Route
from sync_sims.wire import Request, Response

ACCOUNT = "MLEFBHHSJGVHD"
PARAMETERS: tuple[str, ...] = (
    "cursor",
    "limit",
    "types",
    "sort_order",
    "sort_field",
    "begin_time",
    "end_time",
    "total",
    "version",
    "count",
)

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["#a", "#b", "ITEM", "ITEM_VARIATION", "CASH", "EXTERNAL", "USD", "ASC", "IN_STOCK", "ADJUSTMENT"]),
    st.sampled_from(["2026-07-15T19:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "yesterday"]),
)
NAMES = [
    *(
        "type",
        "id",
        "version",
        "objects",
        "name",
        "variations",
        "item_id",
        "price_money",
        "amount",
        "currency",
        "filter",
    ),
    *("sort", "updated_at", "start_at", "end_at", "exact", "fuzzy", "email_address", "physical_count", "adjustment"),
    *("catalog_object_id", "location_id", "state", "quantity", "occurred_at", "text_query", "keywords", "categories"),
    *("buyer_supplied_money", "source", "country", "is_deleted", *sorted(DATA.values()), *sorted(WRITABLE)),
]
anything = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Route, dict[str, Any], dict[str, str]]:
    """An endpoint, a body with its fields, and some query."""
    route = draw(st.sampled_from(ROUTES))
    fields = sorted(route.fields)
    body = draw(st.dictionaries(st.sampled_from(fields), anything)) if fields else {}
    query = draw(st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=12), max_size=3))
    return route, body, query


def send(simulator: SquareSimulator, route: Route, body: Any, query: dict[str, str]) -> Response:
    """One request, straight to the rules."""
    return simulator.handle(
        Request(
            method=route.method,
            path=route.template.replace("{id}", "SOMETHING"),
            query=tuple(query.items()),
            headers={"authorization": "Bearer t"},
            body=orjson.dumps(body),
        )
    )


@settings(max_examples=150, deadline=None)
@given(requests())
def test_every_request_gets_an_answer_in_squares_shape(sent: tuple[Route, dict[str, Any], dict[str, str]]) -> None:
    simulator = SquareSimulator(chance=random.Random(1))
    simulator.register("t", account_id=ACCOUNT, name="Apollo Hall")
    route, body, query = sent
    response = send(simulator, route, body, query)
    assert orjson.loads(orjson.dumps(response.body)) == response.body
    if response.status != 200:
        assert response.status in {400, 402, 404, 409, 501}
        assert all({"category", "code", "detail"} <= set(error) for error in response.body["errors"])


@settings(max_examples=80, deadline=None)
@given(requests())
def test_a_refused_request_changes_nothing_but_the_currency(sent: tuple[Route, dict[str, Any], dict[str, str]]) -> None:
    simulator = SquareSimulator(chance=random.Random(1), currency="USD")
    simulator.register("t", account_id=ACCOUNT, name="Apollo Hall")
    route, body, query = sent
    if send(simulator, route, body, query).status != 200:
        names = ("catalog", "customers", "inventory_counts", "inventory_changes", "payments", "refunds")
        assert {name: simulator.objects(ACCOUNT, name) for name in names} == {name: [] for name in names}


PRICE = {"amount": 100, "currency": "USD"}
VARIATION = {
    "type": "ITEM_VARIATION",
    "id": "#v",
    "item_variation_data": {"name": "Adult", "pricing_type": "FIXED_PRICING", "price_money": PRICE},
}
ITEM = {
    "type": "ITEM",
    "id": "#i",
    "item_data": {"name": "Hamlet", "categories": [{"id": "#c"}], "variations": [VARIATION]},
}
CATEGORY = {"type": "CATEGORY", "id": "#c", "category_data": {"name": "Plays"}}
ADDRESS = {"address_line_1": "1 Main", "country": "GB"}
VALID: dict[str, dict[str, Any]] = {
    "/v2/catalog/batch-upsert": {"idempotency_key": "1", "batches": [{"objects": [CATEGORY, ITEM]}]},
    "/v2/catalog/search": {
        "object_types": ["ITEM"],
        "query": {"text_query": {"keywords": ["ham"]}},
        "begin_time": "2026-07-15T19:00:00Z",
        "limit": 5,
    },
    "/v2/customers": {"idempotency_key": "1", "given_name": "Ada", "birthday": "12-10", "address": ADDRESS},
    "/v2/customers/bulk-create": {"customers": {"a": {"given_name": "Ada", "phone_number": "+14155552671"}}},
    "/v2/customers/search": {
        "limit": 5,
        "query": {
            "filter": {"updated_at": {"start_at": "2026-07-15T19:00:00Z"}, "email_address": {"exact": "a@b.co"}},
            "sort": {"field": "CREATED_AT", "order": "ASC"},
        },
    },
    "/v2/inventory/counts/batch-retrieve": {"states": ["IN_STOCK"], "updated_after": "2026-07-15T19:00:00Z"},
    "/v2/payments": {
        "idempotency_key": "1",
        "source_id": "CASH",
        "amount_money": PRICE,
        "tip_money": PRICE,
        "cash_details": {"buyer_supplied_money": {"amount": 500, "currency": "USD"}},
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, entry in inside for found in ((*path, key), *places(entry, (*path, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A good request with one thing in it replaced by something else."""
    path = draw(st.sampled_from(sorted(VALID)))
    body = orjson.loads(orjson.dumps(VALID[path]))
    *way, last = draw(st.sampled_from(places(body)))
    target = body
    for step in way:
        target = target[step]
    target[last] = draw(anything)
    return path, body


def sent_to(simulator: SquareSimulator, path: str, body: Any) -> Response:
    """One POST."""
    return send(simulator, next(route for route in ROUTES if route.name == f"POST {path}"), body, {})


def test_the_good_requests_are_good() -> None:
    simulator = SquareSimulator(chance=random.Random(1))
    simulator.register("t", account_id=ACCOUNT, name="Apollo Hall")
    assert {path: sent_to(simulator, path, body).status for path, body in VALID.items()} == dict.fromkeys(VALID, 200)


@settings(max_examples=250, deadline=None)
@given(spoilt())
def test_one_wrong_thing_in_a_good_request_never_breaks_square(sent: tuple[str, dict[str, Any]]) -> None:
    simulator = SquareSimulator(chance=random.Random(1))
    simulator.register("t", account_id=ACCOUNT, name="Apollo Hall")
    response = sent_to(simulator, *sent)
    assert orjson.loads(orjson.dumps(response.body)) == response.body
    assert response.status in {200, 400, 402, 404, 501}
