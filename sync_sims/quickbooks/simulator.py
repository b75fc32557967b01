"""QuickBooks Online as the server sees it: companies, tokens, time, and what survives a restart."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from sync_sims.accounts import Accounts
from sync_sims.changes import Changes
from sync_sims.grants import Grants
from sync_sims.journal import Journal
from sync_sims.quickbooks.batch import writes
from sync_sims.quickbooks.books import Books, Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.company import founded
from sync_sims.quickbooks.door import (
    admitted,
    asks_for_json,
    fault_body,
    place_of,
    status_of,
    throttled,
    token_of,
    worthless,
)
from sync_sims.quickbooks.entities import COLLECTIONS, Entity
from sync_sims.quickbooks.oauth import LIFE, SHAPES, QuickBooksOAuth
from sync_sims.quickbooks.pacific import answer_time, from_unix
from sync_sims.quickbooks.refusal import Refused, business
from sync_sims.quickbooks.routes import answer, template_of
from sync_sims.quickbooks.seeds import sow
from sync_sims.quickbooks.terms import Terms
from sync_sims.quickbooks.writes import shown_row
from sync_sims.quickbooks.xml import as_xml
from sync_sims.wire import Limits, Request, Response, ThrottleReason

# developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles, per company and application.
LIMITS = Limits(
    per_second=10,
    in_sixty_seconds=500,
    by_endpoint_in_sixty_seconds={"POST /v3/company/{realmId}/batch": 40},
)


class QuickBooksSimulator:
    """QuickBooks Online for any number of companies, in memory, or surviving restarts when given a `folder`.

    Args:
        folder: Where `quickbooks.jsonl` is kept; None keeps nothing.
        limits: Requests per second and minute of each company.
        clock: Unix seconds.
        chance: Where the ids of answers come from.
        terms: What QuickBooks does not publish; may be changed while the simulator runs.
    """

    name = "quickbooks"

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
        self._chance = chance if chance is not None else random.Random()
        self._accounts = Accounts()
        self._books: dict[str, Books] = {}
        self._journal = None if folder is None else Journal(folder / "quickbooks.jsonl")
        self._unwritten: list[tuple[str, str, Row | None]] = []
        self.oauth = QuickBooksOAuth(
            Grants(
                accounts=self._accounts,
                life=replace(LIFE),
                shapes=SHAPES,
                clock=clock,
                chance=self._chance,
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
        try:
            realm, rest = admitted(request, self._accounts)
            call = self._call(realm)
            response = self._response(200, answer(call, request, rest), as_json=asks_for_json(request))
        except Refused as refusal:
            self._unwritten.clear()
            self.changes.take()
            return self._refusal(refusal, as_json=asks_for_json(request))
        self._write_journal(realm)
        return response

    def _call(self, realm: str) -> Call:
        return Call(books=self._books[realm], now=from_unix(self._clock()), terms=self.terms)

    def _response(self, status: int, body: dict[str, Any], *, as_json: bool) -> Response:
        # A report says in its header when it was made (developer.intuit.com, report-entities).
        timed = body if "Header" in body else {**body, "time": answer_time(from_unix(self._clock()))}
        headers = {"intuit_tid": f"1-{self._chance.getrandbits(32):08x}-{self._chance.getrandbits(96):024x}"}
        if as_json:
            return Response(status, timed, headers)
        return Response(status, as_xml(timed), {**headers, "content-type": "application/xml"})

    def _refusal(self, refusal: Refused, *, as_json: bool = True) -> Response:
        body = fault_body(refusal, self.terms)
        return self._response(status_of(refusal, self.terms), body, as_json=as_json)

    def _record_grant(self, entry: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append({"oauth": entry})

    def account_of(self, request: Request) -> str | None:
        """The company that the request's token acts for; None when it may not act for the one in the path."""
        place = place_of(request)
        if place is None or not self._accounts.may_act_for(token_of(request), place[0]):
            return None
        return place[0]

    def is_write(self, request: Request) -> bool:
        """Whether the request would change something."""
        place = place_of(request)
        if request.method != "POST" or place is None or place[1] == "query":
            return False
        if place[1] != "batch":
            return True
        try:
            return writes(orjson.loads(request.body))
        except orjson.JSONDecodeError:
            return False

    def endpoint(self, request: Request) -> str:
        """Method and path template."""
        place = place_of(request)
        return f"{request.method} {request.path if place is None else template_of(place[1])}"

    def throttled(self, reason: ThrottleReason) -> Response:
        """429, which names neither a limit nor a time to wait."""
        del reason
        return self._refusal(throttled())

    def failed(self, status: int) -> Response:
        """An error on Intuit's side; 401 is its door's, which knows of no system faults."""
        if status == 401:
            return self._refusal(worthless("unknown"))
        detail = "An unexpected error occurred while accessing or saving your data. Please wait a few minutes."
        return self._refusal(
            Refused("10000", "An application error has occurred", detail, status=status, kind="SystemFault")
        )

    def refused(self, request: Request, body_override: Any | None) -> Response:
        """400 for this request."""
        response = self._refusal(business(f"{self.endpoint(request)} was refused."))
        return response if body_override is None else Response(400, body_override, response.headers)

    def overrule(self, request: Request, response: Response) -> None:
        """Nothing to note: under its request id QuickBooks keeps what was done, not what reached the client."""

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """Let the token act for the company (`account_id` is its realm id), founding it where it is new."""
        self._admit(credential, account_id, name)
        if self._journal is not None:
            self._journal.append({"register": [credential, account_id, name]})
        call = self._call(account_id)
        if not call.books.rows["CompanyInfo"]:
            for entity, row in founded(call, name or account_id):
                call.books.put(entity, row)
            self._write_journal(account_id)

    def _admit(self, credential: str, realm: str, name: str) -> None:
        self._accounts.register(credential, account_id=realm, name=name)
        if realm not in self._books:
            self._books[realm] = Books(realm, record=self._record, note=self.changes.note)

    def revoke(self, credential: str) -> None:
        """Make the token worthless."""
        self._accounts.revoke(credential)
        if self._journal is not None:
            self._journal.append({"revoke": credential})

    def objects(self, account_id: str, collection: str) -> list[dict[str, Any]]:
        """Everything of a collection ("customers", "invoices", ...), oldest first; deleted ones bear their status.

        Raises:
            KeyError: There is no such company or collection.
        """
        books, entity = self._held(account_id, collection)
        call = self._call(account_id)
        return _copied([shown_row(call, entity, row) for row in books.rows[entity.name].values()])

    def _held(self, realm: str, collection: str) -> tuple[Books, Entity]:
        if realm not in self._books:
            raise KeyError(f"account {realm!r}")
        if collection not in COLLECTIONS:
            raise KeyError(f"collection {collection!r}")
        return self._books[realm], COLLECTIONS[collection]

    def seed(self, account_id: str, collection: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make things happen in the company itself; see `seeds` for the rows.

        Raises:
            KeyError: There is no such company, collection or object.
            ValueError: QuickBooks would refuse a row; those before it have happened.
        """
        _, entity = self._held(account_id, collection)
        call = self._call(account_id)
        planted: list[dict[str, Any]] = []
        try:
            planted.extend(sow(call, entity, row) for row in rows)
        except Refused as refusal:
            raise ValueError(f"Row {len(planted)} of {collection} is refused: {refusal}") from None
        finally:
            self._write_journal(account_id)
        return _copied(planted)

    def reset(self) -> None:
        """Forget everything but the configuration."""
        self._accounts.clear()
        self.oauth.grants.clear()
        self._books.clear()
        self._unwritten.clear()
        if self._journal is not None:
            self._journal.erase()

    def close(self) -> None:
        """Close the journal; the next write opens it again."""
        if self._journal is not None:
            self._journal.close()

    def _record(self, realm: str, entity: str, key: str, row: Row | None) -> None:
        del realm
        if self._journal is not None:
            self._unwritten.append((entity, key, row))

    def _write_journal(self, realm: str) -> None:
        """Everything that one request wrote, in one line."""
        if self._journal is not None and self._unwritten:
            counters = self._books[realm].counters
            self._journal.append({"realm": realm, "rows": self._unwritten, "counters": counters})
        self._unwritten = []

    def _restore(self) -> None:
        if self._journal is None:
            return
        for entry in self._journal.replay():
            if "register" in entry:
                self._admit(*entry["register"])
            elif "revoke" in entry:
                self._accounts.revoke(entry["revoke"])
            elif "oauth" in entry:
                self.oauth.grants.restore(entry["oauth"])
            else:
                books = self._books[entry["realm"]]
                books.counters.update(entry["counters"])
                for entity, key, row in entry["rows"]:
                    books.restore(entity, key, row)


def _copied(rows: list[Row]) -> list[Row]:
    """Rows that share nothing with the books, so that whoever asked may change them."""
    return orjson.loads(orjson.dumps(rows))
