"""Who wins when both sides changed the same field. Pure: values in, decision out.

Each side is compared with its own past: the venue with what we last pushed, the provider with what it last showed.
A field that only one side changed is no conflict, and neither is one that both brought to the same value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_core.spec.provider import Conflict as Policy

Flat = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sides:
    """One record on both sides, flat in the provider's terms, now and when last settled."""

    venue_now: Flat
    venue_before: Flat
    venue_at: datetime | None
    provider_now: Flat
    provider_before: Flat
    provider_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`accepted`: paths whose provider value goes to the venue; `contested`: those both changed, and who won."""

    accepted: frozenset[str]
    contested: frozenset[str]
    provider_wins: bool


def changed(now: Flat, before: Flat) -> set[str]:
    """Paths whose value differs; a path that is absent counts as None."""
    return {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}


def decide(sides: Sides, policy: Policy) -> Verdict:
    """Which of the provider's changes the venue takes over.

    Newest wins goes by time; on a tie, or where the provider tells no time, the venue wins.
    """
    theirs = changed(sides.provider_now, sides.provider_before) & sides.provider_now.keys()
    ours = changed(sides.venue_now, sides.venue_before)
    contested = {path for path in theirs & ours if sides.provider_now.get(path) != sides.venue_now.get(path)}
    wins = _provider_wins(sides, policy)
    accepted = theirs if wins else theirs - contested
    return Verdict(accepted=frozenset(accepted), contested=frozenset(contested), provider_wins=wins)


def _provider_wins(sides: Sides, policy: Policy) -> bool:
    if policy == "newest_wins":
        return sides.provider_at is not None and sides.venue_at is not None and sides.provider_at > sides.venue_at
    return policy == "provider_wins"
