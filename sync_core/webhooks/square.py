"""Square's events.

Source: developer.squareup.com/docs/webhooks/overview and the *Event schemas of the OpenAPI document: `data.id` is the
object's id, except where the event is about something that has none (`catalog.version.updated`) or about several
objects (`inventory.count.updated`).
"""

from collections.abc import Iterator, Mapping

from sync_core.errors import UnreadableWebhook
from sync_core.webhooks.event import Event, Json, fingerprint, mapping, moment, text, whole


def events(sent: Json) -> list[Event]:
    """The event of a delivery, once for each object it is about. Raises UnreadableWebhook when it is no event."""
    if not isinstance(sent, dict) or text(sent.get("type")) is None:
        raise UnreadableWebhook("A webhook of Square is no event, although its signature is good.")
    data = mapping(sent.get("data"))
    given = text(sent.get("event_id"))
    event_id = given or fingerprint(whole(sent))
    return [
        Event(
            id=event_id if place == 0 else f"{event_id}#{place}",
            type=sent["type"],
            account_id=text(sent.get("merchant_id")),
            object_type=text(data.get("type")),
            object_id=object_id,
            occurred_at=moment(sent.get("created_at")),
            payload=sent,
            derived_id=given is None,
        )
        for place, object_id in enumerate(dict.fromkeys(_subjects(data)))
    ]


def _subjects(data: Mapping[str, Json]) -> Iterator[str | None]:
    kind, shown = text(data.get("type")), mapping(data.get("object"))
    counts = shown.get("inventory_counts")
    if isinstance(counts, list) and counts:
        yield from (text(mapping(count).get("catalog_object_id")) for count in counts)
    elif kind in ("catalog_version", "inventory_counts"):
        yield None  # its id is the event's own, and names no object
    elif "loyalty_event" in shown:
        yield text(mapping(shown["loyalty_event"]).get("loyalty_account_id"))
    else:
        yield text(data.get("id"))
