"""Stripe, by the file made from its official SDK's types: `x-params` and `x-returns` of every operation.

The file has no errors of its own; their shape is that of a payment intent's last error, which is the same object
(docs.stripe.com/api/errors).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sync_sims.wire import Request, Response
from tests.conformance.openapi_spec import EDGE, as_sent, of_content_type
from tests.conformance.recorder import Exchange
from tests.conformance.routes import Operation, Routes
from tests.conformance.schemas import ANSWER, TEXT_REQUEST, UNIONS, Schema, Schemas
from tests.conformance.stripe_form import nested
from tests.conformance.violation import Complaint, Violation

LONGEST_KEY = 255  # docs.stripe.com/api/idempotent_requests
DEEPEST_EXPANSION = 4  # docs.stripe.com/api/expanding_objects
_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"$ref": "#/components/schemas/PaymentIntent.LastPaymentError"}},
}


class StripeSpecification:
    """Requests and answers against the derived file."""

    def __init__(self, path: Path) -> None:
        document = orjson.loads(path.read_bytes())
        self.provider = "stripe"
        self.file = path.name
        self.version = str(document["info"]["version"])
        self._schemas = Schemas(document["components"]["schemas"])
        self._routes = Routes(document["paths"])

    def endpoint(self, exchange: Exchange) -> str:
        """Method and template of the file."""
        found = self._routes.find(exchange)
        return found[0].name if found else f"{exchange.request.method} {exchange.request.path}"

    def violations(self, exchange: Exchange) -> Sequence[Violation]:
        """Everything wrong with the request and the answer."""
        endpoint = self.endpoint(exchange)
        found = self._routes.find(exchange)
        operation = found[0] if found else None
        wrong = [("request", one) for one in self._request(exchange, operation)]
        response = exchange.response
        if response is not None:
            wrong.extend((f"answer {response.status}", one) for one in self._answer(response, operation))
        return [Violation(self.provider, endpoint, side, one, self.file) for side, one in wrong]

    def _request(self, exchange: Exchange, operation: Operation | None) -> Iterator[Complaint]:
        request = exchange.request
        yield from self._headers(request)
        if operation is None:
            yield from self._routes.unknown(exchange)
            return
        pairs = list(request.query)
        if request.method == "POST":
            if pairs:
                yield Complaint("", "parameters of a POST belong into its body")
            if request.body:
                yield from of_content_type(request, "application/x-www-form-urlencoded")
            pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
        elif request.body:
            yield Complaint("", "takes no body")
        try:
            given = nested(pairs)
        except ValueError as exc:
            yield Complaint("", str(exc))
            return
        schema = operation.definition.get("x-params", {"type": "object", "properties": {}})
        yield from self._schemas.complaints(given, schema, place="", within="", reading=TEXT_REQUEST)
        yield from self._expansions(given, operation)

    def _headers(self, request: Request) -> Iterator[Complaint]:
        version = request.headers.get("stripe-version", self.version)
        if version != self.version:
            yield Complaint("stripe-version", f"{version} is not {self.version}")
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            yield Complaint("idempotency-key", f"{len(key)} characters, at most {LONGEST_KEY}")

    def _expansions(self, given: Mapping[str, Any], operation: Operation) -> Iterator[Complaint]:
        wanted = given.get("expand", [])
        for position, path in enumerate(wanted if isinstance(wanted, list) else []):
            steps = str(path).split(".")
            place = f"expand[{position}]"
            returns = operation.definition["x-returns"]
            if "list" in returns:
                if steps[0] != "data" or len(steps) == 1:
                    yield Complaint(place, f"{path} does not begin with data.")
                    continue
                steps, returns = steps[1:], returns["items"]
            if len(steps) > DEEPEST_EXPANSION:
                yield Complaint(place, f"{path} is deeper than {DEEPEST_EXPANSION} levels")
            elif not self._is_expandable(returns, steps):
                yield Complaint(place, f"{path} is no expandable field")

    def _is_expandable(self, schema: Schema, steps: Sequence[str]) -> bool:
        node = self._schemas.resolved(schema)
        for option in next((node.schema[union] for union in UNIONS if union in node.schema), [node.schema]):
            one = self._schemas.resolved(option).schema
            found = one.get("properties", {}).get(steps[0])
            if found is None:
                continue
            if steps[1:]:
                return self._is_expandable(found, steps[1:])
            parts = self._schemas.resolved(found).schema.get("anyOf", ())
            return any(part.get("type") == "string" for part in parts)
        return False

    def _answer(self, response: Response, operation: Operation | None) -> Iterator[Complaint]:
        body = as_sent(response)
        if response.status in EDGE and (body is None or isinstance(body, str)):
            return
        if response.status >= 400:
            schema: Schema = _ERROR
        elif operation is None:
            return
        elif response.status != 200:
            yield Complaint("", "Stripe answers 200 to what it does")
            return
        else:
            schema = _returned(operation.definition["x-returns"])
        if body is None:
            yield Complaint("", "the body is missing")
            return
        yield from self._schemas.complaints(body, schema, place="", within="", reading=ANSWER)


def _returned(returns: Mapping[str, Any]) -> Schema:
    """The schema of an answer; a list's envelope is not written out in the file (docs.stripe.com/api/pagination)."""
    if "list" not in returns:
        return returns
    properties = {
        "object": {"type": "string", "enum": [returns["list"]]},
        "url": {"type": "string"},
        "has_more": {"type": "boolean"},
        "data": {"type": "array", "items": returns["items"]},
        "next_page": {"type": "string", "nullable": True},
        "total_count": {"type": "integer"},
    }
    return {
        "type": "object",
        "required": ["object", "url", "has_more", "data"],
        "properties": properties,
        "additionalProperties": False,
    }
