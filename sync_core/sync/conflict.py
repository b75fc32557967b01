"""Who wins when both sides changed the same field. Pure: values in, decision out.

Each side is compared with its own past: the venue with what we last pushed, the provider with what it last showed.
A field that only one side changed is no conflict, and neither is one that both brought to the same value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from sync_core.spec.provider import Conflict as Policy

Flat = Mapping[str, Any]
Winner = Literal["venue", "provider"]


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
    """`accepted`: paths whose provider value goes to the venue; `contested`: those both changed, and who won each."""

    accepted: frozenset[str]
    contested: Mapping[str, Winner]
    provider_wins: bool  # by the entity's policy, for what is not a field: a deletion


def changed(now: Flat, before: Flat) -> set[str]:
    """Paths whose value differs; a path that is absent counts as None."""
    return {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}


def decide(sides: Sides, policy: Policy, *, exceptions: Mapping[str, Policy] = MappingProxyType({})) -> Verdict:
    """Which of the provider's changes the venue takes over.

    Newest wins goes by time; on a tie, or where the provider tells no time, the venue wins.
    `exceptions` are paths with a policy of their own.
    """
    theirs = changed(sides.provider_now, sides.provider_before) & sides.provider_now.keys()
    # What the mapping no longer sends is not the venue's to contest.
    ours = changed(sides.venue_now, sides.venue_before) & sides.venue_now.keys()
    contested: dict[str, Winner] = {
        path: "provider" if _provider_wins(sides, exceptions.get(path, policy)) else "venue"
        for path in theirs & ours
        if sides.provider_now.get(path) != sides.venue_now.get(path)
    }
    lost = {path for path, winner in contested.items() if winner == "venue"}
    return Verdict(accepted=frozenset(theirs - lost), contested=contested, provider_wins=_provider_wins(sides, policy))


def _provider_wins(sides: Sides, policy: Policy) -> bool:
    if policy == "newest_wins":
        return sides.provider_at is not None and sides.venue_at is not None and sides.provider_at > sides.venue_at
    return policy == "provider_wins"
