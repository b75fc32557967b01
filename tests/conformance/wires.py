"""Exchanges made by hand, for tests of the validators."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from sync_sims.wire import Request, Response
from tests.conformance.differences import covered_by
from tests.conformance.recorder import Exchange
from tests.conformance.violation import Specification

NO_ANSWER = Response(0)


def json_exchange(
    method: str,
    address: str,
    body: Any = None,
    *,
    answer: Response = NO_ANSWER,
    headers: Mapping[str, str] | None = None,
) -> Exchange:
    """A request with a JSON body, and its answer."""
    given = {"content-type": "application/json", "accept": "application/json", "square-version": "2026-09-16"}
    payload = b"" if body is None else orjson.dumps(body)
    return _exchange(method, address, payload, given | dict(headers or {}), answer)


def form_exchange(
    method: str, address: str, form: Mapping[str, str] | None = None, *, answer: Response = NO_ANSWER
) -> Exchange:
    """A request with a form body, and its answer."""
    headers = {"content-type": "application/x-www-form-urlencoded", "stripe-version": "2026-10-28.endive"}
    return _exchange(method, address, urlencode(form or {}).encode(), headers, answer)


def said(specification: Specification, exchange: Exchange) -> list[str]:
    """The lines of all violations but known differences."""
    return [str(violation) for violation in specification.violations(exchange) if covered_by(violation) is None]


def changed(record: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A deep copy of a record with one value set (or, for `...`, taken out) at a dotted path; numbers are positions."""
    copy = orjson.loads(orjson.dumps(record))
    node = copy
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return copy


def _exchange(method: str, address: str, body: bytes, headers: Mapping[str, str], answer: Response) -> Exchange:
    parts = urlsplit(address)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Exchange(Request(method, parts.path, query, headers, body), None if answer is NO_ANSWER else answer)
