"""Whether this process lives, whether it can work, and how everything it depends on stands."""

from collections.abc import Callable
from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response

from sync_api.connected import DAY
from sync_api.context import Api, Here
from sync_api.gate import GatedRoute
from sync_api.metrics import page
from sync_core.errors import SyncError
from sync_core.http.breaker import State
from sync_core.store import breakers, connections, figures, inbox, queue
from sync_core.store.figures import Figures

router = APIRouter(tags=["health"], route_class=GatedRoute)


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Part(BaseModel):
    """One thing that this process depends on."""

    status: Literal["ok", "failing"]
    detail: str | None = None


class ProviderPart(BaseModel):
    """A provider as the syncs of the last 24 hours saw it.

    `breaker` is the worst of its environments; `paused_accounts` counts the accounts that are not called at the moment.
    """

    connected: int
    in_error: int
    syncs_24h: int
    failed_24h: int
    breaker: State
    paused_accounts: int


class Deep(BaseModel):
    """Everything; `status` is failing when the database or the keyring is."""

    status: Literal["ok", "failing"]
    database: Part
    keyring: Part
    providers: dict[str, ProviderPart]
    queue: dict[str, int]
    inbox_backlog: int | None


@router.get("/health/live")
async def live() -> Alive:
    """Whether the process answers at all; asks nobody else."""
    return Alive()


@router.get("/health/ready")
def ready(api: Here) -> Alive:
    """Whether requests can be served: the database answers. 503 when it does not."""
    with api.database.connect() as conn:
        conn.execute(sa.select(1))
    return Alive()


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(api: Here) -> Response:
    """Prometheus metrics of the whole installation, whichever process did the work."""
    api.engine.meters.write_now(api.database)
    return Response(page(api.database, api.specs, clock=api.clock), media_type=CONTENT_TYPE_LATEST)


@router.get("/health/deep")
def deep(api: Here) -> Deep:
    """Every dependency and how much waits. It answers 200 however things are; look at `status`."""
    database = _tried(lambda: _ask(api))
    keyring = _tried(api.engine.vault.check)
    well = database.status == "ok"
    parts = (database, keyring)
    return Deep(
        status="ok" if all(part.status == "ok" for part in parts) else "failing",
        database=database,
        keyring=keyring,
        providers=_providers(api) if well else {},
        queue=_queue(api) if well else {},
        inbox_backlog=_backlog(api) if well else None,
    )


def _ask(api: Api) -> None:
    with api.database.connect() as conn:
        conn.execute(sa.select(1))


def _tried(check: Callable[[], None]) -> Part:
    try:
        check()
    except SyncError as failed:
        return Part(status="failing", detail=str(failed))
    except SQLAlchemyError as failed:
        return Part(status="failing", detail=f"The database does not answer ({type(failed).__name__}).")
    return Part(status="ok")


def _providers(api: Api) -> dict[str, ProviderPart]:
    with api.database.connect() as conn:
        found = connections.all_of(conn)
        known = figures.recent(conn, since=api.clock.now() - DAY)
        standing = breakers.standing(conn)
    parts: dict[str, ProviderPart] = {}
    for name in api.specs:
        mine = [c for c in found if c.provider == name]
        totals = [known.get(c.id, Figures()) for c in mine]
        whole = {one.state for one in standing if one.of_provider(name) and one.account is None}
        parts[name] = ProviderPart(
            connected=sum(c.status == "connected" for c in mine),
            in_error=sum(c.status == "error" for c in mine),
            syncs_24h=sum(x.syncs for x in totals),
            failed_24h=sum(x.failed for x in totals),
            breaker="open" if "open" in whole else "half_open" if "half_open" in whole else "closed",
            paused_accounts=sum(
                one.of_provider(name) and one.account is not None and one.state != "closed" for one in standing
            ),
        )
    return parts


def _queue(api: Api) -> dict[str, int]:
    counts: dict[str, int] = {}
    with api.database.connect() as conn:
        for depth in queue.depth(conn):
            counts[depth.status] = counts.get(depth.status, 0) + depth.items
    return counts


def _backlog(api: Api) -> int:
    with api.database.connect() as conn:
        return inbox.backlog(conn)
