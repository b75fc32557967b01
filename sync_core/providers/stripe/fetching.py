"""Objects as they are now, by their ids, and whole: what a list cuts short is read to its end.

Stays true: an object that Stripe does not have any more is told as gone, never left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Remote
from sync_core.providers.stripe.calls import Refused, StripeCalls
from sync_core.providers.stripe.kinds import Kind, Object, remote_of
from sync_core.providers.stripe.listing import PAGE_SIZE, listed

GONE = 404
"""What Stripe answers for an object that it does not have."""


def fetch(calls: StripeCalls, kind: Kind, remote_ids: Sequence[str]) -> list[Remote]:
    """The objects with these ids, in that order; one that is gone comes with an empty record, marked deleted."""
    found = dict(objects_at(calls, kind, list(dict.fromkeys(remote_ids))))
    return [_shown(remote_id, found[remote_id]) for remote_id in remote_ids]


def _shown(remote_id: str, found: Object | None) -> Remote:
    # A deleted customer still answers, with its id and nothing else (docs.stripe.com/api/customers/delete).
    if found is None or found.get("deleted") is True:
        return Remote(remote_id, {}, deleted=True)
    return remote_of(found)


def objects_at(calls: StripeCalls, kind: Kind, remote_ids: Sequence[str]) -> Iterator[tuple[str, Object | None]]:
    """Each of these ids once, with its object, None for one that Stripe does not have; in no promised order."""
    left = list(remote_ids)
    if kind.path == "/v1/products":
        # Only products can be listed by their ids (docs.stripe.com/api/products/list): 100 of them in one call.
        shown = _products(calls, kind, left)
        yield from shown.items()
        left = [remote_id for remote_id in left if remote_id not in shown]
    for remote_id in left:
        yield remote_id, object_at(calls, kind, remote_id)


def _products(calls: StripeCalls, kind: Kind, ids: Sequence[str]) -> dict[str, Object]:
    shown: dict[str, Object] = {}
    for start in range(0, len(ids), PAGE_SIZE):
        answer = calls.get(kind.path, ids=ids[start : start + PAGE_SIZE], limit=PAGE_SIZE, **expanded_in_list(kind))
        shown |= {found["id"]: found for found in answer.data["data"] if found["id"] in ids}
    return shown


def object_at(calls: StripeCalls, kind: Kind, remote_id: str) -> Object | None:
    """One object, None when Stripe has none with this id.

    Raises:
        ProviderRefused: Stripe refuses the request for another reason.
    """
    if not remote_id.replace("_", "").isalnum():
        raise ProviderRefused(f"{remote_id!r} is not an id of Stripe's.")
    expanded = {"expand": list(kind.expand)} if kind.expand else {}
    try:
        found = calls.get(f"{kind.path}/{remote_id}", **expanded).data
    except Refused as exc:
        if exc.status == GONE:
            return None
        raise
    return whole(calls, kind, found)


def is_cut_short(kind: Kind, found: Object) -> bool:
    """Whether the object shows only the beginning of its sublist (docs.stripe.com/api/invoices/object, lines)."""
    return kind.sublist is not None and found.get(kind.sublist, {}).get("has_more") is True


def whole(calls: StripeCalls, kind: Kind, found: Object) -> Object:
    """The object with its sublist read to the end, for the price of a call per 100 more; most have nothing to add."""
    if kind.sublist is None or not is_cut_short(kind, found):
        return found
    shown = found[kind.sublist]
    last = shown["data"][-1]["id"]
    pages = listed(calls, f"{kind.path}/{found['id']}/{kind.sublist}", after=last)
    rest = [entry for page in pages for entry in page.objects]
    return {**found, kind.sublist: {**shown, "data": [*shown["data"], *rest], "has_more": False}}


def expanded_in_list(kind: Kind) -> dict[str, Any]:
    """What a list of this kind must be asked for beside its objects."""
    return {"expand": [f"data.{name}" for name in kind.expand]} if kind.expand else {}
