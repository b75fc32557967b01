"""Stripe's events: snapshot events with the object inside, and thin ones that only name it.

Source: docs.stripe.com/api/events/object and docs.stripe.com/api/v2/core/events; a connected account's events carry
`account` (docs.stripe.com/connect/webhooks), thin ones `context`.
"""

from collections.abc import Mapping

from sync_core.errors import UnreadableWebhook
from sync_core.webhooks.event import Event, Json, fingerprint, mapping, moment, text, whole


def events(sent: Json) -> list[Event]:
    """The one event of a delivery. Raises UnreadableWebhook when it is no event."""
    if not isinstance(sent, dict) or sent.get("object") not in ("event", "v2.core.event"):
        raise UnreadableWebhook("A webhook of Stripe is no event, although its signature is good.")
    kind, object_id = _subject(sent)
    event_id = text(sent.get("id"))
    return [
        Event(
            id=event_id or fingerprint(whole(sent)),
            type=text(sent.get("type")) or "unknown",
            account_id=text(sent.get("account")) or text(sent.get("context")),
            object_type=kind,
            object_id=object_id,
            occurred_at=moment(sent.get("created")),
            payload=sent,
            derived_id=event_id is None,
        )
    ]


def _subject(sent: Mapping[str, Json]) -> tuple[str | None, str | None]:
    """The object that is kept in step: of a price that is its product."""
    if "related_object" in sent:
        thin = mapping(sent["related_object"])
        return text(thin.get("type")), text(thin.get("id"))
    shown = mapping(mapping(sent.get("data")).get("object"))
    if shown.get("object") == "price":
        product = shown.get("product")
        return "product", text(product) or text(mapping(product).get("id"))
    return text(shown.get("object")), text(shown.get("id"))
