"""Opening an account at a provider: a session behind the account's guard, and the provider's client on it.

Stays true: every client that anybody in this product works with was opened here, so its calls are limited, broken,
repeated and counted.
"""

import importlib
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sync_core.clock import Clock
from sync_core.errors import ConfigurationError
from sync_core.http.backoff import HIGH, Patience
from sync_core.http.bearer import TokenSource, renewing
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, Guard, open_session
from sync_core.http.turn import Turn
from sync_core.providers.protocol import Provider, ProviderFactory
from sync_core.settings import Settings
from sync_core.spec.provider import ProviderSpec, RateSpec
from sync_core.store.connections import Environment
from sync_core.sync.guards import Guards
from sync_core.sync.meters import Meters


@dataclass(frozen=True, slots=True)
class Access:
    """Whose account is to be opened, and with what. The secret never shows in its repr.

    `tokens` watches over an access token that ends; None where a key, or a token without end, opens the account.
    `account` is whose limits the calls count against, in the provider's terms; None while nobody knows. So is
    `connection_id`, whose calls they are.
    """

    label: str
    environment: Environment
    secret: Mapping[str, str] = field(repr=False)
    tokens: TokenSource | None = field(default=None, repr=False)
    account: str | None = None
    connection_id: int | None = None


@dataclass(frozen=True, slots=True)
class Accounts:
    """What opening an account takes, once per process."""

    settings: Settings
    clock: Clock
    rng: random.Random
    guards: Guards
    meters: Meters

    @contextmanager
    def opened(
        self,
        spec: ProviderSpec,
        access: Access,
        *,
        calls: CallLog,
        correlation: str,
        patience: Patience = HIGH,
        turn: Turn | None = None,
    ) -> Iterator[Provider]:
        """The provider's client on the account; its calls are counted in `calls`, and in the meters at the end."""
        sandbox = access.environment == "sandbox"
        policy = CallPolicy(
            provider=spec.title,
            connection=access.label,
            rate=spec.limits.sandbox if sandbox else spec.limits.production,
            concurrency=spec.limits.concurrency,
            timeout=spec.api.timeout_seconds,
            patience=patience,
            declared=spec.provider,
        )
        session = open_session(
            policy,
            clock=self.clock,
            rng=self.rng,
            calls=calls,
            correlation=correlation,
            guard=self._guard(spec, access, policy.rate),
            turn=turn,
        )
        if access.tokens is not None:
            renewing(session, access.tokens)
        try:
            with session:
                yield client_of(spec)(
                    spec=spec,
                    session=session,
                    base=self._base(spec, access.environment),
                    secret=access.secret,
                    sandbox=sandbox,
                )
        finally:
            self.meters.calls(spec, access.environment, calls.news(), connection_id=access.connection_id)

    def _guard(self, spec: ProviderSpec, access: Access, rate: RateSpec) -> Guard | None:
        """The guard of the account, which venues that share it share; None while nobody knows whose account it is."""
        if access.account is None:
            return None
        system = f"{spec.provider}/{access.environment}"
        # Mailchimp's account id has the audience behind a slash, and its limits are the account's.
        whose = access.account.partition("/")[0]
        limits = spec.limits
        return self.guards.of(
            f"{system}/{whose}", system=system, rate=rate, simultaneous=limits.simultaneous, alone=limits.alone
        )

    def _base(self, spec: ProviderSpec, environment: Environment) -> str:
        declared = spec.api.sandbox_base if environment == "sandbox" and spec.api.sandbox_base else spec.api.base
        return self.settings.bases.get(spec.api.base_env, declared)


def client_of(spec: ProviderSpec) -> ProviderFactory:
    """The client that a declaration names. Raises ConfigurationError when there is no such thing."""
    module, _, name = spec.client.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise ConfigurationError(
            f"The declaration of {spec.provider} names the client {spec.client}, which is not there."
        ) from None
