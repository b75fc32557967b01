"""Objects as they are now, by their ids, a hundred to a query; reports, which have no ids of QuickBooks', are computed anew.

Stays true: an object that QuickBooks does not have any more is told as gone, never left out.
"""

from collections.abc import Sequence

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Remote
from sync_core.providers.quickbooks.calls import Object, QuickBooksCalls
from sync_core.providers.quickbooks.shapes import Listed

_MOST_IDS = 100
"""Ids of one query, which travels in an address: ids are numbers, so it stays below two thousand characters."""


def fetch_objects(calls: QuickBooksCalls, shape: Listed, ids: Sequence[str]) -> list[Remote]:
    """The objects with these ids, in that order; one that is gone or of no concern here comes empty, marked deleted.

    Raises:
        ProviderRefused: An id is none that QuickBooks gives.
    """
    for one in ids:
        if not (one.isascii() and one.isdigit()):
            raise ProviderRefused(f"{one!r} is not an id of QuickBooks'.")
    asked = list(dict.fromkeys(ids))
    found: dict[str, Object] = {}
    for start in range(0, len(asked), _MOST_IDS):
        chunk = asked[start : start + _MOST_IDS]
        found |= {one["Id"]: one for one in calls.query(shape.entity, _clauses(shape, chunk), columns=shape.columns)}
    return [_shown(shape, one, found.get(one)) for one in ids]


def _clauses(shape: Listed, ids: Sequence[str]) -> str:
    listed = ", ".join(f"'{one}'" for one in ids)
    return f"WHERE {shape.where + ' AND ' if shape.where else ''}Id IN ({listed}) MAXRESULTS {_MOST_IDS}"


def _shown(shape: Listed, remote_id: str, found: Object | None) -> Remote:
    remote = None if found is None else shape.remote(found)
    return Remote(remote_id, {}, deleted=True) if remote is None else remote
