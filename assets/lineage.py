"""Who feeds whom, drawn through the venue's own tables.

No synced asset depends on another one directly: Dagster would skip an asset for all venues of a run because one venue
failed at the one before. Their order inside a run comes from priorities (`factory`), their lineage from here.
"""

from collections import defaultdict
from collections.abc import Mapping

import dagster as dg

from assets.keys import synced_key, table_key
from sync_core.spec.provider import ProviderSpec

Upstream = Mapping[dg.AssetKey, frozenset[dg.AssetKey]]


def upstream(specs: Mapping[str, ProviderSpec]) -> Upstream:
    """What each asset is made of, for all providers together; assets without an upstream are absent.

    An entity that pushes comes from its venue table, an entity that only pulls feeds it. An entity that needs another
    one which pulls also reads the table that one feeds, unless this would close a circle.
    """
    edges: dict[dg.AssetKey, set[dg.AssetKey]] = defaultdict(set)
    for provider, spec in specs.items():
        for name, entity in spec.entities.items():
            asset, table = synced_key(provider, name), table_key(entity.model)
            if entity.pushes:
                edges[asset].add(table)
            else:
                edges[table].add(asset)
    for provider in sorted(specs):
        spec = specs[provider]
        for name in spec.in_order():
            for needed in (spec.entities[other] for other in spec.entities[name].needs):
                asset, table = synced_key(provider, name), table_key(needed.model)
                if needed.pulls and not _reaches(edges, asset, table):
                    edges[asset].add(table)
    return {key: frozenset(sources) for key, sources in edges.items()}


def _reaches(edges: Mapping[dg.AssetKey, set[dg.AssetKey]], source: dg.AssetKey, target: dg.AssetKey) -> bool:
    """Whether `target` is made of `source`, however indirectly."""
    to_visit, seen = [target], set[dg.AssetKey]()
    while to_visit:
        key = to_visit.pop()
        if key == source:
            return True
        if key not in seen:
            seen.add(key)
            to_visit.extend(edges.get(key, ()))
    return False
