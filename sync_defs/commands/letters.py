"""`venue-sync letters`: records that need a person. Shown with who acts next, tried again or discarded, one or many."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, get_args

import sqlalchemy as sa
import typer

from sync_core.clock import SystemClock
from sync_core.errors import ConfigurationError
from sync_core.store import letter_desk
from sync_core.store.dead_letters import Direction, OpenLetter
from sync_core.store.letter_desk import Choice
from sync_core.store.status import venue_names
from sync_core.sync.batch import sync_venues
from sync_core.sync.engine import Engine
from sync_core.sync.report import Mode
from sync_core.trouble import ACTORS, CATEGORIES, trouble_of_code
from sync_defs.commands import exits
from sync_defs.commands.connections import existing
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import declared, ready_database, ready_engine, settings_now
from sync_defs.commands.output import Json, ago, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Records that need a person.")

_AGE = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Ids = Annotated[list[int] | None, typer.Argument(help="Ids, see 'venue-sync letters list'; or say which by options.")]
Venue = Annotated[str | None, typer.Option("--venue", help="Only this venue's.")]
Provider = Annotated[str | None, typer.Option("--provider", help="Only of this provider.")]
Entity = Annotated[str | None, typer.Option("--entity", help="Only of this entity.")]
Category = Annotated[str | None, typer.Option("--category", help="Only of this category: who must act next.")]
Code = Annotated[str | None, typer.Option("--code", help="Only of this code: what the provider, or we, call it.")]
OlderThan = Annotated[
    str | None,
    typer.Option("--older-than", metavar="AGE", help="Only those that first failed so long ago: 30m, 6h, 2d."),
]
Everything = Annotated[bool, typer.Option("--all", help="Every open letter.")]


@app.command("list")
def list_letters(
    *,
    venue: Venue = None,
    provider: Provider = None,
    entity: Entity = None,
    category: Category = None,
    code: Code = None,
    older_than: OlderThan = None,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 100,
    json: Json = False,
) -> None:
    """List the open dead letters, the latest first, and how many there are of which kind."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        choice = _choice(conn, None, venue, provider, entity, category, code, older_than)
        letters, piles = letter_desk.listed(conn, choice, limit=limit), letter_desk.piles(conn, choice)
    if json:
        print_json(letters)
        return
    if not letters:
        say("There are no open dead letters.")
        return
    now = SystemClock().now()
    columns = (
        "id",
        "venue",
        "provider",
        "entity",
        "direction",
        "record",
        "category",
        "code",
        "reason",
        "tries",
        "since",
    )
    print_table([_cells(letter, now) for letter in letters], columns=columns)
    for pile in piles:
        since = ago(pile.oldest, now=now)
        say(f"{pile.venue}/{pile.provider} {pile.entity}: {pile.open} of {pile.category}, the first {since} ago.")


@app.command("show")
def show(
    letter: Annotated[int, typer.Argument(help="Its id, see 'venue-sync letters list'.")], *, json: Json = False
) -> None:
    """Show one open letter, and who acts next."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        found = letter_desk.found(conn, letter)
    if found is None:
        raise ConfigurationError(f"There is no open dead letter {letter}: see 'venue-sync letters list'.")
    if json:
        print_json(found)
        return
    trouble = trouble_of_code(found.provider, found.code)
    rows = [(name, str(getattr(found, name))) for name in OpenLetter.__dataclass_fields__]
    rows.append(("who acts", ACTORS[found.category]))
    if trouble.category == found.category:
        rows.append(("next", trouble.sentence))
    print_table(rows, columns=("", ""))


@app.command("retry")
def retry(
    letters: Ids = None,
    *,
    venue: Venue = None,
    provider: Provider = None,
    entity: Entity = None,
    category: Category = None,
    code: Code = None,
    older_than: OlderThan = None,
    everything: Everything = False,
) -> None:
    """Try letters again now, whatever their time: each entity they are of is synced in this process."""
    with ready_engine(settings_now()) as engine:
        with engine.database.connect() as conn:
            choice = _choice(conn, letters, venue, provider, entity, category, code, older_than, everything=everything)
            found = letter_desk.listed(conn, choice, limit=None)
        for group in _by_entity(found):
            _try_again(engine, group)
        with engine.database.connect() as conn:
            left = letter_desk.listed(conn, Choice(ids=[one.id for one in found]), limit=None) if found else []
    _require_all_there(letters, found)
    say(f"{len(found) - len(left)} of {len(found)} letters are resolved.")
    for letter in left:
        say(f"{letter.id} {letter.venue}/{letter.provider} {letter.entity} {letter.record_id}: {letter.reason}")
    if left:
        raise typer.Exit(exits.SOME_FAILED)


@app.command("discard")
def discard(
    letters: Ids = None,
    *,
    venue: Venue = None,
    provider: Provider = None,
    entity: Entity = None,
    category: Category = None,
    code: Code = None,
    older_than: OlderThan = None,
    everything: Everything = False,
) -> None:
    """Discard letters: their records are not tried again until they change."""
    with ready_database(settings_now()) as database, database.begin() as conn:
        choice = _choice(conn, letters, venue, provider, entity, category, code, older_than, everything=everything)
        found = letter_desk.listed(conn, choice, limit=None)
        _require_all_there(letters, found)
        gone = letter_desk.discard(conn, [letter.id for letter in found])
    say(f"{gone} letters are discarded.")


def _choice(  # noqa: PLR0917 - one for each option
    conn: sa.Connection,
    ids: Sequence[int] | None,
    venue: str | None,
    provider: str | None,
    entity: str | None,
    category: str | None,
    code: str | None,
    older_than: str | None,
    *,
    everything: bool | None = None,
) -> Choice:
    """What the options mean; `everything` None where nothing said means all.

    Raises ConfigurationError for unknown names, and where nothing is said and everything would be meant by it.
    """
    if venue is not None:
        require_known("venue", venue, venue_names(conn))
    if provider is not None:
        require_known("provider", provider, declared())
    if entity is not None:
        require_known("entity", entity, {name for spec in declared().values() for name in spec.entities})
    if category is not None:
        require_known("category", category, CATEGORIES)
    said = [ids or None, venue, provider, entity, category, code, older_than]
    if everything is not None and everything == any(one is not None for one in said):
        raise ConfigurationError(
            "Say which letters: ids, --venue, --provider, --entity, --category, --code, --older-than or --all."
        )
    return Choice(
        venues=None if venue is None else {venue},
        provider=provider,
        entity=entity,
        category=next((one for one in CATEGORIES if one == category), None),
        code=code,
        older_than=None if older_than is None else SystemClock().now() - _age(older_than),
        ids=ids or None,
    )


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ConfigurationError(f"--older-than {text!r} is no age: use 30m, 6h or 2d.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _require_all_there(ids: Sequence[int] | None, found: Sequence[OpenLetter]) -> None:
    missing = sorted(set(ids or ()) - {letter.id for letter in found})
    if missing:
        named = ", ".join(str(one) for one in missing)
        raise ConfigurationError(f"There is no open dead letter {named}: see 'venue-sync letters list'.")


def _by_entity(letters: Sequence[OpenLetter]) -> list[list[OpenLetter]]:
    def place(letter: OpenLetter) -> tuple[str, str, str]:
        return letter.venue, letter.provider, letter.entity

    in_order = sorted(letters, key=place)
    return [list(group) for _, group in groupby(in_order, key=place)]


def _try_again(engine: Engine, group: Sequence[OpenLetter]) -> None:
    first = group[0]
    directions: tuple[Direction, ...] = get_args(Direction)
    with engine.database.begin() as conn:
        number = existing(conn, first.venue, first.provider).id
        for direction in directions:
            ids = [letter.record_id for letter in group if letter.direction == direction]
            letter_desk.make_due(conn, number, first.entity, record_ids=ids, direction=direction)
    reports = sync_venues(
        engine,
        first.provider,
        first.entity,
        [first.venue],
        mode=Mode(),
        run_id=f"cli-{uuid.uuid4().hex}",
        workers=1,
        on_report=lambda _: None,
    )
    for report in reports:
        if report.error:
            say(f"{report.venue}/{report.provider} {report.entity}: {report.error}")


def _cells(letter: OpenLetter, now: datetime) -> tuple[str | int | None, ...]:
    where = (letter.venue, letter.provider, letter.entity, letter.direction)
    why = (letter.record_id, letter.category, letter.code, letter.reason)
    return (str(letter.id), *where, *why, letter.attempts, ago(letter.first_at, now=now))
