"""How a connection is: its health, its figures, and whether its credential opens the account right now."""

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from sync_api.access import V1
from sync_api.connected import DAY, HealthShown, health, require
from sync_api.context import Here, RequestId
from sync_api.errors import Refused
from sync_api.gate import GatedRoute
from sync_api.shapes import BodyVenue, Data, QueryVenue, Spec, VenueBody, milliseconds
from sync_core.errors import AuthorizationLost
from sync_core.health import Health
from sync_core.oauth.keeping import credential_of
from sync_core.store import connection_health, figures
from sync_core.store.figures import Figures

router = APIRouter(tags=["health of connections"], route_class=GatedRoute)

Period = Literal["24h", "7d", "30d"]
_SPANS: dict[Period, timedelta] = {"24h": DAY, "7d": timedelta(days=7), "30d": timedelta(days=30)}


class ChangeShown(BaseModel):
    """The health of a connection was one thing and became another; null: it was judged for the first time."""

    was: Health | None
    became: Health
    reason: str
    at: datetime


class HealthNow(HealthShown):
    """How a connection is, and how that went up and down lately, the latest first."""

    changes: list[ChangeShown]


class Metrics(BaseModel):
    """What a connection's syncs of a period add up to."""

    total_syncs: int
    successful: int
    failed: int
    avg_duration: int | None
    total_success_count: int
    total_error_count: int
    api_calls: int


class Tested(BaseModel):
    """Whether the stored credential opens the account."""

    connected: bool
    timestamp: datetime
    accountId: str | None = None  # noqa: N815 - JSON's name
    reason: str | None = None


@router.get(f"{V1}/health/{{provider}}")
def integration_health(api: Here, spec: Spec, venue: QueryVenue) -> Data[HealthNow]:
    """The last 24 hours of a connection, and how its health went up and down."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
        known = figures.of_connections(conn, [connection.id], since=api.clock.now() - DAY)
        waiting = figures.waiting_work(conn, [connection.id])
        changes = connection_health.changes_of(conn, connection.id)
    now = health(connection, known.get(connection.id, Figures()), waiting.get(connection.id, {}))
    shown = [ChangeShown(was=x.was, became=x.became, reason=x.reason, at=x.at) for x in changes]
    return Data(data=HealthNow(**now.model_dump(), changes=shown))


@router.get(f"{V1}/health/{{provider}}/metrics")
def integration_metrics(api: Here, spec: Spec, venue: QueryVenue, period: Period = "24h") -> Data[Metrics]:
    """The figures of a connection over a period; `avg_duration` is in milliseconds."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
        since = api.clock.now() - _SPANS[period]
        known = figures.of_connections(conn, [connection.id], since=since).get(connection.id, Figures())
    return Data(
        data=Metrics(
            total_syncs=known.syncs,
            successful=known.succeeded,
            failed=known.failed,
            avg_duration=milliseconds(known.mean_seconds),
            total_success_count=known.records_done,
            total_error_count=known.records_failed,
            api_calls=known.api_calls,
        )
    )


@router.post(f"{V1}/health/{{provider}}/test")
def try_connection(api: Here, spec: Spec, venue: BodyVenue, request_id: RequestId, _body: VenueBody) -> Data[Tested]:
    """Open the stored credential and ask the provider whose account it is. Changes nothing here or there."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
        if connection.status == "disconnected":
            raise Refused("CREDENTIALS_NOT_FOUND", f"No credential is stored for {connection.label}.")
        secret = credential_of(api.engine, conn, connection)
    try:
        with api.outside.calling(venue, spec):
            account = api.engine.account_of(
                venue, spec.provider, secret, environment=connection.environment, correlation=request_id
            )
    except AuthorizationLost as lost:
        return Data(data=Tested(connected=False, timestamp=api.clock.now(), reason=str(lost)))
    return Data(data=Tested(connected=True, timestamp=api.clock.now(), accountId=account.id))
