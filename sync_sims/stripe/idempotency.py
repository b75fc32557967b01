"""Idempotency keys (docs.stripe.com/api/idempotent_requests).

The first answer to an executed request is kept for a day, whatever it was, and given again to the same request;
a request that fails validation leaves no trace.
"""

from hashlib import sha256

from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.world import Holdings, StoredAnswer
from sync_sims.wire import Request

KEPT_FOR = 24 * 3600
LONGEST_KEY = 255


def key_of(request: Request) -> str | None:
    """The request's key; only POST requests have one.

    Raises:
        ApiError: The key is too long.
    """
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    if key is not None and len(key) > LONGEST_KEY:
        raise ApiError(f"Idempotency keys can be up to {LONGEST_KEY} characters long.", type="idempotency_error")
    return key or None


def fingerprint_of(request: Request) -> str:
    """What makes two requests the same: their parameters as sent."""
    return sha256(request.body + repr(request.query).encode()).hexdigest()


def stored_answer(holdings: Holdings, key: str, request: Request, *, now: float) -> StoredAnswer | None:
    """The answer to give again, None when the key is new or a day old.

    Raises:
        ApiError: The key belongs to another request.
    """
    answer = holdings.answers.get(key)
    if answer is None:
        return None
    if now - answer.at >= KEPT_FOR:
        del holdings.answers[key]
        return None
    if answer.path != request.path:
        raise ApiError(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{request.path}' vs '{answer.path}'). Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            type="idempotency_error",
        )
    if answer.fingerprint != fingerprint_of(request):
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{key}' if you meant to execute a different request.",
            type="idempotency_error",
        )
    return answer


def keep(holdings: Holdings, key: str, answer: StoredAnswer) -> None:
    """Store an answer, and let go of those that are a day old."""
    answers = holdings.answers
    while answers:
        oldest = next(iter(answers))
        if answer.at - answers[oldest].at < KEPT_FOR:
            break
        del answers[oldest]
    answers[key] = answer
