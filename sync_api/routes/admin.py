"""What only administrators see and do: every venue's connections, the queue, the cost in calls, the audit log."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sync_api.access import V1
from sync_api.connected import DAY, Integration, may_be_worked_with, require_connected, shown
from sync_api.context import Here, RequestId
from sync_api.errors import FieldError, Refused
from sync_api.gate import CallerNow, GatedRoute, KeyNow
from sync_api.second_try import of_one_kind
from sync_api.shapes import (
    Asked,
    Before,
    BodyVenue,
    BodyVenueMaybe,
    Data,
    Day,
    Done,
    DoneWith,
    Limit,
    QueryVenueMaybe,
    VenueBody,
    VenueId,
    spec_of,
)
from sync_api.wishes import RequestShown, Wish, enqueue
from sync_api.wishes import shown as request_shown
from sync_core.health import Health, judge
from sync_core.http.calls import CallCount
from sync_core.spec.provider import ProviderSpec
from sync_core.store import alerts, audit, call_counts, connections, figures, letter_desk, queue
from sync_core.store.call_counts import Use
from sync_core.store.figures import Figures
from sync_core.store.letter_desk import Choice
from sync_core.trouble import Severity

router = APIRouter(tags=["admin"], route_class=GatedRoute)

Status = Literal["disconnected", "connecting", "connected", "error", "suspended"]
MOST_LETTERS = 1000


class Counted(BaseModel):
    """How many items of the queue stand in one status."""

    status: str
    count: int


class Depth(BaseModel):
    """How many items of one priority stand in one status, and when the first of them was asked for."""

    priority: str
    status: str
    count: int
    oldest: datetime


class IntegrationCounts(BaseModel):
    """All connections, by how they are; the health is that of the last 24 hours."""

    total: int
    connected: int
    error: int
    suspended: int
    disconnected: int
    healthy: int
    degraded: int
    unhealthy: int


class Summary(BaseModel):
    """The platform as a whole."""

    integrations: IntegrationCounts
    queues: list[Counted]


class AlertShown(BaseModel):
    """What a person should know of, as long as it lasts; no venue: it is about more than one connection."""

    id: int
    venue_id: str | None
    integration_type: str | None
    kind: str
    subject: str
    severity: Severity
    message: str
    times: int
    first_at: datetime
    last_at: datetime


class Cost(BaseModel):
    """What one venue used of one provider. Calls are counted; no price is declared for them, so money is None.

    `metered_calls` are those that count against the provider's allowance of a month.
    """

    venue_id: str
    integration_type: str
    syncs: int
    total_api_calls: int
    metered_calls: int
    throttled_calls: int
    bytes_received: int
    total_cost: float | None = None


class Quota(BaseModel):
    """Calls that a provider allows our application a month, all venues together, and how many of this month are used."""

    integration_type: str
    name: str
    allowed: int
    used: int
    used_percent: float


class Costs(BaseModel):
    """Use by venue and provider, and all of it together."""

    costs: list[Cost]
    quotas: list[Quota]
    total_api_calls: int
    total: float | None = None


class AuditLine(BaseModel):
    """Who asked for which change, when, and how it was answered."""

    id: int
    at: datetime
    actor: str
    role: str
    venue_id: str | None
    action: str
    subject: str
    request_id: str
    status: int | None


class ForceBody(VenueBody):
    """Which connection to sync at once."""

    integrationType: Annotated[str, Field(max_length=64)]  # noqa: N815 - JSON's name


class ClearBody(Asked):
    """Which queued items to cancel: all where nothing is named."""

    venueId: VenueId | None = None  # noqa: N815 - JSON's name
    integrationType: Annotated[str, Field(max_length=64)] | None = None  # noqa: N815 - JSON's name
    status: Literal["queued"] = "queued"


class Queued(BaseModel):
    """What was asked for."""

    requests: list[RequestShown]


@router.get(f"{V1}/admin/all-venues")
def all_venues(
    api: Here,
    status: Status | None = None,
    healthStatus: Health | None = None,  # noqa: N803 - the query's name
) -> Data[list[Integration]]:
    """Every venue's connections."""
    with api.database.connect() as conn:
        found = [c for c in connections.all_of(conn) if status in (None, c.status)]
        lines = shown(conn, api, found)
    return Data(data=[line for line in lines if healthStatus in (None, line.health_status)])


@router.get(f"{V1}/admin/health-summary")
def health_summary(api: Here) -> Data[Summary]:
    """How many connections are how, and how long the queue is."""
    with api.database.connect() as conn:
        found = connections.all_of(conn)
        known = figures.recent(conn, since=api.clock.now() - DAY)
        depths = queue.depth(conn)
    states = [c.status for c in found]
    healths = [judge(c.status, known.get(c.id, Figures()), enabled=c.settings.enabled).health for c in found]
    counts = IntegrationCounts(
        total=len(found),
        connected=states.count("connected"),
        error=states.count("error"),
        suspended=states.count("suspended"),
        disconnected=states.count("disconnected"),
        healthy=healths.count("healthy"),
        degraded=healths.count("degraded"),
        unhealthy=healths.count("unhealthy"),
    )
    queues = {depth.status: 0 for depth in depths}
    for depth in depths:
        queues[depth.status] += depth.items
    counted = [Counted(status=status, count=count) for status, count in sorted(queues.items())]
    return Data(data=Summary(integrations=counts, queues=counted))


@router.get(f"{V1}/admin/alerts")
def open_alerts(api: Here) -> Data[list[AlertShown]]:
    """What is the matter right now, oldest first: each trouble once, however often it was noticed."""
    with api.database.connect() as conn:
        found = alerts.opened(conn)
    return Data(
        data=[
            AlertShown(
                id=x.id,
                venue_id=x.venue,
                integration_type=x.provider,
                kind=x.kind,
                subject=x.subject,
                severity=x.severity,
                message=x.message,
                times=x.times,
                first_at=x.first_at,
                last_at=x.last_at,
            )
            for x in found
        ]
    )


@router.get(f"{V1}/admin/costs")
def costs(
    api: Here,
    startDate: Day | None = None,  # noqa: N803 - the query's name
    endDate: Day | None = None,  # noqa: N803 - the query's name
) -> Data[Costs]:
    """Provider calls by venue and provider, from the first to the last day named; the last 30 days if none is.

    Days are those of UTC, and are kept for 400 days. `quotas` are of this month, whichever days are named.
    """
    today = api.clock.now().date()
    last = min(endDate or today, date.max - timedelta(days=1))
    first = startDate or last - timedelta(days=min(30, (last - date.min).days))
    if first > last:
        wrong = FieldError(field="startDate", message="Input should not be after endDate")
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=[wrong])
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    with api.database.connect() as conn:
        synced = {(x.venue, x.provider): x.syncs for x in figures.usage(conn, start=start, end=end)}
        called = {(x.venue, x.provider): x for x in call_counts.used(conn, first=first, last=last)}
        metered = call_counts.metered(conn, first=today.replace(day=1), last=today)
    lines = [_cost(name, synced.get(name, 0), called.get(name)) for name in sorted({*synced, *called})]
    quotas = [_quota(spec, metered.get(name, 0)) for name, spec in sorted(api.specs.items())]
    return Data(
        data=Costs(
            costs=lines,
            quotas=[quota for quota in quotas if quota is not None],
            total_api_calls=sum(line.total_api_calls for line in lines),
        )
    )


def _cost(name: tuple[str, str], syncs: int, used: Use | None) -> Cost:
    calls = CallCount() if used is None else used.calls
    return Cost(
        venue_id=name[0],
        integration_type=name[1],
        syncs=syncs,
        total_api_calls=calls.calls,
        metered_calls=0 if used is None else used.metered,
        throttled_calls=calls.throttles,
        bytes_received=calls.bytes,
    )


def _quota(spec: ProviderSpec, used: int) -> Quota | None:
    metered = spec.limits.metered
    if metered is None:
        return None
    percent = round(100 * used / metered.per_month, 2)
    return Quota(
        integration_type=spec.provider, name=metered.name, allowed=metered.per_month, used=used, used_percent=percent
    )


@router.post(f"{V1}/admin/force-sync", status_code=202)
def force_sync(
    api: Here, caller: CallerNow, venue: BodyVenue, key: KeyNow, request_id: RequestId, body: ForceBody
) -> DoneWith[Queued]:
    """Sync everything of a connection before all other work, looking at every record on both sides."""
    spec = spec_of(api.specs, body.integrationType)
    wish = Wish(caller.name, request_id, "full", "critical", key=key)
    with api.database.begin() as conn:
        items = enqueue(conn, require_connected(conn, venue, spec), spec.in_order(), wish)
    shown_items = [request_shown(item) for item in items]
    return DoneWith(message=f"{len(items)} syncs are queued before all others.", data=Queued(requests=shown_items))


@router.post(f"{V1}/admin/clear-queue")
def clear_queue(api: Here, venue: BodyVenueMaybe, body: ClearBody) -> Done:
    """Cancel queued items; running ones go on, and finished ones stay in the history."""
    provider = None if body.integrationType is None else spec_of(api.specs, body.integrationType).provider
    with api.database.begin() as conn:
        chosen = [c.id for c in connections.all_of(conn) if venue in (None, c.venue) and provider in (None, c.provider)]
        cleared = queue.clear(conn, connection_ids=chosen)
    return Done(message=f"{cleared} queue items cleared")


@router.post(f"{V1}/admin/process-dead-letter")
def process_dead_letters(api: Here, caller: CallerNow, request_id: RequestId) -> Done:
    """Try again what failed for good, where the connection is connected by now: requests, and the venues' records."""
    with api.database.begin() as conn:
        well = {(c.venue, c.provider): c.id for c in connections.all_of(conn) if may_be_worked_with(c)}
        ids = list(well.values())
        dead = queue.inspect(conn, status="dead", connection_ids=ids, limit=MOST_LETTERS)
        requeued = queue.requeue(conn, [item.id for item in dead])
        letters = letter_desk.listed(conn, Choice(connection_ids=ids), limit=MOST_LETTERS)
        for group in of_one_kind(letters):
            number, records = well[group[0].venue, group[0].provider], [letter.record_id for letter in group]
            letter_desk.make_due(conn, number, group[0].entity, record_ids=records, direction=group[0].direction)
        places = {(well[letter.venue, letter.provider], letter.entity) for letter in letters}
        for connection_id, entity in sorted(places):
            asked = queue.Asked(connection_id, entity, "incremental", "normal", caller.name, request_id=request_id)
            if not queue.waits(conn, asked):
                queue.enqueue(conn, asked)
    return Done(
        message=f"Dead letter queue processing initiated: {requeued} requests and {len(letters)} records are tried again"
    )


@router.post(f"{V1}/admin/recover-stale")
def recover_stale(api: Here) -> Done:
    """Queue again what has been running for 30 minutes without a sign of life."""
    with api.database.begin() as conn:
        recovered = queue.recover_stale(conn)
    return Done(message=f"Stale operations recovery: {len(recovered)} requests are queued again")


@router.get(f"{V1}/admin/queue-metrics")
def queue_metrics(api: Here) -> Data[list[Depth]]:
    """How many items stand in which status, by priority."""
    with api.database.connect() as conn:
        depths = queue.depth(conn)
    return Data(
        data=[Depth(priority=d.priority.upper(), status=d.status, count=d.items, oldest=d.oldest) for d in depths]
    )


@router.get(f"{V1}/admin/audit")
def audit_log(api: Here, venue: QueryVenueMaybe, limit: Limit = 100, before: Before = None) -> Data[list[AuditLine]]:
    """Who changed what, the latest first; `before` is the id to go on from."""
    with api.database.connect() as conn:
        lines = audit.lines(conn, venues=None if venue is None else {venue}, limit=limit, before=before)
    values = [{name: getattr(line, name) for name in audit.Line.__dataclass_fields__} for line in lines]
    return Data(data=[AuditLine(venue_id=value.pop("venue"), **value) for value in values])
