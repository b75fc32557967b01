"""The encryption context: which venue, provider and kind a sealed credential belongs to.

It is not secret (AWS KMS writes it to CloudTrail) but it is bound into every layer: the master key refuses to open a
data key under another context, and so does the envelope. One context has exactly one encoding.
"""

import struct
from collections.abc import Mapping
from typing import Final

from sync_core.errors import ConfigurationError

PRODUCT: Final = "venue-sync"
_LENGTH: Final = struct.Struct(">H")
_LONGEST: Final = 0xFFFF


def credential_context(*, venue: str, provider: str, kind: str) -> dict[str, str]:
    """The context of one credential.

    Args:
        venue: id of the venue.
        provider: name of the provider, such as "stripe".
        kind: kind of credential, such as "api_key" or "oauth".

    Raises:
        ConfigurationError: a part is empty; two venues must never share a context by omission.
    """
    context = {"product": PRODUCT, "venue": venue, "provider": provider, "kind": kind}
    for part, value in context.items():
        if not value:
            raise ConfigurationError(f"A credential's {part} is empty; name the {part} the credential belongs to.")
    return context


def canonical(context: Mapping[str, str]) -> bytes:
    """One encoding per context: pairs sorted by key, every key and value preceded by its length (two bytes).

    Lengths rather than separators, so that no value can imitate the end of its neighbour.

    Raises:
        ConfigurationError: a key or value is longer than 65,535 bytes in UTF-8, or is no valid Unicode.
    """
    return b"".join(_measured(key) + _measured(value) for key, value in sorted(context.items()))


def _measured(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError("A part of an encryption context is no valid Unicode; correct the id.") from None
    if len(encoded) > _LONGEST:
        raise ConfigurationError("A part of an encryption context is longer than 65,535 bytes; use the venue's id.")
    return _LENGTH.pack(len(encoded)) + encoded
