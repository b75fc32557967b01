"""Configuration: every environment variable the product reads, validated at start, with nothing secret in a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from sync_core.errors import ConfigurationError

Stage = Literal["development", "production"]
MOST_WORKERS = 64
MOST_DAYS = 3650
API_URL = "http://127.0.0.1:3007"
"""Where the HTTP API listens unless it is told otherwise."""
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
        former_kms_keys: ARNs of KMS keys under which credentials may still be sealed (VENUE_SYNC_FORMER_KMS_KEYS).
        former_key_files: local master key files of the same kind (VENUE_SYNC_FORMER_KEY_FILES).
        region: AWS region (AWS_REGION or AWS_DEFAULT_REGION).
        bases: provider base addresses that override the declared ones, by variable name (e.g. STRIPE_API_BASE).
        applications: ids and secrets of our applications at the providers, for OAuth, by variable name
            (e.g. SQUARE_CLIENT_ID).
        workers: venues worked on at once in one run (VENUE_SYNC_WORKERS).
        run_history: for how long Dagster's old runs and events are kept (VENUE_SYNC_RUN_HISTORY_DAYS).
        declarations: folders of providers that are declared outside the product (VENUE_SYNC_DECLARATIONS).
        api_url: where the world reaches the HTTP API (VENUE_SYNC_API_URL); OAuth comes back there.
        api_per_minute: requests that a caller of the API has a minute (VENUE_SYNC_API_PER_MINUTE).
        jwt_keys: file of PEM public keys that sign callers' tokens (VENUE_SYNC_JWT_KEYS); None means the local
            development key.
        jwt_issuer: whom a token must come from (VENUE_SYNC_JWT_ISSUER).
        jwt_audience: whom a token must be for (VENUE_SYNC_JWT_AUDIENCE).
        webhook_secrets: what the application's webhooks are signed with, by provider; several while one takes the
            other's place (STRIPE_WEBHOOK_SECRET, SQUARE_WEBHOOK_SIGNATURE_KEY, QUICKBOOKS_WEBHOOK_TOKEN,
            MAILCHIMP_WEBHOOK_SECRET).
        square_webhook_url: the address that Square was given for its webhooks, which it signs (SQUARE_WEBHOOK_URL).
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
    former_kms_keys: tuple[str, ...] = ()
    former_key_files: tuple[Path, ...] = ()
    run_history: timedelta = timedelta(days=14)
    api_url: str = API_URL
    api_per_minute: int = 100
    jwt_keys: Path | None = None
    jwt_issuer: str = "venue-sync"
    jwt_audience: str = "venue-sync-api"
    webhook_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)
    square_webhook_url: str | None = None

    @property
    def local_key_file(self) -> Path:
        """The local keyring's master key, for development only."""
        return self.home / "local-master.key"

    @property
    def development_jwt_key_file(self) -> Path:
        """The private key that signs callers' tokens, for development only."""
        return self.home / "development-jwt.pem"

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
        former_kms_keys=tuple(environ.get("VENUE_SYNC_FORMER_KMS_KEYS", "").replace(",", " ").split()),
        former_key_files=tuple(
            Path(file) for file in environ.get("VENUE_SYNC_FORMER_KEY_FILES", "").split(os.pathsep) if file
        ),
        run_history=_days(environ.get("VENUE_SYNC_RUN_HISTORY_DAYS", "14")),
        api_url=_address("VENUE_SYNC_API_URL", environ.get("VENUE_SYNC_API_URL") or API_URL),
        api_per_minute=_allowance(environ.get("VENUE_SYNC_API_PER_MINUTE", "100")),
        jwt_keys=Path(keys).resolve() if (keys := environ.get("VENUE_SYNC_JWT_KEYS")) else None,
        jwt_issuer=environ.get("VENUE_SYNC_JWT_ISSUER") or "venue-sync",
        jwt_audience=environ.get("VENUE_SYNC_JWT_AUDIENCE") or "venue-sync-api",
        webhook_secrets={
            "stripe": _several(environ.get("STRIPE_WEBHOOK_SECRET")),
            "square": _several(environ.get("SQUARE_WEBHOOK_SIGNATURE_KEY")),
            "quickbooks": _several(environ.get("QUICKBOOKS_WEBHOOK_TOKEN")),
            "mailchimp": _several(environ.get("MAILCHIMP_WEBHOOK_SECRET")),
        },
        square_webhook_url=environ.get("SQUARE_WEBHOOK_URL") or None,
    )


def _several(value: str | None) -> tuple[str, ...]:
    """Secrets that are separated by commas: the new one and, for a while, the one before."""
    return tuple(secret for part in (value or "").split(",") if (secret := part.strip()))


def _address(name: str, value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ConfigurationError(f"{name} is not an address: it must start with https:// (or http://).")
    return value.rstrip("/")


def _allowance(value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise ConfigurationError(f"VENUE_SYNC_API_PER_MINUTE is {value!r}: use a number of at least 1.")
    return int(value)


def _days(value: str) -> timedelta:
    if not value.isdigit() or not 1 <= int(value) <= MOST_DAYS:
        raise ConfigurationError(f"VENUE_SYNC_RUN_HISTORY_DAYS is {value!r}: use a number from 1 to {MOST_DAYS}.")
    return timedelta(days=int(value))


def declarations_in(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders in VENUE_SYNC_DECLARATIONS, separated as in PATH, each with a <provider>/defs.yaml for each provider."""
    named = environ.get("VENUE_SYNC_DECLARATIONS", "").split(os.pathsep)
    return tuple(Path(folder).resolve() for folder in named if folder)
