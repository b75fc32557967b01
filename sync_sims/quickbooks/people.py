"""Customers, vendors and employees: people and companies that share one list of names."""

from typing import Any

from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.draft import with_addresses
from sync_sims.quickbooks.names import check_name, retired_name
from sync_sims.quickbooks.refusal import Refused

_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_USERS = "customer, vendor or employee"


def _common(call: Call, entity: str, draft: Row, former: Row | None) -> Row:
    """What the three have in common.

    Raises:
        Refused: 6080 without any name, 2040 for characters that names must not have, 6240 for a name in use.
    """
    parts = " ".join(str(draft[part]).strip() for part in _PARTS if part in draft)
    display = str(draft.get("DisplayName") or parts or draft.get("CompanyName") or "").strip()
    if not display:
        raise Refused(
            "6080",
            "No Name Provided",
            "Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix - one of these must be non-empty",
        )
    for part in (*_PARTS, "CompanyName"):
        if part in draft:
            check_name(str(draft[part]), element=part)
    check_name(display, element="DisplayName")
    active = draft.get("Active", True)
    key = None if former is None else former["Id"]
    display = retired_name(call.books, entity, display, active=active, key=key, users=_USERS)
    person = " ".join(str(draft[part]) for part in ("GivenName", "FamilyName") if part in draft)
    return {
        "PrintOnCheckName": draft.get("CompanyName") or person or display,
        **with_addresses(call.books, draft, former=former or {}),
        "DisplayName": display,
        "Active": active,
    }


def customer(call: Call, draft: Row, former: Row | None) -> Row:
    """A customer; one with a parent is a job of it."""
    row = _common(call, "Customer", draft, former)
    qualified = row["DisplayName"]
    if "ParentRef" in draft:
        parent = call.referred("Customer", draft["ParentRef"], element="ParentRef")
        qualified = f"{parent['FullyQualifiedName']}:{qualified}"
    return {
        "Taxable": True,
        "Job": False,
        "BillWithParent": False,
        "PreferredDeliveryMethod": "Print",
        "IsProject": False,
        "DefaultTaxCodeRef": {"value": "2"},
        **row,
        **_balance(former, "Balance", "BalanceWithJobs"),
        "FullyQualifiedName": qualified,
        "CurrencyRef": call.currency,
    }


def vendor(call: Call, draft: Row, former: Row | None) -> Row:
    """A vendor."""
    row = _common(call, "Vendor", draft, former)
    return {
        "Vendor1099": False,
        "BillRate": 0,
        "CostRate": 0,
        **row,
        **_balance(former, "Balance"),
        "CurrencyRef": call.currency,
    }


def employee(call: Call, draft: Row, former: Row | None) -> Row:
    """An employee."""
    return {"BillableTime": False, **_common(call, "Employee", draft, former)}


def _balance(former: Row | None, *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, 0) if former is None else {name: former[name] for name in names}
