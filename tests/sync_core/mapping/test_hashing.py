"""The content hash is the same in every process and every release.

The known answers must never be edited: a changed hash rewrites every record of every venue.
"""

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.mapping.hashing import content_hash

KNOWN = [
    ({}, "2afb9b83f9314e5d029766197f539792"),
    (
        {"name": "O'Brien", "metadata.venue_sync_id": "c-1", "active": True, "amount": 1999},
        "0450470bcf43ede5a41264145525f81c",
    ),
    ({"name": "李小龍 🎟️ مرحبا"}, "3de2f761bea4bb7159f567f82022c366"),
    ({"big": 2**70}, "621c1e47ace6e04b6bf0443cff5638bf"),
    ({"half": "\ud800"}, "f23aeb19e1490c544a5ec4a0400499b4"),
]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=[]))
FLAT = st.dictionaries(st.text("abc.[]0_", min_size=1, max_size=8), SCALARS, max_size=6)


@pytest.mark.parametrize(("flat", "known"), KNOWN)
def test_known_content_has_its_known_hash(flat: dict[str, Any], known: str) -> None:
    assert content_hash(flat).hex() == known


def test_another_process_with_another_hash_seed_finds_the_same_hash() -> None:
    program = "from sync_core.mapping.hashing import content_hash; print(content_hash({'b': 1, 'a': 'ü'}).hex())"
    found = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {content_hash({"a": "ü", "b": 1}).hex()}


@given(FLAT)
def test_neither_the_order_of_paths_nor_the_difference_of_absent_and_null_matters(flat: dict[str, Any]) -> None:
    backwards = dict(reversed(list(flat.items())))
    without = {path: value for path, value in flat.items() if value is not None}
    assert content_hash(flat) == content_hash(backwards) == content_hash(without)
    assert len(content_hash(flat)) == 16


def test_empty_false_zero_and_absent_are_four_different_things() -> None:
    hashes = {content_hash(flat) for flat in ({}, {"a": ""}, {"a": False}, {"a": 0}, {"a": "0"})}
    assert len(hashes) == 5


@given(FLAT, FLAT)
def test_different_content_has_different_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    def present(flat: dict[str, Any]) -> dict[str, Any]:
        return {path: (type(value), value) for path, value in flat.items() if value is not None}

    assert (content_hash(one) == content_hash(other)) == (present(one) == present(other))
