"""Mappings as the API's callers write them, `entity.column` to `entity.path`, turned into what the engine can judge."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from sync_api.context import Api
from sync_api.errors import FieldError, Refused
from sync_core.errors import DeclarationError
from sync_core.mapping.compile import Mapping as FieldMapping
from sync_core.mapping.custom import customise
from sync_core.mapping.pairs import pairs_of, with_pairs
from sync_core.spec.provider import ProviderSpec

Named = Annotated[str, StringConstraints(max_length=200)]
Pairs = Annotated[dict[Named, Named], Field(max_length=500, description="The venue's column to the provider's field.")]
Templates = Annotated[
    dict[Named, dict[str, Any]],
    Field(max_length=50, description="Whole templates by entity, in the language of the declared ones."),
]


def known(api: Api, spec: ProviderSpec) -> tuple[set[str], set[str]]:
    """The venue's columns and the provider's fields that the declared mappings know, as entity.field."""
    source: set[str] = set()
    target: set[str] = set()
    for entity in spec.in_order():
        mapping = api.engine.mappings[spec.provider, entity]
        source |= {f"{entity}.{column}" for column in ("id", *mapping.model.columns)}
        target |= {f"{entity}.{path}" for path in (*mapping.push_paths, *mapping.pull_paths)}
    return source, target


def shown(mappings: Mapping[str, FieldMapping]) -> dict[str, str]:
    """Mappings by entity, as pairs."""
    return {
        f"{entity}.{column}": f"{entity}.{path}"
        for entity, mapping in mappings.items()
        for column, path in pairs_of(mapping).items()
    }


def by_entity(api: Api, spec: ProviderSpec, pairs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The pairs of each entity, without its name. Raises Refused MAPPING_INVALID for a field that there is not.

    A field beside known ones is one too: metadata.colour where there is metadata.size.
    """
    source, target = known(api, spec)
    places = {place for place in (path.rpartition(".")[0] for path in target) if "." in place}
    wrong: list[FieldError] = []
    found: dict[str, dict[str, str]] = {}
    for name, path in pairs.items():
        entity, _, column = name.partition(".")
        if name not in source:
            wrong.append(FieldError(field="mappings", message=f"Unknown source field {_cut(name)}"))
        elif not path.startswith(f"{entity}.") or (path not in target and path.rpartition(".")[0] not in places):
            wrong.append(FieldError(field=f"mappings.{name}", message=f"Unknown target field {_cut(path)}"))
        else:
            found.setdefault(entity, {})[column] = path.removeprefix(f"{entity}.")
    if wrong:
        raise Refused("MAPPING_INVALID", "Invalid mappings: see details.", details=wrong[:50])
    return found


def refuse_without_required(api: Api, spec: ProviderSpec, pairs: Mapping[str, Mapping[str, str]]) -> None:
    """Raise Refused REQUIRED_FIELD_MISSING where the pairs of an entity leave out what the provider requires."""
    wrong = [
        FieldError(field=f"mappings.{entity}.{column}", message="Required by the provider and not mapped")
        for entity, chosen in pairs.items()
        for part in api.engine.mappings[spec.provider, entity].pushed
        if any(ruled.required for ruled in part.ruled())
        for column in part.columns
        if column not in chosen
    ]
    if wrong:
        raise Refused("REQUIRED_FIELD_MISSING", "A required field is not mapped: see details.", details=wrong)


def changed(api: Api, spec: ProviderSpec, entity: str, pairs: Mapping[str, str]) -> FieldMapping:
    """The declared mapping of an entity with these pairs in the place of its own. Raises Refused MAPPING_INVALID."""
    declared, where = api.engine.mappings[spec.provider, entity], f"{spec.provider}/{entity}"
    with told(entity):
        template = with_pairs(declared.template, pairs_of(declared) | dict(pairs), where=where)
        return customise(declared, template, spec, entity, where=where)


@contextmanager
def told(entity: str) -> Iterator[None]:
    """A template that is wrong is the caller's: say so, with the path in it. Raises Refused MAPPING_INVALID."""
    try:
        yield
    except DeclarationError as wrong:
        details = [FieldError(field=f"{entity}.{wrong.path}".rstrip("."), message=wrong.reason)]
        raise Refused("MAPPING_INVALID", "Invalid mapping: see details.", details=details) from None


def _cut(name: str) -> str:
    return ascii(name[:80])
