"""Names that a person typed, and the modes that options mean."""

from datetime import UTC, datetime

import pytest

from sync_core.errors import ConfigurationError
from sync_core.sync.report import Mode
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import declared
from sync_defs.commands.selection import mode_of, select_entities


def test_a_known_name_passes() -> None:
    assert require_known("venue", "b", ["a", "b"]) == "b"


@pytest.mark.parametrize(
    ("name", "known", "says"),
    [
        ("Stripe", ["stripe", "square"], "did you mean stripe"),
        ("hall", ["lantern-hall", "opera"], "did you mean lantern-hall"),
        ("xyz", ["a", "b", "c", "d", "e", "f", "g"], "there is a, b, c, d, e and 2 more"),
        ("xyz", [], "none at all"),
    ],
)
def test_an_unknown_name_comes_with_what_there_is(name: str, known: list[str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        require_known("venue", name, known)


def test_everything_is_selected_in_the_order_of_need() -> None:
    chosen = select_entities(declared(), providers=(), entities=())
    for provider, names in chosen.items():
        assert names == declared()[provider].in_order()


def test_a_provider_without_the_entity_is_left_out() -> None:
    assert select_entities(declared(), providers=(), entities=["inventory"]) == {"square": ("inventory",)}


def test_a_date_without_a_zone_is_utc() -> None:
    assert mode_of(full=False, since="2026-03-01") == Mode("since", datetime(2026, 3, 1, tzinfo=UTC))
    moment = mode_of(full=False, since="2026-03-01T12:00:00+02:00").since
    assert moment == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_without_options_a_sync_is_incremental() -> None:
    assert mode_of(full=False, since=None) == Mode("incremental")
    assert mode_of(full=True, since=None) == Mode("full")
