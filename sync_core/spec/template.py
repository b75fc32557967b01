"""Canonical models and mapping templates: how a venue's row and a provider's object name the same thing."""

from typing import Any, Literal

from pydantic import Field, model_validator

from sync_core.spec.provider import Declared, Direction, Name

ColumnType = Literal["text", "integer", "boolean", "timestamp"]


class Column(Declared):
    """One column of a canonical model."""

    type: ColumnType
    description: str
    personal: bool = Field(default=False, description="Personal data: redacted in logs and tables of failures.")


class Model(Declared):
    """A canonical record: the venue's own table as the mappings see it. `id` is always the row's key."""

    model: Name
    description: str
    columns: dict[Name, Column] = Field(min_length=1)


class Reference(Declared):
    """A column that holds the id of another record: the ledger translates it between the two sides."""

    entity: Name = Field(description="The entity of the same provider whose record is meant.")
    pick: str = Field(default="id", description="'id' for the remote id, else a key of that record's remote state.")


class Check(Declared):
    """What must hold of a mapped value; a row that breaks it is quarantined with the reason."""

    max_length: int | None = Field(default=None, ge=1)
    min_length: int | None = Field(default=None, ge=0)
    matches: str | None = Field(default=None, description="Regular expression the whole value must match.")
    one_of: tuple[Any, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None


class MappedField(Declared):
    """One field: the venue's column on the left, the provider's dotted path on the right."""

    remote: str = Field(
        pattern=r"^[A-Za-z_][\w-]*(\.[\w-]+|\[\d+\])*$", description="Dotted path in the provider's object."
    )
    direction: Direction = "both"
    transform: tuple[str, ...] = Field(default=(), description="Transforms on the way out; undone on the way in.")
    required: bool = False
    default: Any = Field(default=None, description="Used where the source has no value.")
    reference: Reference | None = None
    check: Check = Check()
    description: str = ""


class Constant(Declared):
    """A value every pushed object carries."""

    remote: str
    value: Any


class Template(Declared):
    """How one entity of one provider is mapped. `fields` is keyed by the model's column."""

    model: Name
    description: str = ""
    fields: dict[Name, MappedField] = Field(min_length=1)
    constants: tuple[Constant, ...] = Field(default=(), description="Sent on create only, never compared.")
    any_of: tuple[tuple[Name, ...], ...] = Field(
        default=(), description="Groups of columns of which at least one must have a value on push."
    )

    @model_validator(mode="after")
    def _paths_are_distinct(self) -> "Template":
        for side in ("push", "pull"):
            seen: dict[str, str] = {}
            for name, mapped in self.fields.items():
                if mapped.direction not in (side, "both"):
                    continue
                if mapped.remote in seen and side == "push":
                    raise ValueError(
                        f"fields.{name}.remote: {mapped.remote} is already written by {seen[mapped.remote]}"
                    )
                seen[mapped.remote] = name
        return self
