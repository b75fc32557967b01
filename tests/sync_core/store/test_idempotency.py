"""Requests under an Idempotency-Key: carried out once, answered alike."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from sync_core.store import idempotency

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def claim(
    database: sa.Engine, *, caller: str = "user:ana", fingerprint: bytes = b"same", after: timedelta = timedelta()
) -> idempotency.Claim:
    with database.begin() as conn:
        return idempotency.claim(conn, caller, "key-1", fingerprint=fingerprint, now=NOON + after)


def answer(database: sa.Engine) -> None:
    with database.begin() as conn:
        idempotency.answer(conn, "user:ana", "key-1", status=200, body=b"{}")


def test_a_request_is_carried_out_once_and_answered_alike_for_seven_days(database: sa.Engine) -> None:
    assert claim(database) == "mine"
    assert claim(database) == "in_progress"
    answer(database)

    assert claim(database) == idempotency.Answered(200, b"{}")
    assert claim(database, after=timedelta(days=7)) == idempotency.Answered(200, b"{}")
    assert claim(database, after=timedelta(days=7, seconds=1)) == "mine"


def test_a_key_belongs_to_one_request_of_one_caller(database: sa.Engine) -> None:
    assert claim(database) == "mine"

    assert claim(database, fingerprint=b"other") == "another_request"
    assert claim(database, caller="user:bo", fingerprint=b"other") == "mine"


def test_a_claim_whose_process_died_lapses_for_the_same_request_only(database: sa.Engine) -> None:
    assert claim(database) == "mine"

    later = timedelta(minutes=5, seconds=1)
    assert claim(database, fingerprint=b"other", after=later) == "another_request"
    assert claim(database, after=later) == "mine"
    assert claim(database, after=later) == "in_progress"


def test_a_request_that_came_to_nothing_may_be_made_again_at_once(database: sa.Engine) -> None:
    assert claim(database) == "mine"
    with database.begin() as conn:
        idempotency.release(conn, "user:ana", "key-1")

    assert claim(database) == "mine"


def test_what_was_kept_long_enough_is_forgotten(database: sa.Engine) -> None:
    claim(database)

    with database.begin() as conn:
        assert idempotency.forget_expired(conn, now=NOON + timedelta(days=7)) == 0
        assert idempotency.forget_expired(conn, now=NOON + timedelta(days=7, seconds=1)) == 1
