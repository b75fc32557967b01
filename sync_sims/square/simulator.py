"""Square as the server sees it: sellers, tokens, time, and what survives a restart."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from sync_sims.accounts import Accounts
from sync_sims.changes import Changes
from sync_sims.grants import Grants
from sync_sims.journal import Journal
from sync_sims.square.books import Books
from sync_sims.square.call import Call
from sync_sims.square.customers import shown as shown_customer
from sync_sims.square.door import account_for, body_of, token_of, version_of
from sync_sims.square.fields import Fields, Parameters
from sync_sims.square.identifiers import Identifiers
from sync_sims.square.oauth import LIFE, PUBLIC_LIFE, SHAPES, SquareOAuth
from sync_sims.square.paging import Pager
from sync_sims.square.refusal import Refused, error, not_found
from sync_sims.square.routes import RETIRED, Route, find, is_known
from sync_sims.square.seeds import SEEDS
from sync_sims.square.shelf import Row
from sync_sims.square.terms import LATEST_VERSION, Terms
from sync_sims.square.timestamps import stamp
from sync_sims.wire import UNLIMITED, Limits, Request, Response, ThrottleReason

Now = Callable[[], datetime]
_JUDGED = (
    "catalog",
    "customers",
    "inventory_counts",
    "inventory_changes",
    "payments",
    "refunds",
    "orders",
    "loyalty_accounts",
    "loyalty_events",
)


def _system_now() -> datetime:
    return datetime.now(UTC)


class SquareSimulator:
    """Square's API for any number of sellers.

    Args:
        now: The time, aware.
        chance: Where identifiers come from.
        journal_path: File that keeps everything across restarts; None keeps nothing.
        limits: Requests per second; Square publishes none.
        currency: The currency of new sellers; None lets each take the first it trades in (USD until then).
        terms: What Square does not publish; may be changed while the simulator runs.
    """

    name = "square"

    def __init__(
        self,
        *,
        now: Now = _system_now,
        chance: random.Random | None = None,
        journal_path: Path | None = None,
        limits: Limits = UNLIMITED,
        currency: str | None = None,
        terms: Terms | None = None,
    ) -> None:
        self.limits = limits
        self.changes = Changes()
        self.terms = terms or Terms()
        self._now = now
        self._currency = currency
        self._identifiers = Identifiers(chance or random.Random())
        self._journal = None if journal_path is None else Journal(journal_path)
        self._accounts = Accounts()
        self._books: dict[str, Books] = {}
        self._pager = Pager()
        self._unwritten: list[tuple[str, str, str, Row]] = []
        self.oauth = SquareOAuth(
            Grants(
                accounts=self._accounts,
                life=replace(LIFE),
                public_life=replace(PUBLIC_LIFE),
                shapes=SHAPES,
                clock=lambda: now().timestamp(),
                chance=chance or random.Random(),
                record=self._record_grant,
            ),
            self._accounts,
        )
        self._restore()

    def handle(self, request: Request) -> Response:
        """Answer one API request."""
        self.oauth.grants.sweep()
        if self.oauth.concerns(request):
            return self.oauth.answer(request)
        version = LATEST_VERSION
        try:
            version = version_of(request)
            account_id = account_for(request, self._accounts)
            response = Response(200, self._answer(request, account_id))
        except Refused as refusal:
            response = Response(refusal.status, refusal.body)
        self._write_journal()
        return Response(response.status, response.body, {"square-version": version})

    def _answer(self, request: Request, account_id: str) -> dict[str, Any]:
        found = find(request.method, request.path)
        if found is None:
            raise _no_endpoint(request)
        route, ids = found
        body = body_of(request, route, self.terms)
        call = self._call(account_id, route, ids=ids, body=body, query=dict(request.query))
        return route.endpoint(call)

    def _call(
        self,
        account_id: str,
        route: Route | None,
        *,
        ids: tuple[str, ...] = (),
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> Call:
        return Call(
            books=self._books[account_id],
            now=self._now(),
            endpoint="seed" if route is None else route.name,
            ids=ids,
            body=Fields(body or {}),
            query=Parameters(query or {}),
            terms=self.terms,
            identifiers=self._identifiers,
            pager=self._pager,
        )

    def _record_grant(self, entry: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append({"oauth": entry})

    def account_of(self, request: Request) -> str | None:
        """The account that the request's token acts for."""
        return self._accounts.account_id(token_of(request))

    def is_write(self, request: Request) -> bool:
        """Whether the request would change something."""
        found = find(request.method, request.path)
        return found[0].writes if found is not None else request.method != "GET"

    def endpoint(self, request: Request) -> str:
        """Method and path template."""
        found = find(request.method, request.path)
        return found[0].name if found is not None else f"{request.method} {request.path}"

    def throttled(self, reason: ThrottleReason) -> Response:
        """Square's 429, which names neither a limit nor a time to wait."""
        del reason
        return _refusal(429, error("RATE_LIMITED", "Too many requests.", category="RATE_LIMIT_ERROR"))

    def failed(self, status: int) -> Response:
        """Square's answer for an error on its side."""
        code = _FAILURES.get(status, "INTERNAL_SERVER_ERROR")
        return _refusal(status, error(code, "An internal error has occurred.", category="API_ERROR"))

    def refused(self, request: Request, body_override: Any | None) -> Response:
        """Square's 400."""
        del request
        response = _refusal(400, error("BAD_REQUEST", "Bad request."))
        return response if body_override is None else Response(400, body_override, response.headers)

    def overrule(self, request: Request, response: Response) -> None:
        """Nothing to note: under its idempotency key Square keeps what was done, not what was answered."""

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """Let the token act for the account, making its books where it is new."""
        self._open_account(credential, account_id, name)
        if self._journal is not None:
            self._journal.append({"register": [credential, account_id, name]})
        if "seller" not in self._books[account_id].seller.rows:
            currency = {} if self._currency is None else {"currency": self._currency}
            self._books[account_id].describe(
                name=name or account_id,
                location_id=self._identifiers.location(),
                created_at=stamp(self._now()),
                **currency,
            )
            self._write_journal()

    def _open_account(self, credential: str, account_id: str, name: str) -> None:
        self._accounts.register(credential, account_id=account_id, name=name)
        if account_id not in self._books:
            self._books[account_id] = Books(account_id, record=self._record, note=self.changes.note)

    def revoke(self, credential: str) -> None:
        """Make the token worthless."""
        self._accounts.revoke(credential)
        if self._journal is not None:
            self._journal.append({"revoke": credential})

    def objects(self, account_id: str, collection: str) -> list[dict[str, Any]]:
        """Everything the account holds, deleted objects included (`is_deleted`); items and variations are apart."""
        books = self._seller(account_id)
        if collection not in _JUDGED:
            raise KeyError(f"collection {collection!r}")
        rows = list(books.shelves[collection].rows.values())
        return _copied([shown_customer(row) for row in rows] if collection == "customers" else rows)

    def seed(self, account_id: str, collection: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make things happen at the seller's counter and dashboard; see `seeds` for the rows."""
        self._seller(account_id)
        sow = SEEDS.get(collection)
        if sow is None:
            raise KeyError(f"collection {collection!r}")
        call = self._call(account_id, None)
        try:
            return _copied([sow(call, row) for row in rows])
        except Refused as refusal:
            raise ValueError(str(refusal)) from refusal
        finally:
            self._write_journal()

    def _seller(self, account_id: str) -> Books:
        if account_id not in self._books:
            raise KeyError(f"account {account_id!r}")
        return self._books[account_id]

    def reset(self) -> None:
        """Forget everything but the configuration."""
        self._accounts.clear()
        self.oauth.grants.clear()
        self._books.clear()
        self._pager = Pager()
        self._unwritten.clear()
        if self._journal is not None:
            self._journal.erase()

    def close(self) -> None:
        """Close the journal's file."""
        if self._journal is not None:
            self._journal.close()

    def _record(self, account_id: str, shelf: str, key: str, row: Row) -> None:
        if self._journal is not None:
            self._unwritten.append((account_id, shelf, key, row))

    def _write_journal(self) -> None:
        if self._journal is not None and self._unwritten:
            self._journal.append({"rows": self._unwritten})
            self._unwritten = []

    def _restore(self) -> None:
        if self._journal is None:
            return
        for entry in self._journal.replay():
            if "register" in entry:
                self._open_account(*entry["register"])
            elif "revoke" in entry:
                self._accounts.revoke(entry["revoke"])
            elif "oauth" in entry:
                self.oauth.grants.restore(entry["oauth"])
            for account_id, shelf, key, row in entry.get("rows", ()):
                self._books[account_id].restore(shelf, key, row)


_FAILURES = {502: "BAD_GATEWAY", 503: "SERVICE_UNAVAILABLE", 504: "GATEWAY_TIMEOUT"}


def _copied(rows: list[Row]) -> list[Row]:
    """Rows that share nothing with the books, so that whoever asked may change them."""
    return orjson.loads(orjson.dumps(rows))


def _refusal(status: int, entry: dict[str, Any]) -> Response:
    return Response(status, {"errors": [entry]}, {"square-version": LATEST_VERSION})


def _no_endpoint(request: Request) -> Refused:
    if request.path in RETIRED:
        return Refused(410, error("GONE", f"{request.path} was retired on 2023-11-15."))
    if is_known(request.path):
        return Refused(405, error("METHOD_NOT_ALLOWED", f"{request.method} is not allowed at {request.path}."))
    return not_found("Resource not found.")
