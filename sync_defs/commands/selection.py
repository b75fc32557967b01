"""Which venues, providers and entities a person means; unknown names are refused with the nearest ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.spec.provider import Kind, ProviderSpec
from sync_core.store import connections
from sync_core.store.status import venue_names
from sync_core.sync.report import Mode
from sync_defs.commands.nearest import require_known

KINDS = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Selection:
    """Venues by name, and per provider the entities in the order in which they are synced."""

    venues: tuple[str, ...]
    entities: Mapping[str, tuple[str, ...]]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Provider and entity of each step."""
        return [(provider, entity) for provider, names in self.entities.items() for entity in names]


def select_entities(
    specs: Mapping[str, ProviderSpec], *, providers: Sequence[str], entities: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The entities meant, by provider; everything where nothing is named. An entity may be named by its kind.

    Raises ConfigurationError for a name that none of the providers knows.
    """
    chosen = [require_known("provider", name, specs) for name in providers] or list(specs)
    known = {name for provider in chosen for name in specs[provider].entities} | set(KINDS)
    for name in entities:
        require_known("entity", name, known)
    picked = {
        provider: tuple(
            name
            for name in specs[provider].in_order()
            if not entities or name in entities or specs[provider].entities[name].kind in entities
        )
        for provider in chosen
    }
    found = {provider: names for provider, names in picked.items() if names}
    if not found:
        raise ConfigurationError(f"{', '.join(chosen)} has no entity of the kind {', '.join(entities)}.")
    return found


def select_venues(
    conn: sa.Connection, *, venues: Sequence[str], everyone: bool, providers: Sequence[str]
) -> tuple[str, ...]:
    """The venues named, or every active venue that is connected to one of `providers`.

    Raises ConfigurationError when neither or both are asked for, or a name is unknown.
    """
    if everyone == bool(venues):
        raise ConfigurationError("Say which venues: --venue VENUE (as often as needed) or --all.")
    active = venue_names(conn)
    if venues:
        return tuple(dict.fromkeys(require_known("venue", name, active) for name in venues))
    connected = {c.venue for c in connections.all_of(conn) if c.provider in providers and c.status != "disconnected"}
    return tuple(name for name in active if name in connected)


def mode_of(*, full: bool, since: str | None) -> Mode:
    """The mode that the options mean. Raises ConfigurationError when they contradict each other or are no date."""
    if full and since is not None:
        raise ConfigurationError("--full looks at everything, so --since says nothing beside it: leave one out.")
    if full:
        return Mode("full")
    if since is None:
        return Mode()
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise ConfigurationError(
            f"--since {since!r} is not a date: use 2026-11-20 or 2026-11-20T08:00:00+01:00."
        ) from None
    return Mode("since", moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))
