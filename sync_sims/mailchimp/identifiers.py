"""Identifiers that look like Mailchimp's, drawn from the simulator's own chance so that a seed repeats them."""

import hashlib
import random
from collections.abc import Container


def subscriber_hash(email: str) -> str:
    """The id of whoever has this address on a list: the MD5 of the address in lower case."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def unique_email_id(email: str) -> str:
    """Ten characters that are the same for an address on every list."""
    return hashlib.blake2b(email.lower().encode(), digest_size=5).hexdigest()


class Identifiers:
    """Draws identifiers; one that is taken already, as after a restart with the same seed, is drawn again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def short(self, taken: Container[str]) -> str:
        """Ten hexadecimal digits: lists, campaigns, batches."""
        drawn = f"{self._chance.getrandbits(40):010x}"
        return drawn if drawn not in taken else self.short(taken)

    def contact(self) -> str:
        """32 hexadecimal digits that stay with a contact when the address changes."""
        return f"{self._chance.getrandbits(128):032x}"

    def web(self) -> int:
        """The number of a thing in the web application."""
        return self._chance.randrange(100_000_000, 999_999_999)

    def request(self) -> str:
        """The id of one request, in the form of a UUID."""
        drawn = f"{self._chance.getrandbits(128):032x}"
        return f"{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:]}"
