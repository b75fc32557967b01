"""Every object and every report shown has the members that Intuit's published XML schema names, and no others."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.quickbooks.entities import COLLECTIONS
from sync_sims.quickbooks.properties import PROPERTIES
from tests.sync_sims.quickbooks.conftest import REALM
from tests.sync_sims.quickbooks.lively import live

Ask = Callable[..., requests.Response]
Seed = Callable[..., dict[str, Any]]
Members = dict[str, str]

SPECS = Path(__file__).parents[3].parent / "shared" / "specs" / "quickbooks"
FILES = ("IntuitBaseTypes", "IntuitNamesTypes", "Finance", "SalesTax", "IntuitRestServiceDef", "Report")
XS = "{http://www.w3.org/2001/XMLSchema}"


class Schema:
    """The complex types of the schema, each with its members and their types, inherited ones included."""

    def __init__(self, folder: Path) -> None:
        self._types: dict[str, ET.Element] = {}
        for name in FILES:
            for node in ET.parse(folder / f"{name}.xsd").getroot().findall(f"{XS}complexType"):
                self._types[node.attrib["name"]] = node

    def knows(self, name: str) -> bool:
        return name in self._types

    def members(self, name: str) -> Members:
        """Member names and their types; the text of an element with attributes is its member `value`."""
        node = self._types[name]
        found: Members = {"value": ""} if node.find(f"{XS}simpleContent") is not None else {}
        extension = node.find(f".//{XS}extension")
        if extension is not None and self.knows(extension.get("base", "")):
            found |= self.members(extension.attrib["base"])
        for member in node.iter():
            if member.tag in {f"{XS}element", f"{XS}attribute"} and "name" in member.attrib:
                found[member.attrib["name"]] = member.get("type", "").removeprefix("xs:")
        return found

    def strangers(self, value: Any, name: str, where: str) -> list[str]:
        """The members of a value that the schema does not know."""
        if isinstance(value, list):
            return [stranger for entry in value for stranger in self.strangers(entry, name, where)]
        if not isinstance(value, dict) or not self.knows(name):
            return []
        members = self.members(name)
        found = [f"{where}.{key}" for key in value if key not in members]
        for key, entry in value.items():
            if key in members:
                found.extend(self.strangers(entry, members[key], f"{where}.{key}"))
        return found


@pytest.fixture(scope="module")
def schema() -> Schema:
    if not SPECS.exists():
        pytest.skip("the published schema is not here")
    return Schema(SPECS)


def test_the_schema_is_read_with_what_types_inherit(schema: Schema):
    members = schema.members("Customer")
    assert {"Id", "SyncToken", "DisplayName", "BillAddr", "sparse"} <= members.keys()
    assert set(schema.members("ReferenceType")) == {"value", "name", "type"}
    shoe = {"DisplayName": "Ada", "BillAddr": {"Line1": "x", "Shoe": 1}}
    assert schema.strangers(shoe, "Customer", "Customer") == ["Customer.BillAddr.Shoe"]


def test_the_properties_that_requests_may_have_are_those_of_the_schema(schema: Schema):
    strangers = {entity: names - schema.members(entity).keys() for entity, names in PROPERTIES.items()}
    assert {entity: names for entity, names in strangers.items() if names} == {}


@pytest.fixture
def lively(seed: Seed, simulator: QuickBooksSimulator) -> QuickBooksSimulator:
    live(seed)
    return simulator


def test_every_object_has_the_members_of_the_schema(schema: Schema, lively: QuickBooksSimulator):
    strangers: list[str] = []
    for collection, entity in COLLECTIONS.items():
        rows = lively.objects(REALM, collection)
        assert rows, collection
        strangers.extend(schema.strangers(rows, entity.name, entity.name))
    assert strangers == []


REPORTS = ("ProfitAndLoss", "BalanceSheet", "CashFlow", "TrialBalance", "CustomerBalance", "VendorBalance")


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_the_members_of_the_schema(schema: Schema, lively: QuickBooksSimulator, ask: Ask, name: str):
    report = ask("GET", f"/reports/{name}").json()
    assert report["Header"]["Time"] == "2026-07-15T12:00:00.250-07:00"
    assert report["Header"]["ReportName"] == name
    assert report["Rows"]["Row"]
    assert schema.strangers(report, "Report", name) == []
