"""Canonical models and mapping templates: how a venue's row and a provider's object name the same thing."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from sync_core.spec.provider import Declared, Direction, Name

ColumnType = Literal["text", "integer", "boolean", "timestamp", "json"]
RemotePath = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][\w-]*(\.[\w-]+|\[\d+\])*$", description="Dotted path in the provider's object."),
]


class Check(Declared):
    """What must hold of a value; a row that breaks it is quarantined with the reason.

    In a model it guards the venue's table against what is pulled; in a template it guards the provider against
    what is pushed, and speaks of the value as the provider will see it.
    """

    max_length: int | None = Field(default=None, ge=1, description="In Unicode code points.")
    min_length: int | None = Field(default=None, ge=0, description="In Unicode code points.")
    max_bytes: int | None = Field(default=None, ge=1, description="In UTF-8, where the provider counts so.")
    matches: str | None = Field(default=None, description="Regular expression the whole value must match.")
    says: str | None = Field(default=None, description="What `matches` means, for people: 'must be <says>'.")
    one_of: tuple[Any, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None

    @field_validator("matches")
    @classmethod
    def _is_a_regular_expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from None
        return value


class Column(Declared):
    """One column of a canonical model."""

    type: ColumnType
    description: str
    required: bool = Field(default=False, description="The table refuses a row without it.")
    personal: bool = Field(default=False, description="Personal data: redacted in logs and tables of failures.")
    check: Check = Check()


class Model(Declared):
    """A canonical record: the venue's own table as the mappings see it. `id` is always the row's key."""

    model: Name
    description: str
    columns: dict[Name, Column] = Field(min_length=1)


class Reference(Declared):
    """A column that holds the id of another record: the ledger translates it between the two sides."""

    entity: Name = Field(description="The entity of the same provider whose record is meant.")
    pick: str = Field(default="id", description="'id' for the remote id, else a key of that record's remote state.")


class MappedField(Declared):
    """One field: the venue's column on the left, the provider's dotted path on the right."""

    remote: RemotePath
    direction: Direction = "both"
    transform: tuple[str, ...] = Field(default=(), description="Transforms on the way out; undone on the way in.")
    required: bool = Field(
        default=False,
        description="The provider's object must have it: a row without is not pushed. On pull this holds only for "
        "fields that are never pushed; for the others the model decides.",
    )
    default: Any = Field(default=None, description="The venue's value where the source has none, either way.")
    reference: Reference | None = None
    check: Check = Check()
    description: str = ""


class Joined(Declared):
    """Two columns that are one text at the provider, such as given and family name.

    Out: the columns' values, trimmed, with `separator` between those that are not empty.
    Back: where the texts at `kept` still join to the provider's text, they are the columns' values: nothing is lost.
    Otherwise somebody wrote the text at the provider, and it is split at its last separator; a text without
    a separator (one name, a name in a script without blanks) belongs to the first column alone.
    """

    columns: tuple[Name, Name]
    remote: RemotePath
    separator: str = Field(default=" ", min_length=1)
    kept: tuple[RemotePath, RemotePath] | None = Field(
        default=None, description="Paths at which the provider keeps the two values beside the joined text."
    )
    direction: Direction = "both"
    required: bool = False
    check: Check = Check()
    description: str = ""


class Constant(Declared):
    """A value every pushed object carries."""

    remote: RemotePath
    value: Any


class Each(Declared):
    """A column that holds a list of objects, each mapped by `fields`: an order's lines, say.

    A transform that looks at a column which the element has not looks at the record's.
    """

    remote: RemotePath = Field(description="Where the provider's object has its list.")
    model: Name = Field(description="The canonical model of one element.")
    direction: Direction = "both"
    required: bool = Field(default=False, description="A record without any element is not pushed.")
    fields: dict[Name, MappedField] = Field(min_length=1)
    constants: tuple[Constant, ...] = Field(default=(), description="Sent with every element.")
    description: str = ""


class Template(Declared):
    """How one entity of one provider is mapped. `fields` is keyed by the model's column."""

    model: Name
    description: str = ""
    fields: dict[Name, MappedField] = Field(min_length=1)
    joined: tuple[Joined, ...] = ()
    each: dict[Name, Each] = Field(default_factory=dict[str, Each], description="Lists of objects, by their column.")
    constants: tuple[Constant, ...] = Field(default=(), description="Sent on create only, never compared.")
    new_rows: dict[Name, Any] = Field(
        default_factory=dict, description="Columns of a row that the provider created; never written over later."
    )
    any_of: tuple[tuple[Name, ...], ...] = Field(
        default=(), description="Groups of columns of which at least one must have a value on push."
    )

    @model_validator(mode="after")
    def _pushed_paths_are_distinct(self) -> "Template":
        seen: dict[str, str] = {}
        for owner, path in self._pushed_paths():
            if path in seen:
                raise ValueError(f"{owner}: {path} is already written by {seen[path]}")
            seen[path] = owner
        return self

    def _pushed_paths(self) -> list[tuple[str, str]]:
        fields = [(f"fields.{n}.remote", f.remote) for n, f in self.fields.items() if f.direction != "pull"]
        joined = [
            (f"joined.{i}", path)
            for i, j in enumerate(self.joined)
            if j.direction != "pull"
            for path in (j.remote, *(j.kept or ()))
        ]
        lists = [(f"each.{n}.remote", e.remote) for n, e in self.each.items() if e.direction != "pull"]
        return fields + joined + lists + [(f"constants.{i}.remote", c.remote) for i, c in enumerate(self.constants)]

    @model_validator(mode="after")
    def _columns_have_one_source(self) -> "Template":
        seen = set(self.fields)
        for name in self.each:
            if name in seen:
                raise ValueError(f"each.{name}: {name} is mapped twice")
            seen.add(name)
        for i, joined in enumerate(self.joined):
            for column in joined.columns:
                if column in seen:
                    raise ValueError(f"joined.{i}.columns: {column} is mapped twice")
                seen.add(column)
        return self
