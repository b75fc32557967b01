"""The errors of the clients, made by the one table of `sync_core.trouble`: whoever must act next decides the type."""

from sync_core.errors import AuthorizationLost, SyncError, ThrottledError, Told, TransientError
from sync_core.trouble import look_up


def failure_of(
    told: Told, *, title: str, endpoint: str, said: str, retry_after: float | None = None, credential: str = "key"
) -> SyncError | None:
    """The error for an answer that has nothing to do with what was asked; None for one that is about just that.

    Args:
        told: what the provider told.
        title: its name for people.
        endpoint: the endpoint's template.
        said: the provider's own words, short and without secrets.
        retry_after: seconds that the answer named.
        credential: what the provider may refuse: "key" or "token".
    """
    found = look_up(told.provider, told.status, told.code, family=told.family)
    if found is None:
        return None
    if found.category == "rate_limit":
        return ThrottledError(
            f"{title} asks us to slow down on {endpoint} ({said}); the call may be repeated later.",
            retry_after=retry_after,
            told=told,
        )
    if found.category in ("network", "provider"):
        return TransientError(
            f"{title} could not do {endpoint} ({told.status}, {said}); the call may be repeated later.", told=told
        )
    # One record or one thing that is not allowed is no reason to take the venue's whole connection down.
    if found.category in ("authentication", "authorization") and found.severity in ("error", "critical"):
        return AuthorizationLost(
            f"{title} refuses the {credential} for {endpoint} ({said}); the venue must connect again.", told=told
        )
    return None
