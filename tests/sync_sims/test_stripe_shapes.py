"""Objects of the simulated Stripe against the schemas of the pinned API version."""

import json
from pathlib import Path
from typing import Any

import pytest

from sync_sims.stripe import StripeSimulator
from sync_sims.stripe.routes import ROUTES, Route
from sync_sims.wire import UNLIMITED
from tests.sync_sims.conftest import ACCOUNT

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "stripe" / "stripe-2026-10-28.endive.from-sdk.json"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the specification file lies outside the repository")

SCHEMAS = {
    "products": "Product",
    "prices": "Price",
    "customers": "Customer",
    "payment_intents": "PaymentIntent",
    "charges": "Charge",
    "refunds": "Refund",
    "balance_transactions": "BalanceTransaction",
    "subscriptions": "Subscription",
    "invoices": "Invoice",
    "disputes": "Dispute",
}


@pytest.fixture(scope="module")
def spec():
    return json.loads(SPEC.read_text())


@pytest.fixture(scope="module")
def held():
    simulator = StripeSimulator(limits=UNLIMITED)
    simulator.register("sk_test_a", account_id=ACCOUNT, name="Blue Note")
    address = {"line1": "1 Main St", "city": "Rome"}
    customer = simulator.seed(
        ACCOUNT, "customers", [{}, {"name": "Ann", "address": address, "shipping": {"name": "A", "address": address}}]
    )[1]
    simulator.seed(
        ACCOUNT,
        "products",
        [
            {"name": "Bare"},
            {"name": "Ticket", "default_price_data": {"currency": "usd", "unit_amount": 1}},
            {
                "name": "Pass",
                "default_price_data": {"currency": "usd", "unit_amount": 1, "recurring": {"interval": "day"}},
            },
        ],
    )
    simulator.seed(ACCOUNT, "payment_intents", [{"amount": 100, "currency": "usd"}])
    paid = simulator.seed(ACCOUNT, "payments", [{"amount": 100, "currency": "usd", "customer": customer["id"]}])[0]
    with pytest.raises(ValueError, match="declined"):
        simulator.seed(
            ACCOUNT, "payments", [{"amount": 99, "currency": "usd", "payment_method": "pm_card_visa_chargeDeclined"}]
        )
    simulator.seed(ACCOUNT, "refunds", [{"payment_intent": paid["id"], "amount": 30}])
    _bill(simulator, customer["id"])
    charges = [charge for charge in simulator.objects(ACCOUNT, "charges") if charge["paid"]]
    for charge, decision in zip(charges[-2:], ("won", "lost"), strict=True):
        dispute = simulator.seed(ACCOUNT, "disputes", [{"charge": charge["id"]}])[0]
        simulator.seed(ACCOUNT, "disputes", [{"id": dispute["id"], "status": decision}])
    return simulator


def _bill(simulator: StripeSimulator, customer: str) -> None:
    """Subscriptions that are paid, sent and ended, and invoices in every status."""
    price = next(price for price in simulator.objects(ACCOUNT, "prices") if price["recurring"])["id"]
    items = {"customer": customer, "items": [{"price": price, "quantity": 100}]}
    card = {"default_payment_method": "pm_card_visa"}
    paid, ended, left = simulator.seed(
        ACCOUNT,
        "subscriptions",
        [{**items, **card}, {**items, **card}, {**items, **card, "cancel_at_period_end": True}],
    )
    simulator.seed(ACCOUNT, "subscriptions", [{**items, "collection_method": "send_invoice", "days_until_due": 14}])
    simulator.seed(ACCOUNT, "subscriptions", [{**items, "default_payment_method": "pm_card_visa_chargeDeclined"}])
    simulator.seed(ACCOUNT, "renewals", [{"subscription": paid["id"]}, {"subscription": left["id"]}])
    simulator.seed(ACCOUNT, "subscriptions", [{"id": ended["id"], "deleted": True}])
    lines = [{"amount": 900, "description": "Hire"}, *({"pricing": {"price": price}} for _ in range(12))]
    drawn = simulator.seed(
        ACCOUNT,
        "invoices",
        [
            {"customer": customer, "lines": lines, "status": status}
            for status in ("draft", "open", "open", "open", "paid")
        ],
    )
    simulator.seed(
        ACCOUNT,
        "invoices",
        [{"id": drawn[1]["id"], "status": "void"}, {"id": drawn[2]["id"], "status": "uncollectible"}],
    )


_JSON_TYPES: dict[str, Any] = {"string": str, "number": int, "boolean": bool, "object": dict, "array": list}


class _Schemas:
    """Says what is wrong with a value, by the specification's schemas."""

    def __init__(self, spec: dict[str, Any]):
        self._named = spec["components"]["schemas"]

    def problems(self, value: Any, schema: dict[str, Any], path: str):
        if "allOf" in schema:
            (schema,) = schema["allOf"]
        if value is None:
            return [] if schema.get("nullable") else [f"{path} is null"]
        if "anyOf" in schema:
            tried = [self.problems(value, option, path) for option in schema["anyOf"]]
            return min(tried, key=len)
        if "$ref" in schema:
            schema = self._named[schema["$ref"].rsplit("/", 1)[1]]
        return self._of_kind(value, schema, path)

    def _of_kind(self, value: Any, schema: dict[str, Any], path: str):
        wanted: str | None = schema.get("type")
        if wanted is None:
            return []
        if not isinstance(value, _JSON_TYPES[wanted]) or (wanted == "number" and isinstance(value, bool)):
            return [f"{path} is {type(value).__name__}, not {wanted}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{path} is {value!r}, none of {schema['enum']}"]
        if wanted == "array":
            return [
                problem
                for position, item in enumerate(value)
                for problem in self.problems(item, schema["items"], f"{path}[{position}]")
            ]
        return self._of_object(value, schema, path) if "properties" in schema else []

    def _of_object(self, value: Any, schema: dict[str, Any], path: str):
        properties = schema["properties"]
        missing = [f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        unknown = [f"{path}.{name} is unknown" for name in value if name not in properties]
        return (
            missing
            + unknown
            + [
                problem
                for name, item in value.items()
                if name in properties
                for problem in self.problems(item, properties[name], f"{path}.{name}")
            ]
        )


@pytest.mark.parametrize(("collection", "schema_name"), SCHEMAS.items())
def test_every_object_is_what_its_schema_says_in_all_its_depth(
    spec: dict[str, Any], held: StripeSimulator, collection: str, schema_name: str
):
    schema = {"$ref": f"#/components/schemas/{schema_name}"}
    rows = held.objects(ACCOUNT, collection)
    assert rows
    problems = {problem for row in rows for problem in _Schemas(spec).problems(row, schema, schema_name)}
    assert problems == set()


def test_every_event_type_is_one_that_stripe_sends(spec: dict[str, Any], held: StripeSimulator):
    named = json.dumps(spec)
    for event in held.objects(ACCOUNT, "events"):
        assert f'"{event["type"]}"' in named


@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.endpoint)
def test_every_endpoint_and_parameter_exists_in_the_specification(spec: dict[str, Any], route: Route):
    operation = spec["paths"][route.template][route.method.lower()]
    schema = (
        spec["components"]["schemas"][operation["x-params"]["$ref"].rsplit("/", 1)[1]]
        if "x-params" in operation
        else {}
    )
    known = set(schema.get("properties", {})) | {"expand"}
    if "list" in operation["x-returns"]:
        known |= {"limit", "starting_after", "ending_before", "page"}
    assert set(route.parameters.fields) - known == set()
    assert set(schema.get("required", ())) - set(route.parameters.required) == set()
