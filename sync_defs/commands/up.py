"""`venue-sync up`: everything running on this machine until Ctrl-C."""

from typing import Annotated

import typer

from sync_core.clock import Clock, SystemClock
from sync_core.errors import ConfigurationError
from sync_core.store.embedded import EmbeddedPostgres
from sync_defs.commands.opening import settings_now
from sync_defs.commands.output import print_table, say
from sync_defs.stack import Ports, Stack, running_stack

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_REVIVALS = 2.0

ApiPort = Annotated[int, typer.Option("--api-port", min=1, max=65535, help="Where the HTTP API is.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Where Dagster's web pages are.")]


def up(
    *,
    port: Port = 3000,
    api_port: ApiPort = 3007,
    with_sims: Annotated[bool, typer.Option("--with-sims", help="Simulate the providers on this machine.")] = False,
) -> None:
    """Start the database, Dagster, the HTTP API (and simulated providers), until Ctrl-C."""
    settings, clock = settings_now(), SystemClock()
    state = settings.home / "sims" if with_sims else None
    say("Starting ...")
    try:
        with running_stack(
            settings, ports=Ports(webserver=port, api=api_port), simulators_state=state, clock=clock, tell=say
        ) as stack:
            show(stack)
            watch(stack, clock)
    finally:
        say("Everything is stopped.")


def show(stack: Stack) -> None:
    """Print what may be opened, and where the logs are."""
    print_table(list(stack.addresses.items()), columns=("what", "address"))
    say(f"Logs: {stack.settings.home / 'logs'}. Ctrl-C stops everything.")


def watch(stack: Stack, clock: Clock) -> None:
    """Stay until interrupted, and start the embedded database again should it die.

    Raises TransientError when one of the other processes dies.
    """
    told = ""
    looked_at = clock.monotonic()
    while True:
        stack.supervisor.check()
        if stack.embedded is not None and clock.monotonic() - looked_at >= SECONDS_BETWEEN_REVIVALS:
            told = _revived(stack.embedded, told)
            looked_at = clock.monotonic()
        clock.sleep(SECONDS_BETWEEN_LOOKS)


def _revived(server: EmbeddedPostgres, told: str) -> str:
    """Start the server if it died, and say so; what was said last about one that cannot start, which is said once."""
    try:
        if server.revive():
            say("PostgreSQL had died and runs again; what was under way goes on by itself.")
    except ConfigurationError as failed:
        if str(failed) != told:
            say(str(failed))
        return str(failed)
    return ""
