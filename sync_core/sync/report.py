"""What a sync did, in numbers and in the sentences of its first failures.

Pure values: Dagster's metadata, the terminal and the log are all made from these.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from sync_core.trouble import Category

FIRST_FAILURES = 20

ModeKind = Literal["incremental", "full", "since"]
Status = Literal["succeeded", "failed", "not_connected", "busy"]
Direction = Literal["push", "pull"]


@dataclass(frozen=True, slots=True)
class Mode:
    """How far back a sync looks: since its watermarks, everything, or rows changed since a moment (push only)."""

    kind: ModeKind = "incremental"
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Records by what became of them. `read` and `pulled_read` count what was looked at on either side.

    `filtered` and `pulled_filtered` are those that the connection's settings leave out.
    """

    read: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: int = 0
    waiting: int = 0
    filtered: int = 0
    pulled_read: int = 0
    pulled_created: int = 0
    pulled_updated: int = 0
    pulled_deleted: int = 0
    pulled_unchanged: int = 0
    pulled_failed: int = 0
    pulled_filtered: int = 0
    conflicts: int = 0
    recovered: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def written(self) -> int:
        """Records written at the provider."""
        return self.created + self.updated + self.deleted

    @property
    def bad(self) -> int:
        """Records that need a person, on either side."""
        return self.failed + self.pulled_failed


@dataclass(frozen=True, slots=True)
class RecordFailure:
    """One record that could not be synced: `record_id` is the local id on push, the remote id on pull."""

    record_id: str
    direction: Direction
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class EntityReport:
    """One sync of one venue's entity at one provider.

    `error` is a sentence when `status` is not succeeded, `category` who must act next when it is failed.
    """

    venue: str
    provider: str
    entity: str
    status: Status
    counts: Counts = Counts()
    api_calls: int = 0
    seconds: float = 0.0
    error: str | None = None
    category: Category | None = None
    failures: tuple[RecordFailure, ...] = ()
    frame_rows: int = 0  # rows that went through the mapped frame's checks
    frame_bad: int = 0  # of which these did not pass

    @property
    def outage(self) -> bool:
        """Whether it failed because the provider is away, which is the fault of nothing that was to be synced."""
        return self.status == "failed" and self.category in ("network", "provider", "rate_limit")

    @property
    def rate(self) -> float:
        """Records looked at per second, both directions."""
        looked = self.counts.read + self.counts.pulled_read
        return looked / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running sync is; `total` is None while it is unknown."""

    venue: str
    provider: str
    entity: str
    direction: Direction
    done: int
    total: int | None


OnProgress = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change a sync would make: `fields` maps the provider's path to (before, after)."""

    direction: Direction
    operation: Literal["create", "update", "delete"]
    record_id: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync of one venue's entity would do, before it does. `changes` holds the first ones only."""

    venue: str
    provider: str
    entity: str
    counts: Counts
    changes: tuple[PlannedChange, ...]
    failures: tuple[RecordFailure, ...]
