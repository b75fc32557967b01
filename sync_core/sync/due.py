"""Which venues a schedule has something to do for: at most one question to the database for a provider, whatever their number.

An entity is due when rows changed since its watermark, rows wait for their second look, writes are in doubt, its last
sync did not go well, the venue has chosen anew or connected again, it was never synced, or the provider is to be
asked again. What it needs is due with it, so that nothing comes home that refers to a stranger.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sync_core.settings import Settings
from sync_core.spec.provider import EntitySpec, ProviderSpec
from sync_core.store import connections, due
from sync_core.store.connections import Connection
from sync_core.store.due import Choice, Question
from sync_core.sync.asked import needs_of
from sync_core.sync.terms import chosen, terms_of

Due = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Venues from `first` to `last`, both included, in the order of code points."""

    first: str
    last: str


def due_at(
    conn: sa.Connection, spec: ProviderSpec, *, webhooks_come: bool, stretch: Stretch | None = None
) -> dict[str, list[str]]:
    """The due venues of each entity in the order of `needs`, venues in the order of code points; nobody due: left out.

    `webhooks_come`: whether the application's webhooks of this provider are taken in.
    """
    some = [c for c in connections.with_choices(conn, spec.provider) if c.status == "connected"]
    found = due.pairs(
        conn,
        spec.provider,
        [question(entity, name) for name, entity in spec.entities.items()],
        choices=[choice for connection in some for choice in _choices(connection, spec)],
        webhooks_for_all=webhooks_come and spec.webhooks == "application",
        first=stretch.first if stretch else None,
        last=stretch.last if stretch else None,
    )
    by_entity: dict[str, set[str]] = defaultdict(set)
    for venue, entity in found:
        by_entity[entity].add(venue)
    with_needs = {name: set(venues) for name, venues in by_entity.items()}
    for _, entity, needed in needs_of(spec):
        if spec.entities[entity].pulls and spec.entities[needed].pulls and entity in by_entity:
            with_needs.setdefault(needed, set()).update(by_entity[entity])
    return {name: sorted(with_needs[name]) for name in spec.in_order() if name in with_needs}


def webhooks_come(settings: Settings, provider: str) -> bool:
    """Whether this installation takes in the webhooks of its application at the provider."""
    return bool(settings.webhook_secrets.get(provider))


def question(entity: EntitySpec, name: str) -> Question:
    """How an entity is asked about; twice within the time of its promised freshness it is synced in any case."""
    rest = entity.stale_after_hours * 3600 / 2
    poll = min(entity.poll_minutes * 60, rest)
    return Question(
        entity=name,
        table=entity.model,
        pushes=entity.pushes,
        pulls=entity.pulls,
        told=poll,
        untold=0 if entity.events else poll,
        rest=rest,
        where=entity.where,
        only_with=entity.only_with,
    )


def _choices(connection: Connection, spec: ProviderSpec) -> list[Choice]:
    found: list[Choice] = []
    for name, entity in spec.entities.items():
        terms = terms_of(connection.settings, entity, name)
        mark = chosen(connection.settings, name, version=connection.mappings.get(name))
        if mark:
            found.append(Choice(connection.id, name, mark, terms.pushes, terms.pulls))
    return found


class Round:
    """What one run goes by: who is due is asked once per provider, at its first entity, and stands for all of them."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self._found: dict[tuple[str, Stretch], Due] = {}

    def venues(
        self, database: sa.Engine, spec: ProviderSpec, entity: str, *, settings: Settings, stretch: Stretch
    ) -> list[str]:
        """The venues of a stretch for which the entity is due."""
        key = spec.provider, stretch
        if key not in self._found:
            come = webhooks_come(settings, spec.provider)
            with database.connect() as conn:
                self._found[key] = due_at(conn, spec, webhooks_come=come, stretch=stretch)
        return list(self._found[key].get(entity, ()))
