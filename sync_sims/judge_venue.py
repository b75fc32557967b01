"""What the judge is told of a venue, and two lists of records laid side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_sims.judge_matching import Record

Laid = tuple[str, Iterable[Record], Iterable[Record], frozenset[str]]
"""What the records are, the venue's, the provider's, and the ids of the excused ones."""


@dataclass(frozen=True, slots=True)
class VenueSide:
    """What the venue's own tables say.

    Attributes:
        tables: rows that are not deleted, by synced table: customers, products, stock, orders, payments, ...
        deleted_products: products that the venue deleted; archived at the provider they are no difference.
        known: venue's customer id by the provider's, for customers that were made at the provider.
        known_products: the same of products.
        excused: (entity, venue's record id) of records that wait in dead letters with a reason, and ("orders", id) of
            orders that are known to have no payment.
        unsubscribed: ids of customers who took themselves off the mailing list and must still be off it.
    """

    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    deleted_products: Sequence[Mapping[str, Any]] = ()
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    known_products: Mapping[str, str] = field(default_factory=dict[str, str])
    excused: frozenset[tuple[str, str]] = frozenset()
    unsubscribed: frozenset[str] = frozenset()

    @property
    def gone(self) -> frozenset[str]:
        """The ids of the products that the venue deleted."""
        return frozenset(str(row["id"]) for row in self.deleted_products)

    def excused_of(self, *entities: str) -> frozenset[str]:
        """The excused ids of some entities."""
        return frozenset(record for entity, record in self.excused if entity in entities)
