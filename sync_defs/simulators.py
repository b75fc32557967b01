"""The simulators as this product runs them: which there are, where they listen, where they keep their state."""

from collections.abc import Mapping
from pathlib import Path

from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import Simulator

STRIPE_PORT = 12111
SQUARE_PORT = 12112
BASE_VARIABLES: Mapping[str, str] = {"stripe": "STRIPE_API_BASE", "square": "SQUARE_API_BASE"}


def simulators(folder: Path) -> dict[str, Simulator]:
    """Every simulator by provider, each with its state below `folder`."""
    return {
        "stripe": StripeSimulator(folder),
        "square": SquareSimulator(journal_path=folder / "square.jsonl"),
    }
