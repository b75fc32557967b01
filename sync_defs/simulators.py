"""The simulators as this product runs them: which there are, where they listen, where they keep their state.

One row for each: whatever else has to know simulators goes through the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import Simulator


@dataclass(frozen=True, slots=True)
class Simulated:
    """A provider that can be simulated.

    Attributes:
        port: where its simulator listens unless told otherwise.
        base_variable: the variable that makes the product talk to another address than the provider's own.
        build: makes the simulator, which keeps its state below the folder that it is given.
    """

    port: int
    base_variable: str
    build: Callable[[Path], Simulator]


SIMULATED: Mapping[str, Simulated] = {
    "stripe": Simulated(12111, "STRIPE_API_BASE", StripeSimulator),
    "square": Simulated(12112, "SQUARE_API_BASE", lambda folder: SquareSimulator(journal_path=folder / "square.jsonl")),
    "mailchimp": Simulated(12113, "MAILCHIMP_API_BASE", MailchimpSimulator),
    "quickbooks": Simulated(12114, "QUICKBOOKS_API_BASE", QuickBooksSimulator),
}
PORTS: Mapping[str, int] = {name: row.port for name, row in SIMULATED.items()}
BASE_VARIABLES: Mapping[str, str] = {name: row.base_variable for name, row in SIMULATED.items()}


def simulators(folder: Path) -> dict[str, Simulator]:
    """Every simulator by provider, each with its state below `folder`."""
    return {name: row.build(folder) for name, row in SIMULATED.items()}
