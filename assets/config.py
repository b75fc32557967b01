"""What a person may choose when starting a sync by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import dagster as dg
from pydantic import Field

from sync_core.errors import ConfigurationError
from sync_core.sync.report import Mode

MODE_TAG = "venue_sync/mode"


class SyncConfig(dg.Config):
    """How far back the sync looks."""

    mode: Literal["as_tagged", "incremental", "full", "since"] = Field(
        default="as_tagged",
        description="incremental: what changed since the last sync; full: everything, both sides; "
        "since: rows the venue changed since a moment. as_tagged: what the run's tag venue_sync/mode says, else incremental.",
    )
    since: str | None = Field(
        default=None,
        description="For mode 'since': ISO 8601, e.g. 2026-03-01 or 2026-03-01T12:00:00+01:00; UTC if bare.",
    )

    def to_mode(self, tags: Mapping[str, str]) -> Mode:
        """The engine's mode for a run with these tags.

        Raises ConfigurationError when the mode is unknown or `since` is missing, superfluous or not a time.
        """
        # A tag, because a job's default configuration is lost when the job is launched by the API or a schedule,
        # and because a backfill takes tags: the full job must never turn out to be an incremental one.
        mode = tags.get(MODE_TAG, "incremental") if self.mode == "as_tagged" else self.mode
        if mode == "since":
            return Mode("since", self._moment())
        if mode not in ("incremental", "full"):
            raise ConfigurationError(f"The tag {MODE_TAG} is {mode!r}: use incremental or full.")
        if self.since is not None:
            raise ConfigurationError(f"'since' goes with mode 'since', not with mode {mode!r}: remove one.")
        return Mode(mode)

    def _moment(self) -> datetime:
        if self.since is None:
            raise ConfigurationError("Mode 'since' needs 'since': give a time such as 2026-03-01T12:00:00Z.")
        try:
            moment = datetime.fromisoformat(self.since)
        except ValueError:
            raise ConfigurationError(f"'since' is {self.since!r}: use ISO 8601, e.g. 2026-03-01T12:00:00Z.") from None
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
