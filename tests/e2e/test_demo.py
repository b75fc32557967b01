"""The demo in small: from nothing to a verdict through Dagster, with nothing left running and no key in any log."""

import re
from pathlib import Path

import pytest

from sync_defs.commands.opening import declared
from sync_defs.ports import free_port
from sync_defs.simulators import SIMULATED
from tests.e2e.stage import belonging_to, started

PARTS = ("Database, simulators, Dagster", "First sync", "Edits on both sides", "Second sync", "Third sync", "Verdict")
KEY = re.compile(r"sk_test_|EAAA|[0-9a-f]{32}-us19|eyJ[0-9a-f]{16}")
SECONDS = 600  # two minutes on two quiet cores; a busy machine takes its time

pytestmark = pytest.mark.usefixtures("alone")


def test_a_small_demo_ends_with_two_equal_sides(tmp_path: Path) -> None:
    home = tmp_path / "home"
    arguments = (
        "demo",
        "--once",
        "--venues",
        "2",
        "--customers",
        "5",
        "--port",
        str(free_port(21000)),
        "--api-port",
        str(free_port(21500)),
    )
    with started(*arguments, home=home) as process:
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    assert "Both sides are equal" in said
    assert [part for part in PARTS if part not in said] == []
    _, _, compared = said.partition("The judge compared")
    simulated = declared().keys() & SIMULATED.keys()
    assert {"stripe", "square"} <= simulated
    assert sorted(provider for provider in simulated if f" {provider} " not in compared) == []
    assert belonging_to(home) == {}
    logs = [file.read_text(errors="replace") for file in (home / "demo" / "logs").iterdir()]
    assert len(logs) == 4
    assert [text for text in [said, *logs] if KEY.search(text)] == []
    server = home / "demo" / "dagster"
    assert [file for file in server.rglob("*") if file.is_file() and b"sk_test_" in file.read_bytes()] == []
