"""The gate before every handler: nothing runs that was not admitted, and nothing changes unnoticed.

What stays true: a handler runs only for a route that has a rule and a caller who meets it, works on the venue that the
gate has approved (never on what it reads itself), and no change happens without its line in the audit log.
"""

import logging
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
import sqlalchemy as sa
from fastapi import Depends
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from sync_api.access import CHANGING, RULES, Rule
from sync_api.admission import Admission, Ask, admit
from sync_api.answers import answer_to
from sync_api.caller import Caller
from sync_api.context import Api, api_of, request_id_of
from sync_core.store import audit, idempotency
from sync_core.store.failures import failure_of

_log = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GatedRoute(APIRoute):
    """A route that is reached through the gate only."""

    def get_route_handler(self) -> Handler:
        """The handler, behind the gate."""
        handle = super().get_route_handler()

        async def gated(request: Request) -> Response:
            try:
                return await _pass(request, self, handle)
            except Exception as error:  # noqa: BLE001 - the last door: whatever it is becomes one answer
                return answer_to(request, error)

        return gated


async def _pass(request: Request, route: APIRoute, handle: Handler) -> Response:
    rule = RULES[request.method, route.path_format]
    if rule.need == "public":
        return await handle(request)
    api = api_of(request)
    ask = await _ask(request, route, rule)
    admission = await run_in_threadpool(admit, api, ask)
    if admission.before is not None:
        repeated = Response(admission.before.answer, admission.before.status, media_type="application/json")
        repeated.headers["Idempotency-Replayed"] = "true"
        return repeated
    request.state.caller, request.state.venue = admission.caller, admission.venue
    request.state.idempotency_key = admission.key
    try:
        response = await handle(request)
    except Exception as error:  # noqa: BLE001 - its answer is stored and audited like any other
        response = answer_to(request, error)
    if ask.changes:
        await run_in_threadpool(_settle, api, ask, admission, response)
    response.headers["RateLimit-Limit"] = str(api.settings.api_per_minute)
    response.headers["RateLimit-Remaining"] = str(admission.remaining)
    return response


async def _ask(request: Request, route: APIRoute, rule: Rule) -> Ask:
    return Ask(
        method=request.method,
        path=request.scope["raw_path"].decode("ascii", "replace"),  # undecoded: it is stored, and %00 cannot be
        action=route.name,
        rule=rule,
        request_id=request_id_of(request),
        address=request.client.host if request.client else "unknown",
        headers=request.headers,
        query=request.query_params,
        raw_query=request.url.query,
        body=await request.body() if request.method in CHANGING else b"",
    )


def _settle(api: Api, ask: Ask, admission: Admission, response: Response) -> None:
    """Note how a change was answered. The change has happened, so a failure here is logged and not told."""
    try:
        with api.database.begin() as conn:
            if admission.line is not None:
                audit.finish(conn, admission.line, status=response.status_code)
            if admission.key is not None:
                _keep(conn, ask, admission.caller.name, admission.key, response)
    except SQLAlchemyError as failed:
        _log.warning("api.unsettled request=%s error=%s", ask.request_id, failure_of(failed) or type(failed).__name__)


def _keep(conn: sa.Connection, ask: Ask, caller: str, key: str, response: Response) -> None:
    good = response.status_code < 300
    if response.status_code >= 500 or (good and ask.rule.answer == "made_anew"):
        idempotency.release(conn, caller, key)
        return
    body = bytes(response.body)
    if good and ask.rule.answer == "shown_once":
        told = orjson.loads(body)
        body = orjson.dumps(told | {"data": told["data"] | {"key": None}})
    idempotency.answer(conn, caller, key, status=response.status_code, body=body)


async def _caller(connection: HTTPConnection) -> Caller:
    return connection.state.caller


CallerNow = Annotated[Caller, Depends(_caller)]
"""Who asks, as the gate knows them."""


async def _key(connection: HTTPConnection) -> str | None:
    return connection.state.idempotency_key


KeyNow = Annotated[str | None, Depends(_key)]
"""The request's Idempotency-Key, if it has one."""
