"""Change data capture: everything of several entities that changed since a time, deleted transactions included.

Source: developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture: thirty
days back at most, a thousand objects at most, and no second page.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sync_sims.quickbooks.books import Row, is_deleted
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.entities import ENTITIES
from sync_sims.quickbooks.pacific import moment_of
from sync_sims.quickbooks.refusal import Refused, missing
from sync_sims.quickbooks.statement import invalid
from sync_sims.quickbooks.writes import shown_row

_FURTHEST = timedelta(days=30)
_MOST = 1000


def answer_changes(call: Call, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The CDCResponse. An entity that cannot be asked for has a Fault in it, inside an answer 200.

    Raises:
        Refused: A parameter is missing, or the time is no time or too long ago.
    """
    for name in ("entities", "changedSince"):
        if not query.get(name):
            raise missing(name)
    try:
        since = moment_of(query["changedSince"].replace(" ", "+"))
    except ValueError:
        raise invalid(f"Invalid date/time value {query['changedSince']}") from None
    if since < call.now - _FURTHEST:
        raise invalid("changedSince must be within the last 30 days.")
    answers = [_changed(call, name.strip(), since) for name in query["entities"].split(",")]
    faults = [answer for answer in answers if "Fault" in answer]
    responses = [answer for answer in answers if "Fault" not in answer]
    return [{"QueryResponse": responses}, *faults]


def _changed(call: Call, name: str, since: datetime) -> dict[str, Any]:
    entity = ENTITIES.get(name.lower())
    if entity is None or not entity.changes_told:
        refusal = Refused("500", "Unsupported Operation", f"Change data capture of {name} is not supported.")
        return {"Fault": refusal.fault}
    rows = [
        row
        for row in call.books.rows[entity.name].values()
        if moment_of(row["MetaData"]["LastUpdatedTime"]) >= since.replace(microsecond=0)
    ][:_MOST]
    if not rows:
        return {}
    shown = [_deletion(row) if is_deleted(row) else shown_row(call, entity, row) for row in rows]
    return {entity.name: shown, "startPosition": 1, "maxResults": len(shown)}


def _deletion(row: Row) -> Row:
    """What is told of a deleted object."""
    updated = {"LastUpdatedTime": row["MetaData"]["LastUpdatedTime"]}
    return {"domain": "QBO", "status": "Deleted", "Id": row["Id"], "MetaData": updated}
