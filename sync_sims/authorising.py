"""The authorisation server of a provider: the page for sellers is alike everywhere, the rest each provider says itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from sync_sims.accounts import Accounts
from sync_sims.consent import answer_in, asked, back, page, sorry, trouble
from sync_sims.grants import Application, Grants, NotGranted
from sync_sims.wire import Request, Response

Route = Callable[[Request], Response]


class Authorising(ABC):
    """Serves one provider's authorise page and token endpoints."""

    title: str
    page_path: str

    def __init__(self, grants: Grants, accounts: Accounts) -> None:
        self.grants = grants
        self._accounts = accounts

    @abstractmethod
    def routes(self) -> Mapping[tuple[str, str], Route]:
        """What is served besides the page, by method and path."""

    @abstractmethod
    def refused(self, refusal: NotGranted) -> Response:
        """The provider's own words for a refusal."""

    def returned(self, account_id: str) -> dict[str, str]:
        """What comes back with the code, besides the state."""
        del account_id
        return {}

    def denied(self) -> dict[str, str]:
        """What comes back when the seller says no."""
        return {"error": "access_denied"}

    def concerns(self, request: Request) -> bool:
        """Whether the request is for this server and not for the API."""
        return request.path == self.page_path or (request.method, request.path) in self.routes()

    def answer(self, request: Request) -> Response:
        """Answer a request that concerns this server."""
        if request.path == self.page_path:
            return self._page(request)
        try:
            return self.routes()[request.method, request.path](request)
        except NotGranted as refusal:
            return self.refused(refusal)

    def _page(self, request: Request) -> Response:
        given = asked(request)
        application = self.grants.applications.get(given.get("client_id", ""))
        reason = trouble(given, application)
        if application is None or reason is not None:
            return sorry(reason or "")
        answer = answer_in(request)
        if answer is None:
            question = {name: value for name, value in given.items() if name not in {"decision", "account"}}
            sellers = [(seller.account_id, seller.name) for seller in self._accounts.everyone()]
            return page(self.title, question, accounts=sellers)
        if not answer.allowed:
            return back(given, **self.denied())
        if answer.account_id not in self._accounts:
            return sorry("There is no such account.")
        return back(given, code=self._code(application, answer.account_id, given), **self.returned(answer.account_id))

    def _code(self, application: Application, account_id: str, given: Mapping[str, str]) -> str:
        return self.grants.authorize(
            application,
            account_id,
            redirect_uri=given["redirect_uri"],
            scope=given.get("scope", ""),
            challenge=given.get("code_challenge"),
        )


@runtime_checkable
class LetsIn(Protocol):
    """A simulator that has an authorisation server."""

    oauth: Authorising


def oauth_error(refusal: NotGranted) -> Response:
    """A refusal in the standard's shape (RFC 6749, 5.2)."""
    status = 401 if refusal.error == "invalid_client" else 400
    return Response(status, {"error": refusal.error, "error_description": str(refusal)})


def wanted(given: Mapping[str, Any], name: str) -> str:
    """A field that must be there. Raises NotGranted."""
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise NotGranted("invalid_request", f"Missing required parameter: {name}.")
    return value
