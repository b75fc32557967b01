"""The validator of Stripe finds what is planted: in forms, where every scalar is text, and in expanded answers."""

import json
from typing import Any

import pytest

from sync_sims.wire import Response
from tests.conformance.specifications import ABSENT, FOLDER, SPECIFICATIONS
from tests.conformance.violation import Specification
from tests.conformance.wires import changed, form_exchange, said

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=ABSENT)

FILE = "stripe-2026-10-28.endive.from-sdk.json"
CUSTOMER = {"name": "Ada", "address[city]": "London", "metadata[venue_sync_id]": "c1", "expand[0]": "tax"}
PRODUCT = {
    "name": "Stalls",
    "default_price_data[currency]": "usd",
    "default_price_data[unit_amount]": "100",
    "active": "true",
}


@pytest.fixture(scope="module")
def stripe() -> Specification:
    return SPECIFICATIONS["stripe"]()


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    """Stripe's own examples of objects, a release train older than the schemas."""
    return json.loads((FOLDER / "stripe" / "fixtures3.json").read_text())["resources"]


def test_good_requests_and_answers_are_left_alone(stripe: Specification, objects: dict[str, Any]) -> None:
    refund = objects["refund"]
    page = {"object": "list", "url": "/v1/refunds", "has_more": False, "data": [refund]}
    expanded = {**page, "data": [{**refund, "balance_transaction": objects["balance_transaction"]}]}
    good = [
        form_exchange("POST", "/v1/products", PRODUCT),
        form_exchange("POST", "/v1/customers/cus_1", {"name": "", "metadata[note]": "", "address": ""}),
        form_exchange("GET", "/v1/refunds?limit=100&created[gte]=5", answer=Response(200, page)),
        form_exchange("GET", "/v1/refunds?expand[0]=data.balance_transaction", answer=Response(200, expanded)),
        form_exchange("GET", "/v1/events?types[0]=refund.created&types[1]=refund.updated"),
        form_exchange(
            "DELETE", "/v1/customers/cus_1", answer=Response(200, {"id": "c", "object": "customer", "deleted": True})
        ),
        form_exchange(
            "GET", "/v1/customers/cus_1", answer=Response(200, {"id": "c", "object": "customer", "deleted": True})
        ),
        form_exchange("GET", "/v1/refunds", answer=Response(404, {"error": {"type": "invalid_request_error"}})),
        form_exchange("GET", "/v1/refunds", answer=Response(502)),
    ]
    assert [said(stripe, one) for one in good] == [[]] * len(good)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("nickname", "A", "nickname: is not in the specification ({file} ProductCreateParams)"),
        ("active", "yes", "active: 'yes' is string, not boolean ({file} ProductCreateParams)"),
        (
            "default_price_data[unit_amount]",
            "1.5.0",
            "default_price_data.unit_amount: '1.5.0' is string, not number ({file} ProductCreateParams.DefaultPriceData)",
        ),
        (
            "default_price_data[tax_behavior]",
            "loose",
            (
                "default_price_data.tax_behavior: 'loose' is none of 'exclusive', 'inclusive', 'unspecified'"
                " ({file} ProductCreateParams.DefaultPriceData.TaxBehavior)"
            ),
        ),
        (
            "default_price_data[price]",
            "1",
            "default_price_data.price: is not in the specification ({file} ProductCreateParams.DefaultPriceData)",
        ),
        ("expand[0]", "price", "expand[0]: price is no expandable field ({file})"),
        ("images[0][url]", "u", "images[0]: {{'url': 'u'}} is object, not string ({file} ProductCreateParams)"),
        ("name[x", "u", ": name[x has brackets that do not close ({file})"),
    ],
)
def test_a_planted_violation_in_a_form_is_told_in_one_line(
    stripe: Specification, name: str, value: str, says: str
) -> None:
    line = f"stripe POST /v1/products request {says.format(file=FILE)}".replace("request :", "request:")
    assert said(stripe, form_exchange("POST", "/v1/products", {**PRODUCT, name: value})) == [line]


def test_what_a_create_needs_and_what_a_form_may_hold_twice(stripe: Specification) -> None:
    missing = {name: value for name, value in PRODUCT.items() if name != "name"}
    assert said(stripe, form_exchange("POST", "/v1/products", missing)) == [
        f"stripe POST /v1/products request name: is missing ({FILE} ProductCreateParams)"
    ]
    assert said(stripe, form_exchange("POST", "/v1/products", {**PRODUCT, "default_price_data": "x"})) == [
        f"stripe POST /v1/products request: default_price_data is given more than once ({FILE})"
    ]


@pytest.mark.parametrize(
    ("method", "address", "line"),
    [
        ("GET", "/v1/customer", "stripe GET /v1/customer request: the path is not in the specification ({file})"),
        (
            "DELETE",
            "/v1/refunds/re_1",
            "stripe DELETE /v1/refunds/re_1 request: the path takes GET, POST only ({file})",
        ),
        (
            "GET",
            "/v1/customers?limit=1000",
            "stripe GET /v1/customers request limit: 1000, at most 100 ({file} CustomerListParams)",
        ),
        (
            "GET",
            "/v1/customers?updated[gte]=1",
            "stripe GET /v1/customers request updated: is not in the specification ({file} CustomerListParams)",
        ),
        (
            "GET",
            "/v1/customers?created[since]=1",
            "stripe GET /v1/customers request created.since: is not in the specification ({file} CustomerListParams)",
        ),
        (
            "GET",
            "/v1/products?expand[0]=default_price",
            "stripe GET /v1/products request expand[0]: default_price does not begin with data. ({file})",
        ),
    ],
)
def test_a_planted_violation_in_an_address_is_told_in_one_line(
    stripe: Specification, method: str, address: str, line: str
) -> None:
    assert said(stripe, form_exchange(method, address)) == [line.format(file=FILE)]


def test_lengths_that_stand_in_descriptions_count(stripe: Specification) -> None:
    assert said(stripe, form_exchange("POST", "/v1/customers", {"email": f"{'x' * 510}@example.com"})) == [
        f"stripe POST /v1/customers request email: 522 characters, at most 512 ({FILE} CustomerCreateParams)"
    ]


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("amount", "100", "data[0].amount: '100' is string, not number ({file} Refund)"),
        ("amount", ..., "data[0].amount: is missing ({file} Refund)"),
        ("currency", None, "data[0].currency: null is not allowed ({file} Refund)"),
        ("object", "refnd", "data[0].object: 'refnd' is none of 'refund' ({file} Refund)"),
        ("charge", 7, "data[0].charge: 7 is integer, not string ({file} Refund)"),
        (
            "balance_transaction",
            {"object": "balance_transaction", "id": 5},
            "data[0].balance_transaction.id: 5 is integer, not string ({file} BalanceTransaction)",
        ),
    ],
)
def test_a_planted_violation_in_an_answer_is_told(
    stripe: Specification, objects: dict[str, Any], place: str, value: Any, says: str
) -> None:
    refund = changed(objects["refund"], place, value)
    page = {"object": "list", "url": "/v1/refunds", "has_more": False, "data": [refund]}
    lines = said(stripe, form_exchange("GET", "/v1/refunds", answer=Response(200, page)))
    assert f"stripe GET /v1/refunds answer 200 {says.format(file=FILE)}" in lines
    assert said(stripe, form_exchange("GET", "/v1/refunds", answer=Response(200, {**page, "data": []}))) == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Response(200, {"object": "list", "data": [], "has_more": False}), "answer 200 url: is missing"),
        (
            Response(200, {"object": "list", "url": "u", "data": [], "has_more": False, "n": 1}),
            "answer 200 n: is not in",
        ),
        (Response(201, {}), "answer 201: Stripe answers 200 to what it does"),
        (Response(200), "answer 200: the body is missing"),
        (Response(400, {"error": {"type": "bad"}}), "answer 400 error.type: 'bad' is none of 'api_error',"),
        (Response(400, {"message": "no"}), "answer 400 error: is missing"),
    ],
)
def test_a_planted_violation_around_an_answer_is_told(stripe: Specification, answer: Response, says: str) -> None:
    (line,) = said(stripe, form_exchange("GET", "/v1/refunds", answer=answer))
    assert line.startswith(f"stripe GET /v1/refunds {says}")


def test_an_event_is_held_against_the_type_it_names(stripe: Specification, objects: dict[str, Any]) -> None:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "refund.created",
        "api_version": "2026-10-28.endive",
        "created": 5,
        "livemode": False,
        "pending_webhooks": 0,
        "request": None,
        "data": {"object": objects["refund"]},
    }
    page = {"object": "list", "url": "/v1/events", "has_more": False, "data": [event]}
    assert said(stripe, form_exchange("GET", "/v1/events", answer=Response(200, page))) == []
    wrong = changed(page, "data.0.data.object.amount", "much")
    assert said(stripe, form_exchange("GET", "/v1/events", answer=Response(200, wrong))) == [
        f"stripe GET /v1/events answer 200 data[0].data.object.amount: 'much' is string, not number ({FILE} Refund)"
    ]
