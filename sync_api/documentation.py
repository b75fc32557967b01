"""The OpenAPI document: what FastAPI reads off the handlers, and what the gate adds to every route."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sync_api.access import CHANGING, RULES, Rule
from sync_api.errors import STATUS, ErrorBody

_COMMON: Final = (400, 404, 405, 500, 503)
_GATE: Final = (401, 403, 429)
_CHANGE: Final = (409, 413, 422, 502)


def describe(app: FastAPI) -> None:
    """Let `app` tell the whole of itself at /openapi.json."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=app.title, version=app.version, routes=app.routes, description=__doc__)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    error = ErrorBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(error.pop("$defs", {}))
    schemas["ErrorBody"] = error
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token, or an API key."},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method.upper(), RULES[method.upper(), path])
    return made


def _complete(operation: dict[str, Any], method: str, rule: Rule) -> None:
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own; ours is 400, in our shape
    statuses = [*_COMMON, *(_GATE if rule.need != "public" else (401, 502)), *(_CHANGE if method in CHANGING else ())]
    for status in sorted(set(statuses)):
        codes = ", ".join(code for code, its in STATUS.items() if its == status)
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
        responses.setdefault(str(status), {"description": codes, "content": content})
    if rule.need == "public":
        return
    operation["security"] = [{"bearer": []}] if rule.area is None else [{"bearer": []}, {"apiKey": []}]
    if method in CHANGING:
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                "description": "The same key and request get the same answer for seven days.",
            }
        )
