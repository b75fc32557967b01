"""Values against the schemas of an OpenAPI file, or of one that is made like it.

Beside OpenAPI's own words it knows those of the Stripe file made from the SDK's types (`x-extends`: inherited fields,
`x-open-enum`: the SDK lets future values through, `x-external` and `x-trimmed`: cut out, `x-ts: void`: never there)
and of Mailchimp's (`x-oneOf`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conformance.said import is_moment, said_in
from tests.conformance.violation import Complaint, shown

Schema = Mapping[str, Any]
UNIONS = ("anyOf", "oneOf", "x-oneOf")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def fits_json(value: Any, kind: str) -> bool:
    """Whether a JSON value is of a kind; true and false are no numbers."""
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def fits_text(value: Any, kind: str) -> bool:
    """Whether a value out of a form or a query, where every scalar is text, reads as one of a kind."""
    match kind:
        case "integer":
            return isinstance(value, str) and _WHOLE.fullmatch(value) is not None
        case "number":
            return isinstance(value, str) and _NUMBER.fullmatch(value) is not None
        case "boolean":
            return value in ("true", "false")
        case _:
            return isinstance(value, _KINDS[kind])


@dataclass(frozen=True, slots=True)
class Reading:
    """How a side of an exchange is read: what counts as a number in it, and which fields may be there or must."""

    fits: Callable[[Any, str], bool]
    is_open: Callable[[Schema], bool]
    absent: str
    """The mark of fields that do not belong on this side: readOnly in a request, writeOnly in an answer."""
    empty_moments: bool = False


def _open_to_a_client(schema: Schema) -> bool:
    """A request may only hold fields that the specification names."""
    return "properties" not in schema or schema.get("additionalProperties", False) is not False


def _open_to_a_provider(schema: Schema) -> bool:
    """An answer may hold more than the specification names, unless it says otherwise."""
    return schema.get("additionalProperties", True) is not False


JSON_REQUEST = Reading(fits_json, _open_to_a_client, absent="readOnly")
TEXT_REQUEST = Reading(fits_text, _open_to_a_client, absent="readOnly")
ANSWER = Reading(fits_json, _open_to_a_provider, absent="writeOnly")
# Mailchimp shows times it does not know as empty texts (recorded answers of POST /lists/{list_id}/members, 2026).
MAILCHIMP_ANSWER = Reading(fits_json, _open_to_a_provider, absent="writeOnly", empty_moments=True)


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema with its references followed; `name` is the component it stands in."""

    schema: Schema
    name: str
    nullable: bool


class Schemas:
    """The named schemas of a specification."""

    def __init__(self, named: Mapping[str, Schema]) -> None:
        self._named = named
        # What was found of a schema, by its identity, which it keeps because it is held here; values are many more.
        self._nodes: dict[tuple[int, str], tuple[Schema, _Node]] = {}
        self._constants: dict[int, tuple[Schema, dict[str, Any]]] = {}

    def complaints(
        self, value: Any, schema: Schema, *, place: str, within: str, reading: Reading
    ) -> Iterator[Complaint]:
        """What is wrong with a value. `within` names the component in which `schema` stands."""
        node = self.resolved(schema, within)
        if value is None:
            if not node.nullable and not _is_cut(node.schema) and node.schema:
                yield Complaint(place, "null is not allowed", node.name)
            return
        options = next((node.schema[union] for union in UNIONS if union in node.schema), None)
        if options is not None:
            yield from self._of_one(value, options, place=place, within=node.name, reading=reading)
            return
        yield from self._of_kind(value, node, place=place, reading=reading)

    def resolved(self, schema: Schema, within: str = "") -> _Node:
        """The schema behind references, inheritance and single-part unions."""
        if not any(word in schema for word in ("$ref", "allOf", "x-extends")):
            return _Node(schema, within, bool(schema.get("nullable")))
        key = (id(schema), within)
        if key not in self._nodes:
            self._nodes[key] = (schema, self._followed(schema, within))
        return self._nodes[key][1]

    def _followed(self, schema: Schema, within: str) -> _Node:
        nullable = False
        while True:
            nullable = nullable or bool(schema.get("nullable"))
            if "$ref" in schema:
                within = str(schema["$ref"]).rsplit("/", 1)[-1]
                schema = self._named.get(within, {})
            elif len(schema.get("allOf", ())) == 1 and "properties" not in schema:
                schema = schema["allOf"][0]
            elif "allOf" in schema or "x-extends" in schema:
                schema = self._merged(schema)
            else:
                return _Node(schema, within, nullable)

    def _merged(self, schema: Schema) -> Schema:
        parents = [*schema.get("allOf", ()), *({"$ref": f"/{name}"} for name in schema.get("x-extends", ()))]
        whole = {name: value for name, value in schema.items() if name not in ("allOf", "x-extends")}
        properties: dict[str, Any] = {}
        required: list[str] = []
        for parent in [*(self.resolved(parent).schema for parent in parents), schema]:
            properties |= parent.get("properties", {})
            required.extend(parent.get("required", ()))
        return {**whole, "properties": properties, "required": required}

    def _of_one(
        self, value: Any, options: Sequence[Schema], *, place: str, within: str, reading: Reading
    ) -> Iterator[Complaint]:
        """The complaints of the option that is meant: the one of the right kind and constants, else the nearest."""
        nodes = [self.resolved(option, within) for option in options]
        if any("enum" in node.schema for node in nodes):
            nodes = [node for node in nodes if "x-open-enum" not in node.schema]
        of_kind = [node for node in nodes if _same_kind(value, node.schema)] or nodes
        meant = [node for node in of_kind if self._constants_agree(value, node)] or of_kind
        tried = [
            list(self.complaints(value, node.schema, place=place, within=node.name, reading=reading)) for node in meant
        ]
        yield from min(tried, key=len)

    def _constants_agree(self, value: Any, node: _Node) -> bool:
        if not isinstance(value, dict):
            return True
        constants = self._constants_of(node.schema).items()
        return all(name not in value or _in_enum(value[name], {"enum": enum}) for name, enum in constants)

    def _constants_of(self, schema: Schema) -> dict[str, Any]:
        """The enums of those properties that may have one value only."""
        if id(schema) not in self._constants:
            enums = {
                name: self.resolved(one).schema.get("enum", ()) for name, one in schema.get("properties", {}).items()
            }
            self._constants[id(schema)] = (schema, {name: enum for name, enum in enums.items() if len(enum) == 1})
        return self._constants[id(schema)][1]

    def _of_kind(self, value: Any, node: _Node, *, place: str, reading: Reading) -> Iterator[Complaint]:
        schema, kind = node.schema, str(node.schema.get("type"))
        if schema.get("x-ts") == "void":
            yield Complaint(place, "must not be there", node.name)
        elif _is_cut(schema):
            return
        elif kind in _KINDS and not reading.fits(value, kind):
            yield Complaint(place, f"{shown(value)} is {_kind_of(value)}, not {kind}", node.name)
        elif "enum" in schema and not _in_enum(value, schema):
            yield Complaint(place, f"{shown(value)} is none of {_listed(schema['enum'])}", node.name)
        elif isinstance(value, dict):
            yield from self._of_object(value, node, place=place, reading=reading)
        elif isinstance(value, list):
            yield from _of_count(len(value), schema, place=place, name=node.name)
            for position, entry in enumerate(value):
                here = f"{place}[{position}]"
                yield from self.complaints(
                    entry, schema.get("items", {}), place=here, within=node.name, reading=reading
                )
        else:
            yield from _of_scalar(value, schema, place=place, name=node.name, reading=reading)

    def _of_object(self, value: Mapping[str, Any], node: _Node, *, place: str, reading: Reading) -> Iterator[Complaint]:
        schema, properties = node.schema, node.schema.get("properties", {})
        yield from _of_count(len(value), schema, place=place, name=node.name)
        for name in dict.fromkeys(schema.get("required", ())):
            if name not in value and not properties.get(name, {}).get(reading.absent):
                yield Complaint(below(place, name), "is missing", node.name)
        further = schema.get("additionalProperties")
        for name, entry in value.items():
            here = below(place, name)
            if name in properties:
                if properties[name].get(reading.absent):
                    yield Complaint(here, f"is {reading.absent}", node.name)
                yield from self.complaints(entry, properties[name], place=here, within=node.name, reading=reading)
            elif isinstance(further, Mapping):
                yield from self.complaints(entry, further, place=here, within=node.name, reading=reading)
            elif not reading.is_open(schema):
                yield Complaint(here, "is not in the specification", node.name)


def below(place: str, name: str) -> str:
    """A dotted path one step further."""
    return f"{place}.{name}" if place else name


def _is_cut(schema: Schema) -> bool:
    return "x-external" in schema or "x-trimmed" in schema


def _same_kind(value: Any, schema: Schema) -> bool:
    kind = schema.get("type") or ("object" if "properties" in schema else None)
    holds = {dict: "object", list: "array"}.get(type(value))
    return kind == holds if holds else kind not in ("object", "array")


def _kind_of(value: Any) -> str:
    return next(
        kind for kind in ("boolean", "integer", "number", "string", "array", "object") if fits_json(value, kind)
    )


def _in_enum(value: Any, schema: Schema) -> bool:
    # The file made from TypeScript writes its literal types, true among them, as texts without a type.
    return value in schema["enum"] or ("type" not in schema and str(value).lower() in schema["enum"])


def _listed(values: Sequence[Any]) -> str:
    first = ", ".join(repr(value) for value in values[:6])
    return first if len(values) <= 6 else f"{first} and {len(values) - 6} more"


def _of_count(count: int, schema: Schema, *, place: str, name: str) -> Iterator[Complaint]:
    most = schema.get("maxItems", said_in(schema).entries)
    if most is not None and count > most:
        yield Complaint(place, f"{count} entries, at most {most}", name)
    if count < schema.get("minItems", 0):
        yield Complaint(place, f"{count} entries, at least {schema['minItems']}", name)


def _of_scalar(value: Any, schema: Schema, *, place: str, name: str, reading: Reading) -> Iterator[Complaint]:
    kind = schema.get("type")
    if kind in ("integer", "number"):
        yield from _of_number(float(value), schema, place=place, name=name)
    elif kind == "string" and isinstance(value, str):
        yield from _of_text(value, schema, place=place, name=name)
        if said_in(schema).moment and not is_moment(value) and not (reading.empty_moments and value == ""):
            yield Complaint(place, f"{shown(value)} is no RFC 3339 time", name)


def _of_number(value: float, schema: Schema, *, place: str, name: str) -> Iterator[Complaint]:
    said = said_in(schema)
    least, most = schema.get("minimum", said.least), schema.get("maximum", said.most)
    if least is not None and value < least:
        yield Complaint(place, f"{value:g}, at least {least}", name)
    if most is not None and value > most:
        yield Complaint(place, f"{value:g}, at most {most}", name)


def _of_text(value: str, schema: Schema, *, place: str, name: str) -> Iterator[Complaint]:
    said = said_in(schema)
    longest = schema.get("maxLength", said.characters)
    if longest is not None and len(value) > longest:
        yield Complaint(place, f"{len(value)} characters, at most {longest}", name)
    if said.bytes is not None and len(value.encode()) > said.bytes:
        yield Complaint(place, f"{len(value.encode())} bytes, at most {said.bytes}", name)
    if len(value) < schema.get("minLength", 0):
        yield Complaint(place, f"{len(value)} characters, at least {schema['minLength']}", name)
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        yield Complaint(place, f"{shown(value)} does not match {schema['pattern']}", name)
