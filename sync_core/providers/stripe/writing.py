"""Writing to Stripe, one object per request, every POST under an idempotency key made from the write's own.

Stays true: a product's id is chosen by us, so a second create cannot make a second product; a price is never changed
but replaced, and the old one goes out of use last.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Json, Outcome, Remote, Write
from sync_core.providers.stripe.calls import Refused, StripeCalls
from sync_core.providers.stripe.disputes import answer_dispute
from sync_core.providers.stripe.fetching import GONE, object_at
from sync_core.providers.stripe.kinds import MARK, Kind, Object, gone, kind_of, price_state, product_id, remote_of
from sync_core.providers.stripe.requests import known, place_of, sparse
from sync_core.providers.stripe.subscriptions import change_subscription, end_subscription

PRICE = "default_price."


class StripeWriter:
    """Carries out writes on one account; with `archive_products` a deleted product is taken out of use, not deleted."""

    def __init__(self, calls: StripeCalls, *, archive_products: bool) -> None:
        self._calls = calls
        self._archive_products = archive_products
        self._products = kind_of("products")
        self._doors: Mapping[tuple[str, str], Callable[[Write], Remote]] = {
            ("products", "create"): self._create_product,
            ("products", "update"): self._update_product,
            ("products", "delete"): self._delete_product,
            ("customers", "create"): lambda write: self._create(kind_of("customers"), write),
            ("customers", "update"): lambda write: self._update(kind_of("customers"), write),
            ("customers", "delete"): lambda write: self._delete(kind_of("customers"), write),
            ("refunds", "create"): lambda write: self._create(kind_of("refunds"), write),
            ("refunds", "update"): lambda write: self._update(kind_of("refunds"), write),
            ("subscriptions", "update"): lambda write: change_subscription(calls, write),
            ("subscriptions", "delete"): lambda write: end_subscription(calls, write),
            ("disputes", "update"): lambda write: answer_dispute(calls, write),
        }

    def write(self, entity: str, write: Write) -> Outcome:
        """Carry out one write.

        Raises:
            OutcomeUnknown: Stripe failed in a way that its idempotency key cannot clear up.
            ProviderRefused: Stripe offers no such operation.
        """
        door = self._doors.get((entity, write.operation))
        if door is None:
            raise ProviderRefused(f"Stripe's {entity} cannot take a {write.operation}; declare the entity as pull.")
        try:
            return Outcome(local_id=write.local_id, remote=door(write))
        except Refused as exc:
            return Outcome(local_id=write.local_id, refused_code=exc.code, refused_reason=str(exc))

    def _create(self, kind: Kind, write: Write) -> Remote:
        return remote_of(self._calls.post(kind.path, write.key, **_filled(write.fields)).data)

    def _update(self, kind: Kind, write: Write) -> Remote:
        body = sparse(write.fields)
        if "address" in body:
            # Stripe does not say whether a part of an address replaces the whole; the whole of it is right either way.
            current = (object_at(self._calls, kind, known(write)) or {}).get("address") or {}
            body["address"] = {**{name: value for name, value in current.items() if value}, **body["address"]}
        return remote_of(self._calls.post(place_of(kind, write), write.key, **body).data)

    def _delete(self, kind: Kind, write: Write) -> Remote:
        place = place_of(kind, write)
        try:
            self._calls.delete(place)
        except Refused as exc:
            if exc.status != GONE:
                raise
        return gone(known(write))

    def _create_product(self, write: Write) -> Remote:
        chosen = product_id(_mark(write))
        body = _filled({path: value for path, value in write.fields.items() if not path.startswith(PRICE)})
        price = _filled(_price_fields(write))
        if "unit_amount" in price:
            body["default_price_data"] = price
        try:
            made = self._calls.post(
                self._products.path, write.key, **{**body, "id": chosen, "expand": list(self._products.expand)}
            )
        except Refused as exc:
            if exc.code != "resource_already_exists":
                raise
            return self._adopt(write, chosen, exc)
        return remote_of(made.data)

    def _adopt(self, write: Write, chosen: str, refusal: Refused) -> Remote:
        """An earlier create of the same venue record took effect, or the record came back: bring it up to date."""
        found = object_at(self._calls, self._products, chosen)
        if found is None or _marked(found) not in (None, _mark(write)):
            raise refusal
        fields: dict[str, Json] = {"active": True, **write.fields}
        price = price_state(found)
        wanted = (write.fields.get(f"{PRICE}unit_amount"), str(write.fields.get(f"{PRICE}currency")).lower())
        if wanted == (price.get("amount"), price.get("currency")):
            fields = {path: value for path, value in fields.items() if not path.startswith(PRICE)}
        # What is to be sent depends on what was found, so the key must too: a key never serves two bodies.
        state = blake2b(repr((sorted(fields), price)).encode(), digest_size=8).hexdigest()
        return self._change_product(chosen, fields, price, key=f"{write.key}:adopt:{state}")

    def _update_product(self, write: Write) -> Remote:
        return self._change_product(known(write), write.fields, write.remote_state, key=write.key)

    def _change_product(
        self, remote_id: str, fields: Mapping[str, Json], state: Mapping[str, Json], *, key: str
    ) -> Remote:
        """New price, then the product with all other changes, then the old price out of use."""
        body = sparse({path: value for path, value in fields.items() if not path.startswith(PRICE)})
        price = {path.removeprefix(PRICE): value for path, value in fields.items() if path.startswith(PRICE)}
        old = None
        if price:
            if "price_id" not in state:
                state = price_state(object_at(self._calls, self._products, remote_id) or {})
            old = state.get("price_id")
            body["default_price"] = self._new_price(remote_id, price, state, key=f"{key}:price")
        place = f"{self._products.path}/{remote_id}"
        changed = self._calls.post(place, f"{key}:product", **{**body, "expand": list(self._products.expand)})
        if old is not None and old != body["default_price"]:
            self._calls.post(f"/v1/prices/{old}", f"{key}:old", active=False)
        return remote_of(changed.data)

    def _new_price(self, product: str, price: Mapping[str, Json], state: Mapping[str, Json], *, key: str) -> str:
        """The id of a price as wanted; empty when the product shall have none."""
        known = {"unit_amount": state.get("amount"), "currency": state.get("currency")}
        wanted = _filled({**known, **price})
        if "unit_amount" not in wanted:
            return ""
        return self._calls.post("/v1/prices", key, **{**wanted, "product": product}).data["id"]

    def _delete_product(self, write: Write) -> Remote:
        if not self._archive_products:
            return self._delete(self._products, write)
        try:
            self._calls.post(place_of(self._products, write), write.key, active=False)
        except Refused as exc:
            if exc.status != GONE:
                raise
        return gone(known(write))


def _price_fields(write: Write) -> dict[str, Json]:
    return {path.removeprefix(PRICE): value for path, value in write.fields.items() if path.startswith(PRICE)}


def _filled(fields: Mapping[str, Json]) -> dict[str, Any]:
    """A body for something new: what is empty is left out."""
    return nest({path: value for path, value in fields.items() if value is not None})


def _mark(write: Write) -> str:
    return str(write.fields.get(f"metadata.{MARK}") or write.local_id)


def _marked(found: Object) -> str | None:
    return (found.get("metadata") or {}).get(MARK)
