"""The command line `venue-sync`: puts the commands together and turns every error into one line and an exit code."""

import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from sync_core import exporting
from sync_core.http.redact import redact
from sync_core.logs import form_in, install, usual
from sync_core.settings import read_settings
from sync_defs.commands import (
    api,
    check,
    connections,
    costs,
    db,
    demo,
    drain,
    exits,
    health,
    letters,
    mapping,
    settings,
    sims,
    status,
    sync,
    tokens,
    up,
    vault,
    venues,
    verify,
    webhooks,
)
from sync_defs.commands.output import say

app = typer.Typer(
    name="venue-sync",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=exits.EPILOG,
    help="Keep ticketing venues in step with their accounts at the payment providers.",
)
for group, name in (
    (db.app, "db"),
    (venues.app, "venues"),
    (sims.app, "sims"),
    (letters.app, "letters"),
    (api.keys, "api-keys"),
    (settings.app, "connection"),
    (webhooks.app, "webhooks"),
    (mapping.app, "mapping"),
    (tokens.app, "tokens"),
    (vault.app, "vault"),
):
    app.add_typer(group, name=name)
for command, name in (
    (connections.connect, "connect"),
    (connections.disconnect, "disconnect"),
    (connections.show_connections, "connections"),
    (sync.sync, "sync"),
    (status.status, "status"),
    (health.health, "health"),
    (costs.costs, "costs"),
    (verify.verify, "verify"),
    (check.check, "check"),
    (up.up, "up"),
    (demo.demo, "demo"),
    (api.api, "api"),
    (drain.drain, "drain"),
    (api.token, "token"),
):
    app.command(name, epilog=exits.EPILOG)(command)


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the stack trace of an error, and log more.")] = False,
) -> None:
    """Keep ticketing venues in step with their accounts at the payment providers."""
    form = form_in(os.environ)
    install(form, level=logging.DEBUG if debug else usual(form))
    exporting.install(os.environ)


def main() -> None:
    """Run the command in sys.argv and leave with its exit code."""
    # SIGINT too: a shell starts background jobs with it ignored, and 'kill -INT' must stop them all the same.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    sys.exit(run(sys.argv[1:]))


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # so that SIGTERM leaves by the same doors as Ctrl-C, closing what is open


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. No exception leaves this function."""
    debug = "--debug" in arguments
    try:
        code = app(list(arguments), prog_name="venue-sync", standalone_mode=False)
    except Abort:
        code = exits.INTERRUPTED
    except KeyboardInterrupt:
        code = exits.INTERRUPTED
    except TyperException as error:
        say(f"venue-sync: {error.format_message()}")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is becomes one line
        return report_error(error, trace=traceback.format_exc() if debug else None)
    finally:
        exporting.flush()
    if code == exits.INTERRUPTED:
        say("venue-sync: interrupted.")
    return int(code or 0)


def report_error(error: Exception, *, trace: str | None) -> int:
    """Say in one line what went wrong, after its stack trace if one is given; the exit code."""
    if trace is not None:
        sys.stderr.write(redact(trace))
    sentence = exits.sentence_of(error)
    if sentence is None:
        sentence = f"An unexpected {type(error).__name__} stopped the command; its stack trace is in {_log(error)}."
    say(f"venue-sync: {sentence}")
    return exits.code_of(error)


def _log(error: Exception) -> str:
    try:
        log = read_settings(os.environ).home / "logs" / "venue-sync.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(redact("".join(traceback.format_exception(error))))
    except Exception:  # noqa: BLE001 - the log is a courtesy; without it --debug shows the same
        return "nowhere, because the log could not be written: run it again with --debug"
    return str(log)
