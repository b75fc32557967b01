"""A provider with an OpenAPI 3 file: Square, Mailchimp."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from sync_sims.wire import Request, Response
from tests.conformance.recorder import Exchange
from tests.conformance.routes import Operation, Routes
from tests.conformance.schemas import ANSWER, JSON_REQUEST, TEXT_REQUEST, Reading, Schema, Schemas
from tests.conformance.violation import Complaint, Violation, shown

JSON = "application/json"
EDGE = frozenset({502, 503, 504})
"""Statuses that come from in front of any API, without its JSON."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where providers with an OpenAPI file differ.

    Attributes:
        answers: how answers are read.
        error: the schema of answers from 400 up, where operations name none.
        version_header: the header that must name an API version, if there is one.
        edge: statuses that come from in front of the API too, and then without its JSON.
    """

    answers: Reading = ANSWER
    error: Schema | None = None
    version_header: str | None = None
    edge: frozenset[int] = EDGE


# developer.squareup.com/docs/build-basics/handling-errors: every refusal is a list of errors.
SQUARE = Dialect(
    error={
        "type": "object",
        "required": ["errors"],
        "properties": {"errors": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Error"}}},
    },
    version_header="square-version",
)


class OpenApiSpecification:
    """Requests and answers against an OpenAPI file."""

    def __init__(self, provider: str, path: Path, dialect: Dialect) -> None:
        document = orjson.loads(path.read_bytes())
        self.provider = provider
        self.file = path.name
        self.version = _version(document)
        self._dialect = dialect
        self._schemas = Schemas(document["components"]["schemas"])
        prefix = urlsplit(document["servers"][0]["url"]).path
        self._routes = Routes(document["paths"], prefix=prefix)

    def endpoint(self, exchange: Exchange) -> str:
        """Method and template of the file."""
        found = self._routes.find(exchange)
        return found[0].name if found else f"{exchange.request.method} {exchange.request.path}"

    def violations(self, exchange: Exchange) -> Sequence[Violation]:
        """Everything wrong with the request and the answer."""
        endpoint = self.endpoint(exchange)
        found = self._routes.find(exchange)
        wrong = [("request", one) for one in self._request(exchange, found)]
        response = exchange.response
        if response is not None:
            operation = found[0] if found else None
            wrong.extend((f"answer {response.status}", one) for one in self._answer(response, operation))
        return [Violation(self.provider, endpoint, side, one, self.file) for side, one in wrong]

    def _request(self, exchange: Exchange, found: tuple[Operation, Mapping[str, str]] | None) -> Iterator[Complaint]:
        request = exchange.request
        header = self._dialect.version_header
        # Without it the API takes the application's version, which our client must not leave to chance.
        if header is not None and exchange.speaker == "client" and not request.headers.get(header):
            yield Complaint(header, "the header is missing")
        if found is None:
            yield from self._routes.unknown(exchange)
            return
        operation, in_path = found
        yield from self._parameters(operation, in_path, "path")
        yield from self._parameters(operation, _gathered(request.query, operation), "query")
        yield from self._body(request, operation)

    def _parameters(self, operation: Operation, given: Mapping[str, Any], where: str) -> Iterator[Complaint]:
        known = {one["name"]: one for one in operation.definition.get("parameters", ()) if one["in"] == where}
        for name, parameter in known.items():
            if name in given:
                yield from self._schemas.complaints(
                    given[name],
                    # What bounds a parameter may stand in the parameter's description.
                    {"description": parameter.get("description", ""), **parameter["schema"]},
                    place=name,
                    within=operation.definition["operationId"],
                    reading=TEXT_REQUEST,
                )
            elif parameter.get("required"):
                yield Complaint(name, "is missing", operation.definition["operationId"])
        for name in given:
            if name not in known:
                yield Complaint(name, f"is no {where} parameter", operation.definition["operationId"])

    def _body(self, request: Request, operation: Operation) -> Iterator[Complaint]:
        wanted = operation.definition.get("requestBody")
        name = operation.definition["operationId"]
        if not request.body:
            if wanted is not None and wanted.get("required"):
                yield Complaint("", "the body is missing", name)
            return
        if wanted is None:
            yield Complaint("", "takes no body", name)
            return
        yield from of_content_type(request, JSON)
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            yield Complaint("", "the body is no JSON", name)
            return
        schema = wanted["content"][JSON]["schema"]
        yield from self._schemas.complaints(body, schema, place="", within=name, reading=JSON_REQUEST)

    def _answer(self, response: Response, operation: Operation | None) -> Iterator[Complaint]:
        body = as_sent(response)
        if response.status in self._dialect.edge and (body is None or isinstance(body, str)):
            return
        schema, name = self._answer_schema(response.status, operation)
        if schema is None:
            yield Complaint("", "the specification has no such status", name)
        elif schema == {}:
            if body is not None:
                yield Complaint("", "has no body in the specification", name)
        elif body is None:
            yield Complaint("", "the body is missing", name)
        else:
            yield from self._schemas.complaints(body, schema, place="", within=name, reading=self._dialect.answers)

    def _answer_schema(self, status: int, operation: Operation | None) -> tuple[Schema | None, str]:
        """The schema of an answer: empty where no body belongs, None where there is no such answer."""
        name = operation.definition["operationId"] if operation else ""
        responses = operation.definition["responses"] if operation else {}
        found = responses.get(str(status))
        if found is None and status >= 400:
            if self._dialect.error is not None:
                return self._dialect.error, name
            found = responses.get("default")
        if found is None:
            return (None, name) if operation else ({}, name)
        content = found.get("content", {})
        return (content[JSON]["schema"] if JSON in content else {}), name


def _version(document: Mapping[str, Any]) -> str:
    """The API's version: Square names it as the default of its version header, others as the file's own."""
    oauth2 = document["components"].get("securitySchemes", {}).get("oauth2", {})
    headers = oauth2.get("x-additional-headers", ())
    return str(headers[0]["schema"]["default"] if headers else document["info"]["version"])


def of_content_type(request: Request, wanted: str) -> Iterator[Complaint]:
    """What is wrong with the type that a body is said to be of."""
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != wanted:
        yield Complaint("content-type", f"{shown(given)} is not {wanted}")


def as_sent(response: Response) -> Any:
    """The body as it goes over the wire: what its JSON says, and the text of what is none."""
    if response.body is None:
        return None
    if isinstance(response.body, bytes):
        return response.body.decode("utf-8", "replace")
    return orjson.loads(orjson.dumps(response.body))


def _gathered(query: Sequence[tuple[str, str]], operation: Operation) -> dict[str, Any]:
    """The query's values by name: lists for parameters that are lists, and for what is given more than once."""
    schemas = {one["name"]: one for one in operation.definition.get("parameters", ()) if one["in"] == "query"}
    gathered: dict[str, Any] = {}
    for name, value in query:
        parameter = schemas.get(name, {})
        if parameter.get("schema", {}).get("type") == "array":
            parts = value.split(",") if parameter.get("explode") is False else [value]
            gathered[name] = [*gathered.get(name, []), *parts]
        elif name in gathered:
            gathered[name] = [gathered[name], value]
        else:
            gathered[name] = value
    return gathered
