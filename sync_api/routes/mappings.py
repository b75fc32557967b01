"""A venue's own mappings: what counts, what one of one's own would change, setting it, and going back.

Nothing is stored that was not found to fit; the next sync of the entity looks at every record under the new mapping.
"""

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, Field

from sync_api.access import V1
from sync_api.connected import require, require_connected
from sync_api.context import Api, Here
from sync_api.errors import FieldError, Refused
from sync_api.gate import CallerNow, GatedRoute
from sync_api.pairs import Named, Pairs, Templates, by_entity, refuse_without_required, shown, told
from sync_api.shapes import BodyVenue, Data, Done, DoneWith, QueryVenue, Spec, VenueBody
from sync_core.errors import ConfigurationError
from sync_core.mapping.compile import Mapping as FieldMapping
from sync_core.mapping.custom import written
from sync_core.mapping.pairs import with_pairs
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections, venue_mappings
from sync_core.store.connections import Connection
from sync_core.store.venue_mappings import Version
from sync_core.sync import remapping

router = APIRouter(tags=["mappings"], route_class=GatedRoute)

DECLARED, OWN = "default", "custom"
LARGEST = 2**31 - 1


class Mapped(BaseModel):
    """What is mapped to what. `templates` are the venue's own by entity, `versions` the numbers of what counts."""

    mappings: dict[str, str]
    templateId: str  # noqa: N815 - JSON's name
    templateAppliedAt: datetime | None = None  # noqa: N815 - JSON's name
    templates: dict[str, dict[str, Any]]
    versions: dict[str, int]


class MappingsBody(VenueBody):
    """A mapping that a venue wants: all pairs of the entities that are named, or whole templates."""

    mappings: Pairs = Field(default_factory=dict[str, str])
    templates: Templates = Field(default_factory=dict[str, dict[str, Any]])


class PreviewBody(MappingsBody):
    """The same, and of how many rows of each entity one wants to see it."""

    rows: Annotated[int, Field(ge=1, le=100)] = 20


class TemplateBody(VenueBody):
    """Which template: the declared ones where none is named, else a kept version, such as customers@3."""

    templateId: Named | None = None  # noqa: N815 - JSON's name


class Kept(BaseModel):
    """One version of one entity's mapping. `template` None: the declared one."""

    templateId: str  # noqa: N815 - JSON's name
    entity: str
    version: int
    active: bool
    madeBy: str  # noqa: N815 - JSON's name
    madeAt: datetime  # noqa: N815 - JSON's name
    template: dict[str, Any] | None


class Changed(BaseModel):
    """What would change of one record: by field, what it holds and what it would hold."""

    entity: str
    direction: str
    operation: str
    record: str
    fields: dict[str, tuple[Any, Any]]


@router.get(f"{V1}/mappings/{{provider}}/mappings")
def current_mappings(api: Here, spec: Spec, venue: QueryVenue) -> Data[Mapped]:
    """The mappings that count for a venue: the declared ones, or its own in their place."""
    with api.database.connect() as conn:
        connection = connections.find(conn, venue, spec.provider)
        active = venue_mappings.active(conn, connection.id) if connection else {}
        counting = {entity: _counting(api, conn, spec, connection, entity) for entity in spec.in_order()}
    own = {entity: dict(kept.template) for entity, kept in active.items() if kept.template is not None}
    data = Mapped(
        mappings=shown(counting),
        templateId=OWN if own else DECLARED,
        templateAppliedAt=max((kept.made_at for kept in active.values()), default=None),
        templates=own,
        versions={entity: kept.version for entity, kept in active.items()},
    )
    return Data(data=data)


@router.get(f"{V1}/mappings/{{provider}}/mappings/history")
def mapping_history(api: Here, spec: Spec, venue: QueryVenue) -> Data[list[Kept]]:
    """Every version of a venue's own mappings, by entity, the latest first."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
        kept = [one for entity in spec.in_order() for one in venue_mappings.history(conn, connection.id, entity)]
    return Data(data=[_kept(one) for one in kept])


@router.put(f"{V1}/mappings/{{provider}}/mappings")
def update_mappings(api: Here, spec: Spec, venue: BodyVenue, body: MappingsBody, caller: CallerNow) -> Done:
    """Let a mapping of its own count for a venue, from the next sync on. Entities that are not named stay as they are."""
    pairs = _asked(api, spec, body)
    with api.database.begin() as conn:
        connection = connections.find(conn, venue, spec.provider)
        if connection is None and not body.templates and _is_declared(api, spec, pairs):
            return Done(message="Mappings are as declared already")
        connection = require(conn, venue, spec)
        drafts = _drafts(api, spec, connection, body, pairs)
        made = [
            remapping.adopt(api.engine, conn, connection, entity, mapping, made_by=caller.name)
            for entity, mapping in drafts.items()
        ]
    return Done(message=_said([version for version in made if version is not None]))


@router.post(f"{V1}/mappings/{{provider}}/mappings/preview")
def preview_mappings(api: Here, spec: Spec, venue: BodyVenue, body: PreviewBody) -> Data[list[Changed]]:
    """Show what a mapping would change of the venue's own rows, in both directions; stores nothing."""
    pairs = _asked(api, spec, body)
    with api.database.connect() as conn:
        connection = require_connected(conn, venue, spec)
    changes: list[Changed] = []
    for entity, mapping in _drafts(api, spec, connection, body, pairs).items():
        plan = api.engine.rehearse(connection, entity, mapping, limit=body.rows)
        changes += [
            Changed(
                entity=entity,
                direction=one.direction,
                operation=one.operation,
                record=one.record_id,
                fields=dict(one.fields),
            )
            for one in plan.changes
        ]
    return Data(data=changes)


@router.post(f"{V1}/mappings/{{provider}}/mappings/apply-template")
def apply_template(api: Here, spec: Spec, venue: BodyVenue, body: TemplateBody, caller: CallerNow) -> Done:
    """Apply the declared templates, or a version of the venue's own again."""
    if body.templateId in (None, DECLARED):
        return _reset(api, spec, venue, caller.name)
    entity, _, number = (body.templateId or "").partition("@")
    if entity not in spec.entities or not (number.isascii() and number.isdigit() and len(number) < len(str(LARGEST))):
        raise Refused("TEMPLATE_NOT_FOUND", f"A template is {DECLARED}, or a version such as customers@3.")
    with api.database.begin() as conn:
        connection = require(conn, venue, spec)
        try:
            with told(entity):
                mapping = remapping.former(api.engine, conn, connection, entity, int(number))
        except ConfigurationError as unknown:
            raise Refused("TEMPLATE_NOT_FOUND", str(unknown)) from None
        made = remapping.adopt(api.engine, conn, connection, entity, mapping, made_by=caller.name)
    return Done(message=_said([made] if made else []))


@router.post(f"{V1}/mappings/{{provider}}/mappings/reset")
def reset_mappings(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody, caller: CallerNow) -> Done:
    """Go back to the declared mappings; the versions are kept."""
    return _reset(api, spec, venue, caller.name)


@router.post(f"{V1}/mappings/{{provider}}/mappings/heal")
def heal_mappings(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> DoneWith[dict[str, str]]:
    """Find the venue's own mappings that no longer fit the declaration, with the reason. Changes none."""
    broken: dict[str, str] = {}
    with api.database.connect() as conn:
        connection = connections.find(conn, venue, spec.provider)
        for entity in connection.mappings if connection else ():
            try:
                _counting(api, conn, spec, connection, entity)
            except Refused as refused:
                broken[entity] = refused.details[0].message
    return DoneWith(message=f"{len(broken)} mappings of {venue} with {spec.title} are broken", data=broken)


def _counting(
    api: Api, conn: sa.Connection, spec: ProviderSpec, connection: Connection | None, entity: str
) -> FieldMapping:
    if connection is None:
        return api.engine.mappings[spec.provider, entity]
    with told(entity):
        return api.engine.mapping_of(conn, connection, entity)


def _asked(api: Api, spec: ProviderSpec, body: MappingsBody) -> dict[str, dict[str, str]]:
    """The pairs of a request by entity, once nothing is unknown and nothing required is missing."""
    if not body.mappings and not body.templates:
        raise Refused("MAPPING_INVALID", "Say what is mapped: mappings or templates.")
    wrong = [entity for entity in body.templates if entity not in spec.entities]
    if wrong:
        details = [FieldError(field="templates", message=f"{spec.title} has {', '.join(spec.entities)}")]
        raise Refused("MAPPING_INVALID", "A template is of an entity that there is not: see details.", details=details)
    pairs = by_entity(api, spec, body.mappings)
    refuse_without_required(api, spec, pairs)
    return pairs


def _is_declared(api: Api, spec: ProviderSpec, pairs: dict[str, dict[str, str]]) -> bool:
    declared = shown({entity: api.engine.mappings[spec.provider, entity] for entity in pairs})
    return declared == {
        f"{e}.{column}": f"{e}.{path}" for e, chosen in pairs.items() for column, path in chosen.items()
    }


def _drafts(
    api: Api, spec: ProviderSpec, connection: Connection, body: MappingsBody, pairs: dict[str, dict[str, str]]
) -> dict[str, FieldMapping]:
    """What is asked for, by entity; a template counts before pairs."""
    values = dict(body.templates)
    for entity, chosen in pairs.items():
        if entity not in values:
            declared = api.engine.mappings[spec.provider, entity].template
            with told(entity):
                values[entity] = written(with_pairs(declared, chosen, where=entity))
    drafts: dict[str, FieldMapping] = {}
    for entity, template in values.items():
        with told(entity):
            drafts[entity] = remapping.draft(api.engine, connection, entity, template)
    return drafts


def _reset(api: Api, spec: ProviderSpec, venue: str, who: str) -> Done:
    with api.database.begin() as conn:
        connection = connections.find(conn, venue, spec.provider)
        entities = connection.mappings if connection else ()
        made = [remapping.reset(conn, connection, entity, made_by=who) for entity in entities if connection]
    if not any(made):
        return Done(message=f"Mappings of {venue} with {spec.title} are the declared ones already")
    return Done(message=_said([version for version in made if version is not None]))


def _said(made: list[Version]) -> str:
    if not made:
        return "Mappings count already"
    return f"These count from the next sync on: {', '.join(f'{one.entity}@{one.version}' for one in made)}"


def _kept(one: Version) -> Kept:
    return Kept(
        templateId=f"{one.entity}@{one.version}",
        entity=one.entity,
        version=one.version,
        active=one.active,
        madeBy=one.made_by,
        madeAt=one.made_at,
        template=None if one.template is None else dict(one.template),
    )
