"""Answering disputes: evidence is gathered at Stripe as a draft, and goes to the bank once and for all.

Stays true: nothing is submitted unless the venue says so, because `submit` means yes where it is left out; nothing is
submitted twice; an answer without a word in it is not submitted (docs.stripe.com/api/disputes/update).
"""

from collections.abc import Mapping
from typing import Any

from sync_core.providers.bodies import steps
from sync_core.providers.protocol import Json, Remote, Write
from sync_core.providers.stripe.calls import Refused, StripeCalls
from sync_core.providers.stripe.fetching import GONE, object_at
from sync_core.providers.stripe.kinds import Object, kind_of, remote_of
from sync_core.providers.stripe.requests import known, place_of, sparse

SUBMIT = "submit"


def answer_dispute(calls: StripeCalls, write: Write) -> Remote:
    """Put the venue's evidence into the dispute, and submit it where the venue says so.

    Raises:
        Refused: Other evidence was submitted already, there is none to submit, or Stripe refuses it: closed disputes.
    """
    kind = kind_of("disputes")
    current = object_at(calls, kind, known(write))
    if current is None:
        raise Refused(
            f"Stripe has no dispute {known(write)} any more.", status=GONE, code="resource_missing", param="id"
        )
    evidence = {path: value for path, value in write.fields.items() if path != SUBMIT}
    submit = write.fields.get(SUBMIT) is True
    if current["evidence_details"]["submission_count"] > 0:
        if _shows(current, evidence) and write.fields.get(SUBMIT) is not False:
            return remote_of(current)
        raise Refused(
            "The evidence of this dispute was submitted already, and Stripe takes it once; nothing can be changed.",
            status=0,
            code="evidence_submitted",
            param="evidence",
        )
    if submit and not current["evidence_details"]["has_evidence"] and not any(evidence.values()):
        raise Refused(
            "The dispute has no evidence to submit; write it first.", status=0, code="no_evidence", param="evidence"
        )
    return remote_of(calls.post(place_of(kind, write), write.key, **sparse(evidence), submit=submit).data)


def _shows(current: Object, fields: Mapping[str, Json]) -> bool:
    """Whether the dispute holds these values: then it is our own request that had an effect before."""
    return all(_at(current, path) == (value or None) for path, value in fields.items())


def _at(found: Object, path: str) -> Any:
    value: Any = found
    for step in steps(path):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
