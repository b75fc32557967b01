"""The company's own lists: accounts and payment methods."""

import re

from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import CLASSIFICATION, SUBTYPES
from sync_sims.quickbooks.draft import required
from sync_sims.quickbooks.names import retired_name
from sync_sims.quickbooks.refusal import Refused, invalid_choice, invalid_text

_FORBIDDEN = re.compile(r'[:"\t\n\r]')
_TYPE_OF = {subtype: kind for kind, subtypes in SUBTYPES.items() for subtype in subtypes}


def account(call: Call, draft: Row, former: Row | None) -> Row:
    """An account; its type follows from its subtype, or the subtype from the type.

    Raises:
        Refused: 2020, 2040, 2170, 6010 or 6240.
    """
    required(draft, "Name")
    if _FORBIDDEN.search(str(draft["Name"])):
        raise invalid_text("Name", str(draft["Name"]))
    kind, subtype = draft.get("AccountType"), draft.get("AccountSubType")
    if kind is None and subtype is None:
        raise Refused(
            "6010",
            "Invalid Account.AccountType && Account.SubType",
            "Either an Account.AccountType or an Account.AccountSubType must be specified",
        )
    kind = kind or _TYPE_OF.get(str(subtype))
    if kind not in CLASSIFICATION:
        raise invalid_choice("AccountType", kind or subtype)
    if subtype is not None and _TYPE_OF.get(subtype, kind) != kind:
        raise invalid_choice("AccountSubType", subtype)
    prefix = ""
    if "ParentRef" in draft:
        prefix = call.referred("Account", draft["ParentRef"], element="ParentRef")["FullyQualifiedName"] + ":"
    active = draft.get("Active", True)
    qualified = retired_name(
        call.books,
        "Account",
        prefix + str(draft["Name"]).strip(),
        active=active,
        key=None if former is None else former["Id"],
        users="account",
    )
    return {
        **draft,
        "Name": qualified.removeprefix(prefix),
        "FullyQualifiedName": qualified,
        "SubAccount": bool(prefix),
        "Active": active,
        "Classification": CLASSIFICATION[kind],
        "AccountType": kind,
        "AccountSubType": subtype or SUBTYPES[kind][0],
        "CurrencyRef": call.currency,
    }


def payment_method(call: Call, draft: Row, former: Row | None) -> Row:
    """A way to pay."""
    required(draft, "Name")
    active = draft.get("Active", True)
    key = None if former is None else former["Id"]
    name = retired_name(
        call.books, "PaymentMethod", str(draft["Name"]).strip(), active=active, key=key, users="payment method"
    )
    return {"Type": "NON_CREDIT_CARD", **draft, "Name": name, "Active": active}
