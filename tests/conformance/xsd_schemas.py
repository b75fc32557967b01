"""QuickBooks' XML schemas as schemas of its JSON: element and attribute names are keys, repeated elements are lists.

Numbers are JSON numbers, a reference is {"value": id, "name": text}, and "any entity" stands under the entity's name
(IntuitRestServiceDef.xsd, substitution group IntuitObject). XML schemas close their types, so these are closed too.
Lengths stand in the documentation only, by product: QBO is QuickBooks Online.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.conformance.schemas import Schema

_XS = "{http://www.w3.org/2001/XMLSchema}"
_ANY_ENTITY = "IntuitObject"
_LENGTH = re.compile(r"(\d+)\s+characters")
_PRODUCT = re.compile(r"Product:\s*(\w+)")
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_SIMPLE: Mapping[str, Schema] = {
    **{name: {"type": "string"} for name in ("xs:string", "xs:anyURI", "xs:ID", "xs:token")},
    **{name: {"type": "number"} for name in ("xs:decimal", "xs:float", "xs:double")},
    **{name: {"type": "integer"} for name in ("xs:int", "xs:integer", "xs:long", "xs:nonNegativeInteger")},
    "xs:positiveInteger": {"type": "integer", "minimum": 1},
    "xs:boolean": {"type": "boolean"},
    "xs:date": {"type": "string", "pattern": _DATE},
    "xs:dateTime": {"type": "string", "format": "date-time", "description": "RFC 3339"},
    "xs:anyType": {},
}
# The documentation inside the files is older than the service: developer.intuit.com, "Customer", allows more.
NEWER_LENGTHS: Mapping[str, int] = {
    **dict.fromkeys(("GivenName", "MiddleName", "FamilyName"), 100),
    "Suffix": 16,
    "Notes": 4000,
}


def read_schemas(folder: Path) -> tuple[dict[str, Schema], tuple[str, ...]]:
    """The named types of all files in the folder, and the names of the entities."""
    roots = [ET.parse(path).getroot() for path in sorted(folder.glob("*.xsd"))]
    substitutes = {
        element.attrib["name"]: element.attrib["type"]
        for root in roots
        for element in root.findall(f"{_XS}element")
        if element.get("substitutionGroup") == _ANY_ENTITY
    }
    groups = {group.attrib["name"]: group for root in roots for group in root.findall(f"{_XS}group")}
    reader = _Reader(substitutes, groups)
    named: dict[str, Schema] = {}
    for root in roots:
        named |= {one.attrib["name"]: reader.simple(one) for one in root.findall(f"{_XS}simpleType")}
        named |= {one.attrib["name"]: reader.complex(one) for one in root.findall(f"{_XS}complexType")}
    return named, tuple(sorted(substitutes))


class _Reader:
    def __init__(self, substitutes: Mapping[str, str], groups: Mapping[str, ET.Element]) -> None:
        self._substitutes = substitutes
        self._groups = groups

    def simple(self, element: ET.Element) -> Schema:
        """A type of texts or numbers."""
        restriction = element.find(f"{_XS}restriction")
        if restriction is None:
            return {"type": "string"}
        values = [one.attrib["value"] for one in restriction.findall(f"{_XS}enumeration")]
        based = _named_type(restriction.attrib["base"])
        return {"type": "string", "enum": values} if values else based

    def complex(self, element: ET.Element) -> Schema:
        """A type with keys."""
        content = element.find(f"{_XS}simpleContent/{_XS}extension")
        if content is not None:
            value = _named_type(content.attrib["base"])
            properties = {"value": value, **{name: schema for name, schema, _ in _attributes(content)}}
            return {"type": "object", "properties": properties, "required": ["value"], "additionalProperties": False}
        extension = element.find(f"{_XS}complexContent/{_XS}extension")
        holder = element if extension is None else extension
        if holder.find(f".//{_XS}any") is not None:
            return {}
        found = [*self._elements(holder, optional=False), *_attributes(holder)]
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: one for name, one, _ in found},
            "required": [name for name, _, needed in found if needed],
            "additionalProperties": False,
        }
        if extension is not None:
            schema["x-extends"] = [_local(extension.attrib["base"])]
        return schema

    def _elements(self, holder: ET.Element, *, optional: bool) -> Iterator[tuple[str, Schema, bool]]:
        for part in holder:
            kind = part.tag.removeprefix(_XS)
            loose = optional or kind == "choice" or part.get("minOccurs") == "0"
            if kind in ("sequence", "choice", "all"):
                yield from self._elements(part, optional=loose)
            elif kind == "group" and "ref" in part.attrib:
                yield from self._elements(self._groups[_local(part.attrib["ref"])], optional=loose)
            elif kind == "element" and _local(part.get("ref", "")) == _ANY_ENTITY:
                for name, type_name in self._substitutes.items():
                    yield name, _repeated(part, {"$ref": f"/{type_name}"}), False
            elif kind == "element":
                name = _local(part.get("ref") or part.attrib["name"])
                yield name, _repeated(part, self._type_of(part)), not loose

    def _type_of(self, part: ET.Element) -> Schema:
        inline_simple, inline_complex = part.find(f"{_XS}simpleType"), part.find(f"{_XS}complexType")
        if inline_complex is not None:
            return self.complex(inline_complex)
        schema = self.simple(inline_simple) if inline_simple is not None else _named_type(_type_name(part))
        longest = _longest(part)
        if longest is None or "$ref" in schema:
            return schema
        return {**schema, "maxLength": NEWER_LENGTHS.get(part.get("name", ""), longest)}


def _attributes(holder: ET.Element) -> Iterator[tuple[str, Schema, bool]]:
    for one in holder.findall(f"{_XS}attribute"):
        yield one.attrib["name"], _named_type(one.get("type", "xs:string")), one.get("use") == "required"


def _type_name(part: ET.Element) -> str:
    return part.get("type") or part.get("ref") or "xs:anyType"


def _named_type(name: str) -> Schema:
    return _SIMPLE[name] if name.startswith("xs:") else {"$ref": f"/{_local(name)}"}


def _repeated(part: ET.Element, schema: Schema) -> Schema:
    return schema if part.get("maxOccurs", "1") == "1" else {"type": "array", "items": schema}


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _longest(part: ET.Element) -> int | None:
    """The length that the documentation allows in QuickBooks Online."""
    text = " ".join(part.findtext(f"{_XS}annotation/{_XS}documentation", "").split())
    if "Max. length" not in text:
        return None
    pieces = _PRODUCT.split(text)
    sections = zip(pieces[1::2], pieces[2::2], strict=True) if len(pieces) > 1 else [("ALL", text)]
    lengths = [int(length) for product, section in sections if product != "QBW" for length in _LENGTH.findall(section)]
    return max(lengths, default=None)
