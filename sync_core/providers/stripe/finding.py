"""Finding objects whose write is in doubt, by lists and ids: both show a write at once, while search lags by minutes."""

from collections.abc import Iterator, Sequence

from sync_core.providers.protocol import Remote, Sought
from sync_core.providers.stripe.calls import StripeCalls
from sync_core.providers.stripe.kinds import MARK, Object, kind_of, product_id, remote_of
from sync_core.providers.stripe.listing import PAGE_SIZE, listed

SLACK_SECONDS = 60
"""Clocks differ: we look so much earlier than we wrote."""


def find(calls: StripeCalls, entity: str, sought: Sequence[Sought]) -> dict[str, Remote]:
    """Those of `sought` that Stripe has, by local id; of an entity that we never create, none."""
    match entity:
        case "products":
            return _products(calls, sought)
        case "customers":
            written = min(one.written_after for one in sought).timestamp() - SLACK_SECONDS
            pages = listed(calls, kind_of(entity).path, created={"gte": int(written)})
            return _matching(sought, (found for page in pages for found in page.objects))
        case "refunds":
            return _matching(sought, _refunds(calls, sought))
        case _:
            return {}


def _mark(one: Sought) -> str:
    return str(one.fields.get(f"metadata.{MARK}") or one.local_id)


def _matching(sought: Sequence[Sought], objects: Iterator[Object]) -> dict[str, Remote]:
    """Objects by the mark that they carry; of several with the same mark the oldest, which a list shows last."""
    local_ids = {_mark(one): one.local_id for one in sought}
    found: dict[str, Remote] = {}
    for one in objects:
        local_id = local_ids.get((one.get("metadata") or {}).get(MARK, ""))
        if local_id is not None:
            found[local_id] = remote_of(one)
    return found


def _products(calls: StripeCalls, sought: Sequence[Sought]) -> dict[str, Remote]:
    """Products have the id that we chose for them."""
    local_ids = {product_id(_mark(one)): one.local_id for one in sought}
    ids = list(local_ids)
    found: dict[str, Remote] = {}
    for start in range(0, len(ids), PAGE_SIZE):
        answer = calls.get(
            "/v1/products", ids=ids[start : start + PAGE_SIZE], limit=PAGE_SIZE, expand=["data.default_price"]
        )
        found |= {local_ids[one["id"]]: remote_of(one) for one in answer.data["data"] if one["id"] in local_ids}
    return found


def _refunds(calls: StripeCalls, sought: Sequence[Sought]) -> Iterator[Object]:
    """The refunds of the charges or payment intents that were to be refunded."""
    filters = {
        (name, str(one.fields[name]))
        for one in sought
        for name in ("charge", "payment_intent")
        if one.fields.get(name) is not None
    }
    for name, value in sorted(filters):
        for page in listed(calls, kind_of("refunds").path, **{name: value}):
            yield from page.objects
