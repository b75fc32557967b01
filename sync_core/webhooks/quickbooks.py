"""Intuit's notifications, in the old form (an object with eventNotifications) and as CloudEvents (an array).

Both become the same types: "<entity in lower case>.<created|updated|deleted|merged|voided|emailed>".
Source: blogs.intuit.com/2025/11/12/upcoming-change-to-webhooks-payload-structure and developer.intuit.com, webhooks.
"""

import re
from collections.abc import Iterator, Mapping

from sync_core.errors import UnreadableWebhook
from sync_core.webhooks.event import Event, Json, fingerprint, mapping, moment, text

_CLOUD_TYPE = re.compile(r"qbo\.([a-z0-9_]+)\.([a-z]+)\.v\d+")
_OPERATIONS = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "merge": "merged",
    "void": "voided",
    "emailed": "emailed",
}


def events(sent: Json) -> list[Event]:
    """The events of a delivery, which may be of several companies. Raises UnreadableWebhook when it is in neither form."""
    if isinstance(sent, list):
        return [event for one in sent for event in _cloud(mapping(one))]
    if not isinstance(sent, dict) or not isinstance(sent.get("eventNotifications"), list):
        raise UnreadableWebhook("A webhook of QuickBooks is no notification, although its signature is good.")
    return [event for one in sent["eventNotifications"] for event in _old(mapping(one))]


def _cloud(sent: Mapping[str, Json]) -> Iterator[Event]:
    found = _CLOUD_TYPE.fullmatch(str(sent.get("type")))
    operation = found[2] if found else ""
    event_id = text(sent.get("id"))
    kind = f"{found[1]}.{_OPERATIONS.get(operation, operation)}" if found else text(sent.get("type")) or "unknown"
    entity_id, realm = text(sent.get("intuitentityid")), text(sent.get("intuitaccountid"))
    yield Event(
        id=event_id or fingerprint(realm, kind, entity_id, text(sent.get("time"))),
        type=kind,
        account_id=realm,
        object_type=found[1] if found else None,
        object_id=entity_id,
        occurred_at=moment(sent.get("time")),
        payload=sent,
        derived_id=event_id is None,
    )


def _old(notification: Mapping[str, Json]) -> Iterator[Event]:
    realm = text(notification.get("realmId"))
    entities = mapping(notification.get("dataChangeEvent")).get("entities")
    for entity in entities if isinstance(entities, list) else ():
        changed = mapping(entity)
        name = (text(changed.get("name")) or "unknown").lower()
        operation = (text(changed.get("operation")) or "unknown").lower()
        # After a merge two objects are not what they were: the one that stays and the one that is gone.
        for object_id in dict.fromkeys((text(changed.get("id")), text(changed.get("deletedId")))):
            if object_id is None:
                continue
            yield Event(
                id=fingerprint(realm, name, operation, object_id, text(changed.get("lastUpdated"))),
                type=f"{name}.{_OPERATIONS.get(operation, operation)}",
                account_id=realm,
                object_type=name,
                object_id=object_id,
                occurred_at=moment(changed.get("lastUpdated")),
                payload={"realmId": realm, **changed},
                derived_id=True,
            )
