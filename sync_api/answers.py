"""From an error to an answer: the same way for what the gate, the framework and the handlers raise."""

import logging
import math
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from sync_api.context import api_of, request_id_of
from sync_api.edge import MOST_BODY_BYTES, TooLarge
from sync_api.errors import Code, ErrorBody, FieldError, Refused, refusal_of
from sync_core.http.redact import redact

_BY_STATUS: Mapping[int, Code] = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "BODY_TOO_LARGE"}
_log = logging.getLogger(__name__)


def answer_to(connection: HTTPConnection, error: Exception) -> Response:
    """The answer that an error becomes. One that nobody foresaw is logged, and the caller learns its request id only."""
    refused = _translated(error) or refusal_of(error)
    if refused is None:
        _log.error("api.unexpected request=%s\n%s", request_id_of(connection), _trace(error))
        refused = Refused("INTERNAL_ERROR", "Something unexpected happened here; the log has it under the request id.")
    body = ErrorBody(
        code=refused.code,
        error=str(refused),
        category=refused.category,
        details=list(refused.details),
        requestId=request_id_of(connection),
        timestamp=api_of(connection).clock.now(),
    )
    headers = dict(getattr(error, "headers", None) or {})
    if refused.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refused.retry_after)))
    if refused.status == 405:
        headers.setdefault("Allow", "POST")  # the router names the methods itself; ours is about webhooks alone
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body.model_dump_json(), refused.status, headers, media_type="application/json")


def _trace(error: Exception) -> str:
    """The stack trace without secrets, and without the values that a statement was given."""
    if isinstance(error, DBAPIError):
        error.hide_parameters = True
    return redact("".join(traceback.format_exception(error)))


def _translated(error: Exception) -> Refused | None:
    if TooLarge in (type(error), type(error.__cause__)):  # the framework wraps what happens while it reads a body
        return Refused("BODY_TOO_LARGE", f"The body is larger than {MOST_BODY_BYTES:,} bytes, which is the most taken.")
    if isinstance(error, RequestValidationError):
        return invalid(error.errors())
    if isinstance(error, HTTPException):
        if error.status_code == 400:  # the framework could not read the body at all
            return Refused("VALIDATION_ERROR", "The body is not the JSON that its Content-Type promises.")
        code = _BY_STATUS.get(error.status_code, "INTERNAL_ERROR")
        return Refused(code, f"{error.detail}.")
    return None


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """The refusal of a request whose fields are wrong, each named. What was sent is not repeated: it may be secret."""
    details = [FieldError(field=_field(error["loc"]), message=str(error["msg"])) for error in errors]
    if any(detail.field == "venueId" for detail in details):
        required = any(e["loc"][-1:] == ("venueId",) and e["type"] == "missing" for e in errors)
        if required:
            return Refused("VENUE_ID_REQUIRED", "Say which venue: venueId is missing.", details=details)
    return Refused("VALIDATION_ERROR", "Validation failed: see details.", details=details)


def _field(location: Sequence[Any]) -> str:
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:]
    return ".".join(parts)


def install(app: FastAPI) -> None:
    """Let every error of `app` become an answer of the one shape."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer_to(request, error)

    for kind in (Refused, RequestValidationError, HTTPException, TooLarge, Exception):
        app.add_exception_handler(kind, handle)
