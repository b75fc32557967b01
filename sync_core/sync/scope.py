"""Which of a venue's rows a sync is about, and which of their columns it reads."""

from collections.abc import Iterable

from sync_core.mapping.compile import Mapping
from sync_core.spec.provider import ProviderSpec
from sync_core.store.rows import TABLES, Scope


def scope_of(spec: ProviderSpec, entity: str, mapping: Mapping, venue: str, *, besides: Iterable[str] = ()) -> Scope:
    """Which of the venue's rows an entity is about; columns `besides` those of the declaration are read with them."""
    declared = spec.entities[entity]
    columns = (
        *mapping.push_columns,
        *mapping.pull_columns,
        *(reference.column for reference in mapping.references),
        *declared.only_if,
        *declared.begin_if,
        *besides,
    )
    return Scope(
        table=TABLES[declared.model],
        venue=venue,
        columns=tuple(dict.fromkeys(columns)),
        where=declared.where,
        only_with=declared.only_with,
    )
