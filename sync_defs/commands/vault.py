"""`venue-sync vault`: what the vault holds and under which master keys, sealing it anew, and importing legacy secrets.

A passphrase comes from an environment variable that is named, never as an argument.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from sync_core.errors import ConfigurationError
from sync_core.store import rotations
from sync_core.sync.legacy_import import Line, bring_in, take_back
from sync_core.vault.rotation import rotate, verify
from sync_defs.commands import exits
from sync_defs.commands.opening import ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Master keys, rotation, and the secrets of the service before this one.")


@app.command("status")
def status_command(*, json: Json = False) -> None:
    """Show how many credentials each master key has sealed, and how the last rotation stands."""
    with ready_engine(settings_now()) as engine, engine.database.connect() as conn:
        shares, last = rotations.shares(conn), rotations.latest(conn)
    if json:
        print_json({"keys": shares, "rotation": last})
        return
    rows = [(share.key_id, share.envelopes, share.oldest) for share in shares]
    print_table(rows, columns=("master key", "credentials", "oldest sealed"))
    if last is not None:
        ended = "is not finished: run 'venue-sync vault rotate'" if last.finished_at is None else "is finished"
        say(f"The rotation begun at {last.started_at:%Y-%m-%d %H:%M:%S} UTC {ended}; it sealed {last.resealed} anew.")


@app.command("rotate")
def rotate_command() -> int:
    """Seal every credential anew under the present master key; goes on where a killed rotation was."""
    with ready_engine(settings_now()) as engine:
        outcome = rotate(engine.database, engine.vault, on_progress=lambda count: say(f"{count} sealed anew ..."))
        broken = verify(engine.database, engine.vault)
    for label, reason in broken:
        say(f"{label}: {reason}")
    say(f"{outcome.resealed} credentials are sealed anew under {outcome.key_id}; {len(broken)} cannot be opened.")
    return exits.SOME_FAILED if broken or not outcome.finished else exits.FINE


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="JSON lines, see rotate-the-vault.md.")],
    *,
    passphrase_env: Annotated[
        str, typer.Option("--passphrase-env", metavar="ENVVAR", help="The variable that holds CryptoJS's passphrase.")
    ],
    name: Annotated[str, typer.Option("--name", help="What to call this import, to repeat it or take it back.")],
) -> int:
    """Import secrets that CryptoJS encrypted: each is tested against the provider before it is stored."""
    passphrase = os.environ.get(passphrase_env)
    if not passphrase:
        raise ConfigurationError("--passphrase-env: the environment variable it names is not set.")
    if not file.is_file():
        raise ConfigurationError(f"There is no file {file}: name one with a line of JSON for each secret.")
    with ready_engine(settings_now()) as engine, file.open("rb") as lines:
        done = bring_in(engine, lines, passphrase=passphrase, name=name, on_line=_tell)
    return _summary(done)


@app.command("undo")
def undo_command(name: Annotated[str, typer.Argument(help="The name of the import.")]) -> int:
    """Take back what an import stored, where the venue has not connected anew since."""
    with ready_engine(settings_now()) as engine:
        done = take_back(engine, name)
    for line in done:
        _tell(line)
    return _summary(done)


def _tell(line: Line) -> None:
    say(f"{line.label}: {line.outcome}{f' ({line.reason})' if line.reason else ''}")


def _summary(done: list[Line]) -> int:
    counts = {outcome: sum(line.outcome == outcome for line in done) for outcome in {line.outcome for line in done}}
    say(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "Nothing to do.")
    return exits.SOME_FAILED if counts.get("refused") else exits.FINE
