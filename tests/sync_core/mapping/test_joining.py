"""Given and family name as one text: lossless where we wrote it, a plain rule where somebody else did."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.mapping.cells import BadValue
from sync_core.mapping.joining import join, split

PARTS = st.none() | st.text(min_size=1).map(str.strip).map(lambda text: text or None)


@given(PARTS, PARTS)
def test_names_whose_parts_are_kept_come_back_whatever_they_are(
    given_name: str | None, family_name: str | None
) -> None:
    pair = (given_name, family_name)
    assert split(join(pair, " "), pair, " ") == pair


@given(
    st.text(min_size=1).map(str.strip).filter(bool),
    st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1),
)
def test_without_kept_parts_a_family_name_without_a_blank_is_found_again(
    given_name: str | None, family_name: str | None
) -> None:
    assert split(join((given_name, family_name), " "), None, " ") == (given_name, family_name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mary Ann O'Brien", ("Mary Ann", "O'Brien")),
        ("Cher", ("Cher", None)),
        ("山田太郎", ("山田太郎", None)),
        ("  Anna   Berg ", ("Anna", "Berg")),
        ("محمد علي", ("محمد", "علي")),
        ("Café Zürich GmbH", ("Café Zürich", "GmbH")),
        ("   ", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_name_written_at_the_provider_is_split_at_its_last_blank(text: str, expected: Any) -> None:
    assert split(text, None, " ") == expected


def test_a_name_edited_at_the_provider_outweighs_the_parts_kept_from_before() -> None:
    assert split("Ada King", ("Ada", "Lovelace"), " ") == ("Ada", "King")
    assert split("Ludwig van Beethoven", ("Ludwig", "van Beethoven"), " ") == ("Ludwig", "van Beethoven")


def test_a_name_taken_away_at_the_provider_takes_the_kept_parts_with_it() -> None:
    assert split(None, ("Ada", "Lovelace"), " ") == (None, None)


def test_a_bad_part_makes_the_whole_bad() -> None:
    bad = BadValue("type", "given_name must be a text.")
    assert join((bad, "Berg"), " ") is bad
    assert split(bad, None, " ") == (bad, None)
