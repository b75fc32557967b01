"""The nine categories, who acts in each, and what else is said of a trouble."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from sync_core.http.backoff import HIGH, LOW, NORMAL, Patience

Category = Literal[
    "authentication",
    "authorization",
    "rate_limit",
    "validation",
    "network",
    "provider",
    "data",
    "configuration",
    "unknown",
]
Severity = Literal["info", "warning", "error", "critical"]
"""How far it reaches: nobody need look, one record or a while, a whole connection or entity, more than that."""
Retry = Literal["high", "normal", "low", "never"]
"""How patiently the same call is made again; "never" where the same call would come to the same."""

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

ACTORS: Final[Mapping[Category, str]] = MappingProxyType(
    {
        "authentication": "The venue: its key or token opens nothing any more, so it connects the account again.",
        "authorization": "The venue: the account lacks a permission, a plan or an access, which it grants there.",
        "rate_limit": "Nobody: we asked too often, and wait.",
        "validation": "Whoever keeps the record: a value is missing or not as it must be, and is corrected.",
        "network": "Nobody: the way there failed, and the same is tried again.",
        "provider": "Nobody here: the provider fails, and the same is tried again.",
        "data": "An operator: the two sides contradict one another about a record, and somebody looks at both.",
        "configuration": "An operator: a declaration, a mapping or a setting is wrong, and is corrected.",
        "unknown": "A developer: nobody foresaw it, and the log has the details.",
    }
)
PASSING: Final[frozenset[Category]] = frozenset(
    {"authentication", "authorization", "network", "rate_limit", "provider"}
)
"""What may be over without the record having changed: its letters are tried again once the connection is well."""

PATIENCE: Final[Mapping[Retry, Patience | None]] = MappingProxyType(
    {"high": HIGH, "normal": NORMAL, "low": LOW, "never": None}
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble. `sentence` says to a person what it is and what comes next, and names no record."""

    category: Category
    severity: Severity
    retry: Retry
    sentence: str

    @property
    def passes(self) -> bool:
        """Whether it may be over by itself, or by what the venue does at its account."""
        return self.category in PASSING

    @property
    def patience(self) -> Patience | None:
        """How the call is repeated; None: not at all."""
        return PATIENCE[self.retry]
