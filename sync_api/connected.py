"""Which connection a request is about, and how connections are shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from sync_api.chosen import config_of
from sync_api.context import Api
from sync_api.errors import Refused
from sync_api.shapes import milliseconds
from sync_core.health import Health, judge
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections, figures
from sync_core.store.connections import Connection
from sync_core.store.figures import Figures

DAY = timedelta(hours=24)


class HealthShown(BaseModel):
    """The last 24 hours of a connection; `status` goes by the share of good syncs and the time a provider call took.

    `reason` is a sentence that says why it is so.
    """

    status: Health
    reason: str
    success_rate: float | None
    average_sync_time_ms: int | None
    average_call_time_ms: int | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    sync_count_24h: int
    success_count_24h: int
    failure_count_24h: int
    api_calls_24h: int
    queue_depth: int


class Integration(BaseModel):
    """A venue's connection with a provider."""

    id: int
    venue_id: str
    integration_type: str
    environment: str
    status: str
    account_id: str | None
    account_name: str | None
    connected_at: datetime | None
    last_sync_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    health_status: Health
    config: dict[str, Any]
    health: HealthShown


def require(conn: sa.Connection, venue: str, spec: ProviderSpec) -> Connection:
    """The venue's connection with a provider. Raises Refused INTEGRATION_NOT_FOUND."""
    found = connections.find(conn, venue, spec.provider)
    if found is None:
        raise Refused("INTEGRATION_NOT_FOUND", f"{venue} was never connected with {spec.title}.")
    return found


def require_connected(conn: sa.Connection, venue: str, spec: ProviderSpec) -> Connection:
    """The same, when it may be worked with. Raises Refused INTEGRATION_NOT_CONNECTED otherwise."""
    found = require(conn, venue, spec)
    if found.status != "connected":
        sentence = f"{found.label} is {found.status}: {found.last_error or 'connect it first.'}"
        raise Refused("INTEGRATION_NOT_CONNECTED", sentence)
    if not found.settings.enabled:
        sentence = f"Syncing of {found.label} is switched off: set syncEnabled in its settings first."
        raise Refused("INTEGRATION_NOT_CONNECTED", sentence)
    return found


def may_be_worked_with(connection: Connection) -> bool:
    """Whether `require_connected` would let it through."""
    return connection.status == "connected" and connection.settings.enabled


def shown(conn: sa.Connection, api: Api, found: Sequence[Connection]) -> list[Integration]:
    """These connections with their health, in three queries however many there are."""
    ids = [connection.id for connection in found]
    known = figures.of_connections(conn, ids, since=api.clock.now() - DAY)
    waiting = figures.waiting_work(conn, ids)
    since = figures.connected_at(conn, ids)
    return [
        _integration(
            api.specs.get(connection.provider),
            connection,
            health(connection, known.get(connection.id, Figures()), waiting.get(connection.id, {})),
            since.get(connection.id),
        )
        for connection in found
    ]


def health(connection: Connection, known: Figures, waiting: dict[str, int]) -> HealthShown:
    """How a connection is, from its figures and its queue."""
    found = judge(connection.status, known, error=connection.last_error, enabled=connection.settings.enabled)
    return HealthShown(
        status=found.health,
        reason=found.reason,
        success_rate=known.success_rate,
        average_sync_time_ms=milliseconds(known.mean_seconds),
        average_call_time_ms=milliseconds(known.call_seconds),
        last_success_at=known.last_success_at,
        last_failure_at=known.last_failure_at,
        sync_count_24h=known.syncs,
        success_count_24h=known.succeeded,
        failure_count_24h=known.failed,
        api_calls_24h=known.api_calls,
        queue_depth=waiting.get("queued", 0) + waiting.get("running", 0),
    )


def _integration(
    spec: ProviderSpec | None, connection: Connection, standing: HealthShown, connected_at: datetime | None
) -> Integration:
    return Integration(
        id=connection.id,
        venue_id=connection.venue,
        integration_type=connection.provider,
        environment=connection.environment,
        status=connection.status,
        account_id=connection.account_id,
        account_name=connection.account_name,
        connected_at=connected_at,
        last_sync_at=connection.last_sync_at,
        last_error=connection.last_error,
        last_error_at=connection.last_error_at,
        health_status=standing.status,
        config=config_of(connection, spec),
        health=standing,
    )
