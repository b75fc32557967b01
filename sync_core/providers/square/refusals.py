"""Refusals as outcomes: which record, if it can be said, is at fault."""

from collections.abc import Sequence

from sync_core.errors import BatchRefused
from sync_core.providers.protocol import Outcome, Write
from sync_core.providers.square.calls import Error, Refused, code_in, said_in


def refused(write: Write, code: str, reason: str) -> Outcome:
    """This record was not written, for this reason."""
    return Outcome(local_id=write.local_id, refused_code=code, refused_reason=reason)


def refused_entry(write: Write, errors: Sequence[Error]) -> Outcome:
    """One entry of a bulk answer that carries errors."""
    return refused(write, code_in(errors) or "UNKNOWN", f"Square refuses the record: {said_in(errors)}.")


def refused_whole(writes: Sequence[Write], refusal: Refused) -> list[Outcome]:
    """A request that is carried out wholly or not at all was refused: with one record in it we know which.

    Raises:
        BatchRefused: There were several; they must be tried apart.
    """
    if len(writes) == 1:
        return [refused(writes[0], refusal.code, str(refusal))]
    raise BatchRefused(f"{refusal} None of the {len(writes)} records was written; split the batch.") from None


def no_such_write(write: Write, what: str) -> Outcome:
    """Square has no such operation."""
    return refused(write, "UNSUPPORTED", f"Square's {what} cannot take a {write.operation}.")
