"""The documentation says nothing that is not so: links, commands, settings and declarations named in it exist."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer.main

from sync_core.spec.load import load_providers
from sync_defs.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PACKAGES = ("assets", "mappings", "resources", "sensors", "sync_api", "sync_core", "sync_defs", "sync_sims")
SPECS = load_providers(ROOT / "sync_defs" / "defs")
READ_BY_OTHERS = {"NO_COLOR"}
"""rich reads it; neither our code nor dagster.yaml names it."""
SYNOPSIS = re.compile(r"[\[(]|\.\.\.")
"""Marks of a line that says how a command is called and is no call itself."""
SHELL_ENDS_COMMAND = {"<", ">", ">>", "|", "||", "&&", "&", ";"}

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])


def _prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _blocks(page: Path) -> Iterator[str]:
    """The lines of a page's code blocks, continued lines joined."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", _prose(page)))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@each_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken: list[str] = []
    for link in _links(page):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


@each_page
def test_every_file_of_ours_that_is_named_exists(page: Path) -> None:
    folders = "|".join((*PACKAGES, "tests", "docs"))
    named = re.findall(rf"`((?:{folders})/[\w/.-]*)`", _prose(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


def _words(line: str) -> list[str] | None:
    """The words after `venue-sync` of the command in a line of shell, None when it holds none."""
    try:
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
    except ValueError:  # a quote that ends on another line
        return None
    starts = [i for i, word in enumerate(words) if word == "venue-sync" or word.endswith("/venue-sync")]
    if not starts:
        return None
    rest = words[starts[0] + 1 :]
    ends = (i for i, word in enumerate(rest) if word in SHELL_ENDS_COMMAND)
    return rest[: next(ends, len(rest))]


def _resolve(words: Sequence[str]) -> tuple[Any, list[str]]:
    """The command that the words name and what is left of them. Raises KeyError when there is no such command."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        command = command.commands[rest.pop(0)]
    return command, rest


@each_page
def test_every_command_in_a_code_block_would_be_accepted(page: Path) -> None:
    for line in _blocks(page):
        words = _words(line)
        if words and not SYNOPSIS.search(line):
            command, rest = _resolve(words)
            if rest != ["--help"]:
                command.make_context("venue-sync", rest)


@each_page
def test_every_command_in_a_sentence_or_synopsis_exists_with_its_options(page: Path) -> None:
    told = re.findall(r"`((?:\.venv/bin/)?venue-sync [^`\n]*)`", _prose(page))
    told += [line for line in _blocks(page) if _words(line) and SYNOPSIS.search(line)]
    for line in told:
        command, _ = _resolve(_words(line) or [])
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert set(re.findall(r"--[a-z][a-z-]*", line)) <= known | {"--help"}, line


def _read_by_us() -> set[str]:
    """Every environment variable that the product, its declarations or dagster.yaml read."""
    sources = [file.read_text(encoding="utf-8") for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    in_code = {name for source in sources for name in re.findall(r"environ\.get\(\s*\"([A-Z][A-Z_]+)\"", source)}
    declared = {spec.api.base_env for spec in SPECS.values()}
    pages = [spec.auth.oauth for spec in SPECS.values() if spec.auth.oauth is not None]
    declared |= {name for page in pages for name in (page.base_env, page.client_id_env, page.client_secret_env)}
    in_dagster = set(re.findall(r"env: ([A-Z_]+)", (ROOT / "dagster.yaml").read_text(encoding="utf-8")))
    return in_code | declared | in_dagster


def test_the_settings_page_lists_exactly_what_is_read() -> None:
    page = (ROOT / "docs/how-to/configuration.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert documented == _read_by_us() | READ_BY_OTHERS


def test_the_example_environment_lists_exactly_what_is_read() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE)) == _read_by_us() | READ_BY_OTHERS


def test_the_readme_shows_every_entity_as_it_is_declared() -> None:
    directions = {"push": "venue to provider", "pull": "provider to venue", "both": "both ways"}
    conflicts = {"newest_wins": "newer change wins", "venue_wins": "venue wins", "provider_wins": "provider wins"}
    deletions = {"delete": "deleted there", "archive": "archived there", "ignore": "stays there"}
    expected = {
        (
            spec.title,
            name,
            entity.model,
            directions[entity.direction],
            conflicts[entity.conflict] if entity.direction == "both" else "",
            deletions[entity.on_delete] if entity.pushes else "",
        )
        for spec in SPECS.values()
        for name, entity in spec.entities.items()
    }
    titles = {spec.title for spec in SPECS.values()}
    rows = re.findall(r"^\| (.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {tuple(cell.strip() for cell in row.split("|")) for row in rows}
    assert {row for row in shown if row[0] in titles} == expected


def test_exactly_the_dependencies_that_there_are_have_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=; ]", entry)[0] for entry in listed}
    page = (ROOT / "docs/decisions/0007-dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w.-]+)` \| \S", page, re.MULTILINE)) == names


def test_every_page_can_be_found_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - linked == {index}
