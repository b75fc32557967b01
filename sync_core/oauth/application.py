"""Our application at a provider: its id and secret out of the settings, its addresses out of the declaration."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from sync_core.errors import ConfigurationError
from sync_core.settings import Settings
from sync_core.spec.oauth import OAuthSpec
from sync_core.spec.provider import ProviderSpec
from sync_core.store.connections import Environment

SANDBOX = "SANDBOX_"


@dataclass(frozen=True, slots=True)
class Application:
    """What we are to a provider. `client_secret` is None for an application that proves itself by PKCE."""

    provider: ProviderSpec
    environment: Environment
    spec: OAuthSpec
    client_id: str
    client_secret: str | None = field(repr=False)
    host: str | None

    @property
    def title(self) -> str:
        """The provider's name for people."""
        return self.provider.title

    @property
    def by_pkce(self) -> bool:
        """Whether it has no secret and proves itself by PKCE."""
        return self.client_secret is None

    def address(self, declared: str) -> str:
        """A declared address, at another host if there is one for this environment."""
        if self.host is None:
            return declared
        scheme, netloc, *_ = urlsplit(self.host)
        return urlunsplit((scheme, netloc, *urlsplit(declared)[2:]))


def application_of(spec: ProviderSpec, settings: Settings, *, environment: Environment) -> Application:
    """Our application at the provider of `spec`.

    Raises:
        ConfigurationError: the provider has no OAuth, or the application's id, or the secret that it needs, is not set.
    """
    oauth = spec.auth.oauth
    if oauth is None:
        raise ConfigurationError(f"{spec.title} has no OAuth: connect it with a key. {spec.auth.help}")
    known = settings.applications
    # Id and secret belong together: the secret of one application is never shown to where another one is registered.
    own = SANDBOX if environment == "sandbox" and known.get(SANDBOX + oauth.client_id_env) else ""
    client_id, client_secret = known.get(own + oauth.client_id_env), known.get(own + oauth.client_secret_env)
    if client_id is None:
        raise ConfigurationError(
            f"{oauth.client_id_env} is not set: register an application at {spec.title} and set its id."
        )
    if client_secret is None and oauth.pkce == "never":
        raise ConfigurationError(
            f"{own}{oauth.client_secret_env} is not set: set the secret of your application there."
        )
    sandbox_host = oauth.sandbox_base if environment == "sandbox" else None
    return Application(
        provider=spec,
        environment=environment,
        spec=oauth,
        client_id=client_id,
        client_secret=client_secret,
        host=settings.bases.get(oauth.base_env, sandbox_host),
    )
