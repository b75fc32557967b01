"""Items: services, goods that are not counted, and inventory."""

from typing import Any

from sync_sims.quickbooks.amounts import exact
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.draft import required
from sync_sims.quickbooks.names import check_name, retired_name
from sync_sims.quickbooks.refusal import Refused, invalid_choice

_TYPES = frozenset({"Service", "NonInventory", "Inventory", "Category"})
_ACCOUNT_TYPES = {
    "IncomeAccountRef": frozenset({"Income", "Other Income"}),
    "ExpenseAccountRef": frozenset({"Expense", "Other Expense", "Cost of Goods Sold"}),
    "AssetAccountRef": frozenset({"Other Current Asset"}),
}


def item(call: Call, draft: Row, former: Row | None) -> Row:
    """An item; the quantity on hand is what it was created with and what documents moved since.

    Raises:
        Refused: 2020, 2040, 2170, 2500, 6240 or 6430.
    """
    required(draft, "Name")
    kind = draft.get("Type", former["Type"] if former else None)
    if kind is None:
        required(draft, "Type")
    if kind not in _TYPES:
        raise invalid_choice("Type", kind)
    check_name(str(draft["Name"]), element="Name")
    if former is not None and former["Type"] == "Inventory" and kind != "Inventory":
        raise invalid_choice("Type", kind)
    stock = _stock(call, draft, former) if kind == "Inventory" else {"TrackQtyOnHand": False}
    if kind == "Inventory":
        required(draft, "ExpenseAccountRef")
    if kind != "Category":
        required(draft, "IncomeAccountRef")
    row = {
        "Taxable": False,
        "UnitPrice": 0,
        "PurchaseCost": 0,
        "DeferredRevenue": False,
        **draft,
        **_accounts(call, draft),
        **_names(call, draft, former),
        "Type": kind,
        **stock,
    }
    if kind != "Inventory":
        row = {name: value for name, value in row.items() if name not in {"QtyOnHand", "InvStartDate"}}
    return row


def _names(call: Call, draft: Row, former: Row | None) -> dict[str, Any]:
    active = draft.get("Active", True)
    prefix = ""
    level: dict[str, Any] = {}
    if "ParentRef" in draft:
        parent = call.referred("Item", draft["ParentRef"], element="ParentRef")
        prefix = f"{parent['FullyQualifiedName']}:"
        level = {"SubItem": True, "ParentRef": {"value": parent["Id"], "name": parent["FullyQualifiedName"]}}
    qualified = retired_name(
        call.books,
        "Item",
        prefix + str(draft["Name"]).strip(),
        active=active,
        key=None if former is None else former["Id"],
        users="product or service",
    )
    return {"Name": qualified.removeprefix(prefix), "FullyQualifiedName": qualified, "Active": active, **level}


def _accounts(call: Call, draft: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _ACCOUNT_TYPES.keys() & draft.keys():
        account = call.referred("Account", draft[name], element=name)
        if account["AccountType"] not in _ACCOUNT_TYPES[name]:
            raise wrong_account(name, account)
        found[name] = {"value": account["Id"], "name": account["FullyQualifiedName"]}
    return found


def wrong_account(element: str, account: Row) -> Refused:
    """The account is of a type that cannot be used there."""
    return Refused(
        "6430",
        "Invalid account type used",
        f"Invalid account type: You need to select a different type of account for this transaction. {element} has "
        f"the account type {account['AccountType']}.",
        element=element,
    )


def _stock(call: Call, draft: Row, former: Row | None) -> dict[str, Any]:
    """The members of inventory; `_opening` and `_opening_cost` are what there was at the start date."""
    if former is not None and former["Type"] == "Inventory":
        kept = ("QtyOnHand", "_opening", "_opening_cost")
        required(draft, "AssetAccountRef")
        return {"TrackQtyOnHand": True, "InvStartDate": draft.get("InvStartDate", former["InvStartDate"])} | {
            name: former[name] for name in kept
        }
    if draft.get("TrackQtyOnHand") is not True:
        required({}, "TrackQtyOnHand")
    required(draft, "QtyOnHand", "InvStartDate", "AssetAccountRef")
    del call
    return {
        "TrackQtyOnHand": True,
        "QtyOnHand": draft["QtyOnHand"],
        "InvStartDate": draft["InvStartDate"],
        "_opening": draft["QtyOnHand"],
        "_opening_cost": float(exact(draft.get("PurchaseCost", 0))),
    }
