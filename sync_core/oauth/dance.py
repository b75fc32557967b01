"""There and back: a person is sent to the provider's page with a state, and comes back with it and a code.

The state is 256 random bits of which only the hash is kept, bound to venue, provider, person and callback address, good
for ten minutes and for one use: it is taken back before anything is asked of the provider.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from sync_core.errors import (
    AuthorizationLost,
    AuthorizationRefused,
    ConfigurationError,
    ProviderRefused,
)
from sync_core.http.backoff import NORMAL
from sync_core.oauth.application import Application, application_of
from sync_core.oauth.asking import asking
from sync_core.oauth.grant import KIND, Grant
from sync_core.oauth.host import Host
from sync_core.oauth.keeping import keep_first
from sync_core.oauth.terms import Authorization, Callback, Connected
from sync_core.store import connections, oauth_states
from sync_core.store.connections import Environment
from sync_core.store.oauth_states import Pending

LIFETIME: Final = timedelta(minutes=10)
STATE_KIND: Final = "oauth_state"
_STATE_BYTES: Final = 32
_VERIFIER: Final = "verifier"
_WORD: Final = re.compile(r"[a-z_]{1,40}")


def begin(
    host: Host,
    venue: str,
    provider: str,
    *,
    environment: Environment,
    user: str,
    redirect_uri: str,
    parts: Mapping[str, str] | None = None,
) -> Authorization:
    """Where to send a person who wants to connect `venue` with `provider`.

    Args:
        host: the engine.
        venue: id of the venue.
        provider: "stripe", "square", ...
        environment: which kind of account is to be connected.
        user: who asks; only the same one may come back.
        redirect_uri: our callback address, as it is registered at the provider.
        parts: optional parts of the credential that the venue adds, such as Mailchimp's list_id.

    Raises:
        ConfigurationError: no such venue or provider, no OAuth there, an unknown part, or our application is not set up.
        TransientError: the master key cannot be reached.
    """
    spec = host.spec(provider)
    application = application_of(spec, host.settings, environment=environment)
    unknown = sorted(set(parts or {}) - set(spec.auth.optional))
    if unknown:
        raise ConfigurationError(f"{spec.title} takes no part {unknown[0]!r} beside its authorisation.")
    state = secrets.token_urlsafe(_STATE_BYTES)
    verifier = secrets.token_urlsafe(_STATE_BYTES) if application.by_pkce else None
    hidden = {**(parts or {}), **({_VERIFIER: verifier} if verifier else {})}
    sealed = host.vault.sealer(venue=venue, provider=provider, kind=STATE_KIND).seal(hidden)
    now = host.clock.now()
    pending = Pending(venue, provider, environment, user, redirect_uri, sealed.envelope, now + LIFETIME)
    with host.database.begin() as conn:
        connections.require_venue(conn, venue)
        oauth_states.keep(conn, _hash(state), pending, now=now)
        oauth_states.mark_given_up(conn, now=now)
        oauth_states.mark_connecting(conn, venue, provider, environment=environment)
    url = _page(application, state, redirect_uri=redirect_uri, verifier=verifier)
    return Authorization(url=url, state=state, expires_at=pending.expires_at)


def complete(host: Host, callback: Callback) -> Connected:
    """Make of a person's return a connection: take the state, exchange the code, test the account, store the tokens.

    Raises:
        AuthorizationRefused: the state is not good, the person said no, or the provider refuses the code.
        ConfigurationError: another account than the one this venue was synced with, or our application is not set up.
        TransientError: the provider or the master key cannot be reached: begin again, the state is used up.
    """
    try:
        with host.meters.written(host.database):
            return _completed(host, callback, _taken(host, callback))
    finally:
        with host.database.begin() as conn:
            oauth_states.mark_given_up(conn, now=host.clock.now())


def _taken(host: Host, callback: Callback) -> Pending:
    state = callback.parameters.get("state", "")
    with host.database.begin() as conn:
        pending = oauth_states.take(conn, _hash(state))
    if (
        pending is None
        or pending.expires_at <= host.clock.now()
        or pending.provider != callback.provider
        or callback.user not in (None, pending.user)
    ):
        raise AuthorizationRefused(
            "The state of this authorisation is not valid: it was used, is older than ten minutes, or belongs to "
            "somebody else; begin the connection again.",
            code="state_invalid",
        )
    return pending


def _completed(host: Host, callback: Callback, pending: Pending) -> Connected:
    spec = host.spec(pending.provider)
    label = f"{pending.venue}/{pending.provider}"
    code = callback.parameters.get("code")
    if not code or callback.parameters.get("error"):
        said = callback.parameters.get("error", "")
        reason = said if _WORD.fullmatch(said) else "no code"
        raise AuthorizationRefused(
            f"{spec.title} gave no access for {label} ({reason}); begin again when whoever owns the account agrees.",
            code="access_denied" if said == "access_denied" else "exchange_failed",
        )
    application = application_of(spec, host.settings, environment=pending.environment)
    hidden = host.vault.open(pending.envelope, venue=pending.venue, provider=pending.provider, kind=STATE_KIND)
    # Before the exchange: what the provider then gives must find a key that seals it.
    sealer = host.vault.sealer(venue=pending.venue, provider=pending.provider, kind=KIND)
    verifier = hidden.pop(_VERIFIER, None)
    try:
        grant = _granted(host, application, callback, code=code, pending=pending, verifier=verifier)
        grant = replace(grant, added=hidden)
        credential = grant.credential(application.spec)
        account = host.account_of(pending.venue, pending.provider, credential, environment=pending.environment)
    except (AuthorizationLost, ProviderRefused) as refused:
        raise AuthorizationRefused(str(refused), code="exchange_failed") from None
    connection_id = keep_first(host, pending, grant, account=account, sealer=sealer)
    return Connected(
        connection_id=connection_id,
        venue=pending.venue,
        provider=pending.provider,
        environment=pending.environment,
        account=account,
        user=pending.user,
    )


def _granted(
    host: Host,
    application: Application,
    callback: Callback,
    *,
    code: str,
    pending: Pending,
    verifier: str | None,
) -> Grant:
    """The grant with everything that the client needs to reach the account."""
    told = application.spec.from_callback
    with host.database.connect() as conn:
        # There since `begin`, unless somebody has forgotten it meanwhile.
        known = connections.find(conn, pending.venue, pending.provider)
    label, number = f"{pending.venue}/{pending.provider}", None if known is None else known.id
    with asking(host, application, label=label, connection_id=number, patience=NORMAL) as ask:
        grant = ask.exchange(code, redirect_uri=pending.redirect_uri, verifier=verifier)
        grant = grant.kept_parts(callback.parameters, told)
        wanted = {name for name in application.spec.secret.values() if name != "access_token"} - set(told)
        return grant.kept_parts(ask.metadata(grant), tuple(sorted(wanted)))


def _page(application: Application, state: str, *, redirect_uri: str, verifier: str | None) -> str:
    declared = application.spec.authorize
    asked = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        **({"scope": " ".join(declared.scopes)} if declared.scopes else {}),
        **({"code_challenge": _challenge(verifier), "code_challenge_method": "S256"} if verifier else {}),
        **declared.parameters,
    }
    return f"{application.address(declared.address)}?{urlencode(asked)}"


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2: S256."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
