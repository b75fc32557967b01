"""What every declared value has in common: it is frozen, and a key that nobody knows is an error."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declared(BaseModel):
    """Base of every declared value: frozen, and a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
