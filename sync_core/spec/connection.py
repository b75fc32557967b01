"""A connection's settings: what a venue may choose about how it is kept in step, within what is declared."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from sync_core.spec.declared import Declared, Name

SHORTEST_INTERVAL = 60
LONGEST_INTERVAL = 24 * 3600

Narrowed = Literal["push", "pull"]
Number = Annotated[StrictInt, Field(ge=-(2**63), le=2**63 - 1)]
Text = Annotated[StrictStr, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Wanted = Annotated[tuple[StrictBool | Number | Text, ...], Field(min_length=1, max_length=100)]


class ConnectionSettings(Declared):
    """What a venue has chosen for one of its connections. Everything left out is as declared."""

    enabled: StrictBool = Field(default=True, description="Whether anything is synced at all.")
    interval_seconds: StrictInt | None = Field(
        default=None,
        ge=SHORTEST_INTERVAL,
        le=LONGEST_INTERVAL,
        description="The schedule passes over an entity whose last good sync is younger, and then asks the provider; None: as declared.",
    )
    direction: dict[Name, Narrowed] = Field(
        default_factory=dict[str, Narrowed],
        description="By entity: the one direction that is wanted of one declared for both.",
    )
    filters: dict[Name, dict[Name, Wanted]] = Field(
        default_factory=dict[str, dict[str, Wanted]],
        description="By entity: only records with one of these values in each of these columns of its model.",
    )

    @property
    def in_words(self) -> str:
        """What differs from the declaration, for tables that people read; empty if nothing does."""
        said = [] if self.enabled else ["off"]
        said += [] if self.interval_seconds is None else [f"every {self.interval_seconds} s"]
        said += [f"{entity}: {direction} only" for entity, direction in sorted(self.direction.items())]
        for entity, columns in sorted(self.filters.items()):
            said += [f"{entity}: {column} {' or '.join(map(_written, wanted))}" for column, wanted in columns.items()]
        return ", ".join(said)


def _written(value: bool | int | str) -> str:  # noqa: FBT001 - a value, not a switch
    return str(value).lower() if isinstance(value, bool) else str(value)
