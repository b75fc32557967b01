"""`venue-sync up`: everything running on this machine until Ctrl-C."""

from typing import Annotated

import typer

from sync_core.clock import Clock, SystemClock
from sync_defs.commands.opening import settings_now
from sync_defs.commands.output import print_table, say
from sync_defs.stack import Ports, Stack, running_stack

SECONDS_BETWEEN_LOOKS = 0.5

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
    """Stay until interrupted. Raises TransientError when one of the processes dies."""
    while True:
        stack.supervisor.check()
        clock.sleep(SECONDS_BETWEEN_LOOKS)
