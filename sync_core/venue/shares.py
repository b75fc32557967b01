"""Fixed rules that share things out: the same key gets the same share in every run, process and Python version."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def share(key: str, choices: Sequence[T]) -> T:
    """The one of `choices` that falls to `key`. Prefix the key with what is shared out, to keep rules independent."""
    digest = blake2b(key.encode(), digest_size=8).digest()
    return choices[int.from_bytes(digest, "big") % len(choices)]
