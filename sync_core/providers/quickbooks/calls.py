"""QuickBooks' wire: JSON on our session, pinned to a minor version, every write under a request id.

Every POST may be repeated: QuickBooks answers a request id that it has seen before with its first answer
(blogs.intuit.com/2015/04/06: at most 50 characters, 36 for a batch).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import requests

from sync_core.clock import Clock
from sync_core.http.backoff import retry_after_seconds
from sync_core.http.calls import endpoint_of
from sync_core.http.session import REPEAT_HEADER
from sync_core.providers.quickbooks.faults import error_of, fault_in

Object = Mapping[str, Any]

MOST_OBJECTS = 1000
"""Objects of one query's page and of one change-data answer, which has no pages."""


class QuickBooksCalls:
    """Calls on one company."""

    def __init__(
        self, session: requests.Session, *, base: str, access_token: str, realm: str, minor_version: str, clock: Clock
    ) -> None:
        self.realm = realm
        self._clock = clock
        self._answered_at: datetime | None = None
        self._session = session
        self._place = f"{base}/v3/company/{realm}"
        self._minor_version = minor_version
        self._headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        self._post_headers = {**self._headers, "Content-Type": "application/json", REPEAT_HEADER: "safe"}

    def now(self) -> datetime:
        """QuickBooks' own clock as of its last answer; ours before the first one."""
        return self._answered_at or self._clock.now()

    def get(self, path: str, **params: str) -> Object:
        """Read below the company."""
        response = self._session.get(
            f"{self._place}/{path}",
            params={**params, "minorversion": self._minor_version},
            headers=self._headers,
        )
        return self._answer(response, "GET", path)

    def post(self, path: str, request_id: str, body: Mapping[str, Any], **params: str) -> Object:
        """Write. The same body always makes the same bytes."""
        response = self._session.post(
            f"{self._place}/{path}",
            params={**params, "requestid": request_id, "minorversion": self._minor_version},
            data=orjson.dumps(body),
            headers=self._post_headers,
        )
        return self._answer(response, "POST", path)

    def query(self, entity: str, clauses: str, *, columns: str = "*") -> Sequence[Object]:
        """Objects of one kind; `clauses` are everything after FROM (learn/explore-the-quickbooks-online-api/data-queries)."""
        answer = self.get("query", query=f"SELECT {columns} FROM {entity} {clauses}")  # noqa: S608 - Intuit's query language; no text of others gets in
        return answer.get("QueryResponse", {}).get(entity, ())

    def changed(self, entity: str, since: datetime) -> Sequence[Object]:
        """Objects of one kind that changed since a time, deleted ones with status "Deleted"; at most MOST_OBJECTS."""
        answer = self.get("cdc", entities=entity, changedSince=stamp(since))
        said: Sequence[Object] = answer.get("CDCResponse", ())
        fault = next((found for found in map(fault_in, said) if found is not None), None)
        if fault is not None:
            raise error_of(fault, status=200, endpoint=endpoint_of("GET", "/v3/company/1/cdc"), retry_after=None)
        parts = [part for one in said for part in one.get("QueryResponse", ())]
        return [found for part in parts for found in part.get(entity, ())]

    def _answer(self, response: requests.Response, method: str, path: str) -> Object:
        body = _body_of(response)
        self._answered_at = parsed((body or {}).get("time")) or self._answered_at
        fault = fault_in(body or {})
        if response.status_code < 300 and body is not None and fault is None:  # noqa: PLR2004 - HTTP
            return body
        raise error_of(
            fault,
            status=response.status_code,
            endpoint=endpoint_of(method, f"/v3/company/1/{path}"),
            retry_after=retry_after_seconds(response.headers.get("Retry-After"), now=self._clock.now()),
        )


def parsed(text: Any) -> datetime | None:
    """A time as QuickBooks writes it (with an offset) as an aware one in UTC; None when it is absent or no time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def stamp(moment: datetime) -> str:
    """An aware time for a query or a cursor, in seconds: QuickBooks' own resolution."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def updated_at(found: Object) -> datetime | None:
    """When an object was changed last."""
    return parsed((found.get("MetaData") or {}).get("LastUpdatedTime"))


def created_at(found: Object) -> datetime | None:
    """When an object was made."""
    return parsed((found.get("MetaData") or {}).get("CreateTime"))


def _body_of(response: requests.Response) -> Object | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return cast("Object", body) if isinstance(body, dict) else None
