"""What Square does not publish or has changed over time, as settings of the simulator."""

from dataclasses import dataclass
from typing import Literal

APPLICATION_ID = "sandbox-sq0idb-simulatedApplication"
LATEST_VERSION = "2026-09-16"


@dataclass(slots=True)
class Terms:
    """Behaviour a test may set before or while the simulator runs.

    `version_conflict_status`: HTTP status of VERSION_MISMATCH on the catalog; 400 was seen in the field.
    `customer_index_seconds`: how long a written profile stays invisible to list and search; Square says "well under
        30 seconds", longer in incidents (description of ListCustomers).
    `catalog_write_seconds`: for how long a catalog write keeps the seller's other catalog writes out with 429. A
        request is answered at once, so add a delay fault of the same length where one writer at a time shall pass.
    `cursor_seconds`: how long a cursor is good for.
    `unknown_fields`: whether a top-level body field that the endpoint does not define is an error.
    """

    version_conflict_status: Literal[400, 409] = 409
    customer_index_seconds: float = 0.0
    catalog_write_seconds: float = 0.0
    cursor_seconds: float = 300.0
    unknown_fields: Literal["ignore", "refuse"] = "ignore"
