"""Everything that can go wrong at once: faults at all providers, dead processes, a crashing database, edits on both sides.

Afterwards it is quiet, and nothing may be lost, doubled, foreign or told. A short seeded run; `make chaos` makes whole ones.
"""

import sys
from pathlib import Path

import pytest

from tests.chaos.ordeal import SHORT, WHOLE, Figures, Measure, ordeal

SEED = 20261120


def test_a_short_storm_of_everything_breaks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_nothing_is_broken(gone_through(tmp_path, SEED, SHORT, capsys), SHORT)


def test_a_whole_storm_of_everything_breaks_nothing(
    whole_seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_nothing_is_broken(gone_through(tmp_path, whole_seed, WHOLE, capsys), WHOLE)


def gone_through(folder: Path, seed: int, measure: Measure, capsys: pytest.CaptureFixture[str]) -> Figures:
    """A run that tells its seed before anything else, and its figures at the end."""

    def tell(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}")
            sys.stdout.flush()

    tell(f"chaos with seed {seed}: 'make chaos SEED={seed}' does the same again")
    figures = ordeal(folder, seed=seed, measure=measure, tell=tell)
    tell(f"{figures}\n")
    return figures


def assert_nothing_is_broken(figures: Figures, measure: Measure) -> None:
    assert figures.damage.broken == (), f"seed {figures.seed}:\n" + "\n".join(figures.damage.broken)
    assert figures.faults >= measure.faults
    assert figures.kills > 0
    assert figures.crashes == measure.crashes
    assert figures.damage.compared > 0
