"""A validator that finds nothing wrong proves nothing: each kind of violation, planted, is told in one clear line."""

from typing import Any

import pytest

from sync_sims.wire import Response
from tests.conformance.specifications import ABSENT, FOLDER, SPECIFICATIONS
from tests.conformance.violation import Specification
from tests.conformance.wires import changed, json_exchange, said

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=ABSENT)

BULK = "square POST /v2/customers/bulk-create request"
PEOPLE = {"customers": {"k1": {"given_name": "Ada", "address": {"locality": "London", "country": "GB"}}}}
UPSERT = {
    "idempotency_key": "k",
    "batches": [
        {
            "objects": [
                {
                    "type": "ITEM",
                    "id": "#1",
                    "item_data": {
                        "name": "Stalls",
                        "variations": [
                            {
                                "type": "ITEM_VARIATION",
                                "id": "#1-v",
                                "item_variation_data": {
                                    "name": "Regular",
                                    "pricing_type": "FIXED_PRICING",
                                    "price_money": {"amount": 100, "currency": "USD"},
                                },
                            }
                        ],
                    },
                }
            ]
        }
    ],
}
PRICE = "batches.0.objects.0.item_data.variations.0.item_variation_data"
SHOWN_PRICE = "batches[0].objects[0].item_data.variations[0].item_variation_data"


@pytest.fixture(scope="module")
def square() -> Specification:
    return SPECIFICATIONS["square"]()


@pytest.fixture(scope="module")
def mailchimp() -> Specification:
    return SPECIFICATIONS["mailchimp"]()


def test_good_square_requests_and_answers_are_left_alone(square: Specification) -> None:
    customer = {"id": "C1", "given_name": "Ada", "created_at": "2026-07-15T19:57:02.712Z", "news": 1}
    good = [
        json_exchange("POST", "/v2/customers/bulk-create", PEOPLE),
        json_exchange("POST", "/v2/catalog/batch-upsert", UPSERT, answer=Response(200, {"objects": []})),
        json_exchange("GET", "/v2/payments?limit=100&sort_order=ASC&is_offline_payment=true"),
        json_exchange("GET", "/v2/customers/C1", answer=Response(200, {"customer": customer})),
        json_exchange("GET", "/v2/locations", answer=Response(503, b"<html>")),
    ]
    assert [said(square, one) for one in good] == [[]] * len(good)


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (
            "customers.k1.given_name",
            "x" * 320,
            f"{BULK} customers.k1.given_name: 320 characters, at most 300 (api.json BulkCreateCustomerData)",
        ),
        (
            "customers.k1.nick",
            "Ada",
            f"{BULK} customers.k1.nick: is not in the specification (api.json BulkCreateCustomerData)",
        ),
        (
            "customers.k1.given_name",
            7,
            f"{BULK} customers.k1.given_name: 7 is integer, not string (api.json BulkCreateCustomerData)",
        ),
        (
            "customers.k1.address.country",
            "ENGLAND",
            (
                f"{BULK} customers.k1.address.country: 'ENGLAND' is none of"
                " 'ZZ', 'AD', 'AE', 'AF', 'AG', 'AI' and 244 more (api.json Country)"
            ),
        ),
        ("customers", ..., f"{BULK} customers: is missing (api.json BulkCreateCustomersRequest)"),
        ("customers", None, f"{BULK} customers: null is not allowed (api.json BulkCreateCustomersRequest)"),
        (
            "customers",
            {f"k{n}": {"given_name": "Ada"} for n in range(101)},
            f"{BULK} customers: 101 entries, at most 100 (api.json BulkCreateCustomersRequest)",
        ),
    ],
)
def test_a_planted_violation_in_a_body_of_squares_is_told_in_one_line(
    square: Specification, place: str, value: Any, line: str
) -> None:
    exchange = json_exchange("POST", "/v2/customers/bulk-create", changed(PEOPLE, place, value))
    assert said(square, exchange) == [line]


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (f"{PRICE}.price_money.amount", "100", "price_money.amount: '100' is string, not integer"),
        (f"{PRICE}.price_money.amount", 1.5, "price_money.amount: 1.5 is number, not integer"),
        (f"{PRICE}.price_money.amount", True, "price_money.amount: True is boolean, not integer"),
        (f"{PRICE}.pricing_type", "CHEAP", "pricing_type: 'CHEAP' is none of 'FIXED_PRICING', 'VARIABLE_PRICING'"),
        (f"{PRICE}.item_id", 1, "item_id: 1 is integer, not string"),
    ],
)
def test_a_violation_deep_in_a_body_is_told_with_its_place(
    square: Specification, place: str, value: Any, says: str
) -> None:
    (line,) = said(square, json_exchange("POST", "/v2/catalog/batch-upsert", changed(UPSERT, place, value)))
    assert line.startswith(f"square POST /v2/catalog/batch-upsert request {SHOWN_PRICE}.{says} (api.json ")


@pytest.mark.parametrize(
    ("method", "address", "body", "line"),
    [
        (
            "POST",
            "/v2/customer",
            {},
            "square POST /v2/customer request: the path is not in the specification (api.json)",
        ),
        ("PUT", "/v2/payments", {}, "square PUT /v2/payments request: the path takes GET, POST only (api.json)"),
        (
            "GET",
            "/v2/payments?since=1",
            None,
            "square GET /v2/payments request since: is no query parameter (api.json ListPayments)",
        ),
        (
            "GET",
            "/v2/payments?limit=many",
            None,
            "square GET /v2/payments request limit: 'many' is string, not integer (api.json ListPayments)",
        ),
        (
            "GET",
            "/v2/payments?limit=1&limit=2",
            None,
            "square GET /v2/payments request limit: ['1', '2'] is array, not integer (api.json ListPayments)",
        ),
        (
            "GET",
            "/v2/payments?begin_time=yesterday",
            None,
            "square GET /v2/payments request begin_time: 'yesterday' is no RFC 3339 time (api.json ListPayments)",
        ),
        (
            "GET",
            "/v2/locations",
            {},
            "square GET /v2/locations request: takes no body (api.json ListLocations)",
        ),
        (
            "POST",
            "/v2/refunds",
            None,
            "square POST /v2/refunds request: the body is missing (api.json RefundPayment)",
        ),
    ],
)
def test_a_planted_violation_around_a_body_is_told_in_one_line(
    square: Specification, method: str, address: str, body: Any, line: str
) -> None:
    assert said(square, json_exchange(method, address, body)) == [line]


def test_a_body_of_another_type_and_a_missing_version_are_told(square: Specification) -> None:
    headers = {"content-type": "text/plain", "square-version": ""}
    assert said(square, json_exchange("POST", "/v2/customers/bulk-create", PEOPLE, headers=headers)) == [
        "square POST /v2/customers/bulk-create request square-version: the header is missing (api.json)",
        "square POST /v2/customers/bulk-create request content-type: 'text/plain' is not application/json (api.json)",
    ]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            Response(200, {"counts": [{"quantity": 5}]}),
            "answer 200 counts[0].quantity: 5 is integer, not string (api.json InventoryCount)",
        ),
        (
            Response(200, {"counts": [{"state": "LOST"}]}),
            (
                "answer 200 counts[0].state: 'LOST' is none of 'CUSTOM', 'IN_STOCK', 'SOLD', 'RETURNED_BY_CUSTOMER',"
                " 'RESERVED_FOR_SALE', 'SOLD_ONLINE' and 10 more (api.json InventoryState)"
            ),
        ),
        (
            Response(200, {"counts": [{"calculated_at": "2026-07-15 19:00"}]}),
            "answer 200 counts[0].calculated_at: '2026-07-15 19:00' is no RFC 3339 time (api.json InventoryCount)",
        ),
        (
            Response(400, {"errors": [{"category": "INVALID_REQUEST_ERROR"}]}),
            "answer 400 errors[0].code: is missing (api.json Error)",
        ),
        (
            Response(400, {"error": "no"}),
            "answer 400 errors: is missing (api.json BatchRetrieveInventoryCounts)",
        ),
        (Response(201, {}), "answer 201: the specification has no such status (api.json BatchRetrieveInventoryCounts)"),
        (Response(200), "answer 200: the body is missing (api.json BatchRetrieveInventoryCounts)"),
    ],
)
def test_a_planted_violation_in_an_answer_of_squares_is_told_in_one_line(
    square: Specification, answer: Response, line: str
) -> None:
    exchange = json_exchange("POST", "/v2/inventory/counts/batch-retrieve", {}, answer=answer)
    assert said(square, exchange) == [f"square POST /v2/inventory/counts/batch-retrieve {line}"]


MEMBER = {
    "email_address": "ada@example.com",
    "status": "subscribed",
    "merge_fields": {"FNAME": "Ada"},
    "tags": ["VIP"],
}
# As recorded from POST /3.0/lists/{list_id}/members in 2026, the long middle left out.
SHOWN = {
    "id": "b94a50c1c7a81fe83457be62875dfd34",
    "email_address": "ada@example.com",
    "web_id": 479301579,
    "email_type": "html",
    "status": "subscribed",
    "merge_fields": {"FNAME": "Ada"},
    "stats": {"avg_open_rate": 0, "avg_click_rate": 0},
    "ip_signup": "",
    "timestamp_signup": "",
    "timestamp_opt": "2026-05-21T20:35:16+00:00",
    "member_rating": 2,
    "last_changed": "2026-05-21T20:35:16+00:00",
    "vip": False,
    "tags_count": 0,
    "tags": [],
    "list_id": "16ed227135",
}
ADD = "mailchimp POST /lists/{listId}/members"


def test_good_mailchimp_requests_and_answers_are_left_alone(mailchimp: Specification) -> None:
    member = {name: value for name, value in MEMBER.items() if name != "tags"}
    batch = {"members": [member], "update_existing": True}
    good = [
        json_exchange("POST", "/3.0/lists/16ed227135/members", MEMBER, answer=Response(200, SHOWN)),
        json_exchange("POST", "/3.0/lists/16ed227135?skip_merge_validation=true", batch),
        json_exchange(
            "GET", "/3.0/lists/16ed227135/members?count=1000&offset=0&since_last_changed=2026-05-21T00:00:00%2B00:00"
        ),
        json_exchange("GET", "/3.0/lists?fields=lists.id,total_items"),
        json_exchange("DELETE", "/3.0/lists/16ed227135/members/abc", answer=Response(204)),
        json_exchange("GET", "/3.0/ping", answer=Response(429, b"Too Many Requests")),
        json_exchange(
            "GET",
            "/3.0/lists/1/members/2",
            answer=Response(
                404, {"type": "t", "title": "Resource Not Found", "status": 404, "detail": "d", "instance": "i"}
            ),
        ),
    ]
    assert [said(mailchimp, one) for one in good] == [[]] * len(good)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("status", "loyal", "request status: 'loyal' is none of 'subscribed', 'unsubscribed', 'cleaned', 'pending',"),
        ("status", ..., "request status: is missing"),
        ("vip", "yes", "request vip: 'yes' is string, not boolean"),
        ("emial", "a", "request emial: is not in the specification"),
        ("tags", "VIP", "request tags: 'VIP' is string, not array"),
        ("timestamp_opt", "soon", "request timestamp_opt: 'soon' is no RFC 3339 time"),
    ],
)
def test_a_planted_violation_in_a_body_of_mailchimps_is_told_in_one_line(
    mailchimp: Specification, place: str, value: Any, says: str
) -> None:
    (line,) = said(mailchimp, json_exchange("POST", "/3.0/lists/1/members", changed(MEMBER, place, value)))
    assert line.startswith(f"{ADD} {says}")
    assert line.endswith("(marketing-3.0.85.trim.json AddListMembers1)")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Response(200, changed(SHOWN, "vip", "no")), "answer 200 vip: 'no' is string, not boolean"),
        (
            Response(200, changed(SHOWN, "last_changed", "today")),
            "answer 200 last_changed: 'today' is no RFC 3339 time",
        ),
        (Response(200, changed(SHOWN, "status", "gone")), "answer 200 status: 'gone' is none of"),
        (Response(201, SHOWN), "answer 201: the specification has no such status"),
        (Response(400, {"title": "Invalid Resource", "status": "400"}), "answer 400 "),
    ],
)
def test_a_planted_violation_in_an_answer_of_mailchimps_is_told(
    mailchimp: Specification, answer: Response, says: str
) -> None:
    lines = said(mailchimp, json_exchange("POST", "/3.0/lists/1/members", MEMBER, answer=answer))
    assert lines
    assert all(line.startswith(f"{ADD} {says}") for line in lines)


@pytest.mark.parametrize(
    ("method", "address", "line"),
    [
        ("GET", "/3.0/list", "mailchimp GET /3.0/list request: the path is not in the specification"),
        ("GET", "/lists", "mailchimp GET /lists request: the path is not in the specification"),
        ("GET", "/3.0/lists?count=2000", "mailchimp GET /lists request count: 2000, at most 1000"),
        ("GET", "/3.0/lists?updated=1", "mailchimp GET /lists request updated: is no query parameter"),
    ],
)
def test_a_planted_violation_around_a_body_of_mailchimps_is_told(
    mailchimp: Specification, method: str, address: str, line: str
) -> None:
    (told,) = said(mailchimp, json_exchange(method, address))
    assert told.startswith(line)


def test_a_field_that_only_the_provider_may_set_is_told(square: Specification) -> None:
    told = square.violations(json_exchange("POST", "/v2/catalog/batch-upsert", changed(UPSERT, f"{PRICE}.ordinal", 1)))
    assert [str(one) for one in told] == [
        f"square POST /v2/catalog/batch-upsert request {SHOWN_PRICE}.ordinal: is readOnly (api.json CatalogItemVariation)"
    ]
