"""Content hashes: the same content gives the same 16 bytes, in every process and every release.

They decide whether a record must be written again, so a change here would rewrite every record of every venue:
the known answers in the tests must never be edited.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson


def content_hash(flat: Mapping[str, Any]) -> bytes:
    """16 bytes of BLAKE2b over the canonical JSON of `flat` (path -> JSON value), without the paths that are None.

    Providers show a field without a value as null or leave it out; both hash alike.
    """
    return blake2b(_canonical({k: v for k, v in flat.items() if v is not None}), digest_size=16).digest()


def _canonical(values: dict[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys and no blanks."""
    try:
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Providers may show what orjson refuses: integers above 64 bits, halves of surrogate pairs.
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass")
