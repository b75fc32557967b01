"""The fields of both sides, and what a mapping makes of a sample: for people who think about a mapping."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from sync_api.access import V1
from sync_api.context import Here
from sync_api.errors import FieldError, Refused
from sync_api.gate import GatedRoute
from sync_api.pairs import Named, Pairs, by_entity, changed, known
from sync_api.shapes import Asked, Data, Spec
from sync_core.mapping.compile import Mapping as FieldMapping
from sync_core.mapping.preview import preview

router = APIRouter(tags=["mappings"], route_class=GatedRoute)

Sample = dict[Annotated[str, StringConstraints(max_length=64)], Any]


class Fields(BaseModel):
    """Every field of both sides, as entity.field."""

    source: list[str]
    target: list[str]


class TestBody(Asked):
    """Sample rows by entity, and (optionally) pairs in place of the declared ones."""

    mappings: Pairs = Field(default_factory=dict[str, str])
    sampleData: Annotated[dict[Named, Sample | list[Sample]], Field(min_length=1, max_length=50)]  # noqa: N815


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
    source, target = known(api, spec)
    return Data(data=Fields(source=sorted(source), target=sorted(target)))


@router.post(f"{V1}/mappings/{{provider}}/mappings/test")
def try_mappings(api: Here, spec: Spec, body: TestBody) -> Data[Tried]:
    """Show what the declared mapping, or it with some pairs changed, makes of sample rows; stores nothing."""
    pairs = by_entity(api, spec, body.mappings)
    tried = Tried(original=body.sampleData, mapped={}, problems=[])
    for entity, sample in body.sampleData.items():
        if entity not in spec.entities:
            wrong = [FieldError(field="sampleData", message=f"{spec.title} has {', '.join(spec.entities)}")]
            raise Refused("MAPPING_INVALID", "A sample is of an entity that there is not: see details.", details=wrong)
        _try(changed(api, spec, entity, pairs.get(entity, {})), entity, sample, tried)
    return Data(data=tried)


def _try(mapping: FieldMapping, entity: str, sample: Sample | list[Sample], tried: Tried) -> None:
    rows = sample if isinstance(sample, list) else [sample]
    found = preview(mapping, rows)
    shown = [found.mapped.get(number) for number in range(len(rows))]
    tried.mapped[entity] = shown if isinstance(sample, list) else shown[0]
    tried.problems.extend(
        Problem(entity=entity, row=int(bad.id), field=bad.column, code=bad.code, message=bad.reason)
        for bad in found.bad
    )
