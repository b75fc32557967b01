"""Events: what Stripe tells about every change, kept for 30 days (docs.stripe.com/api/events)."""

from fnmatch import fnmatchcase
from typing import Any

from sync_sims.stripe.listing import page_of
from sync_sims.stripe.parameters import Array, Between, Boolean, Text
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import VERSION, Call, refuse_unless

KEPT_FOR = 30 * 24 * 3600
FILTERS = {"type": Text(), "types": Array(Text(), most=20), "delivery_success": Boolean()}


def emit(call: Call, event_type: str, entry: Object, *, previous: dict[str, Any] | None = None) -> None:
    """Record that `entry` came to be what it is; `previous` holds the old values on an update."""
    data: dict[str, Any] = {"object": entry}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": call.new_id("events", "evt_"),
        "object": "event",
        "api_version": VERSION,
        "created": call.now,
        "data": data,
        "livemode": entry.get("livemode", call.livemode),
        "pending_webhooks": 0,
        "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
        "type": event_type,
    }
    call.put("events", event)


def emit_update(call: Call, event_type: str, *, before: Object, after: Object) -> None:
    """Record an update, naming the old values; nothing when nothing changed."""
    previous = _previous(before, after)
    if previous:
        emit(call, event_type, after, previous=previous)


def _previous(before: Object, after: Object) -> dict[str, Any]:
    """The old values of what changed, within hashes too; None for what was not there."""
    old: dict[str, Any] = {}
    for name in {**before, **after}:
        was, is_now = before.get(name), after.get(name)
        if was == is_now:
            continue
        both = isinstance(was, dict) and isinstance(is_now, dict)
        old[name] = _previous(was, is_now) if both else was  # type: ignore[arg-type]
    return old


def list_events(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/events: the last 30 days, by `type` (with a wildcard) or up to 20 `types`."""
    refuse_unless(
        not ("type" in given and "types" in given), "You may only specify one of these parameters: type, types."
    )
    patterns = given.get("types") or ([given["type"]] if "type" in given else None)
    oldest = int(call.world.clock()) - KEPT_FOR
    created = given.get("created") or Between()
    within = Between(least=max(oldest, created.least or oldest), most=created.most)

    def wanted(event: Object) -> bool:
        return patterns is None or any(fnmatchcase(event["type"], pattern) for pattern in patterns)

    return page_of(call, "events", {**given, "created": within}, wanted=wanted)


def get_event(call: Call, event_id: str) -> Object:
    """GET /v1/events/{id}."""
    return call.addressed("events", event_id)
