"""A session whose access token may change under way: each request carries the current one, and a 401 is tried again.

The clients know nothing of it. They put the token they were made with into the Authorization header; where they do, the
current one takes its place. A request without that header, such as a download from elsewhere, never gets a token.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import requests
from requests.adapters import BaseAdapter

RENEWALS: Final = 2
"""The first other token may be one that somebody else got and that has ended since; the second one is new for certain."""

_HEADER = "Authorization"
_REFUSED: Final = 401


class TokenSource(Protocol):
    """Where the current access token comes from. Shared by the threads of a session."""

    def current(self) -> str:
        """The token to use now, refreshed beforehand if its end is near. Raises SyncError."""
        ...

    def after_refusal(self, token: str) -> str | None:
        """Another token than this one, which the provider has just refused; None when there is none. Raises SyncError."""
        ...


def renewing(session: requests.Session, source: TokenSource) -> None:
    """Let every request of `session` carry the current token of `source`."""
    for prefix, adapter in list(session.adapters.items()):
        session.mount(prefix, _Renewing(adapter, source))


class _Renewing(BaseAdapter):
    """The current token around whatever sends the request."""

    def __init__(self, inner: BaseAdapter, source: TokenSource) -> None:
        super().__init__()
        self._inner = inner
        self._source = source

    def send(  # noqa: PLR0917 - the signature is requests' own
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - requests' own
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - requests' own
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        options: dict[str, Any] = {
            "stream": stream,
            "timeout": timeout,
            "verify": verify,
            "cert": cert,
            "proxies": proxies,
        }
        if _HEADER not in request.headers:
            return self._inner.send(request, **options)
        token = self._source.current()
        response = self._inner.send(_carrying(request, token), **options)
        for _ in range(RENEWALS):
            # Refused at the door, so nothing was done: a write may be sent again.
            another = self._source.after_refusal(token) if response.status_code == _REFUSED else None
            if another is None:
                break
            token = another
            response = self._inner.send(_carrying(request, token), **options)
        return response

    def close(self) -> None:
        """Close what sends the requests."""
        self._inner.close()


def _carrying(request: requests.PreparedRequest, token: str) -> requests.PreparedRequest:
    """A copy, because who sends a request takes its marks off it."""
    carrying = request.copy()
    carrying.headers[_HEADER] = f"Bearer {token}"
    return carrying
