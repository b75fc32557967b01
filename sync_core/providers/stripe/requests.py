"""What the requests for one object have in common: where it is, and the body that changes it."""

from collections.abc import Mapping
from typing import Any

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Json, Write
from sync_core.providers.stripe.calls import Refused
from sync_core.providers.stripe.kinds import Kind


def known(write: Write) -> str:
    """The id at Stripe of the record to be changed.

    Raises:
        Refused: It has none.
    """
    if write.remote_id is None:
        raise Refused(
            "The record has no id at Stripe yet; it must be created first.", status=0, code="no_remote_id", param=None
        )
    return write.remote_id


def place_of(kind: Kind, write: Write) -> str:
    """The path of the object to be changed."""
    return f"{kind.path}/{known(write)}"


def sparse(fields: Mapping[str, Json]) -> dict[str, Any]:
    """A body for a change: an empty string clears a field or removes a metadata key (docs.stripe.com/api/metadata)."""
    return nest({path: "" if value is None else value for path, value in fields.items()})
