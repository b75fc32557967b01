"""Many venues to a run: how they are cut into ranges."""

from hypothesis import given
from hypothesis import strategies as st

from sync_defs.jobs import range_tags, ranges


def test_a_range_is_two_tags_that_dagster_understands() -> None:
    assert range_tags("arena", "opera") == {
        "dagster/asset_partition_range_start": "arena",
        "dagster/asset_partition_range_end": "opera",
    }


@given(st.lists(st.text(min_size=1), unique=True), st.integers(1, 10))
def test_ranges_cover_every_venue_once_and_none_is_longer_than_asked(venues: list[str], size: int) -> None:
    cut = [venues[venues.index(first) : venues.index(last) + 1] for first, last in ranges(venues, size)]

    assert [venue for part in cut for venue in part] == venues
    assert all(len(part) <= size for part in cut)
