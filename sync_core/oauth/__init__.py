"""OAuth 2.0: how a venue lets us in without handing us a key, and how its tokens are kept alive.

`host` is the `Engine` of sync_core.sync.engine. What the functions raise is told by each; what they have in common:
ConfigurationError (no such provider or venue, the provider has no OAuth, the application's id or secret is not set) and
TransientError (the provider or the master key cannot be reached; the same call may succeed later).

`complete` raises AuthorizationRefused, whose `code` says what to tell the person: "state_invalid" (never given out,
used, expired, or for another provider or user), "access_denied" (the person said no), "exchange_failed" (the provider
refuses the code). `refresh` raises AuthorizationLost when the venue has to connect again.

What stays true: a state is used once, whatever comes of it; a rotated refresh token is in the database before anybody
uses the access token that came with it; one process at a time refreshes a connection, however slow the provider is.

The modules: `dance` (there and back), `keeping` (tokens in the vault), `refreshing`, `bearer` (the token of a connection
that is worked on), `leaving`; below them `asking`, `grant`, `application`, `host`.
"""

from sync_core.oauth.dance import begin, complete
from sync_core.oauth.leaving import disconnect, forget, reconnect
from sync_core.oauth.refreshing import refresh
from sync_core.oauth.terms import Authorization, Callback, Connected, Disconnected, Refreshed

__all__ = [
    "Authorization",
    "Callback",
    "Connected",
    "Disconnected",
    "Refreshed",
    "begin",
    "complete",
    "disconnect",
    "forget",
    "reconnect",
    "refresh",
]
