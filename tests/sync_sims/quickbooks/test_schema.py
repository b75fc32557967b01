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
from tests.sync_sims.quickbooks.test_documents import sold, spent
from tests.sync_sims.quickbooks.test_lists import INVENTORY

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
    """A company in which everything happened once."""
    address = {"Line1": "1 Main St", "City": "X", "Country": "US"}
    email = {"Address": "a@example.com"}
    ada = {"value": seed("customers", DisplayName="Ada", BillAddr=address, PrimaryEmailAddr=email, Notes="n")["Id"]}
    acme = {"value": seed("vendors", DisplayName="Acme", PrimaryPhone={"FreeFormNumber": "1"})["Id"]}
    seed("employees", GivenName="Bob")
    seed("accounts", Name="Box Office", AccountType="Income")
    seed("paymentmethods", Name="Barter")
    shirt = seed("items", **INVENTORY)
    line = sold(shirt, 30, Qty=2, UnitPrice=15)
    text = {"DetailType": "DescriptionOnly", "Description": "Thank you"}
    less = {"DetailType": "DiscountLineDetail", "Amount": 5, "DiscountLineDetail": {}}
    tax = {"TotalTax": 2.5}
    invoice = seed("invoices", CustomerRef=ada, Line=[line, text, less], TxnTaxDetail=tax, BillEmail=email)
    money = {"value": "35"}
    receipt = seed("salesreceipts", CustomerRef=ada, Line=[line], PaymentMethodRef={"value": "1"})
    seed("refundreceipts", Line=[line], DepositToAccountRef=money)
    paid = {"Amount": 27.5, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    seed("payments", CustomerRef=ada, TotalAmt=30, Line=[paid])
    brought = {"Amount": 30, "LinkedTxn": [{"TxnId": receipt["Id"], "TxnType": "SalesReceipt"}]}
    fee = {"Amount": -1, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "70"}}}
    seed("deposits", DepositToAccountRef=money, Line=[brought, fee])
    bought = {"ItemRef": {"value": shirt["Id"]}, "Qty": 2, "UnitPrice": 4}
    goods = {"Amount": 8, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": bought}
    bill = seed("bills", VendorRef=acme, Line=[spent(150), goods])
    owed = {"Amount": 58, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    check = {"BankAccountRef": money}
    seed("billpayments", VendorRef=acme, PayType="Check", TotalAmt=58, Line=[owed], CheckPayment=check)
    seed("purchases", AccountRef={"value": "41"}, PaymentType="CreditCard", Line=[spent(34)], EntityRef=acme)
    counted = {"ItemRef": {"value": shirt["Id"]}, "QtyDiff": -1}
    lost = {"DetailType": "ItemAdjustmentLineDetail", "ItemAdjustmentLineDetail": counted}
    seed("inventoryadjustments", AdjustAccountRef={"value": "90"}, Line=[lost])
    return simulator


def test_every_object_has_the_members_of_the_schema(schema: Schema, lively: QuickBooksSimulator):
    strangers: list[str] = []
    for collection, entity in COLLECTIONS.items():
        rows = lively.objects(REALM, collection)
        assert rows, collection
        strangers.extend(schema.strangers(rows, entity.name, entity.name))
    assert strangers == []


REPORTS = ("ProfitAndLoss", "BalanceSheet", "TrialBalance", "CustomerBalance", "VendorBalance")


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_the_members_of_the_schema(schema: Schema, lively: QuickBooksSimulator, ask: Ask, name: str):
    report = ask("GET", f"/reports/{name}").json()
    time = report.pop("time")
    assert report["Header"]["Time"] == time
    assert report["Header"]["ReportName"] == name
    assert report["Rows"]["Row"]
    assert schema.strangers(report, "Report", name) == []


def amounts(report: dict[str, Any]) -> dict[str, str]:
    """The amount of every row and summary of a report, by its text."""
    found: dict[str, str] = {}

    def walk(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for data in (row.get("ColData"), row.get("Summary", {}).get("ColData")):
                if data:
                    found[data[0]["value"]] = data[1]["value"]
            walk(row.get("Rows", {}).get("Row", []))

    walk(report["Rows"]["Row"])
    return found


def test_the_reports_follow_from_the_books(lively: QuickBooksSimulator, ask: Ask):
    earned = amounts(ask("GET", "/reports/ProfitAndLoss").json())
    assert earned["Sales of Product Income"] == "25.00"
    assert (earned["Total Cost of Goods Sold"], earned["Gross Profit"]) == ("12.00", "13.00")
    assert (earned["Total Expenses"], earned["Net Income"]) == ("185.00", "-172.00")
    held = amounts(ask("GET", "/reports/BalanceSheet").json())
    assert held["Total ASSETS"] == held["Total Liabilities and Equity"]
    assert held["Net Income"] == "-172.00"
    assert amounts(ask("GET", "/reports/CustomerBalance").json()) == {"Ada": "-2.50", "TOTAL": "-2.50"}
    assert amounts(ask("GET", "/reports/VendorBalance").json()) == {"Acme": "100.00", "TOTAL": "100.00"}
    last_year = ask("GET", "/reports/ProfitAndLoss", params={"start_date": "2025-01-01", "end_date": "2025-12-31"})
    assert amounts(last_year.json())["Net Income"] == "0.00"


def test_debits_and_credits_are_equal(lively: QuickBooksSimulator, ask: Ask):
    rows = ask("GET", "/reports/TrialBalance").json()["Rows"]["Row"]
    sides = [[cell["value"] for cell in row["ColData"][1:]] for row in rows if "ColData" in row]
    debits, credits_ = (sum(float(side[number] or 0) for side in sides) for number in (0, 1))
    assert debits == pytest.approx(credits_)
    assert [cell["value"] for cell in rows[-1]["Summary"]["ColData"][1:]] == [f"{debits:.2f}"] * 2


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("Dragons", {}, "500"),
        ("ProfitAndLoss", {"accounting_method": "Cash"}, "500"),
        ("ProfitAndLoss", {"start_date": "soon"}, "2010"),
    ],
)
def test_a_report_that_is_not_simulated_is_refused(ask: Ask, name: str, params: dict[str, str], code: str):
    assert ask("GET", f"/reports/{name}", params=params).json()["Fault"]["Error"][0]["code"] == code
