"""Syncs: asked for, stopped, looked at and looked back on. Whoever drains the queue does the work."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from sync_api.access import V1
from sync_api.connected import require, require_connected
from sync_api.context import Here, RequestId
from sync_api.errors import FieldError, Refused
from sync_api.gate import CallerNow, GatedRoute, KeyNow
from sync_api.shapes import (
    Asked,
    BodyVenue,
    Data,
    Done,
    DoneWith,
    ItemId,
    Limit,
    Moment,
    Offset,
    QueryVenue,
    Spec,
    VenueBody,
    took,
)
from sync_api.wishes import RequestShown, Wish, enqueue, entities_of, shown
from sync_core.store import figures, queue
from sync_core.store.figures import Past
from sync_core.trouble import Category

router = APIRouter(tags=["syncs"], route_class=GatedRoute)


class Options(Asked):
    """How far back to look."""

    force: Annotated[bool, Field(strict=True, description="Look at every record on both sides again.")] = False
    startDate: Moment | None = Field(  # noqa: N815 - JSON's name
        default=None, description="Push what the venue changed since then; with a time zone, such as Z."
    )


class SyncBody(VenueBody):
    """What to sync: a kind of record, one entity of the provider, or everything (full)."""

    syncType: Annotated[  # noqa: N815 - JSON's name
        str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    ] = "full"
    options: Options = Options()


class RetryBody(VenueBody):
    """Which failed request to try again; all of them where none is named."""

    queueItemId: Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)] | None = None  # noqa: N815 - JSON's name


class Queued(BaseModel):
    """What was asked for; each request is watched under its id, or by the progress of the venue."""

    requests: list[RequestShown]


class Counted(BaseModel):
    """How many items of the queue stand in one status."""

    status: str
    count: int


class StandingIntegration(BaseModel):
    """The connection, in brief."""

    status: str
    last_sync_at: datetime | None


class Standing(BaseModel):
    """How a connection's syncs stand."""

    integration: StandingIntegration
    queue: list[Counted]


class PastSync(BaseModel):
    """One sync of one entity."""

    id: int
    sync_id: str
    operation: str
    entity_type: str
    status: Literal["started", "completed", "failed"]
    success_count: int
    error_count: int
    skip_count: int
    api_calls_made: int
    duration_ms: int | None
    error: str | None
    category: Category | None
    started_at: datetime
    completed_at: datetime | None


_STATUS: dict[str, Literal["started", "completed"]] = {"running": "started", "succeeded": "completed"}
_SKIPPED = ("unchanged", "pulled_unchanged", "filtered", "pulled_filtered")
_SUCCESS = ("created", "updated", "deleted", "pulled_created", "pulled_updated", "pulled_deleted")


@router.post(f"{V1}/sync/{{provider}}/sync", status_code=202)
def trigger_sync(
    api: Here, caller: CallerNow, spec: Spec, venue: BodyVenue, key: KeyNow, request_id: RequestId, body: SyncBody
) -> DoneWith[Queued]:
    """Ask for a sync: it is queued with high priority, and the answer has the ids under which it is watched."""
    options = body.options
    if options.force and options.startDate is not None:
        wrong = FieldError(field="options.startDate", message="Leave it out: force looks at everything")
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=[wrong])
    since = None if options.startDate is None else options.startDate.astimezone(UTC)
    mode = "full" if options.force else "incremental" if since is None else "since"
    wish = Wish(caller.name, request_id, mode, "high", since=since, key=key)
    entities = entities_of(spec, body.syncType)
    with api.database.begin() as conn:
        items = enqueue(conn, require_connected(conn, venue, spec), entities, wish)
    return DoneWith(message=f"{len(items)} syncs are queued.", data=Queued(requests=[shown(item) for item in items]))


@router.post(f"{V1}/sync/{{provider}}/sync/stop")
def stop_sync(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> Done:
    """Cancel what is queued; what runs stops between two pages, and what it has settled stays."""
    with api.database.begin() as conn:
        ids = [require(conn, venue, spec).id]
        cancelled, stopping = queue.clear(conn, connection_ids=ids), queue.stop(conn, connection_ids=ids)
    return Done(message=f"Sync stopped: {cancelled} queued items are cancelled, {stopping} running ones are stopping.")


@router.get(f"{V1}/sync/{{provider}}/sync/status")
def sync_status(api: Here, spec: Spec, venue: QueryVenue) -> Data[Standing]:
    """How the connection stands, and how many items of the queue are in which status."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
        waiting = figures.waiting_work(conn, [connection.id]).get(connection.id, {})
    counted = [Counted(status=status, count=count) for status, count in sorted(waiting.items())]
    integration = StandingIntegration(status=connection.status, last_sync_at=connection.last_sync_at)
    return Data(data=Standing(integration=integration, queue=counted))


@router.get(f"{V1}/sync/{{provider}}/sync/history")
def sync_history(
    api: Here, spec: Spec, venue: QueryVenue, limit: Limit = 50, offset: Offset = 0
) -> Data[list[PastSync]]:
    """The connection's syncs, the latest first."""
    with api.database.connect() as conn:
        past = figures.history(conn, require(conn, venue, spec).id, limit=limit, offset=offset)
    return Data(data=[_past(sync) for sync in past])


@router.post(f"{V1}/sync/{{provider}}/sync/retry")
def retry_syncs(api: Here, spec: Spec, venue: BodyVenue, body: RetryBody) -> Done:
    """Queue a failed request again, or all failed ones of the connection."""
    with api.database.begin() as conn:
        require(conn, venue, spec)
        if body.queueItemId is not None:
            item = queue.find(conn, body.queueItemId)
            if item is None or (item.venue, item.provider) != (venue, spec.provider):
                raise Refused("SYNC_NOT_FOUND", f"{venue} has no request {body.queueItemId} with {spec.title}.")
            ids = [item.id]
        else:
            ids = [item.id for item in queue.inspect(conn, venue=venue, provider=spec.provider, status="dead")]
        again = queue.requeue(conn, ids)
    return Done(message=f"{again} failed items are queued again.")


@router.get(f"{V1}/sync/requests/{{item_id:int}}")
def sync_request(api: Here, caller: CallerNow, item_id: ItemId) -> Data[RequestShown]:
    """One requested sync: its status, progress, and result."""
    with api.database.connect() as conn:
        item = queue.find(conn, item_id)
    if item is None or not caller.sees(item.venue):
        raise Refused("SYNC_NOT_FOUND", f"There is no request {item_id}.")
    return Data(data=shown(item))


def _past(sync: Past) -> PastSync:
    good = sum(sync.counts.get(name, 0) for name in _SUCCESS)
    return PastSync(
        id=sync.id,
        sync_id=sync.run_id,
        operation=f"{sync.mode}_sync",
        entity_type=sync.entity,
        status=_STATUS.get(sync.status, "failed"),
        success_count=good,
        error_count=sync.counts.get("failed", 0) + sync.counts.get("pulled_failed", 0),
        skip_count=sum(sync.counts.get(name, 0) for name in _SKIPPED),
        api_calls_made=sync.api_calls,
        duration_ms=took(sync.started_at, sync.finished_at),
        error=sync.error,
        category=sync.category,
        started_at=sync.started_at,
        completed_at=sync.finished_at,
    )
