"""How many seeds, and which."""

import secrets

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which runs are made."""
    parser.addoption(
        "--chaos-seeds", type=int, default=None, help="How many whole runs of chaos, each with a seed of its own."
    )
    parser.addoption("--chaos-seed", type=int, default=None, help="The seed of the one whole run, to see it again.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whole runs exist only where they are asked for."""
    if "whole_seed" in metafunc.fixturenames:
        number, seed = metafunc.config.getoption("--chaos-seeds"), metafunc.config.getoption("--chaos-seed")
        seeds = [seed] if seed is not None else [secrets.randbits(32) for _ in range(number or 0)]
        metafunc.parametrize("whole_seed", seeds)
