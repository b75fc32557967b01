"""Postal addresses and shipping details, as customers, payments and charges carry them.

A given hash replaces the whole former one; fields left out of it are empty afterwards.
"""

from typing import Any

from sync_sims.stripe.parameters import Hash, Text

_FIELDS = ("city", "country", "line1", "line2", "postal_code", "state")
_ADDRESS_FIELDS = {name: Text(clearable=True) for name in _FIELDS}

ADDRESS = Hash(_ADDRESS_FIELDS, clearable=True)
SHIPPING = Hash(
    {
        "address": Hash(_ADDRESS_FIELDS),
        "carrier": Text(clearable=True),
        "name": Text(),
        "phone": Text(clearable=True),
        "tracking_number": Text(clearable=True),
    },
    required=("address", "name"),
    clearable=True,
)


def address_from(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """The full address, None when it is cleared."""
    return None if given is None else {name: given.get(name) for name in _FIELDS}


def shipping_from(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """The full shipping details, None when they are cleared."""
    if given is None:
        return None
    return {
        "address": address_from(given["address"]),
        "carrier": given.get("carrier"),
        "name": given["name"],
        "phone": given.get("phone"),
        "tracking_number": given.get("tracking_number"),
    }
