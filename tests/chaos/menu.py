"""What may go wrong at a provider: weathers, each a handful of faults that hit our calls alone."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from tests.chaos.worker import PATIENCE

Row = Mapping[str, Any]
OURS: Final = "venue-sync/"
_TOO_LATE: Final = PATIENCE + 1.0

WEATHERS: Final[Mapping[str, Sequence[Row]]] = {
    "a little of everything": (
        {"kind": "error_before", "status": 503, "probability": 0.06},
        {"kind": "error_after", "status": 500, "probability": 0.04},
        {"kind": "drop_before", "probability": 0.04},
        {"kind": "drop_after", "probability": 0.04},
        {"kind": "half_answer", "probability": 0.04},
        {"kind": "late_answer", "seconds": _TOO_LATE, "probability": 0.02},
        {"kind": "throttle", "probability": 0.06},
        {"kind": "delay", "seconds": 0.3, "probability": 0.1},
    ),
    "a storm of 429": ({"kind": "throttle", "probability": 0.7},),
    "a burst of 5xx": (
        {"kind": "error_before", "status": 502, "probability": 0.3},
        {"kind": "error_after", "status": 500, "probability": 0.3},
    ),
    "connections reset": (
        {"kind": "drop_before", "probability": 0.3},
        {"kind": "drop_after", "probability": 0.3},
    ),
    "answers lost": (
        {"kind": "late_answer", "seconds": _TOO_LATE, "probability": 0.15},
        {"kind": "drop_after", "probability": 0.3},
    ),
    "half answers": ({"kind": "half_answer", "probability": 0.5},),
    "slow answers": ({"kind": "delay", "seconds": 0.7, "probability": 0.5},),
    "down": ({"kind": "error_before", "status": 503},),
    "fair": (),
}
LIKELY: Final[Mapping[str, int]] = {"a little of everything": 6, "down": 1, "fair": 1}
"""How often beside 2 for each of the others."""


def poison(chance: Random) -> dict[str, Any]:
    """A tenth of the people, on whom a provider fails each time as long as the storm lasts, before or after the write."""
    kind = chance.choice(["error_before", "error_after"])
    return {"kind": kind, "status": 500, "body_contains": f"{chance.randrange(10)}@", "source": OURS}


def drawn(chance: Random) -> tuple[str, list[dict[str, Any]]]:
    """A weather and its faults."""
    names = list(WEATHERS)
    (name,) = chance.choices(names, [LIKELY.get(each, 2) for each in names])
    return name, [{**fault, "source": OURS} for fault in WEATHERS[name]]
