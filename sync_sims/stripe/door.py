"""Who knocks: the secret key, the account it acts for and the version it asks for (docs.stripe.com/api/authentication)."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass

from sync_sims.accounts import Accounts
from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.world import VERSION
from sync_sims.wire import Request

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Caller:
    """An admitted request's account, and whether its key is a live one."""

    account_id: str
    livemode: bool


def secret_of(request: Request) -> str | None:
    """The secret key, from a Bearer token or as the user of Basic authentication."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value or None
    if scheme.lower() != "basic":
        return None
    try:
        user, _, _ = b64decode(value, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return user or None


def admit(accounts: Accounts, request: Request) -> Caller:
    """The caller behind the request.

    Raises:
        ApiError: 401 without a good key, 403 for an account that the key may not act for.
    """
    secret = secret_of(request)
    if secret is None:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication "
            "for details, or we can help at https://support.stripe.com/.",
            status=401,
        )
    account_id = accounts.account_id(secret)
    if account_id is None:
        if accounts.standing(secret) == "revoked":
            raise ApiError(f"Expired API Key provided: {_masked(secret)}", status=401, code="api_key_expired")
        raise ApiError(f"Invalid API Key provided: {_masked(secret)}", status=401)
    named = request.headers.get("stripe-account")
    if named is not None and not accounts.may_act_for(secret, named):
        raise ApiError(
            f"The provided key '{_masked(secret)}' does not have access to account '{named}' (or that account does not "
            "exist). Application access may have been revoked.",
            status=403,
            code="account_invalid",
        )
    return Caller(account_id=named or account_id, livemode=secret.startswith(("sk_live_", "rk_live_")))


def version_of(request: Request) -> str:
    """The API version the answer is given in.

    Raises:
        ApiError: It is not a version.
    """
    version = request.headers.get("stripe-version", VERSION)
    if not _VERSION.fullmatch(version):
        raise ApiError(f"Invalid Stripe API version: {version}")
    return version


def _masked(secret: str) -> str:
    """A key as Stripe repeats it in errors."""
    if len(secret) <= 12:
        return "*" * len(secret)
    return f"{secret[:8]}{'*' * (len(secret) - 12)}{secret[-4:]}"
