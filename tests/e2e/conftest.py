"""What starts all of `up` runs one at a time, whoever runs tests on this machine: two would race for the usual ports."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def alone() -> Iterator[None]:
    """Wait until no other test process has all of `up` running."""
    with (Path(tempfile.gettempdir()) / f"venue-sync-e2e-{os.getuid()}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the storm blows."""
    parser.addoption("--storm-events", type=int, default=None, help="Webhooks that the whole storm delivers.")
