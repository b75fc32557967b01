"""OAuth 2.0: how a venue lets us in without handing us a key, and how its tokens are kept alive.

The way in, for the API and the command line (`engine` is the `Engine` of sync_core.sync.engine):

    begin(engine, venue, provider, *, environment, user, redirect_uri, parts=None) -> Authorization
    complete(engine, callback) -> Connected
    refresh(engine, connection) -> Refreshed
    disconnect(engine, connection, *, forget=False) -> Disconnected

Raised by all of them: ConfigurationError (no such provider or venue, the provider has no OAuth, the application's id or
secret is not set), TransientError (the provider or the master key cannot be reached; the same call may succeed later).
By `complete`: AuthorizationRefused, whose `code` says what to tell the person: "state_invalid" (never given out, used,
expired, or for another provider or user), "access_denied" (the person said no), "exchange_failed" (the provider refused
the code), and ConfigurationError when another account was opened than the one this venue was synced with.
By `refresh`: AuthorizationLost (there is no token that could be refreshed, or the provider refuses it: connect again).

What stays true: a state is used once, whatever comes of it; a rotated refresh token is in the database before anybody
uses the access token that came with it; one process at a time refreshes a connection, however slow the provider is.
"""

from sync_core.oauth.terms import Authorization, Callback, Connected, Disconnected, Refreshed

__all__ = ["Authorization", "Callback", "Connected", "Disconnected", "Refreshed"]
