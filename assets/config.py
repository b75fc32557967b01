"""What a person may choose when starting a sync by hand."""

from datetime import UTC, datetime
from typing import Literal

import dagster as dg
from pydantic import Field

from sync_core.errors import ConfigurationError
from sync_core.sync.report import Mode


class SyncConfig(dg.Config):
    """How far back the sync looks."""

    mode: Literal["incremental", "full", "since"] = Field(
        default="incremental",
        description="incremental: what changed since the last sync; full: everything, both sides; "
        "since: rows the venue changed since a moment.",
    )
    since: str | None = Field(
        default=None,
        description="For mode 'since': ISO 8601, e.g. 2026-03-01 or 2026-03-01T12:00:00+01:00; UTC if bare.",
    )

    def to_mode(self) -> Mode:
        """The engine's mode. Raises ConfigurationError when `since` is missing, superfluous or not a time."""
        if self.mode != "since":
            if self.since is not None:
                raise ConfigurationError(f"'since' goes with mode 'since', not with mode {self.mode!r}: remove one.")
            return Mode(self.mode)
        if self.since is None:
            raise ConfigurationError("Mode 'since' needs 'since': give a time such as 2026-03-01T12:00:00Z.")
        try:
            moment = datetime.fromisoformat(self.since)
        except ValueError:
            raise ConfigurationError(f"'since' is {self.since!r}: use ISO 8601, e.g. 2026-03-01T12:00:00Z.") from None
        return Mode("since", moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))
