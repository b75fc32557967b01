"""Credentials as a request brings them: from the names that callers use to the parts that a declaration names."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from sync_api.errors import FieldError, Refused
from sync_core.settings import Settings
from sync_core.spec.provider import ProviderSpec
from sync_core.store.connections import Environment

Part = Annotated[str, StringConstraints(pattern=r"^[!-~]*$", max_length=4096)]
PartName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
Credentials = Annotated[dict[PartName, Part], Field(max_length=16)]

API_KEY: Final = "apiKey"
"""What callers may call the first part of any provider's credential."""


def parts_of(spec: ProviderSpec, given: dict[str, str]) -> dict[str, str]:
    """The credential's parts under their declared names; empty ones are as good as not given.

    Raises Refused VALIDATION_ERROR for a part that the provider does not know.
    """
    aliases = {API_KEY: spec.auth.fields[0]}
    parts = {aliases.get(name, name): value for name, value in given.items() if value}
    known = (*spec.auth.fields, *spec.auth.optional)
    unknown = [name for name in parts if name not in known]
    if unknown:
        wrong = [
            FieldError(field=f"credentials.{name}", message=f"{spec.title} has {', '.join(known)}") for name in unknown
        ]
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=wrong)
    return parts


def has_key(spec: ProviderSpec, parts: dict[str, str]) -> bool:
    """Whether the parts are a whole key. Raises Refused VALIDATION_ERROR when they are a part of one."""
    there = [name for name in spec.auth.fields if name in parts]
    missing = [name for name in spec.auth.fields if name not in parts]
    if there and missing:
        wrong = [FieldError(field=f"credentials.{name}", message="Field required") for name in missing]
        raise Refused("VALIDATION_ERROR", f"Missing credentials: {spec.auth.help}", details=wrong)
    return not missing


def environment_of(asked: Environment | None, settings: Settings) -> Environment:
    """Which kind of account is meant where the caller does not say: the installation's own stage."""
    return asked or ("production" if settings.stage == "production" else "sandbox")
