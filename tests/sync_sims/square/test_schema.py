"""Every object shown has the properties that Square's published specification names, and those it requires."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from sync_sims.square import SquareSimulator
from sync_sims.wire import Response

Ask = Callable[..., Response]

SPEC = Path(__file__).parents[3].parent / "shared" / "specs" / "square" / "api.json"
ACCOUNT = "MLEFBHHSJGVHD"
# In recorded answers, though not in the specification of 2025-08-20.
RECORDED = {"CatalogObject.created_at"}
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "number": (int, float)}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """The component schemas of the specification."""
    if not SPEC.exists():
        pytest.skip("the published specification is not here")
    return orjson.loads(SPEC.read_bytes())["components"]["schemas"]


def reference(schema: dict[str, Any]) -> str | None:
    """The name a schema refers to."""
    for candidate in (schema, *schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        if "$ref" in candidate:
            return candidate["$ref"].rsplit("/", 1)[-1]
    return None


def complaints(value: Any, schema: dict[str, Any], name: str, schemas: dict[str, Any]) -> list[str]:
    """What is wrong with a value, by the schema."""
    referred = reference(schema)
    if referred is not None:
        return complaints(value, schemas[referred], referred, schemas)
    wrong = value_complaint(value, schema)
    if wrong is not None:
        return [f"{name}: {value!r} {wrong}"]
    if isinstance(value, list):
        return [wrong for entry in value for wrong in complaints(entry, schema["items"], f"{name}[]", schemas)]
    if isinstance(value, dict) and "properties" in schema:
        return object_complaints(value, schema, name, schemas)
    return []


def value_complaint(value: Any, schema: dict[str, Any]) -> str | None:
    """What is wrong with a value by itself."""
    if "enum" in schema:
        return None if value in schema["enum"] else "is not in the enumeration"
    kind = schema.get("type")
    if kind is not None and not isinstance(value, KINDS[kind]):
        return f"is no {kind}"
    too_long = isinstance(value, str) and len(value) > schema.get("maxLength", len(value))
    return "is too long" if too_long else None


def object_complaints(value: dict[str, Any], schema: dict[str, Any], name: str, schemas: dict[str, Any]) -> list[str]:
    """What is wrong with an object's properties."""
    # The specification requires a RiskEvaluation.status that it nowhere defines, and recorded answers have none.
    required = [key for key in schema.get("required", ()) if key in schema["properties"]]
    found = [f"{name}.{key} is missing" for key in required if key not in value]
    for key, entry in value.items():
        if key in schema["properties"]:
            found.extend(complaints(entry, schema["properties"][key], f"{name}.{key}", schemas))
        elif f"{name}.{key}" not in RECORDED:
            found.append(f"{name}.{key} is not in the specification")
    return found


def test_every_answer_follows_the_specification(
    ask: Ask, simulator: SquareSimulator, variation: str, location: str, schemas: dict[str, Any]
) -> None:
    customer = ask(
        "POST",
        "/v2/customers",
        {
            "given_name": "Ada",
            "email_address": "ada@example.com",
            "birthday": "12-10",
            "address": {"address_line_1": "1 Main", "country": "GB"},
        },
    )
    counted = ask(
        "POST",
        "/v2/inventory/changes/batch-create",
        {
            "idempotency_key": "1",
            "changes": [
                {
                    "type": "PHYSICAL_COUNT",
                    "physical_count": {
                        "catalog_object_id": variation,
                        "location_id": location,
                        "state": "IN_STOCK",
                        "quantity": "5",
                        "occurred_at": "2026-07-15T19:00:00Z",
                        "reference_id": "r",
                    },
                }
            ],
        },
    )
    price = {"amount": 100, "currency": "USD"}
    card = {"source_id": "cnon:card-nonce-ok", "amount_money": price, "note": "n"}
    payment = ask("POST", "/v2/payments", {"idempotency_key": "1", **card})
    held = ask("POST", "/v2/payments", {"idempotency_key": "2", **card, "autocomplete": False})
    cash = {"source_id": "CASH", "amount_money": price, "cash_details": {"buyer_supplied_money": price}}
    external = {**card, "source_id": "EXTERNAL", "external_details": {"type": "OTHER", "source": "Box office"}}
    refunded = {"idempotency_key": "1", "payment_id": payment.body["payment"]["id"], "amount_money": price}
    answers = {
        "CreateCustomerResponse": [customer],
        "ListCustomersResponse": [ask("GET", "/v2/customers", limit="1")],
        "SearchCustomersResponse": [ask("POST", "/v2/customers/search", {"count": True})],
        "RetrieveCatalogObjectResponse": [ask("GET", f"/v2/catalog/object/{variation}")],
        "SearchCatalogObjectsResponse": [ask("POST", "/v2/catalog/search", {"object_types": ["ITEM"]})],
        "ListCatalogResponse": [ask("GET", "/v2/catalog/list")],
        "CatalogInfoResponse": [ask("GET", "/v2/catalog/info")],
        "BatchChangeInventoryResponse": [counted],
        "RetrieveInventoryCountResponse": [ask("GET", f"/v2/inventory/{variation}")],
        "BatchRetrieveInventoryCountsResponse": [ask("POST", "/v2/inventory/counts/batch-retrieve", {})],
        "BatchRetrieveInventoryChangesResponse": [ask("POST", "/v2/inventory/changes/batch-retrieve", {})],
        "CreatePaymentResponse": [
            payment,
            held,
            ask("POST", "/v2/payments", {"idempotency_key": "3", **cash}),
            ask("POST", "/v2/payments", {"idempotency_key": "4", **external}),
        ],
        "RefundPaymentResponse": [ask("POST", "/v2/refunds", refunded)],
        "CancelPaymentResponse": [ask("POST", f"/v2/payments/{held.body['payment']['id']}/cancel")],
        "ListPaymentsResponse": [ask("GET", "/v2/payments")],
        "ListPaymentRefundsResponse": [ask("GET", "/v2/refunds")],
        "ListLocationsResponse": [ask("GET", "/v2/locations")],
        "ListMerchantsResponse": [ask("GET", "/v2/merchants")],
        "RetrieveMerchantResponse": [ask("GET", "/v2/merchants/me")],
    }
    for name, responses in answers.items():
        for response in responses:
            assert response.status == 200, (name, response.body)
            assert complaints(response.body, schemas[name], name, schemas) == [], name


def test_every_error_code_is_in_the_specification(schemas: dict[str, Any]) -> None:
    published = set(schemas["ErrorCode"]["enum"])
    folder = Path(__file__).parents[3] / "sync_sims" / "square"
    used = {code for path in folder.glob("*.py") for code in _codes(path.read_text())}
    assert {"INVALID_CURSOR", "VALUE_TOO_LONG", "RATE_LIMITED", "REFUND_AMOUNT_INVALID"} <= used
    # VERSION_MISMATCH stands in the specification's prose alone, and was seen in the field.
    assert used - published == {"VERSION_MISMATCH"}


def _codes(source: str) -> set[str]:
    """The first string given to each function that makes a refusal."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    firsts = [
        call.args[0] for call in calls if _called(call) in {"error", "invalid", "wrong", "_refused", "_unauthorized"}
    ]
    return {node.value for node in firsts if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
