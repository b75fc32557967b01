"""What a connection's settings come to for one entity: which way it goes, and which records it is about.

What stays true: settings only narrow what is declared. The side that a record comes from decides whether it is within
a filter; one that is not is left as it is on the other side, and none is ever deleted for it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sync_core.errors import ConfigurationError
from sync_core.mapping.compile import Mapping as FieldMapping
from sync_core.spec.connection import ConnectionSettings, Wanted
from sync_core.spec.provider import EntitySpec, ProviderSpec
from sync_core.spec.template import ColumnType

NONE_CHANGED = ""
_TYPES: Mapping[ColumnType, type] = {"text": str, "integer": int, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Terms:
    """`filters` maps a column of the model to the values that are wanted."""

    pushes: bool
    pulls: bool
    filters: Mapping[str, Wanted]

    def admit(self, values: Mapping[str, Any]) -> bool:
        """Whether a record with these values, by column, is wanted."""
        return all(values.get(column) in wanted for column, wanted in self.filters.items())

    @property
    def mark(self) -> str:
        """Tells filters apart: a place that was reached under others is none. Empty where there are none."""
        if not self.filters:
            return NONE_CHANGED
        told = {column: sorted(wanted, key=str) for column, wanted in self.filters.items()}
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def terms_of(settings: ConnectionSettings, spec: EntitySpec, entity: str) -> Terms:
    """The terms of an entity under these settings."""
    chosen = settings.direction.get(entity)
    return Terms(
        pushes=spec.pushes and chosen != "pull",
        pulls=spec.pulls and chosen != "push",
        filters=settings.filters.get(entity, {}),
    )


def chosen(settings: ConnectionSettings, entity: str, *, version: int | None) -> str:
    """A mark of what a venue has chosen of an entity, its own mapping's `version` included; empty if nothing.

    After a sync under another mark the records that were passed over then are still to be looked at.
    """
    told = {
        "direction": settings.direction.get(entity),
        "filters": {column: sorted(wanted, key=str) for column, wanted in settings.filters.get(entity, {}).items()},
        "mapping": version,
    }
    if not any(told.values()):
        return NONE_CHANGED
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def require_fitting(
    settings: ConnectionSettings, spec: ProviderSpec, mappings: Mapping[tuple[str, str], FieldMapping]
) -> None:
    """Raise ConfigurationError where settings speak of what the declaration of a provider has not."""
    for name, direction in settings.direction.items():
        entity = _entity(spec, name)
        if entity.direction not in ("both", direction):
            raise ConfigurationError(
                f"{name} of {spec.title} is declared for {entity.direction} only and cannot be set to {direction}: "
                f"leave it out."
            )
    for name, columns in settings.filters.items():
        entity = _entity(spec, name)
        pulls = terms_of(settings, entity, name).pulls
        for column, wanted in columns.items():
            _require_column(name, column, wanted, mapping=mappings[spec.provider, name], pulls=pulls, spec=spec)


def _entity(spec: ProviderSpec, name: str) -> EntitySpec:
    if name not in spec.entities:
        raise ConfigurationError(f"{spec.title} has no {name}: it has {', '.join(spec.in_order())}.")
    return spec.entities[name]


def _require_column(
    entity: str, column: str, wanted: Wanted, *, mapping: FieldMapping, pulls: bool, spec: ProviderSpec
) -> None:
    known: dict[str, ColumnType] = {n: one.type for n, one in mapping.model.columns.items() if one.type in _TYPES}
    if column not in known:
        raise ConfigurationError(f"{entity} cannot be filtered by {column}: its columns are {', '.join(known)}.")
    kind = known[column]
    if any(type(value) is not _TYPES[kind] for value in wanted):
        raise ConfigurationError(f"The filter of {entity} by {column} wants values of the type {kind}.")
    if pulls and column not in mapping.pull_columns:
        there = [name for name in mapping.pull_columns if name in known]
        raise ConfigurationError(
            f"{spec.title} does not tell {column} of {entity}, so what comes from there cannot be filtered by it: set "
            f"the direction to push, or filter by {', '.join(there) or 'nothing'}."
        )
