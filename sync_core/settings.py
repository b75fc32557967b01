"""Configuration: every environment variable the product reads, validated at start, with nothing secret in a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sync_core.errors import ConfigurationError

Stage = Literal["development", "production"]
MOST_WORKERS = 64
_BASES = ("_API_BASE", "_OAUTH_BASE")
_APPLICATIONS = ("_CLIENT_ID", "_CLIENT_SECRET")


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once at the edge with `read_settings(os.environ)` and passed on.

    Attributes:
        home: state folder of this installation (VENUE_SYNC_HOME, default ./.venue-sync).
        stage: development or production (VENUE_SYNC_STAGE).
        database_url: external PostgreSQL (DATABASE_URL); None means the embedded server.
        kms_key_id: AWS KMS key for the vault (VENUE_SYNC_KMS_KEY_ID); None means the local keyring.
        kms_endpoint: another KMS endpoint (AWS_ENDPOINT_URL_KMS).
        region: AWS region (AWS_REGION or AWS_DEFAULT_REGION).
        bases: provider base addresses that override the declared ones, by variable name (e.g. STRIPE_API_BASE).
        applications: ids and secrets of our applications at the providers, for OAuth, by variable name
            (e.g. SQUARE_CLIENT_ID).
        workers: venues worked on at once in one run (VENUE_SYNC_WORKERS).
        declarations: folders of providers that are declared outside the product (VENUE_SYNC_DECLARATIONS).
    """

    home: Path
    stage: Stage
    database_url: str | None
    kms_key_id: str | None
    kms_endpoint: str | None
    region: str | None
    workers: int
    bases: Mapping[str, str] = field(default_factory=dict[str, str])
    applications: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    declarations: tuple[Path, ...] = ()

    @property
    def local_key_file(self) -> Path:
        """The local keyring's master key, for development only."""
        return self.home / "local-master.key"

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps its compute logs; its storage is in PostgreSQL."""
        return self.home / "dagster"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from an environment. Raises ConfigurationError naming the variable that is wrong."""
    stage = environ.get("VENUE_SYNC_STAGE", "development")
    if stage not in ("development", "production"):
        raise ConfigurationError(f"VENUE_SYNC_STAGE is {stage!r}: use development or production.")
    workers = environ.get("VENUE_SYNC_WORKERS", "24")
    if not workers.isdigit() or not 1 <= int(workers) <= MOST_WORKERS:
        raise ConfigurationError(f"VENUE_SYNC_WORKERS is {workers!r}: use a number from 1 to {MOST_WORKERS}.")
    bases = {name: value.rstrip("/") for name, value in environ.items() if name.endswith(_BASES) and value}
    for name, value in bases.items():
        if not value.startswith(("http://", "https://")):
            raise ConfigurationError(f"{name} is not an address: it must start with https:// (or http://).")
    return Settings(
        home=Path(environ.get("VENUE_SYNC_HOME") or ".venue-sync").resolve(),
        stage=stage,
        database_url=environ.get("DATABASE_URL") or None,
        kms_key_id=environ.get("VENUE_SYNC_KMS_KEY_ID") or None,
        kms_endpoint=environ.get("AWS_ENDPOINT_URL_KMS") or None,
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None,
        workers=int(workers),
        bases=bases,
        applications={name: value for name, value in environ.items() if name.endswith(_APPLICATIONS) and value},
        declarations=declarations_in(environ),
    )


def declarations_in(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders in VENUE_SYNC_DECLARATIONS, separated as in PATH, each with a <provider>/defs.yaml for each provider."""
    named = environ.get("VENUE_SYNC_DECLARATIONS", "").split(os.pathsep)
    return tuple(Path(folder).resolve() for folder in named if folder)
