"""Customers, vendors, employees, items and accounts: lists whose names are unique and whose entries never go away."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from quickbooks import QuickBooks
from quickbooks.exceptions import QuickbooksException, ValidationException
from quickbooks.objects import Account, Customer, Item, Vendor

from sync_sims.quickbooks import QuickBooksSimulator
from tests.sync_sims.quickbooks.conftest import REALM, HandClock

Ask = Callable[..., requests.Response]
Seed = Callable[..., dict[str, Any]]


def fault(answer: requests.Response) -> dict[str, Any]:
    body = answer.json()
    assert answer.status_code == 400, body
    assert body["Fault"]["type"] == "ValidationFault"
    return body["Fault"]["Error"][0]


def test_the_sdk_creates_reads_and_changes_a_customer(sdk: QuickBooks):
    customer = Customer.from_json(
        {
            "GivenName": "Ada",
            "FamilyName": "Byron",
            "DisplayName": "Ada Byron",
            "PrimaryEmailAddr": {"Address": "ada@example.com"},
            "PrimaryPhone": {"FreeFormNumber": "(555) 555-1234"},
            "BillAddr": {"Line1": "1 Main St", "Country": "United States"},
        }
    )
    made = customer.save(qb=sdk)
    again: Any = Customer.get(made.Id, qb=sdk)
    assert (again.DisplayName, again.SyncToken, again.Balance, again.PrintOnCheckName) == (
        "Ada Byron",
        "0",
        0,
        "Ada Byron",
    )
    assert again.BillAddr.Country == "USA"
    again.Notes = "Likes the stalls"
    assert again.save(qb=sdk).SyncToken == "1"


def test_a_sparse_update_leaves_the_rest_and_a_full_one_clears_it(ask: Ask):
    given = {"DisplayName": "Ada", "Notes": "n", "CompanyName": "Engines"}
    made = ask("POST", "/customer", json=given).json()["Customer"]
    sparse = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "m"}
    changed = ask("POST", "/customer", json=sparse).json()["Customer"]
    assert (changed["Notes"], changed["CompanyName"], changed["SyncToken"], changed["sparse"]) == (
        "m",
        "Engines",
        "1",
        False,
    )
    cleared = ask("POST", "/customer", json={**sparse, "SyncToken": "1", "Notes": ""}).json()["Customer"]
    assert "Notes" not in cleared
    full = {"Id": made["Id"], "SyncToken": "2", "DisplayName": "Ada"}
    assert "CompanyName" not in ask("POST", "/customer", json=full).json()["Customer"]


def test_an_update_that_changes_nothing_leaves_the_sync_token_and_the_time(ask: Ask, clock: HandClock):
    made = ask("POST", "/customer", json={"DisplayName": "Ada"}).json()["Customer"]
    clock.advance(60)
    same = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "DisplayName": "Ada"}
    assert ask("POST", "/customer", json=same).json()["Customer"] == made


def test_a_stale_sync_token_is_refused(ask: Ask):
    made = ask("POST", "/customer", json={"DisplayName": "Ada"}).json()["Customer"]
    update = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "first"}
    ask("POST", "/customer", json=update)
    error = fault(ask("POST", "/customer", json={**update, "Notes": "second"}))
    assert (error["code"], error["Message"]) == ("5010", "Stale Object Error")
    assert ask("GET", f"/customer/{made['Id']}").json()["Customer"]["Notes"] == "first"


@pytest.mark.parametrize("entity", ["customer", "vendor", "employee"])
def test_a_display_name_is_unique_among_customers_vendors_and_employees(ask: Ask, seed: Seed, entity: str):
    seed("customers", DisplayName="Blue Note")
    error = fault(ask("POST", f"/{entity}", json={"DisplayName": "blue  note"}))
    assert (error["code"], error["Message"]) == ("6240", "Duplicate Name Exists Error")


def test_a_name_is_free_again_once_its_owner_is_inactive(ask: Ask, seed: Seed):
    made = seed("customers", DisplayName="Blue Note")
    gone = seed("customers", Id=made["Id"], Active=False)
    assert (gone["DisplayName"], gone["Active"]) == ("Blue Note (deleted)", False)
    second = seed("customers", DisplayName="Blue Note")
    assert seed("customers", Id=second["Id"], Active=False)["DisplayName"] == "Blue Note (deleted 1)"
    assert seed("customers", Id=second["Id"], Active=True)["DisplayName"] == "Blue Note"
    with pytest.raises(ValueError, match="6240"):
        seed("customers", Id=made["Id"], Active=True)


def test_what_is_on_a_list_cannot_be_deleted(ask: Ask, seed: Seed):
    made = seed("customers", DisplayName="Ada")
    error = fault(ask("POST", "/customer?operation=delete", json={"Id": made["Id"], "SyncToken": "0"}))
    assert (error["code"], error["Detail"]) == ("500", "Operation delete is not supported.")


@pytest.mark.parametrize(
    ("given", "code", "element"),
    [
        ({}, "6080", ""),
        ({"DisplayName": "Ada: Countess"}, "2040", "DisplayName"),
        ({"DisplayName": "Ada\tB"}, "2040", "DisplayName"),
        ({"DisplayName": "Ada\nB"}, "2040", "DisplayName"),
        ({"DisplayName": "A", "GivenName": "x" * 101}, "2050", "GivenName"),
        ({"DisplayName": "A", "Nickname": "x"}, "2010", "Nickname"),
        ({"DisplayName": "A", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210", "PrimaryEmailAddr"),
        ({"DisplayName": "A", "PrimaryEmailAddr": "a@b.cd"}, "2010", "PrimaryEmailAddr"),
        ({"DisplayName": "A", "Active": "perhaps"}, "2010", "Active"),
        ({"DisplayName": "A", "ParentRef": {"value": "999"}}, "2500", "ParentRef"),
        ({"Id": "999", "SyncToken": "0", "DisplayName": "A"}, "610", ""),
    ],
)
def test_a_customer_that_quickbooks_would_refuse(ask: Ask, given: dict[str, Any], code: str, element: str):
    error = fault(ask("POST", "/customer", json=given))
    assert (error["code"], error["element"]) == (code, element)


def test_a_customer_without_a_display_name_gets_one_from_its_parts(ask: Ask):
    given = {"Title": "Dr", "GivenName": "Ada", "FamilyName": "Byron"}
    assert ask("POST", "/customer", json=given).json()["Customer"]["DisplayName"] == "Dr Ada Byron"


def test_a_job_is_named_below_its_customer(seed: Seed):
    parent = seed("customers", DisplayName="Ada")
    job = seed("customers", DisplayName="Gala", Job=True, ParentRef={"value": parent["Id"]})
    assert job["FullyQualifiedName"] == "Ada:Gala"


@pytest.mark.parametrize(
    ("written", "read"),
    [("United States", "USA"), ("us", "USA"), ("GB", "GBR"), ("Germany", "DEU"), ("Atlantis", "Atlantis")],
)
def test_a_country_comes_back_as_its_alpha_3_code(seed: Seed, written: str, read: str):
    made = seed("customers", DisplayName="Ada", BillAddr={"City": "X", "Country": written})
    assert made["BillAddr"]["Country"] == read
    again = seed("customers", Id=made["Id"], BillAddr={"City": "Y", "Country": written})
    assert (again["BillAddr"]["Id"], again["BillAddr"]["Country"]) == (made["BillAddr"]["Id"], read)


def test_the_sdk_makes_vendors_and_accounts(sdk: QuickBooks):
    vendor = Vendor.from_json({"DisplayName": "Acme"})
    assert vendor.save(qb=sdk).Balance == 0
    account: Any = Account.from_json({"Name": "Box Office", "AccountSubType": "SalesOfProductIncome"})
    made = account.save(qb=sdk)
    assert (made.AccountType, made.Classification, made.CurrentBalance) == ("Income", "Revenue", 0)
    account.Id = None
    with pytest.raises(QuickbooksException, match="already exists"):
        account.save(qb=sdk)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Name": "A"}, "6010"),
        ({"Name": "A", "AccountType": "Hoard"}, "2170"),
        ({"Name": "A", "AccountType": "Bank", "AccountSubType": "Inventory"}, "2170"),
        ({"Name": 'A "B"', "AccountType": "Bank"}, "2040"),
        ({"AccountType": "Bank"}, "2020"),
    ],
)
def test_an_account_that_quickbooks_would_refuse(ask: Ask, given: dict[str, Any], code: str):
    assert fault(ask("POST", "/account", json=given))["code"] == code


def test_the_sdk_makes_a_service(sdk: QuickBooks):
    item: Any = Item.from_json({"Name": "Stalls ticket", "Type": "Service", "UnitPrice": 42.4})
    item.IncomeAccountRef = Account.where("Name = 'Services'", qb=sdk)[0].to_ref()
    made = item.save(qb=sdk)
    assert (made.UnitPrice, made.FullyQualifiedName, made.TrackQtyOnHand) == (42.4, "Stalls ticket", False)
    assert made.IncomeAccountRef.name == "Services"
    item.Id = None
    with pytest.raises(QuickbooksException, match="already exists"):
        item.save(qb=sdk)
    item.IncomeAccountRef.value = "35"
    item.Name = "Another"
    with pytest.raises(QuickbooksException, match="Invalid account type"):
        item.save(qb=sdk)
    item.IncomeAccountRef = None
    with pytest.raises(ValidationException, match="Required param missing"):
        item.save(qb=sdk)


INVENTORY = {
    "Name": "T-shirt",
    "Type": "Inventory",
    "TrackQtyOnHand": True,
    "QtyOnHand": 10,
    "InvStartDate": "2026-01-01",
    "PurchaseCost": 4,
    "UnitPrice": 15,
    "IncomeAccountRef": {"value": "79"},
    "ExpenseAccountRef": {"value": "80"},
    "AssetAccountRef": {"value": "81"},
}


@pytest.mark.parametrize(
    "lacking", ["TrackQtyOnHand", "QtyOnHand", "InvStartDate", "ExpenseAccountRef", "AssetAccountRef"]
)
def test_inventory_needs_its_quantity_its_start_and_its_accounts(ask: Ask, lacking: str):
    given = {name: value for name, value in INVENTORY.items() if name != lacking}
    error = fault(ask("POST", "/item", json=given))
    assert (error["code"], error["element"]) == ("2020", lacking)


def test_the_quantity_on_hand_changes_by_documents_alone(ask: Ask, seed: Seed, clock: HandClock):
    item = seed("items", **INVENTORY)
    clock.advance(5)
    ignored = ask("POST", "/item", json={"Id": item["Id"], "SyncToken": "0", "sparse": True, "QtyOnHand": 99}).json()
    assert ignored["Item"] == item
    line = {"DetailType": "ItemAdjustmentLineDetail"}
    detail = {"ItemRef": {"value": item["Id"]}, "QtyDiff": -3}
    given = {"AdjustAccountRef": {"value": "90"}, "Line": [{**line, "ItemAdjustmentLineDetail": detail}]}
    made = ask("POST", "/inventoryadjustment", json=given).json()["InventoryAdjustment"]
    after = ask("GET", f"/item/{item['Id']}").json()["Item"]
    assert (after["QtyOnHand"], after["SyncToken"]) == (7, "0")
    assert after["MetaData"]["LastUpdatedTime"] > item["MetaData"]["LastUpdatedTime"]
    ask("POST", "/inventoryadjustment?operation=delete", json={"Id": made["Id"], "SyncToken": "0"})
    assert ask("GET", f"/item/{item['Id']}").json()["Item"]["QtyOnHand"] == 10


def test_a_company_is_kept_in_the_currency_that_it_chose_before_anybody_bore_another(
    ask: Ask, simulator: QuickBooksSimulator
):
    shown = ask("GET", "/preferences").json()["Preferences"]
    assert shown["CurrencyPrefs"]["HomeCurrency"] == {"value": "USD", "name": "United States Dollar"}
    wanted = {"CurrencyPrefs": {"HomeCurrency": {"value": "EUR"}}}
    refused = ask("POST", "/preferences", json={**shown, **wanted})
    assert (refused.status_code, refused.json()["Fault"]["Error"][0]["code"]) == (400, "500")
    simulator.seed(REALM, "preferences", [wanted])
    assert ask("GET", "/preferences").json()["Preferences"]["CurrencyPrefs"]["HomeCurrency"]["name"] == "Euro"
    assert {account["CurrencyRef"]["value"] for account in simulator.objects(REALM, "accounts")} == {"EUR"}
    made = ask("POST", "/customer", json={"DisplayName": "Ada"}).json()["Customer"]
    assert made["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert ask("GET", "/reports/BalanceSheet").json()["Header"]["Currency"] == "EUR"
    with pytest.raises(ValueError, match="once the books are in use"):
        simulator.seed(REALM, "preferences", [{"CurrencyPrefs": {"HomeCurrency": {"value": "GBP"}}}])


@pytest.mark.parametrize("prefs", [None, {}, {"HomeCurrency": "EUR"}, {"HomeCurrency": {"value": "euro"}}])
def test_what_is_no_currency_is_no_home_currency(simulator: QuickBooksSimulator, prefs: Any):
    with pytest.raises(ValueError, match=r"HomeCurrency|euro"):
        simulator.seed(REALM, "preferences", [{"CurrencyPrefs": prefs}])
