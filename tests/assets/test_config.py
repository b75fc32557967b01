"""What a person may choose when starting a sync, and what is refused."""

from datetime import UTC, datetime

import pytest

from assets.config import SyncConfig
from sync_core.errors import ConfigurationError
from sync_core.sync.report import Mode


def test_nothing_chosen_means_incremental() -> None:
    assert SyncConfig().to_mode({}) == Mode("incremental")


def test_the_runs_tag_decides_where_the_configuration_says_nothing() -> None:
    tags = {"venue_sync/mode": "full"}

    assert (SyncConfig().to_mode(tags), SyncConfig(mode="incremental").to_mode(tags)) == (
        Mode("full"),
        Mode("incremental"),
    )


def test_a_tag_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        SyncConfig().to_mode({"venue_sync/mode": "everything"})

    assert str(raised.value) == "The tag venue_sync/mode is 'everything': use incremental or full."


@pytest.mark.parametrize(
    ("text", "hour"), [("2026-03-01T12:00:00Z", 12), ("2026-03-01T12:00:00+02:00", 10), ("2026-03-01", 0)]
)
def test_since_is_read_as_a_time_in_utc(text: str, hour: int) -> None:
    assert SyncConfig(mode="since", since=text).to_mode({}) == Mode("since", datetime(2026, 3, 1, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (SyncConfig(mode="since"), "Mode 'since' needs 'since': give a time such as 2026-03-01T12:00:00Z."),
        (
            SyncConfig(mode="since", since="tuesday"),
            "'since' is 'tuesday': use ISO 8601, e.g. 2026-03-01T12:00:00Z.",
        ),
        (
            SyncConfig(mode="full", since="2026-03-01"),
            "'since' goes with mode 'since', not with mode 'full': remove one.",
        ),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_with_a_sentence(config: SyncConfig, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        config.to_mode({})

    assert str(raised.value) == sentence
