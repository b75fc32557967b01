"""Identifiers that look like Square's, drawn from the simulator's own chance so that a seed repeats them."""

import random
import string
import uuid
from collections.abc import Container

_BASE32 = string.ascii_uppercase + "234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHANUMERIC = string.ascii_letters + string.digits


class Identifiers:
    """Draws identifiers; one that is taken already, as after a restart with the same seed, is drawn again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def _drawn(self, alphabet: str, length: int) -> str:
        return "".join(self._chance.choices(alphabet, k=length))

    def catalog(self, taken: Container[str]) -> str:
        """24 characters: "JEFRMDBUKQA4KLDMSTD4RZRM"."""
        drawn = self._drawn(_BASE32, 24)
        return drawn if drawn not in taken else self.catalog(taken)

    def customer(self, taken: Container[str]) -> str:
        """26 characters: "MVCC1QV2QGJKVZ8QV14TD217T0"."""
        drawn = self._drawn(_CROCKFORD, 26)
        return drawn if drawn not in taken else self.customer(taken)

    def payment(self, taken: Container[str]) -> str:
        """29 characters ending in "ZY"; orders look the same."""
        drawn = self._drawn(_ALPHANUMERIC, 26) + "ZY" + self._drawn(_ALPHANUMERIC, 1)
        return drawn if drawn not in taken else self.payment(taken)

    def refund(self, payment_id: str, taken: Container[str]) -> str:
        """The payment's identifier, an underscore and 44 characters."""
        drawn = f"{payment_id}_{self._drawn(_ALPHANUMERIC, 44)}"
        return drawn if drawn not in taken else self.refund(payment_id, taken)

    def change(self, taken: Container[str]) -> str:
        """Identifier of a physical count or an adjustment."""
        drawn = self._drawn(_BASE32, 24)
        return drawn if drawn not in taken else self.change(taken)

    def uuid(self, taken: Container[str]) -> str:
        """A UUID, as loyalty programs, accounts and events have: "79b807d2-d786-46a9-933b-918028d7a8c5"."""
        drawn = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        return drawn if drawn not in taken else self.uuid(taken)

    def location(self) -> str:
        """The letter L and 12 characters."""
        return "L" + self._drawn(_CROCKFORD, 12)

    def version_token(self) -> str:
        """45 characters that change with every change of a payment."""
        return self._drawn(_ALPHANUMERIC, 45)
