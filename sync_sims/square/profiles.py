"""What a customer profile may hold: lengths, formats, and how a sparse update merges.

Sources: CreateCustomerRequest, UpdateCustomerRequest and BulkUpdateCustomerData in Square's specification.
"""

import re
from typing import Any

from sync_sims.square.fields import Fields
from sync_sims.square.refusal import invalid

_LENGTHS = {
    "given_name": 300,
    "family_name": 300,
    "nickname": 100,
    "company_name": 500,
    "email_address": 254,
    "phone_number": None,
    "reference_id": 100,
    "note": None,
    "birthday": None,
}
_ADDRESS = (
    "address_line_1",
    "address_line_2",
    "address_line_3",
    "locality",
    "sublocality",
    "sublocality_2",
    "sublocality_3",
    "administrative_district_level_1",
    "administrative_district_level_2",
    "administrative_district_level_3",
    "postal_code",
    "country",
)
WRITABLE = frozenset({*_LENGTHS, "address", "tax_ids"})
_ONE_OF = ("given_name", "family_name", "company_name", "email_address", "phone_number")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+?[0-9 ().\-]+")
_BIRTHDAY = re.compile(r"(?:(\d{4})-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_COUNTRY = re.compile(r"[A-Z]{2}")


def changes(given: Fields) -> dict[str, Any]:
    """The profile fields that were sent, checked; None clears, as does an empty string.

    Raises:
        Refused: A field has the wrong type, is too long or malformed.
    """
    sent: dict[str, Any] = {}
    for name, longest in _LENGTHS.items():
        if name in given.values:
            sent[name] = given.text(name, longest=longest) or None
    _check_formats(given, sent)
    if "address" in given.values:
        sent["address"] = _address(given)
    if "tax_ids" in given.values:
        tax_ids = given.inner("tax_ids")
        sent["tax_ids"] = None if tax_ids is None else {"eu_vat": tax_ids.text("eu_vat")}
    return sent


def _check_formats(given: Fields, sent: dict[str, Any]) -> None:
    email = sent.get("email_address")
    if email is not None and not _EMAIL.fullmatch(email):
        raise given.wrong(
            "INVALID_EMAIL_ADDRESS",
            f"Expected {given.path('email_address')} to be a valid email address",
            "email_address",
        )
    phone = sent.get("phone_number")
    if phone is not None and not (_PHONE.fullmatch(phone) and 9 <= len(digits(phone)) <= 16):
        raise given.wrong(
            "INVALID_PHONE_NUMBER", f"Expected {given.path('phone_number')} to be a valid phone number", "phone_number"
        )
    birthday = sent.get("birthday")
    if birthday is not None:
        match = _BIRTHDAY.fullmatch(birthday)
        if match is None:
            raise given.wrong("INVALID_VALUE", "Birthday must be in YYYY-MM-DD or MM-DD format.", "birthday")
        sent["birthday"] = f"{match[1] or '0000'}-{match[2]}-{match[3]}"


def _address(given: Fields) -> dict[str, Any] | None:
    address = given.inner("address")
    if address is None:
        return None
    sent = {name: address.text(name, longest=500) or None for name in _ADDRESS if name in address.values}
    country = sent.get("country")
    if country is not None and not _COUNTRY.fullmatch(country):
        raise address.wrong(
            "INVALID_ENUM_VALUE", f"`{country}` is not a valid enum value for `{address.path('country')}`.", "country"
        )
    return sent


def merged(former: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """The profile after a sparse update: only what was sent changes, None clears, an address merges line by line."""
    profile = {**former, **{name: value for name, value in sent.items() if name != "address"}}
    if "address" in sent:
        address = {**former.get("address", {}), **sent["address"]} if sent["address"] is not None else {}
        profile["address"] = {name: value for name, value in address.items() if value is not None}
    return {name: value for name, value in profile.items() if value is not None and value != {}}


def check_named(profile: dict[str, Any]) -> None:
    """Refuse a profile that names nobody.

    Raises:
        Refused: None of the five identifying fields is there.
    """
    if not any(profile.get(name) for name in _ONE_OF):
        raise invalid(
            "MISSING_REQUIRED_PARAMETER",
            "At least one of `given_name`, `family_name`, `company_name`, `email_address`, or `phone_number` is required"
            " for a customer.",
        )


def digits(text: str) -> str:
    """The digits of a telephone number."""
    return "".join(filter(str.isdigit, text))
