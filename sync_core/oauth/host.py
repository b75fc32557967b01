"""What OAuth needs of the engine it works for. `sync_core.sync.engine.Engine` is one."""

import random
from collections.abc import Mapping
from typing import Protocol

import sqlalchemy as sa

from sync_core.clock import Clock
from sync_core.providers.protocol import Account
from sync_core.settings import Settings
from sync_core.spec.provider import ProviderSpec
from sync_core.store.connections import Environment
from sync_core.sync.meters import Meters
from sync_core.vault.credentials import Vault


class Host(Protocol):
    """Database, vault, settings, time, declarations, and the connection test."""

    @property
    def database(self) -> sa.Engine:
        """The database of venues and connections."""
        ...

    @property
    def vault(self) -> Vault:
        """Where tokens are sealed."""
        ...

    @property
    def settings(self) -> Settings:
        """Our applications' ids and secrets, and other addresses for the providers."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def rng(self) -> random.Random:
        """Draws the jitter of waits."""
        ...

    @property
    def meters(self) -> Meters:
        """Where calls are counted."""
        ...

    def spec(self, provider: str) -> ProviderSpec:
        """The declaration of a provider; ConfigurationError when there is none."""
        ...

    def account_of(self, venue: str, provider: str, secret: Mapping[str, str], *, environment: Environment) -> Account:
        """Whose account a credential opens; AuthorizationLost when the provider refuses it."""
        ...
