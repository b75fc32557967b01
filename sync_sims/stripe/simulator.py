"""The Stripe simulator: admits a request, finds its endpoint, honours its idempotency key, answers as Stripe does."""

import random
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from sync_sims.accounts import Accounts
from sync_sims.changes import Changes
from sync_sims.grants import Grants
from sync_sims.journal import Journal
from sync_sims.stripe.door import Caller, admit, secret_of, version_of
from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.expansion import expanded
from sync_sims.stripe.form import nested
from sync_sims.stripe.idempotency import fingerprint_of, keep, key_of, stored_answer
from sync_sims.stripe.oauth import LIFE, SHAPES, StripeOAuth
from sync_sims.stripe.routes import Route, route_for, template_of
from sync_sims.stripe.seeds import plant
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import VERSION, Call, Fees, Holdings, StoredAnswer, World
from sync_sims.wire import Limits, Request, Response, ThrottleReason

_SEARCHES = {
    f"GET /v1/{name}/search": 20.0 for name in ("charges", "customers", "payment_intents", "prices", "products")
}
# docs.stripe.com/rate-limits: the whole account, each endpoint, and search.
LIVE_LIMITS = Limits(per_second=100, per_endpoint_per_second=25, by_endpoint=_SEARCHES)
TEST_LIMITS = Limits(per_second=25, per_endpoint_per_second=25, by_endpoint=_SEARCHES)
SEARCHABLE_AFTER = 60.0

_THROTTLE_HEADERS = {"account": "global-rate", "endpoint": "endpoint-rate"}


class StripeSimulator:
    """Stripe for any number of accounts, in memory, or surviving restarts when given a `folder`.

    `clock` gives unix seconds; a new object can be found by search `searchable_after` seconds later.
    """

    name = "stripe"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        limits: Limits = LIVE_LIMITS,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
        fees: Fees | None = None,
        searchable_after: float = SEARCHABLE_AFTER,
    ) -> None:
        self.limits = limits
        self.changes = Changes()
        self._world = World(
            clock=clock,
            chance=chance if chance is not None else random.Random(),
            fees=fees if fees is not None else Fees(),
            searchable_after=searchable_after,
        )
        self._accounts = Accounts()
        self._holdings: dict[str, Holdings] = {}
        self._journal = Journal(folder / "stripe.jsonl") if folder is not None else None
        self._last_executed: tuple[Request, Call] | None = None
        self.oauth = StripeOAuth(
            Grants(
                accounts=self._accounts,
                life=replace(LIFE),
                shapes=SHAPES,
                clock=clock,
                chance=self._world.chance,
                record=self._record_grant,
            ),
            self._accounts,
        )
        if self._journal is not None:
            for entry in self._journal.replay():
                self._restore(entry)

    def handle(self, request: Request) -> Response:
        """Answer one request to the API, or to the authorisation server."""
        self.oauth.grants.sweep()
        if self.oauth.concerns(request):
            return self.oauth.answer(request)
        request_id = self._world.new_id("req_", length=14)
        headers = {"Request-Id": request_id, "Stripe-Version": VERSION}
        try:
            headers["Stripe-Version"] = version_of(request)
            caller = admit(self._accounts, request)
            key = key_of(request)
            if key is not None:
                headers["Idempotency-Key"] = key
                answer = stored_answer(self._holdings[caller.account_id], key, request, now=self._world.clock())
                if answer is not None:
                    again = {"Idempotent-Replayed": "true", "Original-Request": answer.request_id}
                    return Response(answer.status, answer.body, {**headers, **again})
            route, object_id, given = _understood(request)
        except ApiError as error:
            return Response(error.status, error.body(request_id), headers)
        call = self._call(caller, request_id=request_id, key=key)
        status, body = _executed(call, route, object_id=object_id, given=given)
        self._settle(call, request, status=status, body=body)
        return Response(status, body, headers)

    def _call(self, caller: Caller, *, request_id: str | None, key: str | None) -> Call:
        return Call(
            world=self._world,
            holdings=self._holdings[caller.account_id],
            now=int(self._world.clock()),
            livemode=caller.livemode,
            request_id=request_id,
            idempotency_key=key,
        )

    def _settle(self, call: Call, request: Request, *, status: int, body: Any) -> None:
        """Keep the answer for the request's key, and everything for a restart."""
        answer = None
        self._last_executed = (request, call)
        if call.idempotency_key is not None and call.request_id is not None:
            answer = StoredAnswer(
                path=request.path,
                fingerprint=fingerprint_of(request),
                status=status,
                body=body,
                request_id=call.request_id,
                at=self._world.clock(),
            )
            keep(call.holdings, call.idempotency_key, answer)
        self._record(call, answer)

    def _record(self, call: Call, answer: StoredAnswer | None) -> None:
        for collection, entry in call.written:
            self.changes.note(call.holdings.account_id, collection, entry["id"], None, entry)
        if self._journal is None or not (call.written or answer):
            return
        entry: dict[str, Any] = {
            "account": call.holdings.account_id,
            "at": self._world.clock(),
            "written": call.written,
        }
        if answer is not None:
            entry["answer"] = {
                "key": call.idempotency_key,
                **{field.name: getattr(answer, field.name) for field in fields(answer)},
            }
        self._journal.append(entry)

    def _restore(self, entry: dict[str, Any]) -> None:
        """Apply one journal entry."""
        if "registered" in entry:
            self._admit_account(**entry["registered"])
        elif "revoked" in entry:
            self._accounts.revoke(entry["revoked"])
        elif "oauth" in entry:
            self.oauth.grants.restore(entry["oauth"])
        else:
            holdings = self._holdings[entry["account"]]
            horizon = entry["at"] - self._world.searchable_after
            for collection, stored in entry["written"]:
                holdings.shelves[collection].put(stored, at=entry["at"], horizon=horizon)
            if "answer" in entry:
                answer = dict(entry["answer"])
                key = answer.pop("key")
                keep(holdings, key, StoredAnswer(**answer))

    def _record_grant(self, entry: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append({"oauth": entry})

    def account_of(self, request: Request) -> str | None:
        """The account the request's key acts for, None when it may not."""
        secret = secret_of(request)
        if secret is None:
            return None
        named = request.headers.get("stripe-account")
        if named is None:
            return self._accounts.account_id(secret)
        return named if self._accounts.may_act_for(secret, named) else None

    def is_write(self, request: Request) -> bool:
        """Whether the request would change something."""
        return request.method != "GET"

    def endpoint(self, request: Request) -> str:
        """Method and path template."""
        template, _ = template_of(request.method, request.path)
        return f"{request.method} {template}"

    def throttled(self, reason: ThrottleReason) -> Response:
        """429, naming the limit in a header."""
        error = ApiError("Request rate limit exceeded", status=429, code="rate_limit")
        return self._error(error, {"Stripe-Rate-Limited-Reason": _THROTTLE_HEADERS[reason]})

    def failed(self, status: int) -> Response:
        """An error on Stripe's side; 409 is a key in use by a request under way."""
        if status == 409:
            message = "There is currently another in-progress request using this Idempotent Key."
            error = ApiError(message, status=409, type="idempotency_error", code="idempotency_key_in_use")
        else:
            message = "An unexpected error occurred. Please contact us if this problem persists."
            error = ApiError(message, status=status, type="api_error")
        return self._error(error, {})

    def refused(self, request: Request, body_override: Any | None) -> Response:
        """400 for a parameter that Stripe does not like."""
        response = self._error(ApiError(f"Invalid request: {self.endpoint(request)} was refused."), {})
        return response if body_override is None else Response(400, body_override, response.headers)

    def _error(self, error: ApiError, headers: dict[str, str]) -> Response:
        request_id = self._world.new_id("req_", length=14)
        common = {"Request-Id": request_id, "Stripe-Version": VERSION}
        return Response(error.status, error.body(request_id), {**common, **headers})

    def overrule(self, request: Request, response: Response) -> None:
        """Keep the error that the client is given instead of what was just done, as Stripe keeps a 500.

        An answer that `handle` gave again from a key stays what it was.
        """
        if self._last_executed is None or self._last_executed[0] is not request:
            return
        call = self._last_executed[1]
        if call.idempotency_key is None:
            return
        stored = call.holdings.answers[call.idempotency_key]
        overruled = replace(stored, status=response.status, body=response.body)
        call.holdings.answers[call.idempotency_key] = overruled
        call.written.clear()
        self._record(call, overruled)

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """Let the key act for the account, making the account where it is new."""
        given = {"credential": credential, "account_id": account_id, "name": name}
        self._admit_account(**given)
        if self._journal is not None:
            self._journal.append({"registered": given})

    def _admit_account(self, *, credential: str, account_id: str, name: str) -> None:
        self._accounts.register(credential, account_id=account_id, name=name)
        self._holdings.setdefault(account_id, Holdings(account_id=account_id, name=name))

    def revoke(self, credential: str) -> None:
        """Make the key worthless."""
        self._accounts.revoke(credential)
        if self._journal is not None:
            self._journal.append({"revoked": credential})

    def objects(self, account_id: str, collection: str) -> list[dict[str, Any]]:
        """All objects of a collection ("products", "events", "balance_transactions", ...), oldest first.

        Raises:
            KeyError: There is no such account or collection.
        """
        shelves = self._held(account_id).shelves
        if collection not in shelves:
            raise KeyError(f"collection {collection!r}")
        return shelves[collection].all()

    def _held(self, account_id: str) -> Holdings:
        if account_id not in self._holdings:
            raise KeyError(f"account {account_id!r}")
        return self._holdings[account_id]

    def seed(self, account_id: str, collection: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make things happen in the outside world; see `sync_sims.stripe.seeds` for the rows.

        Raises:
            KeyError: There is no such account or collection.
            ValueError: Stripe would refuse a row; those before it have happened.
        """
        holdings = self._held(account_id)
        planted: list[Object] = []
        for row in rows:
            call = self._call(Caller(holdings.account_id, livemode=False), request_id=None, key=None)
            call.now = int(row.get("created", call.now))
            try:
                planted.append(plant(call, collection, row))
            except ApiError as error:
                raise ValueError(f"Row {len(planted)} of {collection} is refused: {error}") from None
            finally:
                self._record(call, None)
        return planted

    def reset(self) -> None:
        """Forget all accounts and what they hold."""
        self._accounts.clear()
        self.oauth.grants.clear()
        self._holdings.clear()
        if self._journal is not None:
            self._journal.erase()

    def close(self) -> None:
        """Close the journal; the next write opens it again."""
        if self._journal is not None:
            self._journal.close()


def _understood(request: Request) -> tuple[Route, str, dict[str, Any]]:
    """The endpoint, the id in the path and the checked parameters.

    Raises:
        ApiError: There is no such endpoint, or a parameter is wrong: nothing has been done.
    """
    template, object_id = template_of(request.method, request.path)
    route = route_for(request.method, template)
    if route is None:
        raise ApiError(
            f"Unrecognized request URL ({request.method}: {request.path}). Please see https://stripe.com/docs or we can "
            "help at https://support.stripe.com/.",
            status=404,
        )
    pairs = list(request.query)
    if request.body:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise ApiError(
                "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have "
                "any questions, we can help at https://support.stripe.com/."
            )
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return route, object_id, route.parameters.read(nested(pairs), "") or {}


def _executed(call: Call, route: Route, *, object_id: str, given: dict[str, Any]) -> tuple[int, Any]:
    """Status and body of the request, carried out."""
    paths = given.pop("expand", None)
    try:
        answer = route.run(call, object_id, given)
        if paths is not None:
            answer = expanded(call, answer, paths)
    except ApiError as error:
        return error.status, error.body(call.request_id or "")
    if answer["object"] == "search_result" and "total_count" not in (paths or ()):
        answer = {name: value for name, value in answer.items() if name != "total_count"}
    return 200, answer
