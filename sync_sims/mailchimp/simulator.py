"""Mailchimp as the server sees it: accounts, keys, time, and what survives a restart."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sync_sims.accounts import Accounts
from sync_sims.changes import Changes
from sync_sims.grants import Grants
from sync_sims.journal import Journal
from sync_sims.mailchimp import batches
from sync_sims.mailchimp.archive import archive
from sync_sims.mailchimp.asking import Asking
from sync_sims.mailchimp.books import Books
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.door import (
    account_for,
    body_of,
    check_batchable,
    check_host,
    credential_of,
    datacenter_of,
    method_of,
)
from sync_sims.mailchimp.errors import ApiError, internal, invalid, not_allowed, not_found, too_many
from sync_sims.mailchimp.identifiers import Identifiers
from sync_sims.mailchimp.moments import stamp
from sync_sims.mailchimp.oauth import LIFE, SHAPES, MailchimpOAuth
from sync_sims.mailchimp.routes import allowed, find
from sync_sims.mailchimp.seeds import sow, write_list
from sync_sims.mailchimp.shelf import Row
from sync_sims.mailchimp.terms import LIMITS, Terms
from sync_sims.wire import Limits, Request, Response, ThrottleReason

_JSON = "application/json; charset=utf-8"
_PROBLEM = "application/problem+json; charset=utf-8"
_SCHEMA = "https://{datacenter}.api.mailchimp.com/schema/3.0/Root.json"
_HIDDEN = frozenset({"account", "results"})
# From the network in front of the API, which does not speak JSON.
_EDGE = frozenset({502, 503, 504})


class MailchimpSimulator:
    """The Marketing API for any number of accounts, in memory, or surviving restarts when given a `folder`.

    Args:
        folder: Where the journal is; None keeps nothing.
        limits: Ten requests at the same time unless told otherwise.
        clock: Unix seconds.
        chance: Where identifiers come from.
        terms: What Mailchimp does not publish; may be changed while the simulator runs.
    """

    name = "mailchimp"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
        terms: Terms | None = None,
    ) -> None:
        self.limits = limits
        self.changes = Changes()
        self.terms = terms or Terms()
        self._clock = clock
        self._identifiers = Identifiers(chance or random.Random())
        self._accounts = Accounts()
        self._books: dict[str, Books] = {}
        self._unwritten: list[tuple[str, str, str, Row | None]] = []
        self._journal = None if folder is None else Journal(folder / "mailchimp.jsonl")
        self.oauth = MailchimpOAuth(
            Grants(
                accounts=self._accounts,
                life=replace(LIFE),
                shapes=SHAPES,
                clock=clock,
                chance=chance or random.Random(),
                record=self._record_grant,
            ),
            self._accounts,
            place=lambda account_id: self._books[account_id].facts["datacenter"],
        )
        self._restore()

    def handle(self, request: Request) -> Response:
        """Answer one API request, or hand out the results of a batch."""
        self.oauth.grants.sweep()
        if self.oauth.concerns(request):
            return self.oauth.answer(request)
        if request.path.startswith(batches.RESULTS):
            return self._results(request)
        request_id = self._identifiers.request()
        try:
            account_id = account_for(request, self._accounts)
            books = self._books[account_id]
            check_host(request, books.facts["datacenter"])
            self._advance(books)
            status, body = self._carried_out(books, request)
        except ApiError as error:
            return self._problem(error, request_id)
        finally:
            self._write_journal()
        link = f'<{_SCHEMA.format(datacenter=books.facts["datacenter"])}>; rel="describedBy"'
        return Response(status, body, {"content-type": _JSON, "X-Request-Id": request_id, "Link": link})

    def _carried_out(self, books: Books, request: Request) -> tuple[int, Any]:
        """Status and body of a request that has passed the door.

        Raises:
            ApiError: It is refused.
        """
        method = method_of(request)
        found = find(method, request.path)
        if found is None:
            raise not_allowed() if allowed(request.path) else not_found()
        route, ids = found
        call = self._call(books, ids=ids, body=body_of(request), query=dict(request.query), headers=request.headers)
        answer = route.endpoint(call)
        return (204, None) if answer is None else (200, call.asking.partial(answer))

    def _call(
        self,
        books: Books,
        *,
        ids: tuple[str, ...] = (),
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        return Call(
            books=books,
            now=self._clock(),
            ids=ids,
            body=body or {},
            asking=Asking({"exclude_fields": "any._links"} if query is None else query),
            terms=self.terms,
            identifiers=self._identifiers,
            address=f"http://{(headers or {}).get('host', 'localhost')}",
            outside=headers is None,
        )

    def _advance(self, books: Books) -> None:
        if books.waiting:
            batches.advance(books, self._clock(), perform=lambda operation: self._operate(books, operation))

    def _operate(self, books: Books, operation: Row) -> tuple[int, Any]:
        """Carry out one operation of a batch; a batch within a batch is refused."""
        path, _, query = operation["path"].partition("?")
        params = [(str(name), str(value)) for name, value in operation.get("params", {}).items()]
        request = Request(
            method=operation["method"],
            path="/3.0/" + path.lstrip("/").removeprefix("3.0/"),
            query=(*parse_qsl(query), *params),
            headers={},
            body=operation.get("body", "").encode(),
        )
        try:
            check_batchable(request.path)
            return self._carried_out(books, request)
        except ApiError as error:
            return error.status, error.body(self._identifiers.request())

    def _results(self, request: Request) -> Response:
        query = dict(request.query)
        books = self._books.get(query.get("AccountId", ""))
        name = request.path.removeprefix(batches.RESULTS)
        signature, expires = query.get("Signature", ""), query.get("Expires", "")
        results = None
        if books is not None:
            results = batches.results_behind(books, name, expires=expires, signature=signature, now=self._clock())
        if results is None:
            refusal = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code></Error>"
            return Response(403, refusal, {"content-type": "application/xml"})
        packed = archive(name.removesuffix(".tar.gz"), results)
        return Response(200, packed, {"content-type": "application/x-gzip"})

    def _record_grant(self, entry: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append({"oauth": entry})

    def account_of(self, request: Request) -> str | None:
        """The account that the request's key acts for."""
        return self._accounts.account_id(credential_of(request))

    def is_write(self, request: Request) -> bool:
        """Whether the request would change something."""
        return request.headers.get("x-http-method-override", request.method).upper() != "GET"

    def endpoint(self, request: Request) -> str:
        """Method and path template."""
        if request.path.startswith(batches.RESULTS):
            return f"{request.method} {batches.RESULTS}{{id}}"
        method = request.headers.get("x-http-method-override", request.method).upper()
        found = find(method, request.path)
        return found[0].name if found is not None else f"{method} {request.path}"

    def throttled(self, reason: ThrottleReason) -> Response:
        """429, which names no time to wait; under heavy load it comes without a body."""
        del reason
        if self.terms.throttle_body == "none":
            return Response(429, None, {"content-type": "text/html"})
        return self._problem(too_many(self.limits.simultaneous))

    def failed(self, status: int) -> Response:
        """An error on Mailchimp's side; 502 to 504 come from the network in front of it, as HTML."""
        if status in _EDGE:
            page = f"<html><body><h1>{status} Server Error</h1></body></html>".encode()
            return Response(status, page, {"content-type": "text/html"})
        return self._problem(internal(status))

    def refused(self, request: Request, body_override: Any | None) -> Response:
        """400 for a resource that could not be validated."""
        del request
        response = self._problem(invalid())
        return response if body_override is None else Response(400, body_override, response.headers)

    def overrule(self, request: Request, response: Response) -> None:
        """Nothing to note: Mailchimp knows no idempotency keys."""

    def _problem(self, error: ApiError, request_id: str | None = None) -> Response:
        instance = request_id or self._identifiers.request()
        headers = {"content-type": _PROBLEM, "X-Request-Id": instance}
        return Response(error.status, error.body(instance), headers)

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """Let the key act for the account, opening it with one list where it is new."""
        self._open_account(credential, account_id, name)
        if self._journal is not None:
            self._journal.append({"register": [credential, account_id, name]})
        books = self._books[account_id]
        if not books.account.rows:
            books.describe(
                name=name or account_id, datacenter=datacenter_of(credential), created_at=stamp(self._clock())
            )
            write_list(self._call(books), {"name": name or account_id})
            self._write_journal()

    def _open_account(self, credential: str, account_id: str, name: str) -> None:
        self._accounts.register(credential, account_id=account_id, name=name)
        if account_id not in self._books:
            self._books[account_id] = Books(account_id, record=self._record, note=self.changes.note)

    def revoke(self, credential: str) -> None:
        """Make the key worthless."""
        self._accounts.revoke(credential)
        if self._journal is not None:
            self._journal.append({"revoke": credential})

    def objects(self, account_id: str, collection: str) -> list[dict[str, Any]]:
        """Everything the account holds, removed things included (`is_deleted`); members say the names of their tags.

        Raises:
            KeyError: There is no such account or collection.
        """
        books = self._held(account_id)
        if collection not in books.shelves or collection in _HIDDEN:
            raise KeyError(f"collection {collection!r}")
        self._advance(books)
        self._write_journal()
        rows = books.shelves[collection].everything()
        return _copied([_judged(books, row) for row in rows] if collection == "members" else rows)

    def seed(self, account_id: str, collection: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make things happen in the outside world; see `seeds` for the rows.

        Raises:
            KeyError: There is no such account or collection.
            ValueError: Mailchimp would refuse a row; those before it have happened.
        """
        books = self._held(account_id)
        call = self._call(books)
        try:
            return _copied([sow(call, collection, row) for row in rows])
        except ApiError as error:
            raise ValueError(f"A row of {collection} is refused: {error}") from None
        finally:
            self._write_journal()

    def _held(self, account_id: str) -> Books:
        if account_id not in self._books:
            raise KeyError(f"account {account_id!r}")
        return self._books[account_id]

    def reset(self) -> None:
        """Forget everything but the configuration."""
        self._accounts.clear()
        self.oauth.grants.clear()
        self._books.clear()
        self._unwritten.clear()
        if self._journal is not None:
            self._journal.erase()

    def close(self) -> None:
        """Close the journal's file; the next write opens it again."""
        if self._journal is not None:
            self._journal.close()

    def _record(self, account_id: str, shelf: str, key: str, row: Row | None) -> None:
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


def _judged(books: Books, row: Row) -> Row:
    """A member with the names of its tags."""
    segments = books.segments
    named = [segments.rows.get(f"{row['list_id']}/{number}") for number in row["tags"]]
    return {**row, "tags": [segment["name"] for segment in named if segment is not None]}


def _copied(rows: list[Row]) -> list[Row]:
    """Rows that share nothing with the books, so that whoever asked may change them."""
    return orjson.loads(orjson.dumps(rows))
