"""Mappings as callers see them: which of the venue's columns is which of the provider's fields, and what becomes of a sample.

A mapping is declared for all venues alike and proved when it is loaded. A venue's own is not supported, and asking for
one is answered so; what may be asked is whether it would be valid, and what the declared one makes of a sample.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from sync_api.access import V1
from sync_api.context import Api, Here
from sync_api.errors import FieldError, Refused
from sync_api.gate import GatedRoute
from sync_api.shapes import Asked, BodyVenue, Data, Done, QueryVenue, Spec, VenueBody
from sync_core.mapping.compile import Mapping as FieldMapping
from sync_core.mapping.preview import preview
from sync_core.spec.provider import ProviderSpec

router = APIRouter(tags=["mappings"], route_class=GatedRoute)

TEMPLATE = "default"
Named = Annotated[str, StringConstraints(max_length=200)]
Pairs = Annotated[dict[Named, Named], Field(max_length=500, description="The venue's column to the provider's field.")]
Sample = dict[Annotated[str, StringConstraints(max_length=64)], Any]


class Fields(BaseModel):
    """Every field of both sides, as entity.field."""

    source: list[str]
    target: list[str]


class Mapped(BaseModel):
    """What is mapped to what. `templateAppliedAt` is None: the declared template has always applied."""

    mappings: dict[str, str]
    templateId: str  # noqa: N815 - JSON's name
    templateAppliedAt: datetime | None = None  # noqa: N815 - JSON's name


class MappingsBody(VenueBody):
    """A mapping that a venue wants."""

    mappings: Pairs


class TestBody(Asked):
    """Sample rows by entity, and (optionally) the pairs that one expects to apply."""

    mappings: Pairs = Field(default_factory=dict[str, str])
    sampleData: Annotated[dict[Named, Sample | list[Sample]], Field(min_length=1, max_length=50)]  # noqa: N815


class TemplateBody(VenueBody):
    """Which template; the one that fits where none is named."""

    templateId: Named | None = None  # noqa: N815 - JSON's name


class Problem(BaseModel):
    """Why a sample row would not be pushed."""

    entity: str
    row: int
    field: str
    code: str
    message: str


class Tried(BaseModel):
    """The samples, the provider's objects that they become, and what is wrong with the others."""

    original: dict[str, Any]
    mapped: dict[str, Any]
    problems: list[Problem]


@router.get(f"{V1}/mappings/{{provider}}/fields")
def available_fields(api: Here, spec: Spec) -> Data[Fields]:
    """The venue's columns and the provider's fields that the mappings know."""
    source, target = _known(api, spec)
    return Data(data=Fields(source=sorted(source), target=sorted(target)))


@router.get(f"{V1}/mappings/{{provider}}/mappings")
def current_mappings(api: Here, spec: Spec, venue: QueryVenue) -> Data[Mapped]:
    """The mapping in force, which is the declared one."""
    del venue  # the same for every venue; asked for so that only who sees the venue sees its mapping
    return Data(data=Mapped(mappings=_declared(api, spec), templateId=TEMPLATE))


@router.put(f"{V1}/mappings/{{provider}}/mappings")
def update_mappings(api: Here, spec: Spec, venue: BodyVenue, body: MappingsBody) -> Done:
    """Judge a mapping. One that equals the declared mapping is in force; another one cannot be stored."""
    _refuse_unknown(api, spec, body.mappings)
    missing = [name for name in _required(api, spec) if name not in body.mappings]
    if missing:
        wrong = [
            FieldError(field=f"mappings.{name}", message="Required by the provider and not mapped") for name in missing
        ]
        raise Refused("REQUIRED_FIELD_MISSING", "A required field is not mapped: see details.", details=wrong)
    if body.mappings != _declared(api, spec):
        sentence = f"The mapping is valid, but {venue} cannot have its own: mappings are declared for all venues."
        raise Refused("PROVIDER_NOT_SUPPORTED", sentence)
    return Done(message="Mappings are as declared already")


@router.post(f"{V1}/mappings/{{provider}}/mappings/test")
def try_mappings(api: Here, spec: Spec, body: TestBody) -> Data[Tried]:
    """Show what the declared mapping makes of sample rows; stores nothing."""
    _refuse_unknown(api, spec, body.mappings)
    declared = _declared(api, spec)
    others = [name for name, path in body.mappings.items() if declared.get(name) != path]
    if others:
        wrong = [FieldError(field=f"mappings.{name}", message=f"Declared as {declared.get(name)}") for name in others]
        raise Refused("MAPPING_INVALID", "Only declared pairs can be tested: see details.", details=wrong)
    tried = Tried(original=body.sampleData, mapped={}, problems=[])
    for entity, sample in body.sampleData.items():
        _try(api, spec, entity, sample, tried)
    return Data(data=tried)


@router.post(f"{V1}/mappings/{{provider}}/mappings/apply-template")
def apply_template(spec: Spec, venue: BodyVenue, body: TemplateBody) -> Done:
    """Apply a template. Each provider has one, which applies already."""
    if body.templateId not in (None, TEMPLATE):
        raise Refused("TEMPLATE_NOT_FOUND", f"{spec.title} has one template: {TEMPLATE}.")
    return Done(message=f"Template {TEMPLATE} applies to {venue} already")


@router.post(f"{V1}/mappings/{{provider}}/mappings/reset")
def reset_mappings(spec: Spec, venue: BodyVenue, _body: VenueBody) -> Done:
    """Go back to the declared mapping, from which no venue departs."""
    return Done(message=f"Mappings of {venue} with {spec.title} are the default template's already")


@router.post(f"{V1}/mappings/{{provider}}/mappings/heal")
def heal_mappings(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> Done:
    """See whether a mapped field is unknown. Declared mappings are proved when they load, so none can be."""
    source, target = _known(api, spec)
    broken = [name for name, path in _declared(api, spec).items() if name not in source or path not in target]
    return Done(message=f"{len(broken)} mappings of {venue} with {spec.title} are broken")


def _mappings(api: Api, spec: ProviderSpec) -> Iterator[tuple[str, FieldMapping]]:
    for entity in spec.in_order():
        yield entity, api.engine.mappings[spec.provider, entity]


def _known(api: Api, spec: ProviderSpec) -> tuple[set[str], set[str]]:
    source: set[str] = set()
    target: set[str] = set()
    for entity, mapping in _mappings(api, spec):
        source |= {f"{entity}.{column}" for column in ("id", *mapping.model.columns)}
        target |= {f"{entity}.{path}" for path in (*mapping.push_paths, *mapping.pull_paths)}
    return source, target


def _declared(api: Api, spec: ProviderSpec) -> dict[str, str]:
    return {
        f"{entity}.{column}": f"{entity}.{part.paths[0]}"
        for entity, mapping in _mappings(api, spec)
        for part in (*mapping.pulled, *mapping.pushed)
        for column in part.columns
    }


def _required(api: Api, spec: ProviderSpec) -> list[str]:
    return [
        f"{entity}.{column}"
        for entity, mapping in _mappings(api, spec)
        for part in mapping.pushed
        if any(ruled.required for ruled in part.ruled())
        for column in part.columns
    ]


def _refuse_unknown(api: Api, spec: ProviderSpec, pairs: Mapping[str, str]) -> None:
    source, target = _known(api, spec)
    wrong = [
        FieldError(field="mappings", message=f"Unknown source field {_cut(name)}")
        for name in pairs
        if name not in source
    ]
    wrong += [
        FieldError(field=f"mappings.{name}", message=f"Unknown target field {_cut(path)}")
        for name, path in pairs.items()
        if name in source and path not in target
    ]
    if wrong:
        raise Refused("MAPPING_INVALID", "Invalid mappings: see details.", details=wrong[:50])


def _cut(name: str) -> str:
    return ascii(name[:80])


def _try(api: Api, spec: ProviderSpec, entity: str, sample: Sample | list[Sample], tried: Tried) -> None:
    mapping = api.engine.mappings.get((spec.provider, entity))
    if mapping is None:
        wrong = [FieldError(field="sampleData", message=f"{spec.title} has {', '.join(spec.entities)}")]
        raise Refused("MAPPING_INVALID", "A sample is of an entity that there is not: see details.", details=wrong)
    rows = sample if isinstance(sample, list) else [sample]
    found = preview(mapping, rows)
    shown = [found.mapped.get(number) for number in range(len(rows))]
    tried.mapped[entity] = shown if isinstance(sample, list) else shown[0]
    tried.problems.extend(
        Problem(entity=entity, row=int(bad.id), field=bad.column, code=bad.code, message=bad.reason)
        for bad in found.bad
    )
