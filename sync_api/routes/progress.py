"""Progress of a venue's syncs, told as it happens: by server-sent events, or over a WebSocket.

Each message is the whole state (what is queued, what runs and how far, what ended since one began to watch), so that a
watcher who missed one has missed nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import StreamingResponse

from sync_api.access import RULES, V1
from sync_api.admission import Ask, admit
from sync_api.answers import answer_to
from sync_api.context import Api, Here, api_of, request_id_of
from sync_api.gate import GatedRoute
from sync_api.pulse import Pulse
from sync_api.shapes import QueryVenue
from sync_api.wishes import RequestShown, shown
from sync_core.store import figures, queue
from sync_core.store.failures import failure_of
from sync_core.store.queue import Status
from sync_core.trouble import Category

router = APIRouter(tags=["syncs"], route_class=GatedRoute)

PATH = f"{V1}/sync/progress"
SUBPROTOCOL = "venue-sync"
HEARTBEAT_SECONDS = 15.0
SMALLEST_PAUSE = 0.2
LONGEST_SECONDS = 3600
_WAITING: tuple[Status, ...] = ("queued", "running")

Seconds = Annotated[int, Query(ge=0, le=LONGEST_SECONDS, description="How long to stream; browsers then ask again.")]


class RunningSync(BaseModel):
    """A sync that is running or has ended since one began to watch, whoever asked for it."""

    id: int
    integration_type: str
    entity: str
    status: str
    error: str | None
    category: Category | None
    started_at: datetime
    finished_at: datetime | None


class State(BaseModel):
    """Everything that is under way for a venue."""

    venue_id: str
    requests: list[RequestShown]
    syncs: list[RunningSync]


@router.get(PATH, response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream_progress(request: Request, api: Here, venue: QueryVenue, seconds: Seconds = 600) -> StreamingResponse:
    """Stream the state of a venue's syncs as server-sent events named `progress`."""
    pulse: Pulse = request.app.state.pulse

    async def told() -> AsyncIterator[str]:
        async for state in _states(api, pulse, venue, seconds):
            yield ": still here\n\n" if state is None else f"event: progress\ndata: {state}\n\n"

    return StreamingResponse(told(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.websocket(f"{PATH}/ws")
async def progress_websocket(socket: WebSocket) -> None:
    """The same over a WebSocket.

    A browser, which cannot set headers, offers the subprotocols "venue-sync" and its token.
    """
    api = api_of(socket)
    try:
        admission = await run_in_threadpool(admit, api, _ask(socket))
    except Exception as error:  # noqa: BLE001 - whatever it is becomes an answer instead of a handshake
        await socket.send_denial_response(answer_to(socket, error))
        return
    offered = SUBPROTOCOL in socket.scope.get("subprotocols", [])
    await socket.accept(SUBPROTOCOL if offered else None)
    with suppress(WebSocketDisconnect):
        async for state in _states(api, socket.app.state.pulse, admission.venue or "", LONGEST_SECONDS):
            await socket.send_text(state or '{"still":"here"}')
        await socket.close(1001)


def _ask(socket: WebSocket) -> Ask:
    headers = socket.headers
    offered = list(socket.scope.get("subprotocols", []))
    if "authorization" not in headers and offered[:1] == [SUBPROTOCOL] and len(offered) > 1:
        headers = Headers({"authorization": f"Bearer {offered[1]}"})
    return Ask(
        method="WEBSOCKET",
        path=f"{PATH}/ws",
        action="progress_websocket",
        rule=RULES["WEBSOCKET", f"{PATH}/ws"],
        request_id=request_id_of(socket),
        address=socket.client.host if socket.client else "unknown",
        headers=headers,
        query=socket.query_params,
        raw_query=socket.url.query,
        body=b"",
    )


async def _states(api: Api, pulse: Pulse, venue: str, seconds: float) -> AsyncIterator[str | None]:
    """The state as JSON whenever it differs from the last one told; None as a sign of life."""
    loop = asyncio.get_running_loop()
    began, ends = api.clock.now(), loop.time() + seconds
    last = ""
    with pulse.watching(venue) as bell:
        while True:
            bell.clear()
            try:
                state = await run_in_threadpool(_state, api, venue, began)
            except SQLAlchemyError as failed:
                if failure_of(failed) is None:
                    raise
                state = last  # the stream lives on, and when the database is back everybody is woken
            yield state if state != last else None
            last = state
            left = ends - loop.time()
            if pulse.stopping or left <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), min(HEARTBEAT_SECONDS, left))
            await asyncio.sleep(SMALLEST_PAUSE)  # a sync moves on many times a second, and nobody reads so fast


def _state(api: Api, venue: str, began: datetime) -> str:
    with api.database.connect() as conn:
        items = [item for status in _WAITING for item in queue.inspect(conn, venue=venue, status=status)]
        ended = [x for x in queue.inspect(conn, venue=venue) if x.finished_at is not None and x.finished_at >= began]
        syncs = figures.moving(conn, venue, since=began)
    requests = [shown(item) for item in sorted([*items, *ended], key=lambda item: item.id)]
    moving = [
        RunningSync(
            id=sync.id,
            integration_type=provider,
            entity=sync.entity,
            status=sync.status,
            error=sync.error,
            category=sync.category,
            started_at=sync.started_at,
            finished_at=sync.finished_at,
        )
        for provider, sync in syncs
    ]
    return State(venue_id=venue, requests=requests, syncs=moving).model_dump_json()
