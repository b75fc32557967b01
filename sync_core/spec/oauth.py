"""The OAuth part of a provider's declaration: addresses, what each takes, and which parts of the answer the client needs."""

from typing import Annotated, Literal

from pydantic import Field

from sync_core.spec.declared import Declared, Name

Address = Annotated[str, Field(pattern=r"^https?://[^/?#]+/[^?#]*$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Sent = Literal["client_id", "client_secret", "redirect_uri", "access_token", "refresh_token", "account_id"]
Proof = Literal["none", "basic", "bearer", "client"]


class AuthorizeSpec(Declared):
    """The page on which a person lets us in."""

    address: Address
    scopes: tuple[str, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict[str, str], description="Further parameters of the address.")


class TokenSpec(Declared):
    """Where a code or a refresh token becomes an access token."""

    address: Address
    body: Literal["form", "json"] = "form"
    proof: Proof = Field(default="none", description="How the application proves itself in the Authorization header.")
    send: tuple[Sent, ...] = Field(
        default=("client_id", "client_secret", "redirect_uri"),
        description="What goes along with grant and code; redirect_uri only with a code, client_secret only if set.",
    )
    refresh_expiry: Name | None = Field(
        default=None, description="Where the answer says when the refresh token ends: seconds, or a time."
    )
    timeout_seconds: float = Field(default=60, gt=0)


class MetadataSpec(Declared):
    """A second question, asked with the fresh access token, without which the account cannot be reached."""

    address: Address
    scheme: str = Field(default="Bearer", description="The word before the token in the Authorization header.")


class RevokeSpec(Declared):
    """Where a token is made worthless."""

    address: Address
    body: Literal["form", "json"] = "form"
    proof: Proof = "none"
    send: dict[str, Sent] = Field(min_length=1, description="Field of the request, and what stands in it.")


class OAuthSpec(Declared):
    """How a venue lets us in without giving us a key: OAuth 2.0 with an authorization code (RFC 6749, section 4.1)."""

    base_env: Variable = Field(
        description="Environment variable with another host for all addresses, e.g. a simulator."
    )
    sandbox_base: str | None = Field(default=None, description="The host of all addresses for sandbox accounts.")
    client_id_env: Variable
    client_secret_env: Variable
    authorize: AuthorizeSpec
    token: TokenSpec
    metadata: MetadataSpec | None = None
    revoke: RevokeSpec | None = None
    pkce: Literal["never", "without_secret"] = Field(
        default="never", description="Whether an application that has no secret proves itself by PKCE (RFC 7636)."
    )
    from_callback: tuple[str, ...] = Field(
        default=(), description="Parameters of the callback that are kept, because the token answer lacks them."
    )
    secret: dict[Name, str] = Field(
        min_length=1, description="Part of the client's credential, and which part of what was granted stands in it."
    )
    refresh_after_hours: float | None = Field(
        default=None, gt=0, description="Refreshed so long after it was obtained even if it is good for longer."
    )
