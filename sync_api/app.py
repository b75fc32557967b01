"""The application: every route, the gate before them and the edge around them, on one engine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool

from sync_api import answers, housekeeping
from sync_api.context import Api
from sync_api.documentation import describe
from sync_api.edge import Edge
from sync_api.inbox_writer import InboxWriter
from sync_api.pulse import Pulse
from sync_api.routes import (
    admin,
    authorisation,
    connections,
    fields,
    health,
    keys,
    letters,
    mappings,
    progress,
    standing,
    syncs,
    webhooks,
)
from sync_api.tokens import Verifier
from sync_core.sync.engine import Engine, random_key
from sync_core.sync.meters import EVERY_SECONDS

# In this order they are tried: what has words of its own comes before {provider}.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    webhooks.router,  # first, because most requests are
    health.router,
    keys.router,
    letters.router,
    progress.router,
    syncs.router,
    fields.router,
    mappings.router,
    authorisation.router,
    admin.router,
    standing.router,
    connections.router,
)

# The framework's own spans would tell whole addresses, in which codes and tokens are; ours are made at the edge.
_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def create_app(engine: Engine, *, verifier: Verifier, new_id: Callable[[], str] = random_key) -> FastAPI:
    """The API on `engine`; migrates nothing.

    Args:
        engine: the sync engine with its database, declarations, mappings, vault, settings and clock.
        verifier: checks callers' tokens.
        new_id: makes request ids.
    """
    api = Api(engine=engine, verifier=verifier, new_id=new_id)
    pulse = Pulse(engine.database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work) for work in (pulse.listen(), _keep_house(api), _add_counts(api))]
            yield
            for task in running:
                task.cancel()
        await run_in_threadpool(app.state.inbox.close)
        await run_in_threadpool(engine.meters.write_now, engine.database)

    app = FastAPI(
        title="venue-sync",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
    )
    app.state.api, app.state.pulse = api, pulse
    app.state.inbox = InboxWriter(engine.database)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # flat, so that `app.routes` lists every one of them
    describe(app)
    answers.install(app)
    app.add_middleware(Edge, clock=engine.clock, new_id=new_id)
    return app


async def _keep_house(api: Api) -> None:
    await asyncio.sleep(housekeeping.FIRST_SECONDS)  # whoever starts has something more urgent to do
    while True:
        await _to_its_end(housekeeping.tidy, api)
        await asyncio.sleep(housekeeping.EVERY_SECONDS)


async def _add_counts(api: Api) -> None:
    """What this process counts reaches the database although it may never end a sync."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await _to_its_end(api.engine.meters.write_now, api.database)


async def _to_its_end(work: Callable[..., None], *given: object) -> None:
    """Do it in a thread, and wait for that even if cancelled: it would go on with a database that is being closed."""
    working = asyncio.ensure_future(run_in_threadpool(work, *given))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await working
        raise
