"""A connection's settings as callers know them, and back."""

from typing import Annotated, Any, Literal

from pydantic import Field

from sync_api.context import Api
from sync_api.shapes import Asked
from sync_core.spec.connection import (
    LONGEST_INTERVAL,
    SHORTEST_INTERVAL,
    ConnectionSettings,
    Narrowed,
    Wanted,
)
from sync_core.spec.declared import Name
from sync_core.spec.provider import ProviderSpec
from sync_core.store.connections import Connection
from sync_core.sync.terms import require_fitting, terms_of


class Config(Asked):
    """What a venue chooses for a connection; what is left out is as declared."""

    syncEnabled: Annotated[  # noqa: N815 - JSON's name
        bool, Field(strict=True, description="Whether anything is synced at all.")
    ] = True
    syncInterval: (  # noqa: N815 - JSON's name
        Annotated[int, Field(ge=SHORTEST_INTERVAL, le=LONGEST_INTERVAL, strict=True)] | None
    ) = Field(default=None, description="Seconds; the schedule passes over what was synced a shorter while ago.")
    syncDirection: Literal["bidirectional"] | dict[Name, Narrowed] = Field(  # noqa: N815 - JSON's name
        default="bidirectional", description="As declared; or, by entity, the one direction that is wanted of both."
    )
    filters: dict[Name, dict[Name, Wanted]] = Field(
        default_factory=dict[str, dict[str, Wanted]],
        description="By entity: only records with one of these values in each of these columns.",
    )


def settings_from(api: Api, spec: ProviderSpec, config: Config) -> ConnectionSettings:
    """The settings that a caller means. Raises ConfigurationError where they do not fit the provider's declaration."""
    settings = ConnectionSettings(
        enabled=config.syncEnabled,
        interval_seconds=config.syncInterval,
        direction={} if config.syncDirection == "bidirectional" else config.syncDirection,
        filters=config.filters,
    )
    require_fitting(settings, spec, api.engine.mappings)
    return settings


def config_of(connection: Connection, spec: ProviderSpec | None) -> dict[str, Any]:
    """The settings as callers write them; `schedule` and `entities` say what they come to."""
    settings = connection.settings
    entities = (
        {} if spec is None else {name: (one, terms_of(settings, one, name)) for name, one in spec.entities.items()}
    )
    return {
        "syncEnabled": settings.enabled and connection.status != "suspended",
        "syncInterval": settings.interval_seconds,
        "syncDirection": settings.direction or "bidirectional",
        "filters": {
            entity: {column: list(wanted) for column, wanted in columns.items()}
            for entity, columns in settings.filters.items()
        },
        "schedule": None if spec is None else spec.cadence,
        "entities": {
            name: one.direction if (terms.pushes, terms.pulls) == (one.pushes, one.pulls) else settings.direction[name]
            for name, (one, terms) in entities.items()
        },
    }
