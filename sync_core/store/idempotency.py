"""Requests under an Idempotency-Key: the same key and request get the same answer for seven days, carried out once.

A request is claimed before it is worked on. If its process dies, nobody knows whether it took effect; the claim lapses
after five minutes, and the same request may then be made again, whose effects the engine's own keys keep single.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.api_tables import api_requests

KEPT: Final = timedelta(days=7)
CLAIM_LAPSES: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that this request got."""

    status: int
    answer: bytes


Claim = Literal["mine", "in_progress", "another_request"] | Answered


def claim(conn: sa.Connection, caller: str, key: str, *, fingerprint: bytes, now: datetime) -> Claim:
    """Begin a request: it is `mine` to carry out, or was answered, or is under way, or the key belongs to another one.

    A caller's keys are its own: another caller's same key is another request.
    """
    table = api_requests
    fresh = {
        "fingerprint": fingerprint,
        "status": None,
        "answer": None,
        "claimed_at": now,
        "expires_at": now + KEPT,
    }
    expired = table.c.expires_at < now
    abandoned = sa.and_(
        table.c.status.is_(None), table.c.claimed_at < now - CLAIM_LAPSES, table.c.fingerprint == fingerprint
    )
    mine = conn.execute(
        pg.insert(table)
        .values(caller=caller, key=key, **fresh)
        .on_conflict_do_update(index_elements=["caller", "key"], set_=fresh, where=sa.or_(expired, abandoned))
        .returning(table.c.key)
    ).first()
    if mine is not None:
        return "mine"
    known = conn.execute(
        sa.select(table.c.fingerprint, table.c.status, table.c.answer).where(
            table.c.caller == caller, table.c.key == key
        )
    ).one()
    if bytes(known.fingerprint) != fingerprint:
        return "another_request"
    return "in_progress" if known.status is None else Answered(known.status, bytes(known.answer))


def answer(conn: sa.Connection, caller: str, key: str, *, status: int, body: bytes) -> None:
    """Keep the answer for whoever asks again."""
    conn.execute(sa.update(api_requests).where(*_is(caller, key)).values(status=status, answer=body))


def release(conn: sa.Connection, caller: str, key: str) -> None:
    """The request came to nothing; it may be made again at once."""
    conn.execute(sa.delete(api_requests).where(*_is(caller, key), api_requests.c.status.is_(None)))


def forget_expired(conn: sa.Connection, *, now: datetime) -> int:
    """Delete what was kept long enough; how many requests."""
    return conn.execute(sa.delete(api_requests).where(api_requests.c.expires_at < now)).rowcount


def _is(caller: str, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return api_requests.c.caller == caller, api_requests.c.key == key
