"""What QuickBooks does not publish, or lets each company choose; tests may change it while the simulator runs."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Terms:
    """The choices, each with what recorded answers suggest as its default.

    `validation_status` is the HTTP status of validation faults: clients must know a Fault in an answer 200 too.
    `gateway_case` is how the gateway in front of the API (authentication, throttling) spells "Fault" and its members.
    `duplicate_numbers` is the company's preference about document numbers of sales that were used before.
    """

    validation_status: Literal[200, 400] = 400
    gateway_case: Literal["upper", "lower"] = "upper"
    duplicate_numbers: Literal["refuse", "allow"] = "refuse"
    country: str = "US"
