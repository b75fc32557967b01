"""Idempotency keys, which Square takes in the body: the same request again gets the same answer, another is refused.

Source: developer.squareup.com/docs/build-basics/common-api-patterns/idempotency. A recorded exchange shows that a
request refused for its content still binds its key to that content, so that a corrected request needs a new key.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sync_sims.square.books import Books
from sync_sims.square.call import Call
from sync_sims.square.refusal import Refused, invalid

Answer = dict[str, Any]


def once(call: Call, work: Callable[[], Answer], *, longest: int) -> Answer:
    """Do the work unless the body's `idempotency_key`, which must be there, was used; then its former answer."""
    key = call.body.needed_text("idempotency_key", longest=longest)
    return once_for(call.books, f"{call.endpoint} {key}", work, content=call.body.values)


def once_if_keyed(call: Call, work: Callable[[], Answer], *, scope: str, longest: int) -> Answer:
    """As `once`, where the key is optional; `scope` is shared by endpoints that share their keys."""
    key = call.body.text("idempotency_key", longest=longest)
    if not key:
        return work()
    content = {name: value for name, value in call.body.values.items() if name != "idempotency_key"}
    return once_for(call.books, f"{scope} {key}", work, content=content)


def once_for(books: Books, key: str, work: Callable[[], Answer], *, content: Mapping[str, Any]) -> Answer:
    """Do the work unless `key` was used.

    Raises:
        Refused: IDEMPOTENCY_KEY_REUSED: the key belongs to other content.
    """
    digest = hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    known = books.keys.rows.get(key)
    if known is not None:
        if known["digest"] != digest:
            raise invalid(
                "IDEMPOTENCY_KEY_REUSED",
                "The idempotency key can only be retried with the same request data.",
                field="idempotency_key",
            )
        if "answer" in known:
            return known["answer"]
    try:
        answer = work()
    except Refused as refusal:
        if refusal.binds_key:
            books.put(books.keys, key, {"digest": digest})
        raise
    books.put(books.keys, key, {"digest": digest, "answer": answer})
    return answer
