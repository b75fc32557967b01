"""Pages of Stripe's lists: newest first, 100 at a time, never in circles (docs.stripe.com/api/pagination)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.stripe.calls import StripeCalls
from sync_core.providers.stripe.kinds import Object

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list; `at` is Stripe's clock when it answered (Unix seconds), None when it did not say."""

    objects: Sequence[Object]
    more: bool
    at: int | None


def listed(calls: StripeCalls, path: str, *, after: str | None = None, **params: Any) -> Iterator[Listed]:
    """The pages of a list, from after the object with id `after` on.

    Raises:
        ProviderRefused: The list says that there is more but shows nothing, or comes back to where it was.
    """
    visited: set[str] = set()
    while True:
        start = {} if after is None else {"starting_after": after}
        answer = calls.get(path, limit=PAGE_SIZE, **params, **start)
        objects: Sequence[Object] = answer.data["data"]
        more = answer.data["has_more"] is True
        if more and not objects:
            raise ProviderRefused(f"Stripe says that {path} has more but shows an empty page; ask Stripe's support.")
        yield Listed(objects=objects, more=more, at=answer.at)
        if not more:
            return
        after = str(objects[-1]["id"])
        if after in visited:
            raise ProviderRefused(f"Stripe's list {path} goes in circles at page {len(visited)}; ask Stripe's support.")
        visited.add(after)
