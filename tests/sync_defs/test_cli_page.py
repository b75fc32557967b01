"""docs/how-to/cli.md names every command and every option that there is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sync_defs.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "cli.md").read_text()
HIDDEN = {"--help", "--install-completion", "--show-completion"}


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from commands(below, f"{path} {name}")
    else:
        yield path, command


ALL = dict(commands(typer.main.get_command(app), "venue-sync"))


@pytest.mark.parametrize("path", ALL)
def test_a_command_and_its_options_are_on_the_page(path: str) -> None:
    assert path in PAGE
    options = {name for parameter in ALL[path].params for name in parameter.opts if name.startswith("--")} - HIDDEN
    assert sorted(name for name in options if name not in PAGE) == []


def test_there_are_commands() -> None:
    assert len(ALL) >= 17
