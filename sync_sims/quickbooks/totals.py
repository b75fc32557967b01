"""Sums that follow from documents: what each adds to accounts, open balances, stock and the payment of others.

A document's share is replaced whenever the document is written, so that sums are always those of the living documents.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from sync_sims.quickbooks.amounts import ZERO

Document = tuple[str, str]
Key = tuple[str, str]
"""("account", id), ("customer", id), ("vendor", id), ("stock", item id), ("applied", "Invoice 7") or the like."""


class Totals:
    """Sums by key, and who contributes to them."""

    def __init__(self) -> None:
        self._shares: dict[Document, Mapping[Key, Decimal]] = {}
        self._givers: dict[Key, dict[Document, Decimal]] = defaultdict(dict)
        self._sums: dict[Key, Decimal] = defaultdict(lambda: ZERO)

    def replace(self, document: Document, share: Mapping[Key, Decimal]) -> set[Key]:
        """Set what the document adds; returns the keys whose sum or givers changed."""
        former = self._shares.get(document, {})
        changed = {key for key in {*former, *share} if former.get(key) != share.get(key)}
        for key in changed:
            self._sums[key] += share.get(key, ZERO) - former.get(key, ZERO)
            if key in share:
                self._givers[key][document] = share[key]
            else:
                del self._givers[key][document]
        if share:
            self._shares[document] = share
        else:
            self._shares.pop(document, None)
        return changed

    def of(self, key: Key) -> Decimal:
        """The sum."""
        return self._sums.get(key, ZERO)

    def givers(self, key: Key) -> dict[Document, Decimal]:
        """Which documents add how much to the sum."""
        return dict(self._givers.get(key, {}))

    def shares(self) -> dict[Document, Mapping[Key, Decimal]]:
        """What every document adds."""
        return self._shares
