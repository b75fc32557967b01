"""Webhooks in: verified on the raw body, stored, and only then answered; and what became of them, for people.

What must stay true: nothing of a body is read before its signature is known to be good, and no answer says "received"
before the events are committed. What the events mean is found out later, by the run that drains the inbox.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sync_api.access import V1
from sync_api.context import Api, Here, api_of
from sync_api.edge import MOST_BODY_BYTES, TooLarge
from sync_api.errors import Refused
from sync_api.gate import GatedRoute
from sync_api.inbox_writer import InboxWriter
from sync_api.shapes import BodyVenue, Data, Done, Limit, Offset, QueryVenue, Spec, VenueBody
from sync_core import traces
from sync_core.errors import SignatureError, TransientError, UnreadableWebhook
from sync_core.store import connections, inbox
from sync_core.store.inbox import Arrival
from sync_core.webhooks import parse, verify
from sync_core.webhooks.addresses import Address, at_address

router = APIRouter(tags=["webhooks"], route_class=GatedRoute)
# "retry" stands before {provider}, which it would be taken for.

PROVIDERS: Final = ("stripe", "square", "mailchimp", "quickbooks")
Shown = Literal["pending", "processed", "failed"]
STATUSES: Final[Mapping[Shown, tuple[inbox.Status, ...]]] = {
    "pending": ("received", "failed"),  # what failed is tried again until it is dead
    "processed": ("applied", "skipped"),
    "failed": ("dead",),
}
_SHOWN: Final[Mapping[inbox.Status, Shown]] = {status: name for name, known in STATUSES.items() for status in known}


class Received(BaseModel):
    """The webhook is kept."""

    success: Literal[True] = True
    received: int = Field(description="How many events it had.")


class Open(BaseModel):
    """The address is there; it takes POST."""

    success: Literal[True] = True


class EventShown(BaseModel):
    """One event of a venue's account, without what it says."""

    id: int
    event_id: str
    event_type: str
    object_type: str | None
    object_id: str | None
    status: Shown
    attempts: int
    reason: str | None
    occurred_at: datetime | None
    received_at: datetime
    processed_at: datetime | None


class RetryWebhook(VenueBody):
    """Which event of a venue to apply again."""

    webhookId: Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]  # noqa: N815 - JSON's name


@router.post(f"{V1}/webhooks/retry")
def retry_webhook(api: Here, venue: BodyVenue, body: RetryWebhook) -> Done:
    """Apply an event of a venue's account again, whatever became of it."""
    with api.database.begin() as conn:
        if not inbox.is_of(conn, body.webhookId, venue=venue):
            raise Refused("WEBHOOK_NOT_FOUND", f"There is no webhook {body.webhookId} of this venue.")
        inbox.retry(conn, [body.webhookId])
    return Done(message="Webhook queued for retry")


@router.post("/webhooks/{provider}", response_model=Received)
@router.post(f"{V1}/webhooks/{{provider}}", response_model=Received)
async def receive_webhook(request: Request, provider: str) -> Response:
    """Take a webhook at the application's address of a provider."""
    api = api_of(request)
    url = api.settings.square_webhook_url if provider == "square" else str(request.url)
    secrets = api.settings.webhook_secrets.get(_known(api, provider), ())
    return await _received(request, api, provider, Address(connection_id=None, secrets=secrets, url=url or ""))


@router.post("/webhooks/{provider}/{token}", response_model=Received)
async def receive_webhook_of_a_connection(request: Request, provider: str, token: str) -> Response:
    """Take a webhook at the address of one connection."""
    api = api_of(request)
    _known(api, provider)
    address = await run_in_threadpool(_addressed, api, provider, token)
    if provider != "square":  # which signs the address as it was given, whatever stands between it and us
        address = Address(address.connection_id, address.secrets, str(request.url))
    return await _received(request, api, provider, address)


@router.get("/webhooks/{provider}")
@router.get(f"{V1}/webhooks/{{provider}}")
async def check_webhook_address(api: Here, provider: str) -> Open:
    """Answer Mailchimp, which asks whether an address exists before it sends anything there."""
    return _open(api, provider)


@router.get("/webhooks/{provider}/{token}")
async def check_webhook_address_of_a_connection(api: Here, provider: str, token: str) -> Open:
    """Answer Mailchimp; whether the token is good is not told to somebody who only asks."""
    del token
    return _open(api, provider)


@router.get(f"{V1}/webhooks/{{provider}}/events")
def list_webhook_events(
    api: Here,
    spec: Spec,
    venue: QueryVenue,
    status: Annotated[Shown | None, Query(description="pending, processed or failed.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Data[list[EventShown]]:
    """List the events of a venue's account at a provider, the newest first."""
    with api.database.connect() as conn:
        connection = connections.find(conn, venue, spec.provider)
        if connection is None:
            raise Refused("INTEGRATION_NOT_FOUND", f"{venue} was never connected to {spec.title}.")
        statuses = STATUSES[status] if status is not None else ()
        lines = inbox.inspect(conn, connection=connection, statuses=statuses, limit=limit, offset=offset)
    return Data(data=[_shown(line) for line in lines])


async def _received(request: Request, api: Api, provider: str, address: Address) -> Response:
    body = await _raw(request)
    try:
        verify(
            provider,
            body=body,
            headers=dict(request.headers),
            secrets=address.secrets,
            url=address.url,
            now=api.clock.now().timestamp(),
        )
        events = parse(provider, body, request.headers.get("content-type", ""))
    except SignatureError as error:
        api.engine.meters.count("webhooks", provider, "rejected")
        raise Refused("WEBHOOK_SIGNATURE_INVALID", str(error)) from None
    except UnreadableWebhook as error:
        api.engine.meters.count("webhooks", provider, "unreadable")
        raise Refused("VALIDATION_ERROR", str(error)) from None
    writer: InboxWriter = request.app.state.inbox
    brought_by = traces.here()
    await writer.store([Arrival(provider, event, address.connection_id, brought_by) for event in events])
    api.engine.meters.count("webhooks", provider, "received", by=len(events))
    # Written by hand, as `Received` says: the framework's way from a model to bytes costs as much as the signature.
    return Response(b'{"success":true,"received":%d}' % len(events), media_type="application/json")


async def _raw(request: Request) -> bytes:
    """The body as it came, at most 1 MiB. Raises Refused when it is not as long as promised."""
    promised = request.headers.get("content-length")
    if promised is not None and (not promised.isascii() or not promised.isdigit()):
        raise Refused("VALIDATION_ERROR", "The Content-Length is no number.")
    if promised is not None and int(promised[:20]) > MOST_BODY_BYTES:
        raise TooLarge
    body = await request.body()
    if promised is not None and int(promised) != len(body):
        raise Refused("VALIDATION_ERROR", "The body is not as long as its Content-Length says.")
    return body


def _known(api: Api, provider: str) -> str:
    if provider not in PROVIDERS or provider not in api.specs:
        raise Refused("INVALID_PROVIDER", f"No webhooks are taken of such a provider: of {', '.join(PROVIDERS)}.")
    return provider


def _open(api: Api, provider: str) -> Open:
    if provider == "retry" or _known(api, provider) != "mailchimp":  # which is an address of its own, by POST
        raise Refused("METHOD_NOT_ALLOWED", "Webhooks of this provider come by POST.")
    return Open()


def _addressed(api: Api, provider: str, token: str) -> Address:
    try:
        with api.database.connect() as conn:
            return at_address(conn, api.engine.vault, provider, token)
    except SignatureError as error:
        raise Refused("WEBHOOK_SIGNATURE_INVALID", str(error)) from None
    except TransientError as error:
        raise Refused("SERVICE_UNAVAILABLE", str(error), retry_after=5) from None


def _shown(line: inbox.Line) -> EventShown:
    return EventShown(
        id=line.id,
        event_id=line.event_id,
        event_type=line.type,
        object_type=line.object_type,
        object_id=line.object_id,
        status=_SHOWN[line.status],
        attempts=line.attempts,
        reason=line.reason,
        occurred_at=line.occurred_at,
        received_at=line.received_at,
        processed_at=line.finished_at,
    )
