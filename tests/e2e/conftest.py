"""Whole stacks run one at a time, also when tests run in several processes: they would race for ports and cores."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Wait until no other test process has a stack running."""
    with (Path(tempfile.gettempdir()) / f"venue-sync-e2e-{os.getuid()}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the storm blows."""
    parser.addoption("--storm-events", type=int, default=None, help="Webhooks that the whole storm delivers.")
