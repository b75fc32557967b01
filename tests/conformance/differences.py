"""Where a specification and the API it describes differ, with what we know it by. Anything else is a violation.

Stays true: every entry names its source, and speaks of one field or one kind of field.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.conformance.violation import Violation


@dataclass(frozen=True, slots=True)
class Difference:
    """Violations that are none: by provider, and patterns of the whole of endpoint and side, place, and words."""

    provider: str
    where: str
    place: str
    says: str
    reason: str
    source: str

    def covers(self, violation: Violation) -> bool:
        """Whether the violation is this difference."""
        return (
            violation.provider == self.provider
            and re.fullmatch(self.where, f"{violation.endpoint} {violation.side}") is not None
            and re.fullmatch(self.place, violation.complaint.place) is not None
            and re.fullmatch(self.says, violation.complaint.says) is not None
        )


_SQUARE_SDK = "squareup 46.0.0.20260916, requests/catalog_object.py, catalog_item.py and catalog_item_variation.py"
_UPSERT = r"POST /v2/catalog/batch-upsert request"
_ITEM = r"batches\[\d+\]\.objects\[\d+\]"

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        provider="square",
        where=r".* answer 200",
        place=r"(?:.*\.)?risk_evaluation\.status",
        says="is missing",
        reason="the specification requires a property that it nowhere defines",
        source="recorded answer of POST /v2/payments, 2026-07-15: risk_evaluation has created_at and risk_level",
    ),
    Difference(
        provider="square",
        where=_UPSERT,
        place=rf"{_ITEM}(?:\.item_data\.variations\[\d+\])?\.updated_at",
        says="is readOnly",
        reason="an item is read, changed and sent back whole; the official SDK takes the field in the same request",
        source=_SQUARE_SDK,
    ),
    Difference(
        provider="square",
        where=_UPSERT,
        place=rf"{_ITEM}\.item_data\.(?:description_plaintext|variations\[\d+\]\.item_variation_data\.ordinal)",
        says="is readOnly",
        reason="an item is read, changed and sent back whole; the official SDK takes the field in the same request",
        source=_SQUARE_SDK,
    ),
    Difference(
        provider="square",
        where=r".* answer (?:200|400|409)",
        place=r"(?:.*\.)?errors\[\d+\]\.code",
        says=r"'VERSION_MISMATCH' is none of .*",
        reason="the specification names the code in its prose only (payments), and catalog updates answer with it",
        source="github.com/woocommerce/woocommerce-square/issues/44; api.json, description of version_token",
    ),
    Difference(
        provider="mailchimp",
        where=r".* answer 200",
        place=r"(?:.*\.)?sms_subscription_status",
        says=r"'' is none of .*",
        reason="who never gave a number has an empty status; Mailchimp shows empty texts where it knows nothing",
        source="recorded answer of POST /3.0/lists/{list_id}/members, 2026-05-21",
    ),
    Difference(
        provider="mailchimp",
        where=r".* answer 400",
        place="type",
        says="is missing",
        reason="the refusal of a member who exists already has no type, unlike other refusals",
        source="recorded answer of POST /3.0/lists/{list_id}/members for an address on the list, 2026",
    ),
    Difference(
        provider="mailchimp",
        where=r".* (?:request|answer 200)",
        place=r"(?:.*\.)?merge_fields\.\w+",
        says=r".* is (?:string|integer|number), not object",
        reason="a merge field's value is a text or a number but for addresses; file 3.0.55 leaves its type open",
        source="recorded answer of POST /3.0/lists/{list_id}/members, 2026-05-21",
    ),
    Difference(
        provider="mailchimp",
        where=r"POST /lists/\{listId\} request",
        place=r"members\[\d+\]\.tags",
        says=r"is not in the specification.*",
        reason="a batch takes tags, also of contacts that are there: its sync_tags speaks of the tags in the request",
        source="mailchimp.com/developer/release-notes/added-ability-sync-tags-existing-members, 2022-01-24",
    ),
    Difference(
        provider="mailchimp",
        where=r"POST /customer-journeys/.*/actions/trigger answer 204",
        place="",
        says=r"the body is missing.*",
        reason='the specification gives its 204 an "Empty Response" as a body, and a 204 has none',
        source="RFC 9110, 15.3.5",
    ),
)

DEFECTS: tuple[Difference, ...] = ()
"""Violations that are some, and known; each goes when it is mended, and the run fails until it has gone from here."""


def covered_by(violation: Violation, differences: Iterable[Difference] = DIFFERENCES) -> Difference | None:
    """The difference that a violation is, None when it is one indeed."""
    return next((one for one in differences if one.covers(violation)), None)
