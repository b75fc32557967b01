"""Names that a person typed: found, or refused with the names that come nearest."""

from collections.abc import Collection
from difflib import get_close_matches

from sync_core.errors import ConfigurationError

SHOWN = 5


def require_known(kind: str, name: str, known: Collection[str]) -> str:
    """`name` if it is among `known`. Raises ConfigurationError listing the nearest names, or the first ones."""
    if name in known:
        return name
    if not known:
        raise ConfigurationError(f"There is no {kind} {name!r}: there is none at all yet.")
    names = sorted(known)
    parts = [candidate for candidate in names if name.lower() in candidate.lower()]
    near = list(dict.fromkeys([*get_close_matches(name.lower(), names, n=SHOWN, cutoff=0.5), *parts]))[:SHOWN]
    if near:
        raise ConfigurationError(f"There is no {kind} {name!r}: did you mean {', '.join(near)}?")
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    raise ConfigurationError(f"There is no {kind} {name!r}: there is {', '.join(names[:SHOWN])}{more}.")
