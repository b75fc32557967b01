"""Ending subscriptions: they begin at Stripe's checkout, and all that the venue does to one is to let it end.

Stays true: a subscription that has ended already is ended by nobody twice, and no other status is ever asked for,
because Stripe alone moves a subscription from one to the next (docs.stripe.com/billing/subscriptions/overview).
"""

from sync_core.providers.protocol import Remote, Write
from sync_core.providers.stripe.calls import Refused, StripeCalls
from sync_core.providers.stripe.fetching import GONE, object_at
from sync_core.providers.stripe.kinds import Object, gone, kind_of, remote_of
from sync_core.providers.stripe.requests import known, place_of, sparse

CANCELED = "canceled"
ENDED = frozenset({CANCELED, "incomplete_expired"})


def change_subscription(calls: StripeCalls, write: Write) -> Remote:
    """Let it end with its period or go on after all, or end it at once where its status shall be canceled.

    Raises:
        Refused: The status shall be another one, or Stripe refuses the change.
    """
    if "status" not in write.fields:
        return remote_of(calls.post(place_of(kind_of("subscriptions"), write), write.key, **sparse(write.fields)).data)
    if write.fields["status"] != CANCELED:
        raise Refused(
            f"Stripe itself moves subscriptions from status to status: only {CANCELED} can be asked for, not "
            f"{write.fields['status']}.",
            status=0,
            code="status_not_settable",
            param="status",
        )
    return remote_of(_ended(calls, write))


def end_subscription(calls: StripeCalls, write: Write) -> Remote:
    """End it at once, because the venue deleted its record. Stripe keeps the subscription, as a canceled one."""
    try:
        _ended(calls, write)
    except Refused as exc:
        if exc.status != GONE:
            raise
    return gone(known(write))


def _ended(calls: StripeCalls, write: Write) -> Object:
    """The subscription after its end (docs.stripe.com/api/subscriptions/cancel); one that ended before is missing."""
    kind = kind_of("subscriptions")
    try:
        return calls.delete(place_of(kind, write)).data
    except Refused as exc:
        found = object_at(calls, kind, known(write)) if exc.status == GONE else None
        if found is None or found["status"] not in ENDED:
            raise
        return found
